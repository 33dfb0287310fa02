"""Access rules of slapd as slapd.access(5) has them: read, and asked who may do what with an attribute. Pure.

Rules are taken in order; the first whose object and person fit decides, unless its control says to go on. Who may read
is answered for the widest object that a rule leaves open: a rule for a part of the tree counts for that part, and the
rules after it for the rest.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r"(?:[^\s\"]|\"(?:[^\"\\]|\\.)*\")+")
_NUMBER = re.compile(r"\{-?\d+\}")
_LEVELS = {
    "none": "",
    "disclose": "d",
    "auth": "dx",
    "compare": "dxc",
    "search": "dxcs",
    "read": "dxcsr",
    "write": "dxcsraz",
    "add": "dxcsra",
    "delete": "dxcsrz",
    "manage": "dxcsrazm",
}
_PRIVILEGES = re.compile(r"([=+-])([0dxcsrwazm]+)")
_CONTROLS = frozenset({"stop", "continue", "break"})
_NARROW = re.compile(
    r"(real)?(self|dnattr=)|set[.=]|(real)?dn(\.(exact|base(object)?))?(,expand)?=|group[/.=]", re.ASCII
)
_STRENGTH = re.compile(r"((transport|tls|sasl)_)?ssf=\d+")
_ONE_OBJECT = frozenset({"dn", "dn.base", "dn.baseobject", "dn.exact"})
_OUTSIDE = frozenset({"", "cn=subschema"})
EVERYBODY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one person or kind of person gets: the privileges, with ``+`` or ``-`` in front where they only change."""

    who: tuple[str, ...]
    sign: str
    privileges: frozenset[str]
    control: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRule:
    """One ``access to``.

    ``attributes`` is empty for all; ``is_part`` where it is for some objects or values only; ``is_outside`` where it is
    for the root DSE or the schema, which every client needs and no database holds.
    """

    text: str
    attributes: frozenset[str]
    is_part: bool
    is_outside: bool
    grants: tuple[Grant, ...]


def parse_access(value: str) -> AccessRule:
    """Read a value of olcAccess; raises ``ValueError`` that says what is not understood."""
    words = _WORD.findall(_NUMBER.sub("", value, count=1))
    if words[:1] == ["access"]:
        del words[0]
    if words[:1] != ["to"]:
        msg = f"no access rule: {clean_line(value, 80)}"
        raise ValueError(msg)
    starts = [at for at, word in enumerate(words) if word == "by"] + [len(words)]
    attributes, is_part, is_outside = _parse_object(words[1 : starts[0]])
    grants = tuple(_parse_grant(words[at + 1 : end]) for at, end in itertools.pairwise(starts))
    return AccessRule(
        text=clean_line(value, 400), attributes=attributes, is_part=is_part, is_outside=is_outside, grants=grants
    )


def _parse_object(words: Sequence[str]) -> tuple[frozenset[str], bool, bool]:
    attributes: frozenset[str] = frozenset()
    is_part = is_outside = False
    for word in words:
        name, equals, value = word.partition("=")
        base = value.strip('"').lower()
        match name.partition(".")[0].partition("/")[0].lower():
            case "*" if not equals:
                pass
            case "attrs" | "attr" if equals:
                attributes = frozenset(value.replace('"', "").lower().split(","))
            case "dn" if equals and name.lower() in _ONE_OBJECT and base in _OUTSIDE:
                is_outside = True
            case "dn" | "filter" | "val" if equals:
                is_part = is_part or base not in ("", "*", ".*")
            case _:
                msg = f"unknown object of an access rule: {clean_line(word, 60)}"
                raise ValueError(msg)
    return attributes, is_part, is_outside


def _parse_grant(words: Sequence[str]) -> Grant:
    rest, control, sign, privileges = list(words), "stop", "=", frozenset[str]()
    if rest and rest[-1] in _CONTROLS:
        control = rest.pop()
    own = ""
    if len(rest) > 1:
        own, level = _split_self(rest[-1].lower())
        if level in _LEVELS:
            privileges = frozenset(_LEVELS[level])
            rest.pop()
        elif match := _PRIVILEGES.fullmatch(level):
            sign, privileges = match[1], frozenset(match[2].replace("w", "az").replace("0", ""))
            rest.pop()
        else:
            own = ""
    elif control != "stop":
        sign = "+"
    if not rest:
        msg = "an access rule names nobody after by"
        raise ValueError(msg)
    who = (*rest, "self") if own else tuple(rest)
    return Grant(who=who, sign=sign, privileges=privileges, control=control)


def _split_self(level: str) -> tuple[str, str]:
    for own in ("realself", "self"):
        if level.startswith(own) and level != own:
            return own, level.removeprefix(own)
    return "", level


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Who holds a privilege: everybody or a wide range of people, and single accounts or groups."""

    wide: tuple[str, ...]
    narrow: tuple[str, ...]


def find_holders(rules: Sequence[AccessRule], attribute: str, privilege: str) -> Holders:
    """Return who has a privilege on an attribute, where ``""`` is any attribute that no rule names.

    The holder's own entry does not count. Without any rule everybody may read.
    """
    if not rules:
        return Holders(wide=(EVERYBODY,) if privilege in _LEVELS["read"] else (), narrow=())
    wide: dict[str, None] = {}
    narrow: dict[str, None] = {}
    decided: set[str] = set()
    for rule in rules:
        if not _is_about(rule, attribute):
            continue
        # What decides for a part of the objects leaves the rest to the rules below.
        is_part = rule.is_part or bool(rule.attributes and attribute.lower() not in rule.attributes)
        settled = set(decided) if is_part else decided
        if not _walk(rule, privilege, settled, wide, narrow) and not is_part:
            break
    return Holders(wide=tuple(wide), narrow=tuple(narrow))


def _walk(rule: AccessRule, privilege: str, settled: set[str], wide: dict[str, None], narrow: dict[str, None]) -> bool:
    """Note who gets the privilege by a rule, and say whether anybody reaches those below it."""
    passes_on = False
    for grant in rule.grants:
        name = " ".join(grant.who)
        if EVERYBODY in settled or name in settled:
            continue
        if privilege in grant.privileges and grant.sign != "-":
            if _is_narrow(grant):
                if not any(_is_self(word) for word in grant.who):
                    narrow.setdefault(name)
            else:
                wide.setdefault(name)
        if grant.control == "break":
            passes_on = True
        elif grant.control == "stop":
            settled.add(name)
    return passes_on


def _is_about(rule: AccessRule, attribute: str) -> bool:
    if rule.is_outside or not rule.attributes:
        return not rule.is_outside
    if not attribute:
        return False
    # The attributes of a class are the schema's business: userPassword may be among them.
    named = any(name[:1] in "@!" for name in rule.attributes if name)
    return attribute.lower() in rule.attributes or named


def _is_narrow(grant: Grant) -> bool:
    return any(_NARROW.match(word.lower()) for word in grant.who if not _STRENGTH.fullmatch(word.lower()))


def _is_self(word: str) -> bool:
    return word.lower().partition(".")[0] in ("self", "realself")
