"""The computers that an Active Directory knows: which are servers in use, and in which OU and site they stand. Pure.

The site of a computer is that of the subnet which its addresses lie in; both are read from the directory, which holds
its DNS zones too. No name is resolved.
"""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.directory import ROOT_DSE
from hardening.model.evidence import Unreadable
from hardening.model.server import SERVERS, ServerKind, normalise_host, tell_server
from hardening.model.step import LdapScope, LdapStep
from hardening.probes.ldap_answers import found
from hardening.probes.ldap_values import filetime_of, first_text, integer_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hardening.model.step import Answer, LdapAnswer, LdapEntry

COMPUTERS = LdapStep(
    name="computers",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter="(objectCategory=computer)",
    attributes=("dNSHostName", "lastLogonTimestamp", "operatingSystem", "pwdLastSet", "userAccountControl"),
)
SITES = LdapStep(
    name="sites",
    base="CN=Sites,{config_nc}",
    scope=LdapScope.SUBTREE,
    filter="(|(objectClass=subnet)(objectClass=server))",
    attributes=("cn", "dNSHostName", "objectClass", "siteObject"),
)
ZONES = tuple(
    LdapStep(
        name=f"addresses {name}",
        base=base,
        scope=LdapScope.SUBTREE,
        filter="(&(objectClass=dnsNode)(!(dNSTombstoned=TRUE)))",
        attributes=("dnsRecord",),
    )
    for name, base in (
        ("domain", "CN=MicrosoftDNS,DC=DomainDnsZones,{default_nc}"),
        ("forest", "CN=MicrosoftDNS,DC=ForestDnsZones,{root_nc}"),
        ("legacy", "CN=MicrosoftDNS,CN=System,{default_nc}"),
    )
)
STEPS: tuple[LdapStep, ...] = (ROOT_DSE, COMPUTERS, SITES, *ZONES)
"""Everything that is asked to find servers."""

DAY = 86_400
_DISABLED = 0x2
_CONTROLLER = 0x2000 | 0x4000000
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))+")
_LONGEST_HOST = 253
_LONGEST_LABEL = 200

# MS-DNSP 2.3.2.2: length and type, two bytes each, then 20 bytes that we do not need, then the data.
_RECORD_HEADER = 24
_ADDRESS_TYPES = {1: 4, 28: 16}


class Left(StrEnum):
    """Why a computer is not one that is scanned as a server."""

    DISABLED = "its account is disabled"
    STALE = "it has not been seen for too long"
    UNSEEN = "the directory shows no time at which it was seen"
    CLIENT = "it is no server"
    OTHER_SYSTEM = "its operating system is none that is scanned"
    UNTOLD_SYSTEM = "it tells no operating system"
    NO_HOST_NAME = "it tells no host name"
    UNFIT_HOST_NAME = "its host name is none that a connection can be made to"
    SAME_HOST_NAME = "another computer with the same host name was seen later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Computer:
    """A computer of the directory; texts are cleaned, ``host`` is in small letters and fit to be connected to.

    ``last_seen`` is in seconds since 1970-01-01 UTC, 0 for never; ``site`` is empty where it is not known.
    """

    dn: str
    host: str
    kind: ServerKind
    system: str
    ou: str
    site: str = ""
    controller: bool = False
    last_seen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Computers:
    """The servers in use, by host name; the computers that are none, each with the reason; ``cut`` if some are missing.

    ``unplaced`` says why sites are not known where a search for them failed; else empty.
    """

    servers: tuple[Computer, ...]
    left: tuple[tuple[Computer, Left], ...]
    cut: str
    unplaced: str = ""


def read_computers(answers: Mapping[str, Answer], *, now: int, days: int) -> Computers | Unreadable:
    """Return what a directory answered to ``STEPS``; ``now`` is its time, ``days`` how long ago one is still in use."""
    answer = found(answers, COMPUTERS.name)
    if isinstance(answer, Unreadable):
        return answer
    kept: dict[str, Computer] = {}
    left: list[tuple[Computer, Left]] = []
    for entry in answer.entries:
        computer = _read_computer(entry)
        reason = _find_reason(entry, computer, now - days * DAY)
        if reason is not None:
            left.append((computer, reason))
            continue
        other = kept.get(computer.host)
        later, earlier = _order(computer, other) if other else (computer, None)
        kept[computer.host] = later
        if earlier is not None:
            left.append((earlier, Left.SAME_HOST_NAME))
    places = _Places(answers)
    servers = tuple(replace(kept[host], site=places.find_site(kept[host].host)) for host in sorted(kept))
    left.sort(key=lambda item: (item[1].value, item[0].dn.lower()))
    return Computers(servers=servers, left=tuple(left), cut=answer.cut, unplaced=places.trouble)


def _order(one: Computer, other: Computer) -> tuple[Computer, Computer]:
    first = max(one, other, key=lambda computer: (computer.last_seen, computer.dn))
    return first, (other if first is one else one)


def _read_computer(entry: LdapEntry) -> Computer:
    times = [filetime_of(value) for name in ("lastLogonTimestamp", "pwdLastSet") for value in entry.values(name)[:1]]
    system = first_text(entry, "operatingSystem")
    return Computer(
        dn=entry.dn,
        host=normalise_host(first_text(entry, "dNSHostName")),
        kind=tell_server(system),
        system=clean_line(system.strip(), _LONGEST_LABEL),
        ou=clean_line("/".join(reversed(_list_parents(entry.dn))), _LONGEST_LABEL),
        controller=bool(_flags(entry) & _CONTROLLER),
        last_seen=max((time for time in times if time is not None), default=0),
    )


def _flags(entry: LdapEntry) -> int:
    values = entry.values("userAccountControl")
    return (integer_of(values[0]) or 0) if values else 0


def _find_reason(entry: LdapEntry, computer: Computer, earliest: int) -> Left | None:
    host = computer.host
    reasons = {
        Left.DISABLED: bool(_flags(entry) & _DISABLED),
        Left.UNTOLD_SYSTEM: computer.kind is ServerKind.UNTOLD,
        Left.CLIENT: computer.kind is ServerKind.CLIENT,
        Left.OTHER_SYSTEM: computer.kind not in SERVERS,
        Left.UNSEEN: not computer.last_seen,
        Left.STALE: computer.last_seen < earliest,
        Left.NO_HOST_NAME: not host,
        Left.UNFIT_HOST_NAME: not _HOST.fullmatch(host)
        or len(host) > _LONGEST_HOST
        or host.rpartition(".")[2].isdigit(),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


class _Places:
    """Where hosts stand: their addresses by the DNS zones of the directory, and the sites of its subnets."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._sites: dict[str, str] = {}
        self._subnets: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, str]] = []
        sites = found(answers, SITES.name)
        self.trouble = sites.reason if isinstance(sites, Unreadable) else sites.cut
        for entry in () if isinstance(sites, Unreadable) else sites.entries:
            self._add(entry)
        zones = [answer for step in ZONES if not isinstance(answer := found(answers, step.name), Unreadable)]
        self._addresses = _read_addresses(zones)

    def _add(self, entry: LdapEntry) -> None:
        if b"server" in {value.lower() for value in entry.values("objectClass")}:
            host, parents = normalise_host(first_text(entry, "dNSHostName")), split_dn(entry.dn)
            if host and len(parents) > 2:  # noqa: PLR2004 - the server, the container of servers, the site
                self._sites[host] = parents[2][1]
            return
        try:
            subnet = ipaddress.ip_network(first_text(entry, "cn"))
        except ValueError:
            return
        site = split_dn(first_text(entry, "siteObject"))
        if site:
            self._subnets.append((subnet, site[0][1]))

    def find_site(self, host: str) -> str:
        """Return the site of a host; empty where it is not known, or where its addresses lie in several."""
        if host in self._sites:
            return clean_line(self._sites[host], _LONGEST_LABEL)
        sites = set(filter(None, map(self._find_subnet, self._addresses.get(host, ()))))
        return clean_line(sites.pop(), _LONGEST_LABEL) if len(sites) == 1 else ""

    def _find_subnet(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
        fitting = [(subnet.prefixlen, site) for subnet, site in self._subnets if address in subnet]
        return max(fitting)[1] if fitting else ""


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _read_addresses(zones: Sequence[LdapAnswer]) -> Mapping[str, set[_Address]]:
    addresses: dict[str, set[_Address]] = defaultdict(set)
    for entry in (entry for zone in zones for entry in zone.entries):
        names = [value for kind, value in split_dn(entry.dn)[:2] if kind == "dc"]
        if len(names) == 2:  # noqa: PLR2004 - the node and its zone
            host = normalise_host(names[1] if names[0] == "@" else ".".join(names))
            addresses[host].update(_list_addresses(entry.values("dnsRecord")))
    return addresses


def _list_addresses(records: Iterable[bytes]) -> Iterator[_Address]:
    for record in records:
        length, kind = int.from_bytes(record[:2], "little"), int.from_bytes(record[2:4], "little")
        data = record[_RECORD_HEADER : _RECORD_HEADER + length]
        if kind in _ADDRESS_TYPES and len(data) == _ADDRESS_TYPES[kind]:
            yield ipaddress.ip_address(data)


def _list_parents(dn: str) -> list[str]:
    """Return the names of the containers that an object lies in, without those of the domain, the nearest first."""
    return [value for kind, value in split_dn(dn)[1:] if kind != "dc"]


_ESCAPED = re.compile(r"\\([0-9a-fA-F]{2})|\\(.)", re.DOTALL)


def split_dn(dn: str) -> list[tuple[str, str]]:
    """Return the parts of a distinguished name, each with its attribute in small letters and its value unescaped."""
    parts = []
    for part in re.findall(r"(?:\\.|[^,\\])+", dn, re.DOTALL):
        kind, sign, value = part.partition("=")
        if sign:
            parts.append((kind.strip().lower(), _unescape(value.strip(" ") if not value.endswith("\\ ") else value)))
    return parts


def _unescape(value: str) -> str:
    raw = bytearray()
    last = 0
    for match in _ESCAPED.finditer(value):
        raw += value[last : match.start()].encode("utf-8", "surrogatepass")
        raw += bytes([int(match[1], 16)]) if match[1] else match[2].encode("utf-8", "surrogatepass")
        last = match.end()
    raw += value[last:].encode("utf-8", "surrogatepass")
    return text_of(bytes(raw))
