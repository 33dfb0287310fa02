"""Values of directory attributes as fields: text, numbers, times, intervals, identifiers. Pure.

``None`` from a reader means that the bytes are not of the type.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import uuid
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent, Field, FieldType, Known, Unreadable
from hardening.model.sid import render_sid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hardening.model.step import LdapEntry

NEVER = 0x7FFFFFFFFFFFFFFF
"""A FILETIME, or the absolute of an interval, that means never."""

_FILETIME_EPOCH = 116_444_736_000_000_000
_TICKS = 10_000_000
_INTEGER = re.compile(rb"[+-]?[0-9]{1,20}")
_GENERALIZED = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d))?)?(?:[.,]\d+)?(?:(Z)|([+-])(\d\d)(\d\d)?)", re.ASCII
)


def text_of(value: bytes) -> str:
    r"""Return bytes as text; what is not UTF-8 becomes ``\xNN``."""
    return value.decode("utf-8", "backslashreplace")


def first_text(entry: LdapEntry, attribute: str) -> str:
    """Return the first value of an attribute as text; empty where there is none."""
    values = entry.values(attribute)
    return text_of(values[0]) if values else ""


def integer_of(value: bytes) -> int | None:
    """Return a decimal number."""
    return int(value) if _INTEGER.fullmatch(value) else None


def boolean_of(value: bytes) -> bool | None:
    """Return what ``TRUE`` or ``FALSE`` says."""
    return {b"TRUE": True, b"FALSE": False}.get(value.upper())


def parse_generalized_time(text: str) -> int | None:
    """Return a time such as ``20260102030405.0Z`` in seconds since 1970-01-01 UTC."""
    match = _GENERALIZED.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    # A minute may have a leap second; calendar counts it as the next one.
    try:
        dt.date(year, month, day)
    except ValueError:
        return None
    if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004 - of a clock
        return None
    seconds = calendar.timegm((year, month, day, hour, minute, second))
    sign, hours, minutes = match[8], int(match[9] or 0), int(match[10] or 0)
    return seconds - (hours * 3600 + minutes * 60) * (-1 if sign == "-" else 1)


def filetime_of(value: bytes) -> int | None:
    """Return a FILETIME in seconds since 1970-01-01 UTC; 0 and never have no such time and are ``None``."""
    number = integer_of(value)
    if number is None or number <= 0 or number >= NEVER:
        return None
    return (number - _FILETIME_EPOCH) // _TICKS


def is_never(value: bytes) -> bool:
    """Say whether a FILETIME or an interval stands for no time at all: 0, or one that never comes."""
    number = integer_of(value)
    return number is not None and (number == 0 or abs(number) >= NEVER)


def time_of(value: bytes) -> int | None:
    """Return the time in either of the two forms that directories keep."""
    return filetime_of(value) if integer_of(value) is not None else parse_generalized_time(text_of(value))


def interval_of(value: bytes) -> int | None:
    """Return an interval, kept as a negative number of 100 ns, in whole seconds."""
    number = integer_of(value)
    return None if number is None else abs(number) // _TICKS


def guid_of(value: bytes) -> str | None:
    """Return a GUID as text in small letters."""
    return str(uuid.UUID(bytes_le=value)) if len(value) == 16 else None  # noqa: PLR2004 - bytes of a GUID


_READERS: Mapping[str, Callable[[bytes], str | int | None]] = {
    "text": text_of,
    "integer": integer_of,
    "boolean": boolean_of,
    "time": time_of,
    "interval": interval_of,
    "sid": render_sid,
    "guid": guid_of,
}
VALUE_TYPES: Mapping[str, FieldType] = {
    "text": FieldType.TEXT,
    "texts": FieldType.TEXTS,
    "integer": FieldType.INTEGER,
    "boolean": FieldType.BOOLEAN,
    "time": FieldType.TIME,
    "interval": FieldType.INTEGER,
    "sid": FieldType.TEXT,
    "sids": FieldType.TEXTS,
    "guid": FieldType.TEXT,
}
"""The ways to read an attribute, and the type of the field that each gives."""


def read_attribute(entry: LdapEntry, attribute: str, reading: str) -> Field:
    """Return an attribute as a field, placed at the object's name.

    Absent where the object has no such attribute, or does not show it to us. A time of 0 or never is absent as well;
    of an interval only one without end is.
    """
    values, place = entry.values(attribute), entry.dn
    if not values:
        return Absent(place)
    match reading:
        case "texts":
            return Known(tuple(sorted(map(text_of, values))), place)
        case "sids":
            return Known(tuple(sorted(render_sid(value) or value.hex() for value in values)), place)
        case "time" if is_never(values[0]):
            return Absent(place)
        case "interval" if abs(integer_of(values[0]) or 0) >= NEVER:
            return Absent(place)
    value = _READERS[reading](values[0])
    if value is None:
        return Unreadable(f"{attribute} is no {reading}: {clean_line(text_of(values[0]), 60)}", place)
    return Known(value, place)
