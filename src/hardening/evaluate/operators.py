"""What each operator decides, by type of field.

Which comparisons can be written at all, and their words, stand in ``model.operators``; both tables name the same.
Evidence is hostile: a value that is not of its declared type is unreadable, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeGuard, TypeVar

from hardening.model.check import Constant
from hardening.model.evidence import Absent, Field, FieldType, Known, Partial, Record, Unreadable, Value

LONGEST_MATCH = 4096
"""Bytes of text that ``matches`` looks at; more is undecided."""

_DAY = 86_400
_MODE = re.compile(r"[0-7]{1,4}")

TargetTime = int | Absent | Unreadable
Answer = bool | Unreadable
Compare = Callable[[Value, Constant, TargetTime], Answer]

_Left = TypeVar("_Left")
_Right = TypeVar("_Right")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What an operator decides for each type of field.

    ``settles`` are the answers on the visible items of a partial list that further items cannot overturn.
    ``decides_absence`` marks the one operator that asks whether the field is there.
    """

    readings: Mapping[FieldType, Compare]
    settles: frozenset[bool] = frozenset()
    decides_absence: bool = False


def decide(
    operator: str, field_type: FieldType, field: Field, operand: Constant, *, time: TargetTime, negated: bool = False
) -> bool | Absent | Unreadable:
    """Return whether a comparison holds where it stands; ``negated`` says that a ``not`` is around it.

    ``Absent`` means that nothing is there to compare, ``Unreadable`` that nobody can tell, with the reason.
    On a partial list it never holds: a comparison that already fails is false, anything else cannot be told.
    """
    known = OPERATORS.get(operator)
    compare = known.readings.get(field_type) if known else None
    if known is None or compare is None:
        return Unreadable(f"{operator} does not read {field_type}", field.place)
    answer: bool | Absent | Unreadable
    match field:
        case Unreadable():
            answer = field
        case Absent():
            answer = _not_there(operand) if known.decides_absence else field
        case Known(value=value):
            answer = compare(value, operand, time)
        case Partial(items=items):  # pragma: no branch - the last of a closed union
            answer = compare(items, operand, time)
            fails = bool(items) and answer in known.settles and answer is negated
            if isinstance(answer, bool) and not known.decides_absence and not fails:
                answer = partly_seen(field)
    match answer:
        case Unreadable(reason=reason):
            return Unreadable(reason, field.place)
        case Absent():
            return answer
        case _:
            return answer is not negated


def _not_there(operand: Constant) -> Answer:
    wanted = _as_boolean(operand)
    return wanted if isinstance(wanted, Unreadable) else not wanted


def partly_seen(field: Partial) -> Unreadable:
    """Return why nothing more can be told from a list of which only a part was seen."""
    return Unreadable(f"seen only in part: {field.reason}", field.place)


def is_records(value: Value) -> TypeGuard[tuple[Record, ...]]:
    """Say whether a value is a list of records."""
    return isinstance(value, tuple) and all(isinstance(item, Mapping) for item in value)


def _wrong(what: str) -> Unreadable:
    return Unreadable(f"not {what}")


def _as_text(raw: Value) -> str | Unreadable:
    return raw if isinstance(raw, str) else _wrong("text")


def _as_texts(raw: Value) -> tuple[str, ...] | Unreadable:
    return raw if _is_texts(raw) else _wrong("a list of text")


def _is_texts(raw: Value) -> TypeGuard[tuple[str, ...]]:
    return isinstance(raw, tuple) and all(isinstance(item, str) for item in raw)


def _as_integer(raw: Value) -> int | Unreadable:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else _wrong("a whole number")


def _as_boolean(raw: Value) -> bool | Unreadable:
    return raw if isinstance(raw, bool) else _wrong("true or false")


def _as_mode(raw: Value) -> int | Unreadable:
    return int(raw, 8) if isinstance(raw, str) and _MODE.fullmatch(raw) else _wrong("a file mode in octal")


def _as_records(raw: Value) -> tuple[Record, ...] | Unreadable:
    return raw if is_records(raw) else _wrong("a list of records")


def _reading(
    left: Callable[[Value], _Left | Unreadable],
    right: Callable[[Value], _Right | Unreadable],
    holds: Callable[[_Left, _Right], Answer],
) -> Compare:
    """Return a comparison that looks at the types of both sides first."""

    def compare(value: Value, operand: Constant, time: TargetTime) -> Answer:
        del time
        seen = left(value)
        if isinstance(seen, Unreadable):
            return seen
        expected = right(operand)
        if isinstance(expected, Unreadable):
            return Unreadable(f"what it is held against is {expected.reason}")
        return holds(seen, expected)

    return compare


def _age(holds: Callable[[int, int], bool]) -> Compare:
    """Return a comparison of an age in days; in the future it is negative."""

    def compare(value: Value, operand: Constant, time: TargetTime) -> Answer:
        match time:
            case Unreadable(reason=reason):
                return Unreadable(f"the clock of the target could not be read: {reason}")
            case Absent():
                return Unreadable("the clock of the target is not known")
            case now:
                in_seconds = _reading(_as_integer, _as_integer, lambda then, days: holds(now - then, days * _DAY))
                return in_seconds(value, operand, time)

    return compare


def _matches(text: str, pattern: str) -> Answer:
    if len(text) > LONGEST_MATCH or len(text.encode("utf-8", "surrogatepass")) > LONGEST_MATCH:
        return Unreadable("longer than 4 kB")
    try:
        return re.fullmatch(pattern, text, re.ASCII) is not None
    except (re.error, ValueError):
        return Unreadable("what it is held against is no regular expression")


def _equal(seen: object, expected: object) -> bool:
    return seen == expected


def _at_least(seen: int, expected: int) -> bool:
    return seen >= expected


def _at_most(seen: int, expected: int) -> bool:
    return seen <= expected


def _is_empty(items: tuple[str, ...] | tuple[Record, ...], wanted: bool) -> bool:  # noqa: FBT001 - an operand
    return wanted is not bool(items)


def _exists(left: Callable[[Value], _Left | Unreadable]) -> Compare:
    return _reading(left, _as_boolean, lambda _, wanted: wanted)


OPERATORS: dict[str, Operator] = {
    "exists": Operator(
        readings={
            FieldType.TEXT: _exists(_as_text),
            FieldType.TEXTS: _exists(_as_texts),
            FieldType.INTEGER: _exists(_as_integer),
            FieldType.BOOLEAN: _exists(_as_boolean),
            FieldType.MODE: _exists(_as_mode),
            FieldType.TIME: _exists(_as_integer),
            FieldType.RECORDS: _exists(_as_records),
        },
        decides_absence=True,
    ),
    "equals": Operator(
        readings={
            FieldType.TEXT: _reading(_as_text, _as_text, _equal),
            FieldType.INTEGER: _reading(_as_integer, _as_integer, _equal),
            FieldType.BOOLEAN: _reading(_as_boolean, _as_boolean, _equal),
            FieldType.MODE: _reading(_as_mode, _as_mode, _equal),
        }
    ),
    "one_of": Operator(readings={FieldType.TEXT: _reading(_as_text, _as_texts, lambda text, texts: text in texts)}),
    "matches": Operator(readings={FieldType.TEXT: _reading(_as_text, _as_text, _matches)}),
    "at_least": Operator(
        readings={FieldType.INTEGER: _reading(_as_integer, _as_integer, _at_least), FieldType.TIME: _age(_at_least)}
    ),
    "at_most": Operator(
        readings={FieldType.INTEGER: _reading(_as_integer, _as_integer, _at_most), FieldType.TIME: _age(_at_most)}
    ),
    "mode_at_most": Operator(
        readings={FieldType.MODE: _reading(_as_mode, _as_mode, lambda mode, most: not mode & ~most)}
    ),
    "contains": Operator(
        readings={FieldType.TEXTS: _reading(_as_texts, _as_text, lambda texts, text: text in texts)},
        settles=frozenset({True}),
    ),
    "contains_all": Operator(
        readings={FieldType.TEXTS: _reading(_as_texts, _as_texts, lambda texts, all_of: set(all_of) <= set(texts))},
        settles=frozenset({True}),
    ),
    "contains_none": Operator(
        readings={
            FieldType.TEXTS: _reading(_as_texts, _as_texts, lambda texts, none_of: not set(none_of) & set(texts))
        },
        settles=frozenset({False}),
    ),
    "subset_of": Operator(
        readings={FieldType.TEXTS: _reading(_as_texts, _as_texts, lambda texts, allowed: set(texts) <= set(allowed))},
        settles=frozenset({False}),
    ),
    "is_empty": Operator(
        readings={
            FieldType.TEXTS: _reading(_as_texts, _as_boolean, _is_empty),
            FieldType.RECORDS: _reading(_as_records, _as_boolean, _is_empty),
        },
        settles=frozenset({True, False}),
    ),
}
