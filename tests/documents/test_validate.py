"""A document held against its form: every problem in plain words, at its place."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, Field

from hardening.documents.parse import parse_document
from hardening.documents.scalars import Dialect
from hardening.documents.validate import Form, problem_error, validate
from hardening.errors import ContentError


def refuse_zero(value: int) -> int:
    if value == 0:
        what = "nothing {comes} of nothing"
        raise problem_error(what, "speak again")
    return value


class Inner(Form):
    """A part of the form under test."""

    size: Annotated[int, Field(ge=1, le=5)] = 1
    names: Annotated[list[str], Field(min_length=1)] = Field(default_factory=lambda: ["x"])
    colour: Literal["red", "blue"] = "red"


class Outer(Form):
    """The form under test."""

    title: Annotated[str, Field(min_length=1)]
    inner: Inner | None = None
    listed: list[Inner] = Field(default_factory=list)
    named: dict[str, Inner] = Field(default_factory=dict)
    flag: Annotated[bool, Field(strict=True)] = False
    number: Annotated[int, AfterValidator(refuse_zero)] = 1


def problems(text: str, dialect: Dialect = Dialect.CONTENT) -> list[str]:
    with pytest.raises(ContentError) as caught:
        validate(Outer, parse_document(text, "f", dialect))
    return [str(problem) for problem in caught.value.problems]


def test_document_in_its_form_is_returned() -> None:
    document = parse_document("title: a\ninner: {size: 3}\n", "f", Dialect.CONTENT)

    assert validate(Outer, document) == Outer(title="a", inner=Inner(size=3))


def test_site_values_take_the_type_of_their_field() -> None:
    document = parse_document("title: 12\ninner: {size: 3}\n", "f", Dialect.SITE)

    assert validate(Outer, document) == Outer(title="12", inner=Inner(size=3))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("inner: {size: 2}", 'f:1:1: "title" is missing; add `title:`'),
        ("title: a\ntitel: b", 'f:2:1: unknown field "titel"; did you mean "title"?'),
        ("title: a\ninner: {sise: 2}", 'f:2:9: unknown field "sise"; did you mean "size"?'),
        ("title: a\nlisted:\n  - nams: [b]", 'f:3:5: unknown field "nams"; did you mean "names"?'),
        ("title: a\nnamed: {x: {colr: red}}", 'f:2:13: unknown field "colr"; did you mean "colour"?'),
        ("title: a\ninner: {q: 1}", 'f:2:9: unknown field "q"; known are colour, names, size'),
        ("title: 12", 'f:1:8: this must be text, not 12; write "12"'),
        ("title: [a]", "f:1:8: this must be text, not a list"),
        ('title: ""', "f:1:8: this must not be empty"),
        ("title: a\ninner: {size: big}", 'f:2:15: this must be a whole number, not "big"'),
        ("title: a\ninner: {size: 9}", "f:2:15: this must be at most 5, not 9"),
        ("title: a\ninner: {size: 0}", "f:2:15: this must be at least 1, not 0"),
        ("title: a\ninner: {names: b}", 'f:2:16: this must be a list, not "b"; write [b]'),
        ("title: a\ninner: {names: []}", "f:2:16: this must not be empty"),
        ("title: a\ninner: {colour: green}", "f:2:17: \"green\" is none of 'red' or 'blue'"),
        ("title: a\ninner: [b]", "f:2:8: this must be a mapping of keys and values, not a list"),
        ("title: a\nflag: 1", "f:2:7: this must be true or false, not 1"),
        ("title: a\nnumber: 0", "f:2:9: nothing {comes} of nothing; speak again"),
        ("- a", "f:1:1: this must be a mapping of keys and values, not a list"),
    ],
)
def test_problem_in_plain_words(text: str, problem: str) -> None:
    assert problems(text) == [problem]


def test_every_problem_of_a_file_comes_at_once() -> None:
    found = problems("titel: a\ninner: {size: 9}\n")

    assert sorted(problem.split(": ")[0] for problem in found) == ["f:1:1", "f:1:1", "f:2:15"]


def test_long_text_is_cut_in_messages() -> None:
    (problem,) = problems(f"title: a\ninner: {{size: {'x' * 500}}}")

    assert len(problem) < 120
