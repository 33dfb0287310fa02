"""What a target answered: typed fields, each with its place, or why there is no value.

A field is a value, ``Absent``, ``Unreadable(reason)`` or, for lists, ``Partial(items, reason)``.
"We could not look" and "it is not there" are different facts and never meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FieldType(StrEnum):
    """The type of a field, as its probe kind declares it.

    ``mode`` is four octal digits as text (``"0640"``); ``time`` is whole seconds since 1970-01-01 UTC;
    ``texts`` is a tuple of text; ``records`` is a tuple of records.
    """

    TEXT = "text"
    TEXTS = "texts"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    MODE = "mode"
    TIME = "time"
    RECORDS = "records"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What a probe kind promises about one field; ``record`` names the fields of each record.

    ``told`` marks a field of a record that reasons tell beside the record's key, whatever they compare: whether an
    account is in use, for example.
    """

    type: FieldType
    description: str
    record: Mapping[str, FieldSpec] = field(default_factory=dict)
    told: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A value and where it was seen (``file:line``, a command, a key, a distinguished name)."""

    value: Value
    place: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """Looked for in ``place`` and not there."""

    place: str = ""


ABSENT = Absent()
"""Absent, with no place worth naming; the default of things that need not be there."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Could not be looked at, for the reason given; never the base of a verdict."""

    reason: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Partial:
    """A list of which only a part could be seen: a walk that was cut, a folder refused."""

    items: tuple[str, ...] | tuple[Record, ...]
    reason: str
    place: str = ""


Field = Known | Absent | Unreadable | Partial
Record = Mapping[str, Field]
Evidence = Mapping[str, Field]
Value = str | int | bool | tuple[str, ...] | tuple[Record, ...]


def build_unreadable(fields: Mapping[str, FieldSpec], reason: str, place: str = "") -> Evidence:
    """Return evidence in which every declared field is unreadable for one reason."""
    return {name: Unreadable(reason, place) for name in fields}


def build_absent(fields: Mapping[str, FieldSpec], place: str = "") -> Evidence:
    """Return evidence in which every declared field is absent."""
    return {name: Absent(place) for name in fields}
