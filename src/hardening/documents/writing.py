"""Scalars as every YAML parser reads them; what a person wrote is never written anew."""

from __future__ import annotations

import json
import re

_NARROW = 0x10000
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._@/+-]*")
_TURNED = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


def quote(text: str) -> str:
    """Return text in double quotes as every YAML parser reads it; what cannot be seen is escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in quoted)


def write_text(text: str) -> str:
    """Return text as a scalar: bare where no parser could take it for something else, else in quotes."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _TURNED else quote(text)


def _escape(number: int) -> str:
    return f"\\u{number:04x}" if number < _NARROW else f"\\U{number:08x}"
