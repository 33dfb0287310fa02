"""Security identifiers: text and bytes are inverse, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.sid import parse_sid, render_sid


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("S-1-1-0", "010100000000000100000000"),
        ("S-1-5-32-544", "01020000000000052000000020020000"),
        ("S-1-5-21-1-2-3-500", "010500000000000515000000010000000200000003000000f4010000"),
    ],
)
def test_text_and_bytes_say_the_same(text: str, data: str) -> None:
    assert (render_sid(bytes.fromhex(data)), parse_sid(text)) == (text, bytes.fromhex(data))


@given(st.integers(0, 2**48 - 1), st.lists(st.integers(0, 2**32 - 1), max_size=15))
def test_reading_is_the_inverse_of_rendering(authority: int, parts: list[int]) -> None:
    text = "-".join(map(str, ("S-1", authority, *parts)))
    data = parse_sid(text)
    assert data is not None
    assert render_sid(data) == text


@given(st.binary(max_size=80))
def test_bytes_that_are_one_come_back(data: bytes) -> None:
    text = render_sid(data)
    assert text is None or parse_sid(text) == data


@pytest.mark.parametrize(
    "text", ["", "S-1", "S-1-5-", "S-2-5-32", "S-1-5-4294967296", "S-1-5-32-544 ", "S-1-999999999999999-1", "x"]
)
def test_other_text_is_none(text: str) -> None:
    assert parse_sid(text) is None


@pytest.mark.parametrize("data", [b"", b"\1", bytes(8), b"\1\2" + bytes(10), b"\1\x10" + bytes(70)])
def test_other_bytes_are_none(data: bytes) -> None:
    assert render_sid(data) is None
