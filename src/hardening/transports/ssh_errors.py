"""What paramiko and the socket library raise, in our words: the only place where these are translated."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import paramiko
from paramiko.auth_strategy import AuthFailure
from paramiko.buffered_pipe import PipeTimeout
from paramiko.hostkeys import InvalidHostKey
from paramiko.pkey import UnknownKeyType
from paramiko.ssh_exception import IncompatiblePeer, MessageOrderError, PartialAuthentication, UnableToAuthenticate

from hardening.errors import ConnectError
from hardening.model.clean import clean_line

if TYPE_CHECKING:
    from hardening.model.evidence import Evidence

LIBRARY_ERRORS = (paramiko.SSHException, OSError, EOFError, InvalidHostKey, UnknownKeyType)
"""The classes that cover everything the libraries raise at us."""

_LOGIN = "check the account, its key or password, and that the server lets it in"
_PEER = "check that an SSH server answers on this port, and what stands in between"
_NETWORK = "check address and port, that the server runs, and the firewalls on the way"
_DEFECT = "this is a defect of the scanner: please report it with the log"

# The first class that fits decides, so the narrower ones stand first. `{error}` is what the library says.
TRANSLATIONS: dict[type[Exception], tuple[str, str]] = {
    paramiko.PasswordRequiredException: (
        "the private key is encrypted and no passphrase is configured",
        "give the credential a passphrase, or load the key into an agent",
    ),
    paramiko.BadAuthenticationType: ("the server does not allow this way to log in: {error}", _LOGIN),
    PartialAuthentication: ("the server wants a further way to log in: {error}", _LOGIN),
    UnableToAuthenticate: ("the login was refused: {error}", _LOGIN),
    AuthFailure: ("the login was refused: {error}", _LOGIN),
    paramiko.AuthenticationException: ("the login was refused: {error}", _LOGIN),
    paramiko.BadHostKeyException: (
        "the host key is not the known one: {error}",
        "find out why the key changed before anything else",
    ),
    IncompatiblePeer: (
        "no algorithm in common: {error}",
        "the server offers only outdated algorithms: update it or its sshd_config",
    ),
    MessageOrderError: ("the peer broke the order of the key exchange: {error}", _PEER),
    paramiko.ChannelException: (
        "the server refused a channel: {error}",
        "check MaxSessions, AllowTcpForwarding and the restrictions of the account on the server",
    ),
    paramiko.ProxyCommandFailure: ("a proxy command failed: {error}", _DEFECT),
    paramiko.CouldNotCanonicalize: ("the name could not be made canonical: {error}", _NETWORK),
    paramiko.ConfigParseError: ("an ssh configuration could not be read: {error}", _DEFECT),
    paramiko.SSHException: ("the peer does not speak SSH as expected: {error}", _PEER),
    InvalidHostKey: ("a host key could not be read: {error}", "correct the line in known_hosts"),
    UnknownKeyType: ("a key is of an unknown type: {error}", "use an Ed25519, ECDSA or RSA key"),
    socket.gaierror: ("the name could not be resolved: {error}", "check the address and the name service"),
    socket.herror: ("the name could not be resolved: {error}", "check the address and the name service"),
    PipeTimeout: ("no answer in time", _NETWORK),
    TimeoutError: ("no answer in time", _NETWORK),
    ConnectionRefusedError: ("the port is closed", _NETWORK),
    ConnectionResetError: ("the peer closed the connection", _PEER),
    ConnectionAbortedError: ("the connection was aborted", _NETWORK),
    BrokenPipeError: ("the peer closed the connection", _PEER),
    paramiko.ssh_exception.NoValidConnectionsError: ("no address of the name answers: {error}", _NETWORK),
    OSError: ("the network failed: {error}", _NETWORK),
    EOFError: ("the peer closed the connection", _PEER),
}


def find_translation(error: BaseException) -> tuple[str, str]:
    """Return reason and remedy for what a library raised; raises ``LookupError`` for what none of them raises."""
    for kind, (reason, remedy) in TRANSLATIONS.items():
        if isinstance(error, kind):
            return reason.format(error=clean_line(_words(error), 300)), remedy
    msg = f"no translation for {type(error).__name__}"
    raise LookupError(msg)


def _words(error: BaseException) -> str:
    said = str(error)
    if isinstance(error, paramiko.ChannelException):
        said = error.text
    elif isinstance(error, OSError):
        said = error.strerror or said
    return said or type(error).__name__


def translate(error: BaseException, where: str, connection: Evidence | None = None) -> ConnectError:
    """Return the error to raise, chained with ``from``, in place of what a library raised."""
    reason, remedy = find_translation(error)
    return ConnectError(f"{where}: {reason}", remedy, connection)
