"""Text from outside made harmless for one line of a terminal or a log."""

from __future__ import annotations

import unicodedata

_HARMLESS = frozenset({" "})


def clean_line(text: str, limit: int = 2000) -> str:
    """Return ``text`` without control, format (bidirectional marks too) and surrogate characters.

    Each such character becomes its escaped form, so that nothing disappears; longer text is cut visibly.
    """
    shown = text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit} more characters)"
    # Of what is printable, nothing belongs to the categories below: nearly all text ends here.
    if shown.isprintable():
        return shown
    return "".join(_shown(character) for character in shown)


def _shown(character: str) -> str:
    if character in _HARMLESS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return character
    return character.encode("unicode_escape").decode("ascii")
