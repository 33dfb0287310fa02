"""Servers that the directories of a scan know, held against the systems that the scan saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hardening.model.evidence import Absent, Field, Known, Partial
from hardening.model.platform import OperatingSystem
from hardening.model.server import SEEN_DAYS, SERVERS, HostNames, normalise_host, tell_server
from hardening.report.values import DirectoryServers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hardening.model.evidence import Record
    from hardening.model.snapshot import Snapshot

_KIND = "ad_accounts"
_MOST_NAMED = 100
_DAY = 86_400
_COMPUTERS = frozenset({"computer", "domain_controller"})


@dataclass(slots=True)
class ServerTally:
    """What each directory knows, and the names of every system whose operating system was seen."""

    known: list[tuple[str, frozenset[str], bool]] = field(default_factory=list)
    seen: HostNames = field(default_factory=HostNames)

    def add(self, snapshot: Snapshot) -> None:
        """Add one visit."""
        if isinstance(snapshot.platform.os, OperatingSystem):
            hosts = [_host_of(endpoint.address) for endpoint in snapshot.endpoints]
            self.seen.add(snapshot.target, [*hosts, snapshot.platform.os.hostname])
        accounts = next(
            (fields["accounts"] for probe, fields in snapshot.evidence.items() if probe.kind == _KIND), None
        )
        if isinstance(accounts, Known | Partial):
            now = snapshot.time if not isinstance(snapshot.target_time, int) else snapshot.target_time
            servers = frozenset(_list_servers(accounts, now - SEEN_DAYS * _DAY))
            self.known.append((snapshot.target, servers, isinstance(accounts, Known)))

    def results(self) -> tuple[DirectoryServers, ...]:
        """Return how many servers of each directory were not seen, by target."""
        return tuple(self._count(*each) for each in self.known if each[1] or not each[2])

    def _count(self, target: str, servers: frozenset[str], complete: bool) -> DirectoryServers:  # noqa: FBT001 - as kept
        unseen = sorted(host for host in servers if not self.seen.holds(host))
        return DirectoryServers(
            target=target,
            servers=len(servers),
            unseen=len(unseen),
            hosts=tuple(unseen[:_MOST_NAMED]),
            complete=complete,
        )


def _host_of(address: str) -> str:
    """Return the host in an address as a snapshot keeps it; empty where it names none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _list_servers(accounts: Known | Partial, earliest: int) -> Iterator[str]:
    items = accounts.items if isinstance(accounts, Partial) else accounts.value
    for record in _records(items):
        host = _value(record, "host_name")
        seen = [time for name in ("last_logon", "password_set") if isinstance(time := _value(record, name), int)]
        if (
            _value(record, "kind") in _COMPUTERS
            and _value(record, "enabled") is True
            and tell_server(str(_value(record, "operating_system") or "")) in SERVERS
            and isinstance(host, str)
            and max(seen, default=0) >= earliest
        ):
            yield normalise_host(host)


def _records(items: object) -> Iterable[Record]:
    return (item for item in items if not isinstance(item, str)) if isinstance(items, tuple) else ()


def _value(record: Record, name: str) -> object:
    value: Field = record.get(name, Absent())
    return value.value if isinstance(value, Known) else None
