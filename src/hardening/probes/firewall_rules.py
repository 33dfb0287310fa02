"""Packet filter rules, whatever tool printed them, and what becomes of a packet that no rule mentions.

The packet is the first one of a connection, from an address and to a port that nobody named. A rule for named
addresses, ports or established connections does not meet it; a limit that counts packets is not reached by it.
What cannot be told without the packet itself stays open, and then both ways are walked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

DENYING = frozenset({"drop", "reject"})
# A rule for at least half of all ports is a rule for ports that nobody named.
_WIDE = 32768
_DEEPEST = 64


class Meets(StrEnum):
    """Whether a condition holds for a packet."""

    YES = "yes"
    NO = "no"
    OPEN = "open"


class Key(StrEnum):
    """What a condition looks at; ``NAMED`` is anything that our packet has by no rule's name."""

    INTERFACE = "interface"
    FAMILY = "family"
    PROTOCOL = "protocol"
    PORT = "port"
    STATE = "state"
    SOURCE = "source"
    DESTINATION = "destination"
    PACKET_TYPE = "packet type"
    NAMED = "named"
    ALWAYS = "always"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a rule."""

    key: Key
    values: tuple[str, ...] = ()
    negated: bool = False


class Verdict(StrEnum):
    """What a rule does; ``OPEN`` is something that we do not know, ``NOTHING`` goes on to the next rule."""

    ACCEPT = "accept"
    DROP = "drop"
    REJECT = "reject"
    RETURN = "return"
    JUMP = "jump"
    GOTO = "goto"
    OPEN = "open"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions and what is done where all of them hold; ``text`` is the rule as printed."""

    conditions: tuple[Condition, ...]
    verdict: Verdict
    target: str = ""
    text: str = ""


@dataclass(slots=True)
class Chain:
    """A list of rules; ``hook`` is empty for a chain that is only jumped to."""

    name: str
    rules: list[Rule] = field(default_factory=list)
    type: str = ""
    hook: str = ""
    policy: str = "accept"
    devices: tuple[str, ...] = ()


@dataclass(slots=True)
class Table:
    """Chains by name; ``family`` is as nft says it: ip, ip6, inet, netdev, bridge or arp."""

    family: str
    name: str
    chains: dict[str, Chain] = field(default_factory=dict)
    is_dormant: bool = False
    is_legacy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A packet from outside; an empty ``interface`` is one that no rule names."""

    family: str
    protocol: str
    interface: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a packet: drop, reject, accept, none (no chain sees it) or open; and where that is decided."""

    outcome: str
    place: str


_COVERING = {"ip": {"ipv4"}, "ip6": {"ipv6"}, "inet": {"ipv4", "ipv6"}, "netdev": {"ipv4", "ipv6"}}
_INBOUND = {"ingress": 0, "prerouting": 1, "input": 2}


def find_inbound(tables: Iterable[Table], family: str) -> list[tuple[Table, Chain]]:
    """Return the chains that filter packets of a family (ipv4, ipv6) to this host, in the order of their hooks."""
    found = [
        (table, chain)
        for table in tables
        if family in _COVERING.get(table.family, ()) and not table.is_dormant
        for chain in table.chains.values()
        if chain.type == "filter" and chain.hook in _INBOUND
    ]
    return sorted(found, key=lambda pair: _INBOUND[pair[1].hook])


def count_rules(tables: Iterable[Table], family: str) -> int:
    """Return the number of rules that a packet to this host may come by; a policy other than accept counts as one."""
    total = 0
    for table, base in find_inbound(tables, family):
        reached: set[str] = set()
        waiting = [base.name]
        while waiting:
            chain = table.chains.get(waiting.pop())
            if chain is None or chain.name in reached:
                continue
            reached.add(chain.name)
            total += len(chain.rules)
            waiting += [rule.target for rule in chain.rules if rule.target]
        total += base.policy != "accept"
    return total


def follow(tables: Iterable[Table], packet: Packet) -> Fate:
    """Return what becomes of a packet: every chain must let it through, one that denies is enough."""
    fates = []
    for table, chain in find_inbound(tables, packet.family):
        if chain.hook == "ingress" and packet.interface not in chain.devices:
            continue
        outcomes, text = _Walk(table, packet).run(chain)
        place = f"{table.family} {table.name}, chain {chain.name}"
        if outcomes <= DENYING:
            return Fate(min(outcomes), place)
        fates.append(Fate("accept", place) if outcomes == {"accept"} else Fate("open", f"{place}: {text}"))
    # A chain in another hook that merely lets pass says less than the one for input.
    return next((fate for fate in fates if fate.outcome == "open"), fates[-1] if fates else Fate("none", ""))


class _Walk:
    """One packet on its way through one table."""

    def __init__(self, table: Table, packet: Packet) -> None:
        self._chains: Mapping[str, Chain] = table.chains
        self._packet = packet
        self._seen: dict[str, frozenset[str]] = {}
        self._open = ""

    def run(self, base: Chain) -> tuple[frozenset[str], str]:
        """Return what may become of the packet in a base chain, and the rule that leaves it open."""
        outcomes = set(self._walk(base, 0))
        if "return" in outcomes:
            outcomes = outcomes - {"return"} | {base.policy}
        return frozenset(outcomes), self._open

    def _walk(self, chain: Chain | None, depth: int) -> frozenset[str]:
        if chain is None or depth > _DEEPEST:
            self._open = self._open or "a jump that leads nowhere"
            return frozenset({"open"})
        if chain.name not in self._seen:
            # A chain that leads back to itself is refused by the kernel; here it must end all the same.
            self._seen[chain.name] = frozenset({"open"})
            self._seen[chain.name] = frozenset(self._walk_rules(chain.rules, depth))
        return self._seen[chain.name]

    def _walk_rules(self, rules: Sequence[Rule], depth: int) -> set[str]:
        outcomes: set[str] = set()
        for rule in rules:
            meets = meet(rule.conditions, self._packet)
            if meets is Meets.NO or rule.verdict is Verdict.NOTHING:
                continue
            if meets is Meets.OPEN or rule.verdict is Verdict.OPEN:
                self._open = self._open or rule.text
            ends = True
            match rule.verdict:
                case Verdict.JUMP:
                    inside = self._walk(self._chains.get(rule.target), depth + 1)
                    outcomes |= inside - {"return"}
                    ends = "return" not in inside
                case Verdict.GOTO:
                    outcomes |= self._walk(self._chains.get(rule.target), depth + 1)
                case Verdict.OPEN:
                    outcomes.add("open")
                    ends = False
                case _:
                    outcomes.add(rule.verdict.value)
            if ends and meets is Meets.YES:
                return outcomes
        return outcomes | {"return"}


def meet(conditions: Iterable[Condition], packet: Packet) -> Meets:
    """Return whether all conditions hold for a packet."""
    seen = {_meet_one(condition, packet) for condition in conditions}
    if Meets.NO in seen:
        return Meets.NO
    return Meets.OPEN if Meets.OPEN in seen else Meets.YES


def _meet_one(condition: Condition, packet: Packet) -> Meets:
    holds = _holds(condition, packet)
    if holds is None:
        return Meets.OPEN
    return Meets.YES if holds != condition.negated else Meets.NO


def _holds(condition: Condition, packet: Packet) -> bool | None:
    return _HOLDS[condition.key](condition.values, packet)


def _holds_destination(values: tuple[str, ...], _: Packet) -> bool | None:
    """Our own addresses are not known here; only those that are nobody's own are told apart."""
    if all(map(_is_not_ours, values)):
        return False
    return any(value.endswith("/0") for value in values) or None


def _names_interface(pattern: str, interface: str) -> bool:
    return pattern == interface or (pattern[-1:] in {"*", "+"} and interface.startswith(pattern[:-1]))


def _count_ports(value: str) -> int:
    first, _, last = value.replace(":", "-").partition("-")
    low, high = (int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1 for text in (first, last))  # noqa: PLR2004 - 65535
    return high - low + 1 if min(low, high) >= 0 else 0


def _is_not_ours(address: str) -> bool:
    head = address.partition(".")[0]
    if head.isascii() and head.isdigit() and "." in address:
        return int(head[:3]) >= 224 or head == "127"  # noqa: PLR2004 - multicast, reserved and broadcast
    return address.lower().startswith("ff") or address.partition("/")[0] == "::1"


_HOLDS: Mapping[Key, Callable[[tuple[str, ...], Packet], bool | None]] = {
    Key.INTERFACE: lambda values, packet: any(_names_interface(value, packet.interface) for value in values),
    Key.FAMILY: lambda values, packet: packet.family in values,
    Key.PROTOCOL: lambda values, packet: packet.protocol in values or "all" in values,
    Key.PORT: lambda values, _: any(_count_ports(value) >= _WIDE for value in values),
    Key.STATE: lambda values, _: "new" in values,
    Key.SOURCE: lambda values, _: any(value.endswith("/0") for value in values),
    Key.DESTINATION: _holds_destination,
    Key.PACKET_TYPE: lambda values, _: bool({"host", "unicast", "local"} & set(values)),
    Key.NAMED: lambda _values, _packet: False,
    Key.ALWAYS: lambda _values, _packet: True,
    Key.OPEN: lambda _values, _packet: None,
}
