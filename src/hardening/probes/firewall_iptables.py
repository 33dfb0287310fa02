"""What ``iptables-save`` and ``ip6tables-save`` print, and saved rule files in that form, as tables of rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hardening.probes.firewall_nft_rule import judge_match
from hardening.probes.firewall_rules import Chain, Condition, Key, Rule, Table, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)')
_CHAIN = re.compile(r":(\S+) (\S+)(?: \[.*)?")
_HOOKS = {"INPUT": "input", "PREROUTING": "prerouting"}
_FAMILIES = {"ip": "ipv4", "ip6": "ipv6"}
_VERDICTS = {
    "ACCEPT": Verdict.ACCEPT,
    "DROP": Verdict.DROP,
    "REJECT": Verdict.REJECT,
    "RETURN": Verdict.RETURN,
    "TARPIT": Verdict.DROP,
}
_PASSING = frozenset(
    {
        *("LOG", "ULOG", "NFLOG", "MARK", "CONNMARK", "TOS", "DSCP", "TTL", "HL", "TCPMSS", "CLASSIFY", "SET", "AUDIT"),
        *("SECMARK", "CONNSECMARK", "NOTRACK", "CT", "CHECKSUM", "TRACE", "IDLETIMER", "LED", "RATEEST", "ECN", "TEE"),
    }
)
_DECIDING_ELSEWHERE = frozenset(
    {
        *("", "NFQUEUE", "QUEUE", "DNAT", "SNAT", "MASQUERADE", "REDIRECT", "TPROXY", "SYNPROXY", "NETMAP"),
    }
)
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "ipv6-icmp", "icmpv6": "ipv6-icmp", "0": "all"}
# Filters of these tables can end a packet; what `nat` does to it comes elsewhere.
_FILTERING = {"filter", "raw", "mangle", "security"}

_Reader = Callable[[tuple[str, ...]], tuple[Key, tuple[str, ...]]]


def _constant(key: Key) -> _Reader:
    return lambda _: (key, ())


def _list(key: Key) -> _Reader:
    return lambda values: (key, tuple(part for value in values for part in value.split(",") if part))


def _lower(key: Key) -> _Reader:
    return lambda values: (key, tuple(part.lower() for value in values for part in value.split(",")))


def _protocol(values: tuple[str, ...]) -> tuple[Key, tuple[str, ...]]:
    return Key.PROTOCOL, tuple(_PROTOCOLS.get(value, value) for value in values)


def _flags(values: tuple[str, ...]) -> tuple[Key, tuple[str, ...]]:
    return (Key.ALWAYS if values[-1:] == ("SYN",) else Key.NAMED), ()


def _mark(values: tuple[str, ...]) -> tuple[Key, tuple[str, ...]]:
    return (Key.ALWAYS if {value.partition("/")[0] for value in values} <= {"0x0", "0"} else Key.NAMED), ()


# Options by name: how many words follow, and what they say of our packet.
_OPTIONS: dict[str, tuple[int, _Reader]] = {
    **dict.fromkeys(("-i", "--in-interface"), (1, _list(Key.INTERFACE))),
    **dict.fromkeys(("-p", "--protocol"), (1, _protocol)),
    **dict.fromkeys(("-s", "--source", "--src-range"), (1, _list(Key.SOURCE))),
    **dict.fromkeys(("-d", "--destination"), (1, _list(Key.DESTINATION))),
    **dict.fromkeys(("--dport", "--dports", "--sport", "--sports", "--ports"), (1, _list(Key.PORT))),
    **dict.fromkeys(("--ctstate", "--state"), (1, _lower(Key.STATE))),
    **dict.fromkeys(("--dst-type", "--pkt-type"), (1, _lower(Key.PACKET_TYPE))),
    **dict.fromkeys(
        ("--src-type", "--mac-source", "--ctstatus", "--uid-owner", "--gid-owner"), (1, _constant(Key.NAMED))
    ),
    **dict.fromkeys(("--match-set", "--tcp-option", "--icmp-type", "--icmpv6-type"), (1, _constant(Key.NAMED))),
    **dict.fromkeys(("--limit", "--hashlimit-upto", "--connlimit-upto"), (1, _constant(Key.ALWAYS))),
    **dict.fromkeys(("--hashlimit-above", "--connlimit-above"), (1, _constant(Key.NAMED))),
    **dict.fromkeys(("--rcheck", "--update"), (0, _constant(Key.NAMED))),
    **dict.fromkeys(("--set",), (0, _constant(Key.ALWAYS))),
    **dict.fromkeys(("--string", "--hex-string"), (1, _constant(Key.NAMED))),
    "--tcp-flags": (2, _flags),
    "--syn": (0, _constant(Key.ALWAYS)),
    "--mark": (1, _mark),
    "--ctdir": (1, lambda values: (Key.ALWAYS if values == ("ORIGINAL",) else Key.NAMED, ())),
    "-f": (0, _constant(Key.NAMED)),
    **dict.fromkeys(("-o", "--out-interface"), (1, _constant(Key.NAMED))),
    "--comment": (1, _constant(Key.ALWAYS)),
}
# Words that shape a match which another option has answered already.
_DETAILS = frozenset(
    {
        *(
            "--limit-burst",
            "--name",
            "--mask",
            "--seconds",
            "--hitcount",
            "--algo",
            "--from",
            "--to",
            "--connlimit-mask",
        ),
        *("--return-nomatch", "--rsource", "--rdest", "--connlimit-saddr", "--connlimit-daddr", "--icase", "--reap"),
        *("--hashlimit-burst", "--hashlimit-name", "--hashlimit-mode", "--hashlimit-srcmask", "--hashlimit-dstmask"),
        *(
            "--hashlimit-htable-size",
            "--hashlimit-htable-max",
            "--hashlimit-htable-expire",
            "--hashlimit-htable-gcinterval",
        ),
    }
)
_MATCHES_WITH_OPTIONS = frozenset(
    {
        *("tcp", "udp", "multiport", "conntrack", "state", "addrtype", "pkttype", "comment", "limit", "hashlimit"),
        *(
            "connlimit",
            "recent",
            "mark",
            "connmark",
            "icmp",
            "icmp6",
            "icmpv6",
            "set",
            "mac",
            "owner",
            "string",
            "iprange",
        ),
    }
)


def parse_saved(text: str, family: str, *, is_legacy: bool = False) -> list[Table] | str:
    """Return the tables of a saved rule set of ``ip`` or ``ip6``, or why the text is none; never raises."""
    tables: list[Table] = []
    is_open = False
    for line in text.split("\n"):
        said = line.strip()
        # Counters may stand in front of a rule.
        said = re.sub(r"^\[\d+:\d+\] ", "", said)
        if said.startswith("*"):
            tables.append(Table(family, said[1:], is_legacy=is_legacy))
            is_open = True
        elif said == "COMMIT":
            is_open = False
        elif said and not said.startswith("#") and (not tables or not _read_line(said, tables[-1], family)):
            return f"not understood: {said[:100]}"
    return "a table has no end" if is_open else tables


def _read_line(line: str, table: Table, family: str) -> bool:
    match = _CHAIN.fullmatch(line)
    if match is not None:
        chain = table.chains.setdefault(match[1], Chain(match[1]))
        if match[1] in _HOOKS and match[2] != "-" and table.name in _FILTERING:
            chain.type, chain.hook, chain.policy = "filter", _HOOKS[match[1]], match[2].lower()
        return True
    words = [re.sub(r"\\(.)", r"\1", quoted) if quoted else plain for quoted, plain in _WORD.findall(line)]
    match words:
        case ["-A" | "--append", name, *rest]:
            table.chains.setdefault(name, Chain(name)).rules.append(_parse_rule(rest, line, family))
        case ["-I" | "--insert", name, *rest]:
            table.chains.setdefault(name, Chain(name)).rules.insert(0, _parse_rule(rest, line, family))
        case ["-N" | "--new-chain", name]:
            table.chains.setdefault(name, Chain(name))
        case ["-P" | "--policy", name, policy] if name in table.chains:
            table.chains[name].policy = policy.lower()
        case _:
            return False
    return True


def _parse_rule(words: Sequence[str], text: str, family: str) -> Rule:
    conditions = [Condition(Key.FAMILY, (_FAMILIES.get(family, family),))]
    verdict, target = Verdict.NOTHING, ""
    at = 0
    negated = False
    # What follows a target is its own business, up to the next match.
    in_target = False
    while at < len(words):
        word = words[at]
        at += 1
        if word == "!":
            negated = True
            continue
        if word in {"-j", "--jump", "-g", "--goto"}:
            verdict, target = _judge_target(words[at] if at < len(words) else "", word)
            at += 1
            in_target = True
        elif word in {"-m", "--match"}:
            in_target = False
            name = words[at] if at < len(words) else ""
            at += 1
            conditions += [] if name in _MATCHES_WITH_OPTIONS else [judge_match(name)]
        elif word in _OPTIONS and not in_target:
            count, read = _OPTIONS[word]
            conditions.append(Condition(*read(tuple(words[at : at + count])), negated))
            at += count
        elif word.startswith("-") and word not in _DETAILS and not in_target:
            conditions.append(Condition(Key.OPEN))
        negated = False
    return Rule(tuple(conditions), verdict, target, text[:300])


def _judge_target(name: str, option: str) -> tuple[Verdict, str]:
    if name in _PASSING:
        return Verdict.NOTHING, ""
    if name in _DECIDING_ELSEWHERE:
        return Verdict.OPEN, ""
    if name in _VERDICTS:
        return _VERDICTS[name], ""
    return (Verdict.GOTO if option in {"-g", "--goto"} else Verdict.JUMP), name
