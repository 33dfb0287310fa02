"""One rule as nft says it: its comparisons, and what it does.

Statements that neither match nor decide are passed over; what is not understood leaves the rule open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.probes.firewall_nft_match import COMPUTED, PAIRS, SINGLE, read_match
from hardening.probes.firewall_rules import Condition, Key, Rule, Verdict
from hardening.probes.firewall_tokens import TokenReader

if TYPE_CHECKING:
    from collections.abc import Sequence

_MATCHING = PAIRS | SINGLE | COMPUTED | {"fib"}
_LIMITING = {"rate", "over", "until", "burst", "name", "packets", "bytes", "kbytes", "mbytes", "used"}
_OPEN_VERDICTS = {"queue", "tproxy", "synproxy", "dnat", "snat", "masquerade", "redirect", "fwd"}
_LOG_OPTIONS = {"prefix", "level", "group", "snaplen", "queue-threshold", "flags"}
_MARKS = {"|", "&", "^", "or", "and", "xor"}
_SAID_MATCHES = {
    **dict.fromkeys(("comment", "tcp", "udp", "limit"), Key.ALWAYS),
    **dict.fromkeys(("icmp", "icmp6", "set", "mac", "owner", "connlimit", "string"), Key.NAMED),
}


def judge_match(name: str) -> Condition:
    """Return what an iptables match of which only the name is known says of our packet."""
    return Condition(_SAID_MATCHES.get(name, Key.OPEN))


def parse_rule(words: Sequence[str]) -> list[Rule]:
    """Return one rule as one or, where it maps values to verdicts, as several; never raises."""
    return _RuleReader(words).read()


class _RuleReader:
    """One rule while it is read from left to right."""

    def __init__(self, words: Sequence[str]) -> None:
        self._reader = TokenReader(list(words))
        self._text = " ".join(words)[:300]
        self._conditions: list[Condition] = []
        # Whether all that the rule does was said in nft's words.
        self._is_said = True

    def read(self) -> list[Rule]:
        """Return what the rule comes to."""
        reader = self._reader
        while reader.now:
            verdict = _read_verdict(reader)
            if verdict is not None:
                return [self._build(*verdict)]
            if _skip_statement(reader):
                continue
            if reader.now in _MATCHING:
                conditions, mapped = read_match(reader)
                if mapped is not None:
                    return [self._build(*_judge_words(said), extra) for extra, said in mapped]
                self._conditions += conditions
            elif not self._read_stateful():
                self._read_unknown()
        return [self._build(Verdict.NOTHING if self._is_said else Verdict.OPEN, "")]

    def _build(self, verdict: Verdict, target: str, extra: tuple[Condition, ...] = ()) -> Rule:
        return Rule((*self._conditions, *extra), verdict, target, self._text)

    def _read_stateful(self) -> bool:
        """Read what counts packets: the first one is within every limit, and over none."""
        match self._reader.now:
            case "limit" | "quota" | "meter":
                self._conditions.append(_read_limit(self._reader))
            case "add" | "update" | "delete":
                self._conditions.append(_read_set_statement(self._reader))
            case _:
                return False
        return True

    def _read_unknown(self) -> None:
        reader = self._reader
        word = reader.take()
        if word == "xt":
            kind, name = reader.take(), reader.take().strip('"')
            self._is_said = self._is_said and kind == "match"
            self._conditions += [judge_match(name)] if kind == "match" else []
        elif word == "#":
            # Up to the counter follows what nft has no words for; noting an address for later is nothing.
            said = [reader.take(), reader.take()]
            if said != ["recent:", "SET"]:
                is_list = said[:1] == ["recent:"]
                self._conditions.append(Condition(Key.NAMED if is_list else Key.OPEN))
                self._is_said = is_list
            while reader.now not in {"", "counter"}:
                reader.take()
        elif word not in {"\n", ",", "(", ")", "}"}:
            self._conditions.append(Condition(Key.OPEN))


def _judge_words(said: Sequence[str]) -> tuple[Verdict, str]:
    return _read_verdict(TokenReader(list(said))) or (Verdict.OPEN, "")


def _read_verdict(reader: TokenReader) -> tuple[Verdict, str] | None:
    word = reader.now
    if word in {"accept", "drop", "reject", "return"}:
        return Verdict(word), ""
    if word in {"jump", "goto"}:
        reader.take()
        if reader.now == "{":
            start = reader.at
            reader.take_block()
            return Verdict(word), " ".join(reader.tokens[start : reader.at])
        return Verdict(word), reader.now
    if word in _OPEN_VERDICTS:
        return Verdict.OPEN, ""
    return (Verdict.NOTHING, "") if word == "continue" else None


def _skip_statement(reader: TokenReader) -> bool:
    """Pass over a statement that neither matches nor decides."""
    match reader.tokens[reader.at : reader.at + 3]:
        case ["counter", "packets", *_]:
            reader.at += 5
        case ["mark", "set", _] | ["flow", "add", _] | ["dup", "to", _] | ["counter", "name", _]:
            reader.at += 3
        case ["counter" | "notrack", *_]:
            reader.at += 1
        case ["comment", *_]:
            reader.at += 2
        case ["log", *_]:
            _skip_log(reader)
        case ["meta" | "ct" | "ip" | "ip6" | "tcp" | "udp" | "ether", _, "set"]:
            reader.at += 4
            while reader.now in _MARKS:
                reader.at += 2
        case _:
            return False
    return True


def _skip_log(reader: TokenReader) -> None:
    reader.take()
    while reader.now in _LOG_OPTIONS:
        is_pair = reader.take() == "flags" and reader.now in {"tcp", "ip"}
        reader.at += 2 if is_pair else 1


def _read_limit(reader: TokenReader) -> Condition:
    if reader.take() == "meter":
        while reader.now not in {"", "{"}:
            reader.take()
        return _judge_limit(reader.take_block())
    words: list[str] = []
    while reader.now.partition("/")[0] in _LIMITING or (re.match(r'[0-9"]', reader.now) and words[-1:] != ["packets"]):
        words.append(reader.take())
    return _judge_limit(words)


def _read_set_statement(reader: TokenReader) -> Condition:
    reader.at += 2
    return _judge_limit(reader.take_block()) if reader.now == "{" else Condition(Key.ALWAYS)


def _judge_limit(words: Sequence[str]) -> Condition:
    return Condition(Key.NAMED) if "over" in words else Condition(Key.ALWAYS)
