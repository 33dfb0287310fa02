"""Coming to a logged-in SSH connection: the way there, the host key, the login, and why it failed."""

from __future__ import annotations

import getpass
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko

from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Absent
from hardening.model.target import HostKeys
from hardening.transports.accepted_hosts import admit
from hardening.transports.known_hosts import SSH_PORT, KnownHosts, load_known_hosts, require_known
from hardening.transports.login import load_proofs, log_in
from hardening.transports.session import Milestone
from hardening.transports.sockets import NoAddressAnswers, PromptSocket, open_socket
from hardening.transports.ssh_errors import LIBRARY_ERRORS, find_translation, translate
from hardening.transports.ssh_evidence import Seen, describe_connection
from hardening.transports.wire import (
    ForwardedStream,
    WireTransport,
    keep_alive,
)

if TYPE_CHECKING:
    from hardening.model.evidence import Evidence
    from hardening.model.target import SshEndpoint
    from hardening.transports.bastions import JumpConnection
    from hardening.transports.session import Limits, Opening

_SYSTEM_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")

# Turns of waiting: connection, greeting, key exchange (two), request for the login, login.
_TURNS_TO_OPEN = 6
_ADMINISTRATIVELY_PROHIBITED = 1

# By when a jump host's connection that broke has told so, after those over it have.
_MOMENT = 0.2


class SshConnection:
    """A logged-in transport over a socket, or over a connection to a jump host that others use as well.

    ``evidence`` is what was seen of it; ``round_trips`` are the turns of waiting that it took.
    """

    round_trips = _TURNS_TO_OPEN

    def __init__(self, transport: WireTransport, evidence: Evidence, route: _Route, held: ExitStack) -> None:
        self.transport = transport
        self.evidence = evidence
        self._route = route
        self._held = held

    @property
    def bytes_received(self) -> int:
        """Bytes that came in over the network from there."""
        return self._route.stream.received

    @property
    def broken_jump(self) -> str:
        """The name of the jump host whose connection broke, and this one with it; empty if none did."""
        return self._route.find_broken()

    def close(self) -> None:
        """Close the connection, and that to the jump host if nobody else needs it. May be called more than once."""
        self._held.close()


@dataclass(frozen=True, slots=True)
class _Route:
    """What a connection runs over: a stream, and the jump host that made it."""

    stream: PromptSocket | ForwardedStream
    jump: JumpConnection | Absent = ABSENT
    name: str = ""

    def find_broken(self) -> str:
        if isinstance(self.jump, Absent):
            return ""
        self.jump.transport.join(_MOMENT)
        return self.jump.broken_jump or ("" if self.jump.transport.is_active() else self.name)


def connect(endpoint: SshEndpoint, opening: Opening) -> SshConnection:
    """Return a connection to an endpoint, logged in; raises ``ConnectError`` and ``SecretError``."""
    where = name_endpoint(endpoint)
    files = _known_hosts_files(endpoint, opening)
    known = load_known_hosts(files, endpoint.address, endpoint.port, opening.host_files)
    with ExitStack() as held:
        # Before the server is bothered: loading keys takes time that the server counts against us.
        proofs = load_proofs(endpoint.credential, opening, Path.home())
        opening.reached(where, Milestone.CREDENTIAL)
        with proofs.held:
            user = endpoint.user or _own_name()
            route = _open_route(endpoint, opening, held)
            opening.reached(where, Milestone.PORT)
            transport = WireTransport(route.stream, known.types)
            held.callback(transport.close)
            seen = Seen()
            try:
                _shake_hands(transport, opening.limits)
                opening.reached(where, Milestone.ALGORITHMS)
                seen.is_new = _admit(known, transport, endpoint, opening)
                opening.reached(where, Milestone.HOST_KEY)
                opening.progress(f"logging in to {where} as {user}")
                seen.authentication = log_in(transport, user, proofs)
                keep_alive(transport)
                opening.reached(where, Milestone.LOGIN)
            except ConnectError as error:
                reason = f"{where}: {error.reason}"
                raise ConnectError(reason, error.remedy, describe_connection(transport, seen)) from error
            except LIBRARY_ERRORS as error:
                broken = route.find_broken()
                if broken:
                    raise build_broken_jump(broken, where) from error
                raise _explain(error, transport, where, opening.limits) from error
        return SshConnection(transport, describe_connection(transport, seen), route, held.pop_all())


def build_broken_jump(jump: str, where: str) -> ConnectError:
    """Return the error of a target that is out of reach because a jump host is."""
    reason = f"jump host {jump}: the connection broke, and that to {where} with it"
    return ConnectError(reason, "check the jump host, its sshd and what stands in between")


def _open_route(endpoint: SshEndpoint, opening: Opening, held: ExitStack) -> _Route:
    if isinstance(endpoint.jump, Absent):
        stream = _open_socket(endpoint, opening)
        held.callback(stream.close)
        return _Route(stream)
    jump, name = endpoint.jump, name_endpoint(endpoint.jump)
    try:
        lease = opening.bastions.lease(jump, lambda: connect(jump, opening))
    except ConnectError as error:
        # What was seen there is about the jump host, not about the target.
        raise ConnectError(_blame(name, error.reason), error.remedy) from error
    held.callback(lease.release)
    opening.progress(f"connecting to {name_endpoint(endpoint)} through {name}")
    forwarded = _open_forward(lease.connection, endpoint, name, opening)
    held.callback(forwarded.close)
    return _Route(forwarded, lease.connection, name)


def _blame(jump: str, reason: str) -> str:
    if reason.startswith("jump host "):
        return reason
    return f"jump host {reason}" if reason.startswith(f"{jump}: ") else f"jump host {jump}: {reason}"


def _open_forward(jump: JumpConnection, endpoint: SshEndpoint, name: str, opening: Opening) -> ForwardedStream:
    where = name_endpoint(endpoint)
    try:
        return jump.transport.open_forward(endpoint.address, endpoint.port, opening.limits.connect_seconds)
    except paramiko.ChannelException as error:
        said = clean_line(error.text, 200)
        if error.code == _ADMINISTRATIVELY_PROHIBITED:
            reason = f"jump host {name}: it forwards no connection to {where}: {said}"
            remedy = (
                "allow it in the sshd_config of the jump host (AllowTcpForwarding local, PermitOpen) and, if the key "
                "there is restricted, with port-forwarding in its line of authorized_keys"
            )
            raise ConnectError(reason, remedy) from error
        reason = f"jump host {name}: it cannot connect to {where}: {said}"
        raise ConnectError(reason, "check from there that the name and the port answer") from error
    except TimeoutError as error:
        reason = f"jump host {name}: no answer from {where} in time"
        raise ConnectError(reason, "check from there that the port answers, and the firewalls on the way") from error
    except LIBRARY_ERRORS as error:
        broken = jump.broken_jump
        if broken or not jump.transport.is_active():
            raise build_broken_jump(broken or name, where) from error
        raise translate(error, f"jump host {name}") from error


def _open_socket(endpoint: SshEndpoint, opening: Opening) -> PromptSocket:
    where = name_endpoint(endpoint)
    opening.progress(f"connecting to {where}")
    try:
        return open_socket(endpoint.address, endpoint.port, opening.limits.connect_seconds, opening.ticks)
    except ConnectionResetError as error:
        raise _closed_early(where) from error
    except NoAddressAnswers as error:
        reasons = [f"{address}: {find_translation(each)[0]}" for address, each in error.failures.items()]
        reason = f"{where}: no address of the name answers ({'; '.join(reasons)})"
        raise ConnectError(reason, find_translation(error)[1]) from error
    except OSError as error:
        raise translate(error, where) from error
    except UnicodeError as error:
        reason = f"{where}: the name cannot be a host name"
        raise ConnectError(reason, "correct the address") from error


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
    seen = describe_connection(transport, Seen())
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


def _known_hosts_files(endpoint: SshEndpoint, opening: Opening) -> tuple[Path, ...]:
    more = tuple(Path(text).expanduser() for text in endpoint.more_known_hosts)
    if endpoint.host_keys is HostKeys.ACCEPT_NEW and not isinstance(opening.accepted_hosts, Absent):
        more = (*more, opening.accepted_hosts)
    if endpoint.known_hosts:
        return (Path(endpoint.known_hosts).expanduser(), *more)
    return (Path.home() / ".ssh" / "known_hosts", _SYSTEM_KNOWN_HOSTS, *more)


def _admit(known: KnownHosts, transport: WireTransport, endpoint: SshEndpoint, opening: Opening) -> bool:
    """Accept the key that the server showed; say whether only its being new speaks for it. Raises ``ConnectError``."""
    shown, authority = transport.shown_key, transport.shown_authority
    if endpoint.host_keys is HostKeys.ACCEPT_NEW and not isinstance(opening.accepted_hosts, Absent):
        return admit(known, shown, authority, opening.accepted_hosts)
    require_known(known, shown, authority)
    return False


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        reason = "the account to log in as is not named, and our own has no name"
        raise ConnectError(reason, "give the target a user") from error
