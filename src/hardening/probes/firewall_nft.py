"""The text that ``nft list ruleset`` prints, and files for ``nft -f``, as tables of rules.

The text is read rather than nft's JSON: rules that iptables made stand in JSON as ``{"xt": null}``, whether they match
or act.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.probes.firewall_nft_rule import parse_rule
from hardening.probes.firewall_rules import Chain, Rule, Table
from hardening.probes.firewall_tokens import TokenReader

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOKEN = re.compile(r'"[^"]*"|[{}();\n#]|[^\s{}();"#]+')
_FILE_TOKEN = re.compile(r'"[^"]*"|\\\n|[{}();\n]|[^\s{}();"]+')
_COMMENT = re.compile(r'("[^"]*")|#[^\n]*')
_REMARK = re.compile(r"^#[^\n]*", re.MULTILINE)
_SETTINGS = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class NftProblem:
    """Why a text is not understood, so that nothing may be said of its rules."""

    reason: str


def parse_nft(text: str) -> list[Table] | NftProblem:
    """Return the tables of a rule set that the kernel holds, as ``nft list ruleset`` prints it; never raises."""
    return _read_document(_TOKEN.findall(_REMARK.sub("", text).replace("#", " # ")))


def parse_nft_file(text: str) -> tuple[list[Table], list[str]] | NftProblem:
    """Return the tables of a file for ``nft -f`` and the files that it includes, or what was not understood."""
    plain = _COMMENT.sub(lambda match: match[1] or "", text)
    reader = TokenReader(_tokenize(_fill_in(plain)))
    includes: list[str] = []
    kept: list[str] = []
    while reader.at < len(reader.tokens):
        statement = reader.take_statement()
        if statement[:1] == ["include"] and len(statement) > 1:
            includes.append(statement[1].strip('"'))
        elif statement[:1] != ["define"]:
            kept += [*statement, "\n"]
        reader.skip_ends()
    tables = _read_document(kept)
    return tables if isinstance(tables, NftProblem) else (tables, includes)


def _fill_in(text: str) -> str:
    values = dict(re.findall(r"^[ \t]*define[ \t]+(\w+)[ \t]*=[ \t]*([^;\n]*)", text, re.MULTILINE))
    for _ in range(3):
        text = _SETTINGS.sub(lambda match: values.get(match[1], match[0])[:2000], text)
        if len(text) > 1_000_000:  # noqa: PLR2004 - definitions that double themselves end here
            break
    return text


def _tokenize(text: str) -> list[str]:
    return [word for word in _FILE_TOKEN.findall(text) if word != "\\\n"]


def _read_document(tokens: list[str]) -> list[Table] | NftProblem:
    reader = TokenReader(tokens)
    tables: dict[tuple[str, str], Table] = {}
    reader.skip_ends()
    while reader.at < len(reader.tokens):
        words = reader.take_statement()
        reader.skip_ends()
        problem = _read_command(words, tables)
        if problem:
            return NftProblem(problem)
    return list(tables.values())


def _read_command(words: list[str], tables: dict[tuple[str, str], Table]) -> str:
    """Carry out one command on the tables; return what is wrong with it."""
    said = " ".join(words)[:100]
    if words[:1] in (["add"], ["create"]):
        words = words[1:]
    match words:
        case ["flush", "ruleset", *_]:
            tables.clear()
        case ["flush" | "delete" | "destroy" as verb, "table", *rest]:
            table = tables.get(_name_table(rest))
            if table is not None:
                table.chains = {} if verb != "flush" else {name: _emptied(c) for name, c in table.chains.items()}
        case ["table", *rest]:
            head = rest[: rest.index("{")] if "{" in rest else rest
            table = tables.setdefault(_name_table(head), Table(*_name_table(head)))
            if "{" in rest:
                return _read_table(table, _body(rest))
        case ["chain" | "rule" as what, *rest] if len(rest) > 2:  # noqa: PLR2004 - table and chain
            return _read_added(what, rest, tables)
        case ["set" | "map" | "element" | "counter" | "quota" | "limit" | "ct" | "flowtable" | "secmark", *_]:
            pass
        case []:
            pass
        case _:
            return f"not understood: {said}"
    return ""


def _emptied(chain: Chain) -> Chain:
    return Chain(chain.name, [], chain.type, chain.hook, chain.policy, chain.devices)


_FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")


def _name_table(words: Sequence[str]) -> tuple[str, str]:
    if words and words[0] in _FAMILIES:
        return words[0], (words[1] if len(words) > 1 else "")
    return "ip", (words[0] if words else "")


def _body(words: Sequence[str]) -> list[str]:
    start = words.index("{")
    return list(words[start + 1 : -1]) if words[-1] == "}" else list(words[start + 1 :])


def _read_added(what: str, rest: list[str], tables: dict[tuple[str, str], Table]) -> str:
    named = rest if rest[0] in _FAMILIES else ["ip", *rest]
    key, name, body = (named[0], named[1]), named[2] if len(named) > 2 else "", named[3:]  # noqa: PLR2004 - table and chain
    table = tables.setdefault(key, Table(*key))
    chain = table.chains.setdefault(name, Chain(name))
    if what == "chain":
        return _read_chain(table, chain, _body(body)) if "{" in body else ""
    chain.rules += parse_rule(body)
    return ""


def _read_table(table: Table, tokens: list[str]) -> str:
    reader = TokenReader(tokens)
    reader.skip_ends()
    while reader.at < len(reader.tokens):
        words = reader.take_statement()
        reader.skip_ends()
        match words:
            case ["chain", name, "{", *_]:
                problem = _read_chain(table, table.chains.setdefault(name, Chain(name)), _body(words))
                if problem:
                    return problem
            case ["flags", *flags]:
                table.is_dormant = any("dormant" in flag for flag in flags)
            case _:
                pass
    return ""


def _read_chain(table: Table, chain: Chain, tokens: list[str]) -> str:
    reader = TokenReader(tokens)
    reader.skip_ends()
    while reader.at < len(reader.tokens):
        words = reader.take_statement()
        reader.skip_ends()
        match words:
            case ["type", kind, "hook", hook, *rest]:
                chain.type, chain.hook = kind, hook
                chain.devices = _read_devices(rest)
            case ["policy", policy]:
                chain.policy = policy
            case ["devices" | "device" | "comment" | "flags", *_] | []:
                pass
            case _:
                for rule in parse_rule(words):
                    chain.rules.append(_name_block(table, chain, rule))
    return ""


def _name_block(table: Table, chain: Chain, rule: Rule) -> Rule:
    """Give a chain without a name, written in the rule itself, a name of its own."""
    if not rule.target.startswith("{"):
        return rule
    inner = Chain(f"{chain.name} (rule {len(chain.rules) + 1})")
    table.chains[inner.name] = inner
    _read_chain(table, inner, _TOKEN.findall(rule.target[1:-1]))
    return Rule(rule.conditions, rule.verdict, inner.name, rule.text)


def _read_devices(words: Sequence[str]) -> tuple[str, ...]:
    for at, word in enumerate(words):
        if word in {"device", "devices"}:
            rest = words[at + 1 :]
            end = rest.index("priority") if "priority" in rest else len(rest)
            return tuple(word.strip('",') for word in rest[:end] if word not in "{}=,")
    return ()
