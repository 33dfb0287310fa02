"""One connection to a directory: the socket, TLS over it, one login, and a bound on what it may cost.

ldap3 encodes and decodes; the socket is ours, so that a certificate is validated before anything is sent, and a peer
that is slow or talks without end is given up.
"""

from __future__ import annotations

import logging
import socket
import ssl
from typing import TYPE_CHECKING

import ldap3

from hardening.errors import ConnectError
from hardening.model.evidence import ABSENT, Field, Known
from hardening.model.target import LdapAuthentication, LdapEndpoint, LdapSecurity
from hardening.transports.ldap_errors import LIBRARY_ERRORS, describe_bind, find_translation, translate
from hardening.transports.ldap_kerberos import log_in as log_in_by_kerberos
from hardening.transports.ldap_tls import build_trusting_context, describe_tls
from hardening.transports.session import Milestone, Opening, build_connection
from hardening.transports.sockets import open_socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardening.model.evidence import Evidence

_LOG = logging.getLogger(__name__)
_START_TLS = "1.3.6.1.4.1.1466.20037"
_PIECE = 65_536
_NAMELESS = {LdapAuthentication.EXTERNAL: "the certificate", LdapAuthentication.KERBEROS: "the ticket's account"}


class BoundedSocket:
    """What ldap3 reads from. ``broken`` says why nothing more will come, in our words; empty while it may."""

    def __init__(self, sock: socket.socket, ticks: Callable[[], float], idle_seconds: float) -> None:
        self._sock = sock
        self._ticks = ticks
        self._idle_seconds = idle_seconds
        self._deadline = ticks() + idle_seconds
        self._seconds = idle_seconds
        self._budget = 1_000_000
        self.broken = ""
        self.received = 0
        self.turns = 0

    @property
    def tls(self) -> ssl.SSLSocket | None:
        """The socket if it is encrypted."""
        return self._sock if isinstance(self._sock, ssl.SSLSocket) else None

    def allow(self, seconds: float, size: int) -> None:
        """Bound what follows: in how many seconds it must end, and how many bytes may come."""
        self._deadline = self._ticks() + seconds
        self._seconds = seconds
        self._budget = self.received + size

    def protect(self, context: ssl.SSLContext, name: str) -> None:
        """Encrypt; raises ``OSError``, also where the certificate is not to be trusted."""
        self._sock.settimeout(self._idle_seconds)
        self._sock = context.wrap_socket(self._sock, server_hostname=name)

    def recv(self, size: int) -> bytes:
        """Receive, within the bounds; raises ``OSError`` beyond them."""
        left = self._deadline - self._ticks()
        too_late = f"it did not end within {self._seconds:g} s"
        if left <= 0 or self.received > self._budget:
            reason = too_late if left <= 0 else "it sent more than it may"
            raise self._break(reason)
        self._sock.settimeout(min(self._idle_seconds, left))
        try:
            data = self._sock.recv(max(size, _PIECE))
        except TimeoutError as error:
            reason = too_late if left < self._idle_seconds else f"nothing came for {self._idle_seconds:g} s"
            raise self._break(reason) from error
        except OSError as error:
            reason, _ = find_translation(error)
            raise self._break(reason) from error
        self.received += len(data)
        if not data:
            self.note_broken("the server closed the connection")
        return data

    def note_broken(self, reason: str) -> None:
        """Say that nothing more will come; the first reason stands."""
        self.broken = self.broken or reason

    def _break(self, reason: str) -> OSError:
        self.note_broken(reason)
        return OSError(reason)

    def sendall(self, data: bytes) -> None:
        """Send, and so begin a turn of waiting; raises ``OSError``."""
        self.turns += 1
        self._sock.settimeout(self._idle_seconds)
        self._sock.sendall(data)

    def shutdown(self, how: int) -> None:
        """End what is under way, also in another thread."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """Close."""
        self._sock.close()


class LdapConnection:
    """A connection that is open and protected as its endpoint says; nobody is logged in yet.

    ``port`` and ``security`` may differ from those of the endpoint. Raises ``ConnectError``.
    """

    def __init__(
        self, endpoint: LdapEndpoint, opening: Opening, context: ssl.SSLContext, *, plain_port: int = 0
    ) -> None:
        self._endpoint = endpoint
        self._opening = opening
        self._security = LdapSecurity.PLAIN if plain_port else endpoint.security
        self.where = name_endpoint(endpoint, plain_port or endpoint.port)
        self._seen: dict[str, Field] = {
            "transport": Known("ldap"),
            "encrypted": Known(self._security is not LdapSecurity.PLAIN),
        }
        seconds = opening.limits.connect_seconds
        try:
            sock = open_socket(endpoint.address, plain_port or endpoint.port, seconds, opening.ticks)
        except (OSError, UnicodeError) as error:
            raise translate(error, self.where) from error
        opening.reached(endpoint.address, Milestone.PORT)
        self.socket = BoundedSocket(sock, opening.ticks, opening.limits.idle_seconds)
        self._ldap = adopt(self.socket)
        try:
            self._protect(context)
        except BaseException:
            self.socket.close()
            raise

    def _protect(self, context: ssl.SSLContext) -> None:
        if self._security is LdapSecurity.PLAIN:
            return
        try:
            if self._security is LdapSecurity.STARTTLS:
                self._ask_for_tls()
            self.socket.protect(context, self._endpoint.address)
        except LIBRARY_ERRORS as error:
            raise translate(error, self.where, self.evidence) from error
        self._ldap.tls_started = self._security is LdapSecurity.STARTTLS
        if self.socket.tls is not None:
            self._seen |= describe_tls(self.socket.tls)

    def _ask_for_tls(self) -> None:
        self._ldap.extended(_START_TLS)
        result = self._ldap.result
        if result["result"] != 0:
            reason = f"{self.where}: the server does not start TLS (result {result['result']})"
            raise ConnectError(reason, "use ldaps, or give the server a certificate", self.evidence)

    @property
    def ldap(self) -> ldap3.Connection:
        """The connection as ldap3 knows it."""
        return self._ldap

    @property
    def evidence(self) -> Evidence:
        """What was seen so far: fields of the kind `connection`."""
        return build_connection(self._seen, ABSENT)

    def note(self, **seen: Field) -> None:
        """Remember more that was seen of the connection."""
        self._seen |= seen

    def log_in(self) -> None:
        """Say who we are, once; raises ``ConnectError`` and ``SecretError``. As nobody, nothing is said."""
        endpoint = self._endpoint
        if endpoint.authentication is LdapAuthentication.ANONYMOUS:
            self.note(authentication=Known("anonymous"))
            return
        if self.socket.tls is None:
            msg = f"{self.where}: the connection is not encrypted, so no login is sent"
            raise ConnectError(msg, "use security: ldaps or starttls", self.evidence)
        result, message = self._authenticate(self.socket.tls)
        if result != 0:
            reason, remedy = describe_bind(result, message)
            reason = f"{self.where}: login as {endpoint.user or _NAMELESS[endpoint.authentication]}: {reason}"
            raise ConnectError(reason, remedy, self.evidence)
        self.note(authentication=Known(endpoint.authentication.value))

    def _authenticate(self, tls: ssl.SSLSocket) -> tuple[int, str]:
        """Send the login once and return its result code and message."""
        endpoint = self._endpoint
        if endpoint.authentication is LdapAuthentication.KERBEROS:
            return self._bind_kerberos(tls)
        if endpoint.authentication is LdapAuthentication.SIMPLE:
            password = self._opening.resolve(endpoint.credential.password).reveal()
            if not password:
                msg = f"{self.where}: the password is empty, and a directory would take that for a login as nobody"
                raise ConnectError(msg, "check what the credential's `password` refers to", self.evidence)
            return self.bind(endpoint.user, password)
        return self._bind_external()

    def bind(self, user: str, password: str) -> tuple[int, str]:
        """Try one simple bind and return its result code and message; raises ``ConnectError`` if there is none."""
        # As bytes the password goes out as it is.
        self._ldap.user, self._ldap.password = user, password.encode()
        self._ldap.authentication = ldap3.SIMPLE
        try:
            return self._bind()
        finally:
            self._ldap.password = None
            # It keeps its last request, which holds the password.
            self._ldap.request = None

    def _bind_external(self) -> tuple[int, str]:
        self._ldap.authentication = ldap3.SASL
        self._ldap.sasl_mechanism = ldap3.EXTERNAL
        # Empty, not missing: else the server asks once more.
        self._ldap.sasl_credentials = b""
        return self._bind()

    def _bind_kerberos(self, tls: ssl.SSLSocket) -> tuple[int, str]:
        self.socket.allow(self._opening.limits.idle_seconds, 1_000_000)
        try:
            return log_in_by_kerberos(self._ldap, self._endpoint.address, self._endpoint.user, tls)
        except ConnectError as error:
            msg = f"{self.where}: {error.reason}"
            raise ConnectError(msg, error.remedy, self.evidence) from error
        except LIBRARY_ERRORS as error:
            raise self._explain(error) from error

    def _bind(self) -> tuple[int, str]:
        self.socket.allow(self._opening.limits.idle_seconds, 1_000_000)
        try:
            self._ldap.bind(read_server_info=False)
        except LIBRARY_ERRORS as error:
            raise self._explain(error) from error
        result = self._ldap.result
        return int(result["result"]), str(result["message"])

    def _explain(self, error: BaseException) -> ConnectError:
        if self.socket.broken:
            reason = f"{self.where}: the login got no answer: {self.socket.broken}"
            return ConnectError(reason, "look into the log of the server", self.evidence)
        return translate(error, self.where, self.evidence)

    def close(self) -> None:
        """Close; a search in another thread ends too. May be called more than once."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            _LOG.debug("%s was closed already", self.where)
        self.socket.close()


def adopt(sock: BoundedSocket) -> ldap3.Connection:
    """Return a connection of ldap3 over a socket that is open: it reads only, follows nothing, asks nothing itself."""
    server = ldap3.Server("localhost", get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server,
        auto_referrals=False,
        auto_range=False,
        auto_escape=False,
        check_names=False,
        read_only=True,
        return_empty_attributes=False,
    )
    connection.socket = sock
    connection.closed = False
    connection.strategy._outstanding = {}  # noqa: SLF001 - what `open` does beside opening
    connection.strategy._start_listen()  # noqa: SLF001 - as above
    return connection


def look_at_certificate(endpoint: LdapEndpoint, opening: Opening) -> Evidence:
    """Return what a server shows whose certificate was refused; nothing is sent to it but the wish for TLS."""
    try:
        connection = LdapConnection(endpoint, opening, build_trusting_context())
    except ConnectError as error:
        return error.connection
    connection.close()
    return connection.evidence


def name_endpoint(endpoint: LdapEndpoint, port: int) -> str:
    """Return address and port as messages name them."""
    host = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    return f"{host}:{port}"
