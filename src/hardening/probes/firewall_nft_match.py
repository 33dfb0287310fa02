"""Comparisons of a rule as nft says them: what is looked at, and with what it is compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hardening.probes.firewall_rules import Condition, Key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.probes.firewall_tokens import TokenReader

PAIRS = frozenset(
    {
        *(
            "meta",
            "ip",
            "ip6",
            "tcp",
            "udp",
            "udplite",
            "th",
            "sctp",
            "dccp",
            "ct",
            "icmp",
            "icmpv6",
            "ether",
            "vlan",
            "arp",
        ),
        *("rt", "frag", "hbh", "dst", "mh", "srh", "exthdr", "socket", "esp", "ah", "comp", "igmp", "gre"),
    }
)
"""Words that take a second one to say what is looked at."""

SINGLE = frozenset(
    {
        *("iif", "iifname", "iifgroup", "iiftype", "oif", "oifname", "oifgroup", "oiftype", "mark", "skuid", "skgid"),
        *("pkttype", "protocol", "nfproto", "l4proto", "cgroup", "rtclassid", "priority", "length", "cpu", "ibrname"),
        *("obrname", "iifkind", "oifkind", "time", "day", "hour", "random"),
    }
)
"""Words that say by themselves what is looked at."""

COMPUTED = frozenset({"numgen", "jhash", "symhash", "osf", "ipsec", "tunnel"})
"""Words that begin something computed, which is not understood further."""

_COMPARING = frozenset({"==", "!=", "<", ">", "<=", ">=", "eq", "ne", "lt", "gt", "le", "ge"})
_ENDING_COMPUTED = {"vmap", "{", "accept", "drop", "reject", "return", "jump", "goto", "queue", "counter", "log"}
_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "ipv6-icmp", "icmpv6": "ipv6-icmp"}
_STATES = {"0x8": "new", "0x00000008": "new", "8": "new"}
_PROTOCOL_KEYS = {"tcp", "udp", "sctp", "dccp", "icmp", "icmpv6", "esp", "ah", "comp", "igmp", "udplite", "gre"}


# About what every packet has: a set or a map with a name, whose elements are not printed, leaves these open.
_COMMON = frozenset({"iif", "iifname", "ct state", "l4proto", "nfproto", "unknown"})

Mapped = list[tuple[tuple[Condition, ...], list[str]]]
"""Values that lead to verdicts: conditions, and the words of the verdict; no words where the map is not printed."""


def read_match(reader: TokenReader) -> tuple[list[Condition], Mapped | None]:
    """Read one comparison; a map from values to verdicts comes back as pairs."""
    keys = [_read_key(reader)]
    while reader.now == ".":
        reader.take()
        keys.append(_read_key(reader))
    key = keys[0] if len(keys) == 1 else ("concatenated", *keys[0][1:])
    masked = False
    while reader.now in {"&", "and", "|", "or", "^", "<<", ">>"}:
        masked = True
        reader.take()
        _take_operand(reader)
    operator = reader.take() if reader.now in _COMPARING else "=="
    implied = _imply(keys)
    if reader.now == "vmap":
        reader.take()
        return [], [((*implied, *extra), verdict) for extra, verdict in _read_verdict_map(key, reader)]
    if key[0] == "unknown" and reader.now in _ENDING_COMPUTED - {"{"}:
        return [Condition(Key.OPEN)], None
    values, is_named_set = _read_values(reader)
    if reader.now == "/":
        # "tcp flags syn / fin,syn,rst,ack": these bits of those.
        reader.take()
        _take_operand(reader)
    if len(keys) > 1 or is_named_set:
        named = Key.OPEN if is_named_set and key[0] in _COMMON else Key.NAMED
        return [*implied, Condition(named, (), operator in {"!=", "ne"})], None
    return [*implied, _build_condition(key, operator, values, masked=masked)], None


def _take_operand(reader: TokenReader) -> list[str]:
    if reader.now == "(":
        words = []
        while reader.now not in {"", ")"}:
            words.append(reader.take())
        reader.take()
        return words[1:]
    return [reader.take()]


def _read_key(reader: TokenReader) -> tuple[str, str]:
    """Return what is looked at as (kind, word as written)."""
    first = reader.take()
    if first == "fib":
        words = ["fib"]
        while reader.now and reader.now not in {"type", "oif", "oifname"}:
            words.append(reader.take())
        words.append(reader.take())
        return " ".join(words), first
    if first in COMPUTED:
        while reader.now and reader.now not in _COMPARING | _ENDING_COMPUTED:
            reader.take()
        return "unknown", first
    if first == "ct":
        while reader.now in {"original", "reply"}:
            first = f"ct {reader.take()}"
        second = reader.take()
        if second in {"ip", "ip6"}:
            second = reader.take()
        return (f"ct {second}" if first == "ct" else "ct tuple"), "ct"
    second = reader.take() if first in PAIRS else first
    return (second if first == "meta" or first in SINGLE else f"{first} {second}"), first


def _imply(keys: Sequence[tuple[str, str]]) -> list[Condition]:
    """Return what a key says of the packet by itself: `tcp dport` is about TCP, `ip saddr` about IPv4."""
    found = []
    for _, word in keys:
        if word in {"ip", "ip6"}:
            found.append(Condition(Key.FAMILY, ("ipv4" if word == "ip" else "ipv6",)))
        elif word in _PROTOCOL_KEYS:
            found.append(Condition(Key.PROTOCOL, (_NUMBERS.get(word, word),)))
    return found


def _read_values(reader: TokenReader) -> tuple[list[str], bool]:
    if reader.now == "{":
        return _split(reader.take_block()), False
    if reader.now.startswith("@"):
        reader.take()
        return [], True
    if reader.now == "(":
        return _take_operand(reader), False
    if reader.now == "over":
        reader.take()
    words = [reader.take()]
    while words[-1].endswith((",", "-")) or reader.now.startswith((",", "-")):
        words.append(reader.take())
        if not reader.now:
            break
    return _split(words), False


def _split(words: Sequence[str]) -> list[str]:
    return [value.strip().strip('"') for value in " ".join(words).split(",") if value.strip()]


_MISSING = {"missing", "0", "false"}
_EXISTING = {"exists", "1", "true"}


def _as_range(operator: str, value: str) -> str:
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0  # noqa: PLR2004 - 65535
    match operator:
        case ">" | "gt":
            return f"{number + 1}-65535"
        case ">=" | "ge":
            return f"{number}-65535"
        case "<" | "lt":
            return f"0-{max(number - 1, 0)}"
        case "<=" | "le":
            return f"0-{number}"
        case _:
            return value.replace(" ", "")


_FAMILY_NAMES = {"ip": "ipv4", "ip6": "ipv6"}
_PORTS = ("tcp dport", "udp dport", "th dport", "tcp sport", "udp sport", "th sport")
_SIMPLE: dict[str, tuple[Key, Callable[[str, str], str]]] = {
    **dict.fromkeys(("iif", "iifname"), (Key.INTERFACE, lambda _, value: value)),
    **dict.fromkeys(
        ("nfproto", "protocol", "ether type"), (Key.FAMILY, lambda _, value: _FAMILY_NAMES.get(value, value))
    ),
    **dict.fromkeys(
        ("l4proto", "ip protocol", "ip6 nexthdr"), (Key.PROTOCOL, lambda _, value: _NUMBERS.get(value, value))
    ),
    **dict.fromkeys(_PORTS, (Key.PORT, _as_range)),
    "ct state": (Key.STATE, lambda _, value: _STATES.get(value, value)),
    "pkttype": (Key.PACKET_TYPE, lambda _, value: value),
}
_ADDRESSES = {
    **dict.fromkeys(("ip saddr", "ip6 saddr"), Key.SOURCE),
    **dict.fromkeys(("ip daddr", "ip6 daddr"), Key.DESTINATION),
}


def _build_condition(key: tuple[str, str], operator: str, values: list[str], *, masked: bool) -> Condition:
    negated = operator in {"!=", "ne"}
    given = tuple(values)
    if key[0] in _SIMPLE:
        named, translate = _SIMPLE[key[0]]
        return Condition(named, tuple(translate(operator, value) for value in given), negated)
    if key[0] in _ADDRESSES and not masked:
        return Condition(_ADDRESSES[key[0]], given, negated)
    if key[0] == "ct direction":
        return Condition(Key.ALWAYS if "original" in given or "0" in given else Key.NAMED, (), negated)
    if key[0] == "tcp flags":
        return Condition(Key.ALWAYS if given == ("syn",) else Key.NAMED, (), negated)
    if key[0].startswith("fib daddr") and key[0].endswith("type"):
        return Condition(Key.PACKET_TYPE, given, negated)
    return _build_other(key, given, operator, negated=negated)


def _build_other(key: tuple[str, str], given: tuple[str, ...], operator: str, *, negated: bool) -> Condition:
    name, word = key
    if name.startswith("fib") and name.endswith(("oif", "oifname")) and given:
        if given[0] in _MISSING | _EXISTING:
            return Condition(Key.NAMED if given[0] in _MISSING else Key.ALWAYS, (), negated)
        return Condition(Key.OPEN)
    if name in {"mark", "ct mark"}:
        return Condition(Key.ALWAYS if given in {("0x0",), ("0x00000000",), ("0",)} else Key.NAMED, (), negated)
    if name == "ip version":
        return Condition(Key.ALWAYS)
    if name == "ip frag-off" or word in {"rt", "frag", "hbh", "dst", "mh", "srh", "exthdr", "vlan", "arp"}:
        # A first packet is whole, and carries no extra headers.
        return Condition(Key.NAMED)
    if name in {"ct count", "ct status", "ct helper", "ct expiration", "ct tuple"} or word in {"icmp", "icmpv6"}:
        return Condition(Key.NAMED, (), negated)
    is_open = name in {"unknown", "iifgroup", "iiftype", "iifkind", "length", "time", "day", "hour", "random", "cpu"}
    if is_open or word == "socket" or operator in _COMPARING - {"==", "!=", "eq", "ne"} or "length" in name:
        return Condition(Key.OPEN)
    return Condition(Key.NAMED, (), negated)


def _read_verdict_map(key: tuple[str, str], reader: TokenReader) -> Iterator[tuple[list[Condition], list[str]]]:
    if reader.now != "{":
        reader.take()
        if key[0] in _COMMON:
            yield [], []
        return
    for words in _split_entries(reader.take_block()):
        if ":" not in words:
            continue
        at = words.index(":")
        values = _split(words[:at])
        condition = Condition(Key.ALWAYS) if values == ["*"] else _build_condition(key, "==", values, masked=False)
        if key[0] == "concatenated":
            condition = Condition(Key.NAMED)
        yield [condition], [word.rstrip(",") for word in words[at + 1 :]]


def _split_entries(words: Sequence[str]) -> Iterator[list[str]]:
    entry: list[str] = []
    for word in words:
        if word == "\n":
            continue
        entry.append(word)
        # Commas between values stand at the end of a word; before the colon they belong to the values.
        if word.endswith(",") and ":" in entry:
            yield entry
            entry = []
    yield entry
