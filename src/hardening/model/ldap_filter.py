"""Filters of directory searches (RFC 4515): read, and held against an entry that is at hand.

Holding them against entries is what lets several questions share one search. Where only the server can tell whether an
entry fits, ``is_decidable`` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.sid import parse_sid

if TYPE_CHECKING:
    from hardening.model.step import LdapEntry

BIT_AND = "1.2.840.113556.1.4.803"
BIT_OR = "1.2.840.113556.1.4.804"
_DEEPEST = 20
_ITEM = re.compile(r"([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)((?:;[A-Za-z0-9-]+)*)(>=|<=|~=|=)(.*)", re.DOTALL)
_EXTENSIBLE = re.compile(r"([A-Za-z][A-Za-z0-9-]*)?(:dn)?(?::([A-Za-z0-9.-]+))?:=(.*)", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-9A-Fa-f]{2})")
_INTEGER = re.compile(rb"-?[0-9]{1,20}")
# OpenLDAP stores the classes that an entry names, and finds it by those above them as well.
_CLASSES_ABOVE = {
    b"inetorgperson": (b"organizationalperson", b"person"),
    b"organizationalperson": (b"person",),
}
_CATEGORY_OF_CLASS = {"user": "person", "contact": "person", "inetorgperson": "person"}


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Negated:
    """The part does not hold."""

    part: Filter


@dataclass(frozen=True, slots=True)
class Present:
    """The attribute has a value."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A value of the attribute stands in this relation (``=``, ``>=``, ``<=``, ``~=``) to the one given."""

    attribute: str
    relation: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Pieces:
    """A value of the attribute is made of these pieces, with anything between them."""

    attribute: str
    pieces: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A value of the attribute fits by a matching rule, which may ask the server to look further."""

    attribute: str
    rule: str
    value: bytes
    of_name: bool = False


Filter = And | Or | Negated | Present | Compared | Pieces | Ruled


def parse_filter(text: str) -> Filter:
    """Return a filter; raises ``ValueError`` that says what is wrong."""
    node, rest = _parse(text, _DEEPEST)
    if rest:
        msg = f"something follows the filter: {rest[:40]}"
        raise ValueError(msg)
    return node


def _parse(text: str, depth: int) -> tuple[Filter, str]:
    if not text.startswith("(") or not depth:
        msg = f"a parenthesis is expected before {text[:40]!r}" if depth else "the filter is nested too deeply"
        raise ValueError(msg)
    match text[1:2]:
        case "&" | "|" as sign:
            parts, rest = [], text[2:]
            while rest.startswith("("):
                part, rest = _parse(rest, depth - 1)
                parts.append(part)
            if not parts:
                msg = f"nothing is joined by {sign}"
                raise ValueError(msg)
            node: Filter = And(tuple(parts)) if sign == "&" else Or(tuple(parts))
        case "!":
            part, rest = _parse(text[2:], depth - 1)
            node = Negated(part)
        case _:
            item, closing, _ = text[1:].partition(")")
            if not closing:
                msg = "a parenthesis is not closed"
                raise ValueError(msg)
            return _parse_item(item), text[len(item) + 2 :]
    if not rest.startswith(")"):
        msg = "a parenthesis is not closed"
        raise ValueError(msg)
    return node, rest[1:]


def _parse_item(item: str) -> Filter:
    if match := _EXTENSIBLE.fullmatch(item):
        if not match[1] and not match[3]:
            msg = f"no attribute and no rule in {item!r}"
            raise ValueError(msg)
        return Ruled(match[1] or "", match[3] or "", _unescape(match[4]), of_name=bool(match[2]))
    match = _ITEM.fullmatch(item)
    if match is None or "(" in match[4]:
        msg = f"no comparison: {item!r}"
        raise ValueError(msg)
    attribute, relation, value = match[1] + match[2], match[3], match[4]
    if relation != "=" or "*" not in value:
        return Compared(attribute, relation, _unescape(value))
    if value == "*":
        return Present(attribute)
    return Pieces(attribute, tuple(_unescape(piece) for piece in value.split("*")))


def _unescape(text: str) -> bytes:
    data = text.encode()
    if b"\\" in _ESCAPE.sub(b"", data):
        msg = f"a backslash takes two hexadecimal digits: {text!r}"
        raise ValueError(msg)
    return _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), data)


def escape_value(value: str | bytes) -> str:
    """Return a value as it stands in a filter: what has a meaning there, and all that is not plain text, escaped."""
    data = value.encode() if isinstance(value, str) else value
    plain = b"()*\\\0"
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in plain else f"\\{byte:02x}" for byte in data)  # noqa: PLR2004 - printable ASCII


def join_filters(filters: frozenset[str]) -> str:
    """Return the filter that finds whatever one of some filters finds; the same set gives the same text."""
    if "(objectClass=*)" in filters:
        return "(objectClass=*)"
    ordered = sorted(filters)
    return ordered[0] if len(ordered) == 1 else f"(|{''.join(ordered)})"


def list_attributes(node: Filter) -> Iterator[str]:
    """Yield the attributes that a filter looks at, as they are spelt, with repetitions."""
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from list_attributes(part)
        case Negated(part):
            yield from list_attributes(part)
        case Present(attribute) | Compared(attribute) | Pieces(attribute) | Ruled(attribute):
            if attribute:
                yield attribute


def is_decidable(node: Filter) -> bool:
    """Say whether an entry alone tells if it fits."""
    match node:
        case And(parts) | Or(parts):
            return all(is_decidable(part) for part in parts)
        case Negated(part):
            return is_decidable(part)
        case Present(attribute):
            return ";" not in attribute
        case Compared(attribute, relation):
            return relation != "~=" and ";" not in attribute and attribute.lower() != "anr"
        case Pieces(attribute):
            return ";" not in attribute
        case Ruled(attribute, rule, _, of_name):
            return bool(attribute) and not of_name and rule in {BIT_AND, BIT_OR}


def fits(node: Filter, entry: LdapEntry) -> bool:
    """Say whether an entry fits a decidable filter; attributes that it looks at must have been asked for."""
    return bool(find_fitting(node, (entry,), {}))


def find_fitting(node: Filter, entries: Sequence[LdapEntry], found: dict[Filter, frozenset[int]]) -> frozenset[int]:
    """Return the numbers of the entries that fit a decidable filter.

    ``found`` remembers the parts of filters, for the next filter over the same entries.
    """
    if node not in found:
        match node:
            case And(parts):
                fitting = frozenset.intersection(*(find_fitting(part, entries, found) for part in parts))
            case Or(parts):
                fitting = frozenset().union(*(find_fitting(part, entries, found) for part in parts))
            case Negated(part):
                fitting = frozenset(range(len(entries))) - find_fitting(part, entries, found)
            case Present() | Compared() | Pieces() | Ruled():
                fitting = _find_by_value(node, entries)
        found[node] = fitting
    return found[node]


def _find_by_value(node: Present | Compared | Pieces | Ruled, entries: Sequence[LdapEntry]) -> frozenset[int]:
    attribute = node.attribute.lower()
    # Most values of a directory are those of many objects.
    known: dict[tuple[bytes, ...], bool] = {}
    fitting = []
    for number, entry in enumerate(entries):
        values = entry.attributes.get(attribute, ())
        holds = known.get(values)
        if holds is None:
            holds = known[values] = _holds(node, attribute, values)
        if holds:
            fitting.append(number)
    return frozenset(fitting)


def _holds(node: Present | Compared | Pieces | Ruled, attribute: str, values: tuple[bytes, ...]) -> bool:
    match node:
        case Present():
            return attribute == "objectclass" or bool(values)
        case Compared(_, relation, value):
            return any(_compare(attribute, found, relation, value) for found in values)
        case Pieces(_, pieces):
            return any(_has_pieces(found, pieces) for found in values)
        case Ruled(_, rule, value):
            return any(_has_bits(found, value, every=rule == BIT_AND) for found in values)


def _compare(attribute: str, found: bytes, relation: str, value: bytes) -> bool:
    if relation == "=":
        return _equals(attribute, found, value)
    if _INTEGER.fullmatch(found) and _INTEGER.fullmatch(value):
        difference = int(found) - int(value)
    else:
        one, other = _fold(found), _fold(value)
        difference = (one > other) - (one < other)
    return difference >= 0 if relation == ">=" else difference <= 0


def _equals(attribute: str, found: bytes, value: bytes) -> bool:
    if found == value or _fold(found) == _fold(value):
        return True
    if attribute == "objectclass":
        return _fold(value) in (b"top", *_CLASSES_ABOVE.get(_fold(found), ()))
    if attribute == "objectcategory" and b"=" not in value:
        # The name of a class stands for the category of that class.
        wanted = value.decode("utf-8", "replace").casefold()
        first = found.decode("utf-8", "replace").partition(",")[0].partition("=")[2]
        return first.replace("-", "").casefold() == _CATEGORY_OF_CLASS.get(wanted, wanted).replace("-", "")
    return value[:4].upper() == b"S-1-" and parse_sid(value.decode("ascii", "replace")) == found


def _fold(value: bytes) -> bytes:
    try:
        return value.decode().casefold().encode()
    except UnicodeDecodeError:
        return value


def _has_pieces(found: bytes, pieces: tuple[bytes, ...]) -> bool:
    folded, first, last = _fold(found), _fold(pieces[0]), _fold(pieces[-1])
    if not folded.startswith(first) or not folded.endswith(last) or len(folded) < len(first) + len(last):
        return False
    at, end = len(first), len(folded) - len(last)
    for piece in map(_fold, pieces[1:-1]):
        start = folded.find(piece, at, end)
        if start < 0:
            return False
        at = start + len(piece)
    return True


def _has_bits(found: bytes, mask: bytes, *, every: bool) -> bool:
    if not _INTEGER.fullmatch(found) or not _INTEGER.fullmatch(mask):
        return False
    # Directories keep 32 and 64 bits with a sign.
    wanted = int(mask) & 0xFFFFFFFFFFFFFFFF
    seen = int(found) & wanted
    return seen == wanted if every else seen != 0
