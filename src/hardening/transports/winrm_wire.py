"""The way from pywinrm to the wire: sockets of our own under requests, bounded, and looked at as they open.

A certificate is validated as everywhere else, before anything is sent. No proxy is used, no redirection followed, no
answer of a proxy taken for one of the server; over plain HTTP an answer that is not encrypted is refused.
"""

from __future__ import annotations

import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from hardening.model.clean import clean_line
from hardening.model.evidence import Field, Known
from hardening.transports.ldap_tls import describe_tls
from hardening.transports.sockets import PromptSocket, open_socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest, Response

_LOG = logging.getLogger(__name__)
_REDIRECTIONS = range(300, 400)
_PROXY_ASKS = 407
_UNAUTHORIZED = 401
_OK = 200
_SEALED = "multipart/encrypted"


class PeerRefused(Exception):  # noqa: N818 - an answer of the peer, translated like those of the libraries
    """What answered is not taken for the server: a proxy, a redirection, an answer in plain text, or too much of it."""


class Wire:
    """What passes between us and one server: its bounds, its cost, and what was seen of it.

    ``offered`` are the ways of login that a refusal named, ``refusals`` how many requests with a login were refused.
    """

    def __init__(self, ticks: Callable[[], float], connect_seconds: float) -> None:
        self.ticks = ticks
        self.connect_seconds = connect_seconds
        self.seen: dict[str, Field] = {}
        self.received = 0
        self.requests = 0
        self.connections = 0
        self.offered: tuple[str, ...] = ()
        self.refusals = 0
        self.is_sealed = False
        self.on_port: Callable[[], None] = lambda: None
        self.on_certificate: Callable[[], None] = lambda: None
        self._deadline = ticks() + connect_seconds
        self._budget = 1_000_000
        self._open: list[socket.socket] = []
        self._is_stopped = False

    def allow(self, seconds: float, size: int) -> None:
        """Bound what follows: in how many seconds it must end, and how many bytes may come."""
        self._deadline = self.ticks() + seconds
        self._budget = self.received + size

    def require_bounds(self) -> float:
        """Return how many seconds are left; raises ``TimeoutError`` and ``PeerRefused``."""
        if self._is_stopped:
            msg = "the session was closed"
            raise ConnectionAbortedError(msg)
        if self.received > self._budget:
            msg = "the server sends more than it may"
            raise PeerRefused(msg)
        left = self._deadline - self.ticks()
        if left <= 0:
            raise TimeoutError
        return left

    def take(self, sock: socket.socket) -> None:
        """Remember a socket that is open, so that ``stop`` ends it."""
        self.connections += 1
        self._open.append(sock)

    def stop(self) -> None:
        """End what is under way; safe from any thread."""
        self._is_stopped = True
        for sock in tuple(self._open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                _LOG.debug("a socket was closed already")

    @property
    def is_stopped(self) -> bool:
        """Whether somebody ended what was under way."""
        return self._is_stopped

    def close(self) -> None:
        """Close every connection, and allow new ones: a last word after ``stop``."""
        self._is_stopped = False
        while self._open:
            sock = self._open.pop()
            sock.close()
            # An answer that nobody read to its end still holds the socket.
            if (descriptor := sock.detach()) >= 0:
                socket.close(descriptor)


class _BoundedTls(ssl.SSLSocket):
    """A TLS socket that counts, and keeps to the bounds of its wire."""

    wire: Wire

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:  # noqa: ANN401 - as in ssl
        """Receive within the bounds."""
        self.settimeout(self.wire.require_bounds())
        count = super().recv_into(buffer, nbytes, flags)
        self.wire.received += count
        return count


class _BoundedSocket(PromptSocket):
    """The same without TLS."""

    wire: Wire

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:  # noqa: ANN401 - as in socket
        """Receive within the bounds."""
        self.settimeout(self.wire.require_bounds())
        count = super().recv_into(buffer, nbytes, flags)
        self.wire.received += count
        return count


def _adopt(sock: PromptSocket) -> _BoundedSocket:
    """Return the same connection as a socket that is bounded."""
    family, kind, protocol = sock.family, sock.type, sock.proto
    return _BoundedSocket(family, kind, protocol, fileno=sock.detach())


class WinRmAdapter(HTTPAdapter):
    """What requests sends through: every connection is to the one server, over sockets of our own."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext | None, wire: Wire) -> None:
        self._wire = wire
        self._is_tls = context is not None
        if context is not None:
            context.sslsocket_class = _BoundedTls
        self._pool = _Pool(address, port, context, wire)
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:  # noqa: ANN401 - as in requests
        """Return the connections to the one server, whatever a request names."""
        return self._pool

    def cert_verify(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as in requests
        """Do nothing: the context of the sockets validates, and requests would add authorities of its own."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - as in requests
        """Send one request and look at how it is answered; raises ``PeerRefused``."""
        wire = self._wire
        wire.requests += 1
        response = super().send(request, *args, **kwargs)
        if "Server" in response.headers:
            wire.seen["server_version"] = Known(clean_line(response.headers["Server"], 200).strip())
        try:
            _require_server(response)
            if wire.is_sealed:
                _require_sealed(response)
        except PeerRefused:
            response.close()
            raise
        if response.status_code == _UNAUTHORIZED:
            named = response.headers.get("WWW-Authenticate", "")
            wire.offered = tuple(dict.fromkeys([*wire.offered, *_read_schemes(named)]))
            wire.refusals += _has_proof(request)
        return response

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()
        super().close()


def _require_server(response: Response) -> None:
    """Raise ``PeerRefused`` where something in between answered."""
    status = response.status_code
    if status in _REDIRECTIONS:
        msg = f"the answer sends us elsewhere (HTTP {status})"
        raise PeerRefused(msg)
    if status == _PROXY_ASKS:
        msg = "a proxy in between asks for a login (HTTP 407)"
        raise PeerRefused(msg)
    content = response.headers.get("Content-Type", "").lower()
    if content.startswith("text/html"):
        via = " through a proxy" if "Via" in response.headers else ""
        msg = f"a web page came in place of an answer of WinRM (HTTP {status}{via})"
        raise PeerRefused(msg)


def _require_sealed(response: Response) -> None:
    """Raise ``PeerRefused`` where an answer came in plain text that only the one who knows the key can have sealed."""
    is_sealed = response.headers.get("Content-Type", "").startswith(_SEALED)
    if response.status_code == _OK and not is_sealed and response.headers.get("Content-Length") != "0":
        msg = "an answer came that is not encrypted"
        raise PeerRefused(msg)


def _read_schemes(header: str) -> list[str]:
    """Return the ways of login that a header names; requests joins several headers with commas."""
    words = (part.strip().partition(" ")[0] for part in header.split(","))
    return [word for word in words if word.isalpha() and len(word) < 20]  # noqa: PLR2004 - no way has a longer name


def _has_proof(request: PreparedRequest) -> bool:
    """Say whether a request carries the last word of a login: an NTLM message of type 3, or any of another way."""
    proof = str(request.headers.get("Authorization", ""))
    # An NTLM message of type 1 begins with these letters in base64; it proves nothing yet.
    return bool(proof) and not proof.partition(" ")[2].startswith("TlRMTVNTUAAB")


class _Pool(HTTPConnectionPool):
    """Connections to one server."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext | None, wire: Wire) -> None:
        super().__init__(address, port, maxsize=1, block=False)
        self._context = context
        self._wire = wire
        if context is not None:
            self.scheme = "https"

    def _new_conn(self) -> HTTPConnection:
        return _Connection(self.host, self.port or 0, self._context, self._wire)


class _Connection(HTTPConnection):
    """One connection, opened and protected by us."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext | None, wire: Wire) -> None:
        super().__init__(address, port)
        self._address = address.strip("[]")
        self._context = context
        self._wire = wire

    def connect(self) -> None:
        """Connect and protect; raises ``OSError``, also where the certificate is not to be trusted."""
        wire = self._wire
        plain = _adopt(
            open_socket(self._address, self.port, min(wire.connect_seconds, wire.require_bounds()), wire.ticks)
        )
        plain.wire = wire
        wire.on_port()
        if self._context is None:
            wire.take(plain)
            self.sock = plain
            return
        plain.settimeout(wire.connect_seconds)
        try:
            sock = self._context.wrap_socket(plain, server_hostname=self._address)
        except BaseException:
            plain.close()
            raise
        if isinstance(sock, _BoundedTls):
            sock.wire = wire
        wire.seen |= describe_tls(sock)
        wire.on_certificate()
        wire.take(sock)
        self.sock = sock
        self.is_verified = True
