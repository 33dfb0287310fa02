"""One SSH connection: the socket, or what a jump host gives in its place, and paramiko's transport over it."""

from __future__ import annotations

import base64
import logging
import socket
import threading
from typing import TYPE_CHECKING, Any

import paramiko
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    load_ssh_public_identity,
)

from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Absent
from hardening.transports.known_hosts import HostKey

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOG = logging.getLogger(__name__)
_KEEP_ALIVE_SECONDS = 30
_NO_CHANNEL = -1
_TOO_LATE = "Timeout opening channel."

# A type of host key, and the algorithms that prove that the server has it.
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


class ForwardedStream:
    """A connection that a jump host makes for us, in place of a socket of our own; counts what it received."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        self.received = 0

    def recv(self, size: int) -> bytes:
        """Receive from beyond the jump host."""
        data = self._channel.recv(size)
        self.received += len(data)
        return data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else paramiko asks of a socket
        return getattr(self._channel, name)


class WireTransport(paramiko.Transport):
    """paramiko's transport, which also keeps what the server offered, and never logs on its own account.

    Asks first for the types of host key that are known, and for certificates of hosts last: who has nothing else is
    known by the key that is certified.
    """

    offers: dict[str, Any]
    _refusals: dict[int, paramiko.ChannelException]
    _asked: threading.local
    # Attributes of paramiko's that its stubs leave out or type too widely.
    remote_cipher: str
    local_cipher: str
    remote_mac: str
    local_mac: str

    def __init__(self, sock: socket.socket | ForwardedStream, known_types: Iterable[str]) -> None:
        self.offers = {}
        self._refusals = {}
        self._asked = threading.local()
        super().__init__(sock)  # type: ignore[arg-type] # the other kind does what is asked of a socket
        known = {name for known_type in known_types for name in _ALGORITHMS.get(known_type, (known_type,))}
        options = self.get_security_options()
        options.key_types = sorted(options.key_types, key=lambda name: name not in known)

    @property
    def shown_authority(self) -> HostKey | Absent:
        """The authority that certified that key, if the server showed a certificate."""
        blob = self.host_key.public_blob if self.host_key else None
        if blob is None:
            return ABSENT
        identity = load_ssh_public_identity(f"{blob.key_type} {base64.b64encode(blob.key_blob).decode()}".encode())
        if not isinstance(identity, SSHCertificate):
            return ABSENT
        kind, text = identity.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[:2]
        return HostKey(kind.decode("ascii"), base64.b64decode(text))

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

    def open_forward(self, address: str, port: int, seconds: float) -> ForwardedStream:
        """Return a connection that the server makes for us; raises ``ChannelException``, ``TimeoutError`` and others.

        paramiko keeps one exception a connection, so that of threads which ask at the same time each might get
        another's; and it drops what the server said.
        """
        self._asked.number = _NO_CHANNEL
        try:
            channel = self.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=seconds)
        except paramiko.SSHException as error:
            if str(error) == _TOO_LATE:
                raise TimeoutError from error
            refusal = self._refusals.pop(self._asked.number, None)
            if refusal is None:
                raise
            raise refusal from error
        return ForwardedStream(channel)

    def _next_channel(self) -> int:
        number: int = super()._next_channel()  # type: ignore[misc] # not in the stubs
        self._asked.number = number
        return number

    def _parse_channel_open_failure(self, m: paramiko.Message) -> None:
        copy = paramiko.Message(m.asbytes())
        number, code = copy.get_int(), copy.get_int()
        said = copy.get_binary().decode("utf-8", "replace")
        self._refusals[number] = paramiko.ChannelException(code, said)
        super()._parse_channel_open_failure(m)  # type: ignore[misc] # not in the stubs

    def _log(self, level: int, msg: object, *args: object) -> None:
        # paramiko logs text of the peer, and tracebacks, as errors; to us they become exceptions anyway.
        del level
        for line in msg if isinstance(msg, list) else [msg]:
            _LOG.debug("paramiko: %s", clean_line(str(line) % args if args else str(line)))


def keep_alive(transport: WireTransport) -> None:
    """Speak now and then, so that no firewall forgets the connection during a long silent step."""
    transport.set_keepalive(_KEEP_ALIVE_SECONDS)
