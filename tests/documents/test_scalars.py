"""Bare words: the same to every parser, or refused."""

from __future__ import annotations

import pytest

from hardening.documents.scalars import BareWordError, read_bare


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("/etc", "/etc"),
        ("nobody", "nobody"),
        ("once", "once"),
        ("Ærlig", "Ærlig"),
    ],
)
def test_bare_word_of_content(word: str, value: object) -> None:
    read = read_bare(word)

    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(
    "word",
    [
        "yes",
        "No",
        "ON",
        "off",
        "y",
        "N",
        "null",
        "Null",
        "True",
        "FALSE",
        "~",
        "",
        "0640",
        "0x1f",
        "1.5",
        "12:30",
        "1_000",
        "+1",
        "-0",
        "-",
        ".inf",
        "<<",
        "=",
        "2026-01-01",
        "9" * 19,
        "*.conf",
        "…",
    ],
)
def test_bare_word_that_parsers_disagree_on_is_refused(word: str) -> None:
    with pytest.raises(BareWordError):
        read_bare(word)


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("no", 'write "no" for the text, or false for the truth value'),
        ("Yes", 'write "Yes" for the text, or true for the truth value'),
        ("TRUE", 'write true for the truth value, or "TRUE" for the text'),
        ("null", 'leave the key out, or write "null" for the text'),
        ("0640", 'write "0640": bare are only true, false, whole numbers and words'),
        ("", 'write one, or "" for empty text'),
        ("…", "replace it"),
    ],
)
def test_refusal_says_what_to_write(word: str, remedy: str) -> None:
    with pytest.raises(BareWordError) as caught:
        read_bare(word)

    assert caught.value.remedy == remedy
