"""Bytes on disk become fit text, or say why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.documents import text as text_module
from hardening.documents.text import find_shared, find_unfit, read_text
from hardening.errors import ContentError


def problem_of(path: Path) -> str:
    with pytest.raises(ContentError) as caught:
        read_text(path, "f")
    return str(caught.value)


def unfit(text: str) -> list[str]:
    return [str(problem) for problem in find_unfit(text, "f")]


def test_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"\xef\xbb\xbfa: b")

    assert read_text(path, "f") == "a: b"


def test_other_encodings_are_refused_where_they_begin(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes("a: b\nø: ".encode() + b"\xe5")

    assert problem_of(path) == "f:2:4: is not UTF-8 text; save the file as UTF-8"


def test_missing_file_is_a_problem(tmp_path: Path) -> None:
    assert problem_of(tmp_path / "f") == "f: cannot be read: No such file or directory"


def test_oversized_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"a" * 1_000_001)
    monkeypatch.setattr(text_module, "SIZE_LIMIT", 1_000_000)

    assert problem_of(path) == "f: is larger than 1 MB; split it"


def test_file_at_the_size_limit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"aaa")
    monkeypatch.setattr(text_module, "SIZE_LIMIT", 3)

    assert read_text(path, "f") == "aaa"


def test_tabs_are_named_once_a_line() -> None:
    assert unfit("a:\n\tb:\tc\n  \td\n") == ["f:2:1: there is a tab; use spaces", "f:3:3: there is a tab; use spaces"]


def test_hidden_direction_mark_is_refused() -> None:
    assert unfit("a: b\u202ec") == ["f:1:5: there is an invisible character (U+202E); remove it"]


def test_terminal_escape_is_refused() -> None:
    assert unfit("a: \x1b[2J") == ["f:1:4: there is an invisible character (U+001B); remove it"]


def test_bare_carriage_return_is_refused() -> None:
    assert unfit("a: b\rc: d") == ["f:1:5: the line ends in a bare carriage return; end lines with a line feed"]


def test_lines_that_end_as_on_windows_are_fit() -> None:
    assert unfit("a: b\r\nc: ø\r\n") == []


@pytest.mark.parametrize(("mode", "who"), [(0o660, "its group"), (0o602, "everyone")])
def test_file_that_others_may_write_is_refused(tmp_path: Path, mode: int, who: str) -> None:
    path = tmp_path / "f"
    path.touch()
    path.chmod(mode)

    assert [str(problem) for problem in find_shared([path])] == [
        f"{path}: may be written by {who}; run `chmod go-w {path}`"
    ]


def test_file_that_others_may_only_read_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.touch()
    path.chmod(0o644)

    assert find_shared([path]) == ()
