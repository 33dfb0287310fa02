"""Operators: what each decides, on known, absent, unreadable, partial and wrong values."""

from __future__ import annotations

import pytest

from hardening.evaluate.operators import OPERATORS, decide
from hardening.model import operators as language
from hardening.model.check import Constant
from hardening.model.evidence import Absent, Field, FieldType, Known, Partial, Unreadable, Value
from tests.evaluate.examples import DAY, NOW

TEXT, TEXTS, INTEGER = FieldType.TEXT, FieldType.TEXTS, FieldType.INTEGER
BOOLEAN, MODE, TIME, RECORDS = FieldType.BOOLEAN, FieldType.MODE, FieldType.TIME, FieldType.RECORDS
RECORD_LIST = ({"path": Known("/a")},)


def ask(
    operator: str,
    field_type: FieldType,
    field: Field,
    operand: Constant,
    *,
    time: int | Absent | Unreadable = NOW,
    negated: bool = False,
) -> bool | Absent | Unreadable:
    return decide(operator, field_type, field, operand, time=time, negated=negated)


def test_every_operator_of_the_language_is_decided_here() -> None:
    assert set(OPERATORS) == set(language.OPERATORS)


@pytest.mark.parametrize("name", sorted(language.OPERATORS))
def test_an_operator_decides_the_types_that_the_language_lets_it_read(name: str) -> None:
    assert set(OPERATORS[name].readings) == set(language.OPERATORS[name].readings)


@pytest.mark.parametrize(
    ("operator", "field_type", "value", "operand", "holds"),
    [
        ("exists", TEXT, "", True, True),
        ("exists", TEXT, "", False, False),
        ("exists", TEXTS, (), True, True),
        ("exists", INTEGER, 0, True, True),
        ("exists", BOOLEAN, False, True, True),
        ("exists", MODE, "0000", True, True),
        ("exists", TIME, 0, True, True),
        ("exists", RECORDS, RECORD_LIST, True, True),
        ("equals", TEXT, "yes", "yes", True),
        ("equals", TEXT, "yes", "Yes", False),
        ("equals", INTEGER, 0, 0, True),
        ("equals", INTEGER, 1, 0, False),
        ("equals", BOOLEAN, False, False, True),
        ("equals", BOOLEAN, True, False, False),
        ("equals", MODE, "0640", "0640", True),
        ("equals", MODE, "640", "0640", True),
        ("equals", MODE, "0644", "0640", False),
        ("one_of", TEXT, "root", ("root", "shadow"), True),
        ("one_of", TEXT, "users", ("root", "shadow"), False),
        ("matches", TEXT, "abc", "[a-c]+", True),
        ("matches", TEXT, "abcd", "[a-c]+", False),
        ("matches", TEXT, "ab\n", "ab", False),
        ("matches", TEXT, "٣", r"\d", False),
        ("matches", TEXT, "é" * 2048, "é+", True),
        ("matches", TEXT, "\udcff", ".", True),
        ("at_least", INTEGER, 14, 14, True),
        ("at_least", INTEGER, 13, 14, False),
        ("at_most", INTEGER, 14, 14, True),
        ("at_most", INTEGER, 15, 14, False),
        ("at_least", TIME, NOW - 30 * DAY, 30, True),
        ("at_least", TIME, NOW - 30 * DAY + 1, 30, False),
        ("at_most", TIME, NOW - 30 * DAY, 30, True),
        ("at_most", TIME, NOW - 30 * DAY - 1, 30, False),
        ("at_most", TIME, NOW + DAY, 0, True),
        ("at_least", TIME, NOW + DAY, 0, False),
        ("mode_at_most", MODE, "0640", "0640", True),
        ("mode_at_most", MODE, "0600", "0640", True),
        ("mode_at_most", MODE, "0604", "0640", False),
        ("mode_at_most", MODE, "4640", "0640", False),
        ("contains", TEXTS, ("a", "b"), "b", True),
        ("contains", TEXTS, ("a", "b"), "c", False),
        ("contains_all", TEXTS, ("a", "b"), ("b", "a"), True),
        ("contains_all", TEXTS, ("a", "b"), ("b", "c"), False),
        ("contains_none", TEXTS, ("a", "b"), ("c", "d"), True),
        ("contains_none", TEXTS, ("a", "b"), ("b", "c"), False),
        ("subset_of", TEXTS, ("a",), ("a", "b"), True),
        ("subset_of", TEXTS, (), (), True),
        ("subset_of", TEXTS, ("a", "c"), ("a", "b"), False),
        ("is_empty", TEXTS, (), True, True),
        ("is_empty", TEXTS, ("a",), True, False),
        ("is_empty", RECORDS, (), False, False),
        ("is_empty", RECORDS, RECORD_LIST, False, True),
    ],
)
def test_a_known_value_is_decided(
    operator: str,
    field_type: FieldType,
    value: Value,
    operand: Constant,
    holds: bool,  # noqa: FBT001 - as above
) -> None:
    seen = Known(value, "here")
    assert [ask(operator, field_type, seen, operand), ask(operator, field_type, seen, operand, negated=True)] == [
        holds,
        not holds,
    ]


@pytest.mark.parametrize(
    ("operator", "field_type", "value", "operand", "reason"),
    [
        ("equals", TEXT, 1, "1", "not text"),
        ("equals", INTEGER, "1", 1, "not a whole number"),
        ("equals", INTEGER, True, 1, "not a whole number"),
        ("equals", BOOLEAN, 1, True, "not true or false"),
        ("equals", MODE, "0999", "0640", "not a file mode in octal"),
        ("equals", MODE, 416, "0640", "not a file mode in octal"),
        ("exists", TEXTS, "a", True, "not a list of text"),
        ("contains", TEXTS, RECORD_LIST, "a", "not a list of text"),
        ("is_empty", RECORDS, ("a",), True, "not a list of records"),
        ("at_most", TIME, "yesterday", 30, "not a whole number"),
        ("equals", TEXT, "a", 1, "what it is held against is not text"),
        ("at_most", TIME, 0, "30", "what it is held against is not a whole number"),
        ("matches", TEXT, "a", "(", "what it is held against is no regular expression"),
        ("matches", TEXT, "a", "(?u)a", "what it is held against is no regular expression"),
        ("matches", TEXT, "a" * 4097, "a+", "longer than 4 kB"),
        ("matches", TEXT, "é" * 2049, "é+", "longer than 4 kB"),
        ("matches", INTEGER, 1, "1", "matches does not read integer"),
        ("resembles", TEXT, "a", "a", "resembles does not read text"),
    ],
)
def test_what_cannot_be_compared_is_unreadable(
    operator: str, field_type: FieldType, value: Value, operand: Constant, reason: str
) -> None:
    assert ask(operator, field_type, Known(value, "here"), operand) == Unreadable(reason, "here")


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (Absent(), "the clock of the target is not known"),
        (Unreadable("no date"), "the clock of the target could not be read: no date"),
    ],
)
def test_an_age_needs_the_clock_of_the_target(time: Absent | Unreadable, reason: str) -> None:
    assert ask("at_most", TIME, Known(0, "here"), 30, time=time) == Unreadable(reason, "here")


def test_an_unreadable_field_stays_unreadable() -> None:
    assert ask("exists", TEXT, Unreadable("refused", "here"), operand=True) == Unreadable("refused", "here")


def test_an_absent_field_stays_absent() -> None:
    assert ask("equals", TEXT, Absent("here"), "a") == Absent("here")


@pytest.mark.parametrize(("wanted", "negated"), [(True, False), (True, True), (False, False), (False, True)])
def test_exists_decides_absence(*, wanted: bool, negated: bool) -> None:
    assert ask("exists", TEXT, Absent(), operand=wanted, negated=negated) is (wanted is negated)


@pytest.mark.parametrize(("wanted", "negated"), [(True, False), (True, True), (False, False), (False, True)])
def test_exists_holds_for_a_partial_list(*, wanted: bool, negated: bool) -> None:
    assert ask("exists", TEXTS, Partial((), "cut"), operand=wanted, negated=negated) is (wanted is not negated)


def test_exists_of_something_absent_needs_true_or_false() -> None:
    assert ask("exists", TEXT, Absent("here"), "yes") == Unreadable("not true or false", "here")


@pytest.mark.parametrize(
    ("operator", "operand", "negated"),
    [
        ("contains_none", ("a",), False),
        ("subset_of", ("b",), False),
        ("is_empty", True, False),
        ("contains", "a", True),
        ("contains_all", ("a",), True),
        ("is_empty", False, True),
    ],
)
def test_a_partial_list_fails_where_more_items_cannot_help(operator: str, operand: Constant, *, negated: bool) -> None:
    assert ask(operator, TEXTS, Partial(("a",), "cut"), operand, negated=negated) is False


@pytest.mark.parametrize(
    ("operator", "operand", "negated"),
    [
        ("contains_none", ("b",), False),
        ("contains_none", ("a",), True),
        ("subset_of", ("a",), False),
        ("subset_of", ("b",), True),
        ("contains", "a", False),
        ("contains", "b", False),
        ("contains", "b", True),
        ("contains_all", ("a",), False),
        ("contains_all", ("a", "b"), False),
        ("contains_all", ("b",), True),
        ("is_empty", True, True),
        ("is_empty", False, False),
    ],
)
def test_a_partial_list_is_else_undecided(operator: str, operand: Constant, *, negated: bool) -> None:
    seen = Partial(("a",), "cut", "here")
    assert ask(operator, TEXTS, seen, operand, negated=negated) == Unreadable("seen only in part: cut", "here")


@pytest.mark.parametrize(("operand", "negated"), [(True, False), (True, True), (False, False), (False, True)])
def test_a_partial_list_of_nothing_says_nothing(*, operand: bool, negated: bool) -> None:
    answer = ask("is_empty", TEXTS, Partial((), "cut"), operand, negated=negated)
    assert answer == Unreadable("seen only in part: cut")


def test_a_partial_list_of_the_wrong_type_is_unreadable() -> None:
    assert ask("equals", TEXT, Partial(("a",), "cut", "here"), "a") == Unreadable("not text", "here")
