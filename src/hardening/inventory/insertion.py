"""Where among the lines of an inventory new entries go: what a person wrote stays byte for byte. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.documents.places import child_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hardening.documents.places import Document

Render = "Callable[[str], str]"
_EMPTY = re.compile(r"\s*(#.*)?")
_ORDER = ("credentials", "groups", "targets")
_INDENT = "  "


class NoPlaceError(Exception):
    """The lines under a key are written so that nothing can be added to them."""


def render_new(sections: Mapping[str, Callable[[str], str]]) -> str:
    """Return a new inventory of some sections, each rendered with the indentation that it is given."""
    return "".join(f"{key}:\n{sections[key](_INDENT)}" for key in _ORDER if key in sections)


def insert(before: str, document: Document, sections: Mapping[str, Callable[[str], str]]) -> str:
    """Return an inventory, which ``document`` was parsed from, with more entries behind those of each section.

    Raises ``NoPlaceError`` if a section is written in brackets.
    """
    lines = before.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    keys = document.data if isinstance(document.data, dict) else {}
    additions: list[tuple[int, str]] = []
    missing = ""
    for key in _ORDER:
        if key not in sections:
            continue
        if key in keys:
            indent = _find_indent(document, key, lines)
            additions.append((_find_end(document, key, lines), sections[key](indent)))
        else:
            missing += f"{key}:\n{sections[key](_INDENT)}"
    if missing:
        # Before the targets, which are the longest part, and stand last.
        additions.append((document.key_place("targets").line - 1, missing))
    for at, text in sorted(additions, key=lambda addition: addition[0], reverse=True):
        if at and not lines[at - 1].endswith(("\n", "\r")):
            lines[at - 1] += end
        lines[at:at] = [text.replace("\n", end)]
    return "".join(lines)


def _find_end(document: Document, key: str, lines: Sequence[str]) -> int:
    """Return the number of the line that new entries go before: the next key's, or that of the comments above it."""
    own = document.key_place(key).line
    keys = document.data if isinstance(document.data, dict) else {}
    later = [line for name in keys if (line := document.key_place(name).line) > own]
    at = min(later) - 1 if later else len(lines)
    while at > own and _EMPTY.fullmatch(lines[at - 1].rstrip("\r\n")):
        at -= 1
    return at


def _find_indent(document: Document, key: str, lines: Sequence[str]) -> str:
    """Return how far the entries of a section stand in."""
    place = document.place(key)
    line = lines[place.line - 1]
    if line[place.column - 1 :].startswith(("{", "[")):
        msg = f"`{key}:` in line {place.line} is written in brackets"
        raise NoPlaceError(msg)
    children = child_of(document.mark, key).children
    if not children:
        msg = f"`{key}:` in line {place.line} has no entry"
        raise NoPlaceError(msg)
    # A list begins with its first dash, a mapping with its first key.
    return line[: place.column - 1]
