"""Finding servers in an Active Directory, and holding them against an inventory: what is new, and what lacks where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.errors import ConnectError
from hardening.inventory.computers import STEPS, Computer, Computers, read_computers
from hardening.inventory.entries import KNOWN_WAYS, WAYS
from hardening.model.evidence import Unreadable
from hardening.model.platform import Directory, DirectoryKind
from hardening.model.server import HostNames
from hardening.model.target import Endpoint, LdapEndpoint, Target, address_of
from hardening.probes.root_dse import parse_root_dse
from hardening.transports import open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hardening.transports.session import Opening


@dataclass(frozen=True, slots=True)
class Sorted:
    """Servers by what an inventory knows of them; those ``without_way`` are of a kind that it cannot name."""

    new: tuple[Computer, ...]
    known: tuple[Computer, ...]
    without_way: tuple[Computer, ...]


@dataclass(frozen=True, slots=True)
class Lacking:
    """A target that the directory has no server for, and why: nothing of that name, or one that is not in use."""

    target: str
    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What is only in the directory, and what only in the inventory."""

    not_in_inventory: tuple[Computer, ...]
    not_in_directory: tuple[Lacking, ...]


def find_computers(endpoint: LdapEndpoint, opening: Opening, *, days: int, seconds: Callable[[], float]) -> Computers:
    """Ask a directory for its computers; those seen in the last ``days`` days are in use. Raises ``ConnectError``."""
    session = open_session(endpoint, opening)
    try:
        answers = session.search(STEPS)
    finally:
        session.close()
    identity = parse_root_dse(answers)
    match identity.directory:
        case Directory(kind=DirectoryKind.ACTIVE_DIRECTORY):
            pass
        case Directory() as other:
            reason = f"{endpoint.address} is no Active Directory but {other.title}"
            raise ConnectError(reason, "only Active Directory keeps a list of computers")
        case Unreadable(reason=why):
            msg = f"{endpoint.address} does not say what it is: {why}"
            raise ConnectError(msg, "check the account's rights")
    now = identity.time if isinstance(identity.time, int) else int(seconds())
    found = read_computers(answers, now=now, days=days)
    if isinstance(found, Unreadable):
        msg = f"{endpoint.address} shows no computers: {found.reason}"
        raise ConnectError(msg, "check the account's rights")
    return found


def sort_servers(computers: Computers, targets: Iterable[Target]) -> Sorted:
    """Return which servers an inventory lacks, by its names and the addresses that lead to its targets."""
    names = names_of(targets)
    known = tuple(server for server in computers.servers if names.holds(server.host))
    lacking = [server for server in computers.servers if not names.holds(server.host)]
    return Sorted(
        new=tuple(server for server in lacking if WAYS[server.kind] in KNOWN_WAYS),
        known=known,
        without_way=tuple(server for server in lacking if WAYS[server.kind] not in KNOWN_WAYS),
    )


def compare(computers: Computers, targets: Sequence[Target]) -> Compared:
    """Hold the servers in use against the targets that are reached over a network."""
    names = names_of(targets)
    remote = [target for target in targets if any(map(_host_of, target.endpoints))]
    return Compared(
        not_in_inventory=tuple(server for server in computers.servers if not names.holds(server.host)),
        not_in_directory=tuple(
            Lacking(target.name, address_of(target.endpoints[0]), reason)
            for target in remote
            if (reason := _find_lack(target, computers))
        ),
    )


def _find_lack(target: Target, computers: Computers) -> str:
    names = names_of([target])
    if any(names.holds(server.host) for server in computers.servers):
        return ""
    reasons = [reason for computer, reason in computers.left if computer.host and names.holds(computer.host)]
    return reasons[0].value if reasons else "the directory has no computer of that name"


def names_of(targets: Iterable[Target]) -> HostNames:
    """Return the names that targets go by."""
    names = HostNames()
    for target in targets:
        names.add(target.name, [_host_of(endpoint) for endpoint in target.endpoints])
    return names


def _host_of(endpoint: Endpoint) -> str:
    """Return what an endpoint connects to; empty where it stays on this machine, and so has no address."""
    return str(getattr(endpoint, "address", ""))
