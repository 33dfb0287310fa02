"""What ldap3, TLS and the socket library raise, and what directories refuse, in our words: translated only here."""

from __future__ import annotations

import re
import socket
import ssl
from typing import TYPE_CHECKING

from ldap3.core import exceptions
from pyasn1.error import PyAsn1Error

from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.transports.sockets import NoAddressAnswers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.model.evidence import Evidence

# The decoder of ldap3 meets bytes of a hostile peer with whatever Python raises over them.
LIBRARY_ERRORS = (
    exceptions.LDAPException,
    OSError,
    PyAsn1Error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""The classes that cover everything the libraries raise at us."""

_NETWORK = "check address and port, that the server runs, and the firewalls on the way"
_PEER = "check that a directory answers on this port, and what stands in between"
_DEFECT = "this is a defect of the scanner: please report it with the log"
_TLS = "check that the port speaks TLS, and which versions: 636 does from the start, 389 after StartTLS"
_AUTHORITY = "give `ca_file` (--ca-file) the certificate of the authority that issued the server's"

# The first class that fits decides, so the narrower ones stand first. `{error}` is what the library says.
TRANSLATIONS: dict[type[BaseException], tuple[str, str]] = {
    ssl.SSLCertVerificationError: ("the certificate is not trusted: {error}", _AUTHORITY),
    ssl.SSLZeroReturnError: ("the server closed the connection", _PEER),
    ssl.SSLEOFError: ("the server hung up during the TLS handshake", _TLS),
    ssl.SSLError: ("TLS failed: {error}", _TLS),
    exceptions.LDAPSessionTerminatedByServerError: ("the server closed the connection", _PEER),
    exceptions.LDAPResponseTimeoutError: ("no answer in time", _NETWORK),
    exceptions.LDAPStartTLSError: ("the server does not start TLS: {error}", "use ldaps, or let the server offer TLS"),
    exceptions.LDAPInvalidFilterError: ("a filter could not be sent: {error}", _DEFECT),
    exceptions.LDAPSocketSendError: ("the connection broke: {error}", _NETWORK),
    exceptions.LDAPSocketReceiveError: ("the connection broke: {error}", _NETWORK),
    exceptions.LDAPCommunicationError: ("the peer does not speak LDAP as expected: {error}", _PEER),
    exceptions.LDAPOperationResult: ("the directory refused: {error}", "check the rights of the account"),
    exceptions.LDAPException: ("the LDAP library gave up: {error}", _DEFECT),
    socket.gaierror: ("the name could not be resolved: {error}", "check the address and the name service"),
    socket.herror: ("the name could not be resolved: {error}", "check the address and the name service"),
    TimeoutError: ("no answer in time", _NETWORK),
    ConnectionRefusedError: ("the port is closed", _NETWORK),
    ConnectionResetError: ("the peer reset the connection", _PEER),
    ConnectionAbortedError: ("the connection was aborted", _NETWORK),
    BrokenPipeError: ("the peer closed the connection", _PEER),
    NoAddressAnswers: ("no address of the name answers", _NETWORK),
    OSError: ("the network failed: {error}", _NETWORK),
    PyAsn1Error: ("the peer does not speak LDAP as expected", _PEER),
    UnicodeError: ("the peer does not speak LDAP as expected", _PEER),
    ValueError: ("the peer does not speak LDAP as expected", _PEER),
    LookupError: ("the peer does not speak LDAP as expected", _PEER),
    TypeError: ("the peer does not speak LDAP as expected", _PEER),
    AttributeError: ("the peer does not speak LDAP as expected", _PEER),
    ArithmeticError: ("the peer does not speak LDAP as expected", _PEER),
    RecursionError: ("the peer does not speak LDAP as expected", _PEER),
}

# Numbers of OpenSSL (X509_V_ERR_…), which its words are not.
CERTIFICATES: Mapping[int, tuple[str, str]] = {
    9: ("the certificate is not valid yet", "check the clocks of both machines, and the certificate"),
    10: ("the certificate has expired", "renew the certificate of the server"),
    18: (
        "the certificate is signed by itself, and it is not one that we trust",
        "give `ca_file` (--ca-file) that very certificate, after comparing it, or one of an authority to the server",
    ),
    19: ("the authority of the certificate is not one that we trust", _AUTHORITY),
    20: ("the authority of the certificate is not known here", _AUTHORITY),
    21: ("the authority of the certificate is not known here", _AUTHORITY),
    23: ("the certificate has been revoked", "renew the certificate of the server"),
    24: ("a certificate in the chain is not allowed to issue others", "let the authority issue a proper chain"),
    62: (
        "the certificate is for another name",
        "connect by a name that stands in the certificate, or have the name added to it",
    ),
    64: (
        "the certificate does not hold this IP address",
        "connect by a name that stands in the certificate, or have the address added to it",
    ),
    66: ("a key in the chain is too weak", "renew the certificate with RSA 2048, or an elliptic curve"),
    67: ("a key of an authority is too weak", "renew the authority with RSA 2048, or an elliptic curve"),
    68: ("a signature in the chain is too weak", "renew the certificate with SHA-256"),
    79: ("the authority's certificate is not that of an authority", "let it say CA:TRUE in basicConstraints"),
    85: (
        "the certificate lacks the authority key identifier, which Python 3.13 and later demand",
        "renew it with authorityKeyIdentifier, or scan with Python 3.12",
    ),
    86: (
        "the authority's certificate lacks the subject key identifier, which Python 3.13 and later demand",
        "renew the authority's certificate with subjectKeyIdentifier, or scan with Python 3.12",
    ),
    89: (
        "the authority's certificate does not mark basicConstraints as critical, which Python 3.13 and later demand",
        "renew the authority's certificate so that it does, or scan with Python 3.12",
    ),
    92: (
        "the authority's certificate does not say what its key is for, which Python 3.13 and later demand",
        "renew it with keyUsage keyCertSign, or scan with Python 3.12",
    ),
}

_ONCE = "it was tried once and is not tried again, so that the account does not get locked"

# What Active Directory adds to "invalid credentials": the number after `data`, in hexadecimal.
_LOGON_FAILURES = {
    "525": "no such account",
    "52e": "the password is wrong",
    "530": "the account may not log on at this time",
    "531": "the account may not log on from here",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked",
}
_DATA = re.compile(r"\bdata ([0-9a-f]{2,4})\b")

BIND_RESULTS: Mapping[int, tuple[str, str]] = {
    1: ("the server could not do it", "look into the log of the server"),
    2: ("the server does not understand it", "look into the log of the server"),
    7: ("the server does not take this way of login", "use another `auth`"),
    8: ("the server demands a login with signing", "use ldaps or StartTLS"),
    13: ("the server demands encryption", "use ldaps or StartTLS"),
    32: ("there is no such account", "write `user` as the directory knows it"),
    34: (
        "the name is none that this server understands",
        "write `user` as a distinguished name, such as cn=audit,dc=…",
    ),
    48: ("the account has no password, or may not log in this way", "give it a password, or use another `auth`"),
    49: ("the name or the password is wrong", f"check `user` and its password; {_ONCE}"),
    50: ("the account may not log in", "give it the right to log in"),
    51: ("the server is busy", "try again later"),
    52: ("the server is not available", "look into the log of the server"),
    53: ("the server refuses this kind of login", "use another `auth`"),
}
"""What became of a login that failed, by result code, and what to do."""


def describe_bind(result: int, message: str) -> tuple[str, str]:
    """Return reason and remedy for a login that was refused."""
    reason, remedy = BIND_RESULTS.get(result, ("the login was refused", "look into the log of the server"))
    data = _DATA.search(message)
    said = _LOGON_FAILURES.get(data[1], "") if data else clean_line(message, 120)
    return f"{reason} (result {result}{f': {said}' if said else ''})", remedy


def find_translation(error: BaseException) -> tuple[str, str]:
    """Return reason and remedy for what a library raised; raises ``LookupError`` for what none of them raises."""
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in CERTIFICATES:
        return CERTIFICATES[error.verify_code]
    for kind, (reason, remedy) in TRANSLATIONS.items():
        if isinstance(error, kind):
            return reason.format(error=clean_line(_words(error), 200)), remedy
    msg = f"no translation for {type(error).__name__}"
    raise LookupError(msg)


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(error) or type(error).__name__


def translate(error: BaseException, where: str, connection: Evidence | None = None) -> ConnectError:
    """Return the error to raise, chained with ``from``, in place of what a library raised."""
    reason, remedy = find_translation(error)
    return ConnectError(f"{where}: {reason}", remedy, connection)
