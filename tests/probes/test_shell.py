"""Quoting, cleaning and numbers."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.model.evidence import Absent, Known, Unreadable
from hardening.model.step import Completed, NotRun
from hardening.probes.shell import (
    clean,
    completed,
    first_line,
    number_field,
    parse_c_integer,
    parse_decimal,
    quote,
    quote_pattern,
)

_WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=25, deadline=None)
@given(st.lists(_WORD, min_size=1, max_size=20))
def test_quoted_words_arrive_unchanged(words: list[str]) -> None:
    script = "printf '%s\\0' " + " ".join(map(quote, words))
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"{word}\0" for word in words)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_characters="\0\n*?[]", exclude_categories=["Cs"]), max_size=20), min_size=1)
)
def test_patterns_without_globs_are_plain_words(words: list[str]) -> None:
    script = "printf '%s\\0' " + " ".join(quote_pattern(f"/{word}") for word in words)
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"/{word}\0" for word in words)


@pytest.mark.parametrize("text", ["a\0b", "\0"])
def test_zero_bytes_cannot_be_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="zero byte"):
        quote(text)


@pytest.mark.parametrize("text", ["/a\0", "/a\nb"])
def test_patterns_are_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="path pattern"):
        quote_pattern(text)


def test_bytes_that_are_no_text_stay_visible() -> None:
    assert clean(b"a\xe5\xc3\xa6".decode("utf-8", "surrogateescape")) == "a\\xe5æ"


@given(st.binary(max_size=30))
def test_clean_text_can_be_encoded(data: bytes) -> None:
    assert clean(data.decode("utf-8", "surrogateescape")).encode() != b"" or data == b""


@pytest.mark.parametrize(("text", "line"), [("", ""), ("\n \n  why \nnot", "why"), ("x" * 300, "x" * 200)])
def test_first_line_that_says_something(text: str, line: str) -> None:
    assert first_line(text) == line


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-1", -1),
        ("+5", 5),
        ("0x1F", 31),
        ("-0x10", -16),
        ("022", 18),
        ("08", None),
        ("1a", None),
        ("", None),
    ],
)
def test_integers_of_c(text: str, number: int | None) -> None:
    assert parse_c_integer(text) == number


@pytest.mark.parametrize(("text", "number"), [("010", 10), ("-1", -1), ("0x1", None), ("1.5", None), ("٣", None)])
def test_decimal_integers(text: str, number: int | None) -> None:
    assert parse_decimal(text) == number


@pytest.mark.parametrize(
    ("number", "text", "field"),
    [(5, "5", Known(5, "p")), (None, "never", Unreadable("not a number: never", "p")), (None, "", Absent("p"))],
)
def test_number_fields(number: int | None, text: str, field: object) -> None:
    assert number_field(number, text, "p") == field


def test_step_that_did_not_run_is_unreadable() -> None:
    assert completed({"a": NotRun("gone")}, "a") == Unreadable("gone")


def test_step_that_was_not_asked_is_unreadable() -> None:
    assert completed({}, "a") == Unreadable("the step was not asked")


def test_step_that_ran_is_returned() -> None:
    answer = Completed(exit_status=0, stdout=b"")
    assert completed({"a": answer}, "a") is answer
