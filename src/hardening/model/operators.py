"""The closed table of operators: what each may be held against, and how a report says it.

Deciding a comparison is the business of ``evaluate``; this table says which comparisons can be written at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hardening.model.check import Constant, ParameterType
from hardening.model.evidence import FieldType
from hardening.model.texts import Texts


class OperandType(StrEnum):
    """What stands on the right of a comparison; ``pattern`` is a regular expression, ``days`` an age."""

    TEXT = "text"
    TEXTS = "texts"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    MODE = "mode"
    PATTERN = "pattern"
    DAYS = "days"

    @property
    def parameter(self) -> ParameterType:
        """The type of parameter that may stand here."""
        match self:
            case OperandType.PATTERN:
                return ParameterType.TEXT
            case OperandType.DAYS:
                return ParameterType.INTEGER
            case _:
                return ParameterType(self.value)


@dataclass(frozen=True, slots=True)
class Reading:
    """How an operator reads one type of field: its operand, and its words with ``{expected}`` and ``{actual}``.

    Where the operand is ``true`` or ``false``, ``otherwise`` are the words for ``false``; else it is the same.
    """

    operand: OperandType
    wording: Texts
    otherwise: Texts


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. ``empty_list_asserts`` says whether an empty list as operand still asks something."""

    name: str
    summary: str
    readings: Mapping[FieldType, Reading]
    empty_list_asserts: bool = False

    def wording(self, field_type: FieldType, expected: Constant) -> Texts:
        """Return the words for a comparison; raises ``KeyError`` for a type of field that it cannot read."""
        reading = self.readings[field_type]
        return reading.otherwise if expected is False else reading.wording


def _reading(operand: OperandType, en: str, nb: str, nn: str) -> Reading:
    wording = Texts(en=en, nb=nb, nn=nn)
    return Reading(operand, wording, wording)


def _switch(true: Texts, false: Texts) -> Reading:
    return Reading(OperandType.BOOLEAN, true, false)


_EQUALS = Texts(
    en="should be {expected}, is {actual}",
    nb="skal være {expected}, er {actual}",
    nn="skal vere {expected}, er {actual}",
)
_EXISTS = _switch(
    Texts(en="should be there", nb="skal finnes", nn="skal finnast"),
    Texts(
        en="should not be there, is {actual}", nb="skal ikke finnes, er {actual}", nn="skal ikkje finnast, er {actual}"
    ),
)
_IS_EMPTY = _switch(
    Texts(en="should be empty, has {actual}", nb="skal være tom, har {actual}", nn="skal vere tom, har {actual}"),
    Texts(en="should not be empty", nb="skal ikke være tom", nn="skal ikkje vere tom"),
)

_ALL = (
    Operator("exists", "is there, or is not", dict.fromkeys(FieldType, _EXISTS)),
    Operator(
        "equals",
        "is this value",
        {
            FieldType.TEXT: Reading(OperandType.TEXT, _EQUALS, _EQUALS),
            FieldType.INTEGER: Reading(OperandType.INTEGER, _EQUALS, _EQUALS),
            FieldType.BOOLEAN: Reading(OperandType.BOOLEAN, _EQUALS, _EQUALS),
            FieldType.MODE: Reading(OperandType.MODE, _EQUALS, _EQUALS),
        },
    ),
    Operator(
        "one_of",
        "is one of these values",
        {
            FieldType.TEXT: _reading(
                OperandType.TEXTS,
                "should be one of {expected}, is {actual}",
                "skal være en av {expected}, er {actual}",
                "skal vere ein av {expected}, er {actual}",
            ),
        },
    ),
    Operator(
        "matches",
        "the whole text has this form (a regular expression)",
        {
            FieldType.TEXT: _reading(
                OperandType.PATTERN,
                "should have the form {expected}, is {actual}",
                "skal ha formen {expected}, er {actual}",
                "skal ha forma {expected}, er {actual}",
            ),
        },
    ),
    Operator(
        "at_least",
        "is this number or more; a time lies this many days back or more",
        {
            FieldType.INTEGER: _reading(
                OperandType.INTEGER,
                "should be at least {expected}, is {actual}",
                "skal være minst {expected}, er {actual}",
                "skal vere minst {expected}, er {actual}",
            ),
            FieldType.TIME: _reading(
                OperandType.DAYS,
                "should be at least {expected} days ago, is {actual}",
                "skal være minst {expected} dager siden, er {actual}",
                "skal vere minst {expected} dagar sidan, er {actual}",
            ),
        },
    ),
    Operator(
        "at_most",
        "is this number or less; a time lies this many days back or less",
        {
            FieldType.INTEGER: _reading(
                OperandType.INTEGER,
                "should be at most {expected}, is {actual}",
                "skal være høyst {expected}, er {actual}",
                "skal vere høgst {expected}, er {actual}",
            ),
            FieldType.TIME: _reading(
                OperandType.DAYS,
                "should be at most {expected} days ago, is {actual}",
                "skal være høyst {expected} dager siden, er {actual}",
                "skal vere høgst {expected} dagar sidan, er {actual}",
            ),
        },
    ),
    Operator(
        "mode_at_most",
        "has no permission bit beyond these",
        {
            FieldType.MODE: _reading(
                OperandType.MODE,
                "should allow no more than {expected}, is {actual}",
                "skal ikke tillate mer enn {expected}, er {actual}",
                "skal ikkje tillate meir enn {expected}, er {actual}",
            ),
        },
    ),
    Operator(
        "contains",
        "the list has this text",
        {
            FieldType.TEXTS: _reading(
                OperandType.TEXT,
                "should hold {expected}, is {actual}",
                "skal inneholde {expected}, er {actual}",
                "skal innehalde {expected}, er {actual}",
            ),
        },
    ),
    Operator(
        "contains_all",
        "the list has every one of these texts",
        {
            FieldType.TEXTS: _reading(
                OperandType.TEXTS,
                "should hold all of {expected}, is {actual}",
                "skal inneholde alle av {expected}, er {actual}",
                "skal innehalde alle av {expected}, er {actual}",
            ),
        },
    ),
    Operator(
        "contains_none",
        "the list has none of these texts",
        {
            FieldType.TEXTS: _reading(
                OperandType.TEXTS,
                "should hold none of {expected}, is {actual}",
                "skal ikke inneholde noen av {expected}, er {actual}",
                "skal ikkje innehalde nokon av {expected}, er {actual}",
            ),
        },
    ),
    Operator(
        "subset_of",
        "the list has nothing but these texts",
        {
            FieldType.TEXTS: _reading(
                OperandType.TEXTS,
                "should hold nothing but {expected}, is {actual}",
                "skal bare inneholde {expected}, er {actual}",
                "skal berre innehalde {expected}, er {actual}",
            ),
        },
        empty_list_asserts=True,
    ),
    Operator(
        "is_empty",
        "the list has nothing in it, or has something",
        {FieldType.TEXTS: _IS_EMPTY, FieldType.RECORDS: _IS_EMPTY},
    ),
)

OPERATORS: dict[str, Operator] = {operator.name: operator for operator in _ALL}
