"""The table of operators."""

from __future__ import annotations

import pytest

from hardening.model.check import ParameterType
from hardening.model.evidence import FieldType
from hardening.model.operators import OPERATORS, OperandType, Operator


@pytest.mark.parametrize(
    ("operand", "parameter"),
    [
        (OperandType.PATTERN, ParameterType.TEXT),
        (OperandType.DAYS, ParameterType.INTEGER),
        (OperandType.TEXTS, ParameterType.TEXTS),
        (OperandType.MODE, ParameterType.MODE),
    ],
)
def test_operand_takes_a_parameter_of_its_type(operand: OperandType, parameter: ParameterType) -> None:
    assert operand.parameter is parameter


def test_wording_follows_the_type_of_the_field() -> None:
    at_most = OPERATORS["at_most"]

    assert [at_most.wording(kind, 5).en for kind in (FieldType.INTEGER, FieldType.TIME)] == [
        "should be at most {expected}, is {actual}",
        "should be at most {expected} days ago, is {actual}",
    ]


@pytest.mark.parametrize(("expected", "words"), [(True, "skal finnes"), (False, "skal ikke finnes, er {actual}")])
def test_wording_of_a_switch_follows_its_operand(*, expected: bool, words: str) -> None:
    assert OPERATORS["exists"].wording(FieldType.TEXT, expected).nb == words


def test_wording_of_a_field_that_an_operator_cannot_read_is_an_error() -> None:
    with pytest.raises(KeyError):
        OPERATORS["contains"].wording(FieldType.TEXT, "a")


@pytest.mark.parametrize("field_type", FieldType)
def test_every_type_of_field_can_be_asked_for_its_existence(field_type: FieldType) -> None:
    assert field_type in OPERATORS["exists"].readings


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=lambda operator: operator.name)
def test_words_fit_their_placeholders_in_both_languages(operator: Operator) -> None:
    words = [
        text.format(expected="E", actual="A")
        for reading in operator.readings.values()
        for wording in (reading.wording, reading.otherwise)
        for text in (wording.en, wording.nb)
    ]

    assert [text for text in words if "{" in text] == []
