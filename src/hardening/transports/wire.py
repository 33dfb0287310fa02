"""One SSH connection: the socket, paramiko's transport over it, and what can be seen of the connection itself."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Any

import paramiko

from hardening.model.clean import clean_line
from hardening.model.evidence import Evidence, Field, Known, Unreadable
from hardening.transports.known_hosts import HostKey
from hardening.transports.session import build_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LOG = logging.getLogger(__name__)
_KEEP_ALIVE_SECONDS = 30
_IMPLICIT_MAC = "implicit"
_EXCHANGE, _GREETING, _LOGIN = "SSH key exchange", "SSH greeting", "SSH login"

# A type of host key, and the algorithms that prove that the server has it.
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


class PromptSocket(socket.socket):
    """A socket that neither waits to send small packets nor to acknowledge them, and counts what it received.

    Nagle's algorithm against delayed acknowledgement costs 40 ms a turn on any network that is faster than that.
    """

    received = 0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive at once; the kernel forgets this setting, so it is made again each time."""
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        data = super().recv(size, flags)
        self.received += len(data)
        return data


def open_socket(address: str, port: int, seconds: float, ticks: Callable[[], float]) -> PromptSocket:
    """Return a connected socket; tries all addresses of the name within the time. Raises ``OSError``."""
    deadline = ticks() + seconds
    failure = OSError("the name has no address")
    for family, kind, protocol, _, place in socket.getaddrinfo(address, port, type=socket.SOCK_STREAM):
        sock = PromptSocket(family, kind, protocol)
        try:
            sock.settimeout(max(deadline - ticks(), 0.001))
            sock.connect(place)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


class WireTransport(paramiko.Transport):
    """paramiko's transport, which also keeps what the server offered, and never logs on its own account.

    Asks for plain host keys only, never for certificates of hosts, and first for those types that are known.
    """

    offers: dict[str, Any]
    # Attributes of paramiko's that its stubs leave out or type too widely.
    remote_cipher: str
    local_cipher: str
    remote_mac: str
    local_mac: str

    def __init__(self, sock: socket.socket | paramiko.Channel, known_types: Iterable[str]) -> None:
        self.offers = {}
        super().__init__(sock)
        known = {name for known_type in known_types for name in _ALGORITHMS.get(known_type, (known_type,))}
        options = self.get_security_options()
        options.key_types = sorted(options.key_types, key=lambda name: name not in known)

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """Host key algorithms, without the certificates that paramiko would add."""
        return tuple(self.get_security_options().key_types)

    @property
    def shown_key(self) -> HostKey:
        """The host key that the server has proved to have."""
        key = self.host_key
        if key is None:
            msg = "no host key was shown"
            raise paramiko.SSHException(msg)
        return HostKey(key.get_name(), key.asbytes())

    def get_exception(self) -> Exception | None:
        """Return what ended the connection; what a hostile peer can make paramiko stumble over becomes its own kind."""
        error = super().get_exception()
        if error is None or isinstance(error, (paramiko.SSHException, OSError, EOFError)):
            return error
        strange = paramiko.SSHException(f"the peer sent something impossible ({type(error).__name__})")
        strange.__cause__ = error
        return strange

    def _really_parse_kex_init(self, m: paramiko.Message, ignore_first_byte: bool = False) -> dict[str, Any]:  # noqa: FBT001,FBT002 - as paramiko calls it
        parsed: dict[str, Any] = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc] # not in the stubs
        if not self.offers:
            self.offers = {name: list(value) if isinstance(value, list) else value for name, value in parsed.items()}
        return parsed

    def _log(self, level: int, msg: object, *args: object) -> None:
        # paramiko logs text of the peer, and tracebacks, as errors; to us they become exceptions anyway.
        del level
        for line in msg if isinstance(msg, list) else [msg]:
            _LOG.debug("paramiko: %s", clean_line(str(line) % args if args else str(line)))


def keep_alive(transport: WireTransport) -> None:
    """Speak now and then, so that no firewall forgets the connection during a long silent step."""
    transport.set_keepalive(_KEEP_ALIVE_SECONDS)


def describe_connection(transport: WireTransport, authentication: str) -> Evidence:
    """Return what was seen of a connection so far; ``authentication`` is the method that let us in, or empty.

    Nothing at all if the server did not even greet.
    """
    if not transport.remote_version:
        return {}
    seen: dict[str, Field] = {
        "transport": Known("ssh"),
        "server_version": Known(transport.remote_version, _GREETING),
        **_offers(transport.offers),
    }
    if transport.initial_kex_done:
        seen |= _agreements(transport)
    if authentication:
        seen["authentication"] = Known(authentication, _LOGIN)
    return build_connection(seen, Unreadable("the connection ended before this was settled"))


def _offers(offers: dict[str, Any]) -> dict[str, Field]:
    if not offers:
        return {}

    def both_ways(kind: str) -> Field:
        union = dict.fromkeys([*offers[f"client_{kind}_algo_list"], *offers[f"server_{kind}_algo_list"]])
        return Known(tuple(union), _EXCHANGE)

    return {
        "kex_offered": Known(tuple(offers["kex_algo_list"]), _EXCHANGE),
        "host_key_algorithms_offered": Known(tuple(offers["server_key_algo_list"]), _EXCHANGE),
        "ciphers_offered": both_ways("encrypt"),
        "macs_offered": both_ways("mac"),
        "compressions_offered": both_ways("compress"),
    }


def _agreements(transport: WireTransport) -> dict[str, Field]:
    key = transport.shown_key
    kex = next((name for name in transport.preferred_kex if name in transport.offers["kex_algo_list"]), "")
    agreed = {
        "host_key_type": key.type,
        "host_key_fingerprint": key.fingerprint,
        "kex": kex,
        "host_key_algorithm": transport.host_key_type or "",
        "cipher_in": transport.remote_cipher,
        "cipher_out": transport.local_cipher,
        "mac_in": _mac(transport.remote_cipher, transport.remote_mac),
        "mac_out": _mac(transport.local_cipher, transport.local_mac),
    }
    return {
        "encrypted": Known(value=True, place=_EXCHANGE),
        **{name: Known(value, _EXCHANGE) for name, value in agreed.items()},
    }


def _mac(cipher: str, mac: str) -> str:
    """Return the MAC in use: ciphers that authenticate by themselves leave the negotiated one unused."""
    return _IMPLICIT_MAC if "gcm" in cipher or "poly1305" in cipher else mac
