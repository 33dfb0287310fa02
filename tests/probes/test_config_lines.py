"""How single lines are read, beside the recorded cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.probes.config_lines import READERS, Assignment


def _read(layout: str, *lines: str) -> list[tuple[str, str, str]]:
    found = READERS[layout](list(enumerate(lines, start=1)))
    return [(item.section, item.key, item.value) for item in found]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("UMASK 022", [("", "UMASK", "022")]),
        ("\tUMASK \t 022 \r", [("", "UMASK", "022")]),
        ("KEY a\tb  c", [("", "KEY", "a\tb  c")]),
        ('KEY "a b"', [("", "KEY", "a b")]),
        ('KEY "a" b', [("", "KEY", '"a" b')]),
        ("KEY", [("", "KEY", "")]),
        (" # KEY x", []),
        ("", []),
    ],
)
def test_words(line: str, expected: list[tuple[str, str, str]]) -> None:
    assert _read("words", line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a=1", [("", "a", "1")]),
        ("a =  1 # x", [("", "a", "1")]),
        ("a 1", [("", "a", "1")]),
        ("a==1", [("", "a", "=1")]),
        ("a", [("", "a", "")]),
        ("a = b = c", [("", "a", "b = c")]),
        ("= 1", []),
        ("#a=1", []),
        ("  ", []),
    ],
)
def test_equals(line: str, expected: list[tuple[str, str, str]]) -> None:
    assert _read("equals", line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("max_log_file_action = ROTATE", [("", "max_log_file_action", "rotate")]),
        ("space_left_action = exec /usr/bin/Tell", [("", "space_left_action", "exec /usr/bin/Tell")]),
        ("  max_log_file   =\t8", [("", "max_log_file", "8")]),
        ("max_log_file_action=rotate", [("", "max_log_file_action", "")]),
        ("max_log_file_action rotate", [("", "max_log_file_action", "")]),
        ("max_log_file_action =", [("", "max_log_file_action", "")]),
        ("# max_log_file_action = rotate", []),
        ("", []),
    ],
)
def test_auditd(line: str, expected: list[tuple[str, str, str]]) -> None:
    assert _read("auditd", line) == expected


def test_systemd_comments_do_not_end_a_continued_line() -> None:
    assert _read("systemd", "[S]", "a=b \\", "# x", " ; y", "c") == [("S", "a", "b  c")]


def test_systemd_empty_line_ends_a_continued_line() -> None:
    assert _read("systemd", "[S]", "a=b \\", "", "c=d") == [("S", "a", "b"), ("S", "c", "d")]


def test_systemd_escaped_backslash_does_not_continue() -> None:
    assert _read("systemd", "[S]", "a=b\\\\", "c=d") == [("S", "a", "b\\\\"), ("S", "c", "d")]


def test_systemd_continued_line_counts_as_its_last() -> None:
    found = READERS["systemd"]([(1, "[S]"), (2, "a=b \\"), (3, "c")])
    assert list(found) == [Assignment(3, "S", "a", "b  c")]


def test_systemd_broken_section_ends_the_file() -> None:
    assert _read("systemd", "[S]", "a=1", "[T", "b=2") == [("S", "a", "1")]


@pytest.mark.parametrize("layout", sorted(READERS))
@given(lines=st.lists(st.text(st.sampled_from('a=[]\\ \t#;"\x00\udcff'), max_size=9), max_size=5))
def test_keys_are_never_empty_or_comments(layout: str, lines: list[str]) -> None:
    keys = [key for _, key, _ in _read(layout, *lines)]
    assert [key for key in keys if key.startswith("#")] == []
