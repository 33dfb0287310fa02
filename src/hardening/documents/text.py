"""From bytes on disk to text that is fit to be parsed."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from hardening.errors import ContentError
from hardening.model.place import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SIZE_LIMIT = 20_000_000

# Besides control characters: line ends that only some parsers know, and marks that make text read otherwise than it is.
_UNFIT = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069"
    "\ufeff\ufffe\uffff]|\r(?!\n|\\Z)"
)
_SHARED = stat.S_IWGRP | stat.S_IWOTH


def read_text(path: Path, file: str) -> str:
    """Return the text of ``path``, called ``file`` in problems.

    Raises ``ContentError`` if it cannot be read, is too large or is not UTF-8.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise ContentError([Problem(Place(file), f"cannot be read: {reason}")]) from error
    if len(raw) > SIZE_LIMIT:
        raise ContentError([Problem(Place(file), f"is larger than {SIZE_LIMIT // 1_000_000} MB", "split it")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig")
        place = _place_at(file, before, len(before))
        raise ContentError([Problem(place, "is not UTF-8 text", "save the file as UTF-8")]) from error


def find_unfit(text: str, file: str) -> tuple[Problem, ...]:
    """Return a problem for the first unfit character of each line: tabs, control characters, hidden marks."""
    if not _UNFIT.search(text):
        return ()
    return tuple(
        _unfit_problem(Place(file, number, found.start() + 1), found.group())
        for number, line in enumerate(text.split("\n"), 1)
        if (found := _UNFIT.search(line))
    )


def find_shared(paths: Iterable[Path]) -> tuple[Problem, ...]:
    """Return a problem for each file or folder that group or others may write: whoever can change it, decides."""
    problems = []
    for path in paths:
        mode = path.stat().st_mode
        if mode & _SHARED:
            who = "everyone" if mode & stat.S_IWOTH else "its group"
            problems.append(Problem(Place(str(path)), f"may be written by {who}", f"run `chmod go-w {path}`"))
    return tuple(problems)


def _unfit_problem(place: Place, character: str) -> Problem:
    if character == "\t":
        return Problem(place, "there is a tab", "use spaces")
    if character == "\r":
        return Problem(place, "the line ends in a bare carriage return", "end lines with a line feed")
    return Problem(place, f"there is an invisible character (U+{ord(character):04X})", "remove it")


def _place_at(file: str, text: str, index: int) -> Place:
    return Place(file, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))
