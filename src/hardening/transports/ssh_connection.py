"""Coming to a logged-in SSH connection: the way there, the host key, the login, and why it failed."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko

from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.model.evidence import Absent
from hardening.transports.known_hosts import SSH_PORT, load_known_hosts, require_known
from hardening.transports.login import load_proofs, log_in
from hardening.transports.ssh_errors import LIBRARY_ERRORS, translate
from hardening.transports.wire import PromptSocket, WireTransport, describe_connection, keep_alive, open_socket

if TYPE_CHECKING:
    import contextlib

    from hardening.model.evidence import Evidence
    from hardening.model.target import SshEndpoint
    from hardening.transports.session import Limits, Opening

_SYSTEM_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")

# Turns of waiting: connection, greeting, key exchange (two), request for the login, login.
_TURNS_TO_OPEN = 6
_TURN_TO_FORWARD = 1


class SshConnection:
    """A logged-in transport, with that of the jump host under it; everything it opens goes onto a stack to close.

    ``evidence`` is what was seen of it; ``round_trips`` are the turns of waiting that it took.
    """

    transport: WireTransport

    def __init__(self, held: contextlib.ExitStack) -> None:
        self._held = held
        self._socket: PromptSocket | None = None
        self.round_trips = 0
        self.evidence: Evidence = {}

    @property
    def bytes_received(self) -> int:
        """Bytes that came in over the network."""
        return self._socket.received if self._socket else 0

    def open(self, endpoint: SshEndpoint, opening: Opening) -> None:
        """Connect to an endpoint and log in there; raises ``ConnectError`` and ``SecretError``."""
        where = name_endpoint(endpoint)
        known = load_known_hosts(_known_hosts_files(endpoint), endpoint.address, endpoint.port)
        # Before the server is bothered: loading keys takes time that the server counts against us.
        proofs = load_proofs(endpoint.credential, opening, Path.home())
        with proofs.held:
            user = endpoint.user or _own_name()
            stream = self._open_stream(endpoint, opening)
            transport = WireTransport(stream, known.types)
            self._held.callback(transport.close)
            method = ""
            try:
                _shake_hands(transport, opening.limits)
                require_known(known, transport.shown_key)
                opening.progress(f"logging in to {where} as {user}")
                method = log_in(transport, user, proofs)
                keep_alive(transport)
            except ConnectError as error:
                reason = f"{where}: {error.reason}"
                raise ConnectError(reason, error.remedy, describe_connection(transport, method)) from error
            except LIBRARY_ERRORS as error:
                raise _explain(error, transport, where, opening.limits) from error
        self.transport = transport
        self.evidence = describe_connection(transport, method)
        self.round_trips += _TURNS_TO_OPEN

    def _open_stream(self, endpoint: SshEndpoint, opening: Opening) -> PromptSocket | paramiko.Channel:
        if isinstance(endpoint.jump, Absent):
            return self._open_socket(endpoint, opening)
        try:
            self.open(endpoint.jump, opening)
        except ConnectError as error:
            # What was seen there is about the jump host, not about the target.
            reason = f"jump host {error.reason}"
            raise ConnectError(reason, error.remedy) from error
        opening.progress(f"connecting to {name_endpoint(endpoint)} through {name_endpoint(endpoint.jump)}")
        self.round_trips += _TURN_TO_FORWARD
        place = (endpoint.address, endpoint.port)
        try:
            return self.transport.open_channel(
                "direct-tcpip", place, ("127.0.0.1", 0), timeout=opening.limits.connect_seconds
            )
        except paramiko.ChannelException as error:
            said = clean_line(error.text, 200)
            reason = (
                f"jump host {name_endpoint(endpoint.jump)} does not connect us to {name_endpoint(endpoint)}: {said}"
            )
            remedy = (
                "check from there that the port answers, and that its sshd allows it (AllowTcpForwarding, PermitOpen)"
            )
            raise ConnectError(reason, remedy) from error
        except LIBRARY_ERRORS as error:
            raise translate(error, f"jump host {name_endpoint(endpoint.jump)}") from error

    def _open_socket(self, endpoint: SshEndpoint, opening: Opening) -> PromptSocket:
        where = name_endpoint(endpoint)
        opening.progress(f"connecting to {where}")
        try:
            self._socket = open_socket(endpoint.address, endpoint.port, opening.limits.connect_seconds, opening.ticks)
        except ConnectionResetError as error:
            raise _closed_early(where) from error
        except OSError as error:
            raise translate(error, where) from error
        except UnicodeError as error:
            reason = f"{where}: the name cannot be a host name"
            raise ConnectError(reason, "correct the address") from error
        self._held.callback(self._socket.close)
        return self._socket


def _shake_hands(transport: WireTransport, limits: Limits) -> None:
    transport.banner_timeout = limits.connect_seconds
    # paramiko's own limit looks like a closed connection; the one below tells that nothing came.
    transport.handshake_timeout = 4 * limits.connect_seconds
    transport.auth_timeout = limits.idle_seconds
    transport.channel_timeout = limits.idle_seconds
    transport.start_client(timeout=2 * limits.connect_seconds)
    if not transport.initial_kex_done:
        raise TimeoutError


def _explain(error: Exception, transport: WireTransport, where: str, limits: Limits) -> ConnectError:
    """Return what went wrong before the login, in the light of how far the server came."""
    cause = error.__context__ if isinstance(error.__context__, (OSError, EOFError)) else error
    seen = describe_connection(transport, "")
    seconds = limits.connect_seconds
    if isinstance(cause, TimeoutError):
        what = (
            "the server greeted and then said nothing more" if seen else "something listens, but no SSH greeting came"
        )
        return ConnectError(f"{where}: {what} within {seconds:g} s", "check the load of the server and its sshd", seen)
    if not seen and isinstance(cause, (EOFError, ConnectionResetError, BrokenPipeError)):
        return _closed_early(where)
    return translate(cause if seen else error, where, seen)


def _closed_early(where: str) -> ConnectError:
    # Whether a reset is met while connecting, reading or writing is chance: it is one thing to people.
    reason = f"{where}: the connection was closed before any SSH greeting"
    return ConnectError(reason, "check that sshd runs there and lets us in (MaxStartups, hosts.deny, fail2ban)")


def name_endpoint(endpoint: SshEndpoint) -> str:
    """Return address and port as messages name them."""
    host = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    return host if endpoint.port == SSH_PORT else f"{host}:{endpoint.port}"


def _known_hosts_files(endpoint: SshEndpoint) -> tuple[Path, ...]:
    if endpoint.known_hosts:
        return (Path(endpoint.known_hosts).expanduser(),)
    return (Path.home() / ".ssh" / "known_hosts", _SYSTEM_KNOWN_HOSTS)


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        reason = "the account to log in as is not named, and our own has no name"
        raise ConnectError(reason, "give the target a user") from error
