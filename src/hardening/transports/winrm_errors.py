"""What pywinrm, requests, NTLM, Kerberos and WS-Management raise and refuse, in our words: translated only here."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import requests
import urllib3
from spnego.exceptions import FeatureMissingError, GSSError, NativeError, SpnegoError
from winrm.exceptions import (
    AuthenticationError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.transports.ldap_errors import CERTIFICATES
from hardening.transports.sockets import NoAddressAnswers
from hardening.transports.winrm_wire import PeerRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.model.evidence import Evidence

try:
    from kerberos import KrbError
except ImportError:
    KrbError = Exception

# With the extra `kerberos`; without it, both names stand for any exception, and mean nothing.
_KERBEROS_ERRORS: tuple[type[Exception], ...] = tuple(kind for kind in (GSSError, KrbError) if kind is not Exception)

# Answers of a hostile peer meet XML, base64 and `next()` in pywinrm, with whatever Python raises over them.
LIBRARY_ERRORS: tuple[type[BaseException], ...] = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    WinRMError,
    WinRMTransportError,
    WinRMOperationTimeoutError,
    SpnegoError,
    NativeError,
    FeatureMissingError,
    *_KERBEROS_ERRORS,
    PeerRefused,
    http.client.HTTPException,
    OSError,
    ET.ParseError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    StopIteration,
    ArithmeticError,
    RecursionError,
)
"""The classes that cover everything the libraries raise at us."""

_NETWORK = "check address and port (5986 for https, 5985 for http), that WinRM runs, and the firewalls on the way"
_PEER = "check that WinRM listens on this port and path, and what stands in between"
_TLS = "check that the port speaks TLS: 5986 does if a listener with a certificate is set up, 5985 never does"
_AUTHORITY = "give `ca_file` (--ca-file) the certificate of the authority that issued the server's"
_QUOTA = "wait until other sessions of the account end, or raise the quota (docs/windows.md)"
_RIGHTS = (
    "the account must be a local administrator, or use a JEA endpoint (docs/windows.md); "
    "a local account that is one is filtered by User Account Control: use a domain account"
)
_LOGIN = "check `auth`, the account and the clocks of both machines"
_STRANGE = "the peer does not speak WinRM as expected"

# The first class that fits decides, so the narrower ones stand first. `{error}` is what the library says.
TRANSLATIONS: dict[type[BaseException], tuple[str, str]] = {
    PeerRefused: ("{error}", _PEER),
    ssl.SSLCertVerificationError: ("the certificate is not trusted: {error}", _AUTHORITY),
    ssl.SSLZeroReturnError: ("the server closed the connection", _PEER),
    ssl.SSLEOFError: ("the server hung up during the TLS handshake", _TLS),
    ssl.SSLError: ("TLS failed: {error}", _TLS),
    WinRMOperationTimeoutError: ("the server did not answer in time", "look at the load of the server"),
    WSManFaultError: ("WinRM refused: {error}", "look into the log Microsoft-Windows-WinRM/Operational of the server"),
    AuthenticationError: ("the login was refused", "check the account and its password"),
    WinRMTransportError: ("the server answered with an error (HTTP {error})", _PEER),
    WinRMError: ("the WinRM library gave up: {error}", _PEER),
    SpnegoError: ("the login could not be made: {error}", _LOGIN),
    NativeError: ("the login could not be made: {error}", _LOGIN),
    FeatureMissingError: ("the login could not be made: {error}", _LOGIN),
    socket.gaierror: ("the name could not be resolved: {error}", "check the address and the name service"),
    socket.herror: ("the name could not be resolved: {error}", "check the address and the name service"),
    TimeoutError: ("no answer in time", _NETWORK),
    http.client.RemoteDisconnected: ("the peer closed the connection without an answer", _PEER),
    http.client.HTTPException: ("the peer does not speak HTTP as expected", _PEER),
    ConnectionRefusedError: ("the port is closed", _NETWORK),
    ConnectionResetError: ("the peer reset the connection", _PEER),
    ConnectionAbortedError: ("the connection was aborted", _NETWORK),
    BrokenPipeError: ("the peer closed the connection", _PEER),
    PermissionError: ("the server does not offer the login that was asked for", "use another `auth`"),
    NoAddressAnswers: ("no address of the name answers", _NETWORK),
    requests.exceptions.Timeout: ("no answer in time", _NETWORK),
    requests.exceptions.ChunkedEncodingError: ("the connection broke in the middle of an answer", _PEER),
    requests.exceptions.TooManyRedirects: ("the answer sends us elsewhere", _PEER),
    requests.exceptions.InvalidURL: ("the address is none that can be used: {error}", "check `address` and `path`"),
    requests.exceptions.ConnectionError: ("the connection broke: {error}", _PEER),
    requests.exceptions.RequestException: ("the request failed: {error}", _PEER),
    urllib3.exceptions.HTTPError: ("the connection broke: {error}", _PEER),
    OSError: ("the network failed: {error}", _NETWORK),
    ET.ParseError: (_STRANGE, _PEER),
    UnicodeError: (_STRANGE, _PEER),
    ValueError: (_STRANGE, _PEER),
    LookupError: (_STRANGE, _PEER),
    TypeError: (_STRANGE, _PEER),
    AttributeError: (_STRANGE, _PEER),
    AssertionError: (_STRANGE, _PEER),
    StopIteration: (_STRANGE, _PEER),
    ArithmeticError: (_STRANGE, _PEER),
    RecursionError: (_STRANGE, _PEER),
    **dict.fromkeys(_KERBEROS_ERRORS, ("Kerberos failed: {error}", _LOGIN)),
}

# Codes of wsmerror.h and winerror.h, which its words are not.
FAULTS: Mapping[int, tuple[str, str]] = {
    5: ("access denied: the account may log in, but not open a shell", _RIGHTS),
    0x803381A5: ("the account has as many shells open as it may", _QUOTA),
    0x803381E4: ("the account has as many shells open as it may", _QUOTA),
    0x803381E6: ("the account has as many shells open as it may", _QUOTA),
    0x803381A6: ("the account has as many operations under way as it may", _QUOTA),
    0x803381E7: ("the account has as many operations under way as it may", _QUOTA),
    0x803381E8: ("the account has as many operations under way as it may", _QUOTA),
    0x803381E9: ("the account has as many commands under way as it may", _QUOTA),
    0x803381AB: ("as many accounts have shells open as may", _QUOTA),
    0x803381E5: ("as many accounts have shells open as may", _QUOTA),
    0x803381A7: ("the account has used up its quota", _QUOTA),
    0x803381A8: ("the server has used up its quota", _QUOTA),
    0x803381AC: ("remote shells are turned off", "allow them by the policy `Allow Remote Shell Access`"),
    0x80338047: ("a message is larger than the server takes", "set MaxEnvelopeSizekb to 500, its default"),
    0x80338048: ("a message is larger than the server takes", "set MaxEnvelopeSizekb to 500, its default"),
    0x80338000: ("there is no such session configuration, or it may not be used", "check `configuration`"),
    0x8033805B: ("the shell is gone", "look into the log Microsoft-Windows-WinRM/Operational of the server"),
}

STATUSES: Mapping[int, tuple[str, str]] = {
    400: ("the server does not understand the request (HTTP 400)", _PEER),
    403: ("the server refuses the request (HTTP 403)", "check the IP filter of WinRM, and what stands in between"),
    404: ("there is no WinRM at this path (HTTP 404)", "check `path`: /wsman, unless the listener says otherwise"),
    502: ("something in between cannot reach the server (HTTP 502)", _PEER),
    503: ("the service is not available (HTTP 503)", "look at the load of the server, and restart the service WinRM"),
    504: ("something in between gave up waiting (HTTP 504)", _PEER),
}

_KERBEROS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"clock skew", re.IGNORECASE),
        "Kerberos refuses: the clocks differ by more than five minutes",
        "set the clock of this machine, and that of the server, by one source",
    ),
    (
        re.compile(r"pykerberos is not installed|No module named '(kerberos|gssapi|krb5)'", re.IGNORECASE),
        "this installation cannot do Kerberos",
        "install the extra: pip install 'hardening[kerberos]'",
    ),
    (
        re.compile(r"ticket expired|credentials? (cache|have expired)|no (kerberos )?credentials", re.IGNORECASE),
        "there is no Kerberos ticket, or it has expired",
        "get one with kinit, and let KRB5CCNAME name its file",
    ),
    (
        re.compile(r"not found in kerberos database|server_not_found|unknown principal", re.IGNORECASE),
        "the domain knows no service HTTP on this name",
        "connect by the name that the server has in the domain",
    ),
)  # fmt: skip

ONCE = "it was tried once and is not tried again, so that the account does not get locked"


def find_translation(error: BaseException) -> tuple[str, str]:
    """Return reason and remedy for what a library raised; raises ``LookupError`` for what none of them raises."""
    for pattern, reason, remedy in _KERBEROS:
        if pattern.search(str(error)):
            return reason, remedy
    root = find_root(error)
    if isinstance(root, ssl.SSLCertVerificationError) and root.verify_code in CERTIFICATES:
        return CERTIFICATES[root.verify_code]
    if isinstance(root, WSManFaultError):
        for code in (root.wmierror_code, root.wsman_fault_code):
            if code is not None and code & 0xFFFFFFFF in FAULTS:
                return FAULTS[code & 0xFFFFFFFF]
    if isinstance(root, WinRMTransportError) and root.code in STATUSES:
        return STATUSES[root.code]
    for kind, (reason, remedy) in TRANSLATIONS.items():
        if isinstance(root, kind):
            return reason.format(error=clean_line(_words(root), 200)), remedy
    msg = f"no translation for {type(error).__name__}"
    raise LookupError(msg)


def find_root(error: BaseException) -> BaseException:
    """Return what is at the bottom of an error that requests and urllib3 have wrapped: an error of Python's own."""
    for inner in _walk(error):
        if not isinstance(inner, requests.RequestException | urllib3.exceptions.HTTPError):
            return inner
    return error


def _walk(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, requests.RequestException | urllib3.exceptions.HTTPError):
            inner = [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]
            waiting += [each for each in inner if isinstance(each, BaseException)]


def _words(error: BaseException) -> str:
    match error:
        case WSManFaultError():
            return f"{error.reason} ({error.wsman_fault_code or error.fault_subcode or error.code})"
        case WinRMTransportError():
            return str(error.code)
        case ssl.SSLCertVerificationError():
            return error.verify_message
        case ssl.SSLError():
            return (getattr(error, "reason", "") or str(error)).replace("_", " ").lower()
        case OSError() if error.strerror:
            return error.strerror
        case _:
            return str(error) or type(error).__name__


def translate(error: BaseException, where: str, connection: Evidence | None = None) -> ConnectError:
    """Return the error to raise, chained with ``from``, in place of what a library raised."""
    reason, remedy = find_translation(error)
    return ConnectError(f"{where}: {reason}", remedy, connection)
