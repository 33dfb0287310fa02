"""Texts in PowerShell: a parameter reaches a script through ``quote_text`` only."""

from __future__ import annotations

_FIRST_PRINTABLE, _LAST_ASCII = 0x20, 0x7E


def quote_text(text: str) -> str:
    """Return ``text`` as one PowerShell string; raises ``ValueError`` for what is not printable ASCII."""
    if any(not _FIRST_PRINTABLE <= ord(character) <= _LAST_ASCII for character in text):
        msg = "only printable ASCII can stand in a script"
        raise ValueError(msg)
    return "'" + text.replace("'", "''") + "'"
