"""Pieces of shell text, quoted, and small pieces that parsers of shell output share.

Nothing here knows a kind of question. A parameter reaches a script through ``quote`` or ``quote_pattern`` only.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Field, Known, Unreadable
from hardening.model.step import Completed, LdapAnswer, NotRun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.model.step import Answer

CUT = "the output was cut"
MAX_REASON = 200

_PLAIN_IN_PATTERN = re.compile(r"[^A-Za-z0-9_./,:@%+=*?\[\]!^-]")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}")
_C_INTEGER = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]{1,30}|[0-9]{1,30})")
_OCTAL = re.compile(r"0[0-7]+")


def quote(text: str) -> str:
    """Return ``text`` as one word of POSIX shell; raises ``ValueError`` for a zero byte, which no word can hold."""
    if "\0" in text:
        msg = "a zero byte cannot stand in a shell word"
        raise ValueError(msg)
    return shlex.quote(text)


def quote_pattern(pattern: str) -> str:
    """Return a path pattern for the shell to expand: only ``*``, ``?`` and ``[…]`` keep their meaning."""
    if "\0" in pattern or "\n" in pattern:
        msg = "a zero byte or a line break cannot stand in a path pattern"
        raise ValueError(msg)
    return _PLAIN_IN_PATTERN.sub(lambda match: "\\" + match.group(), pattern)


def clean(text: str) -> str:
    r"""Return text without lone surrogates: a byte that is not UTF-8 becomes ``\xNN``, so that it can be stored."""
    if text.isascii():  # nearly all is, and is asked after ten thousand times a target
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def first_line(text: str) -> str:
    """Return the first line that says something, for a reason; at most ``MAX_REASON`` characters."""
    lines = (line.strip() for line in text.splitlines())
    return clean(next((line for line in lines if line), ""))[:MAX_REASON]


def completed(answers: Mapping[str, Answer], step: str) -> Completed | Unreadable:
    """Return the answer of a step that ran, or why its probes are unreadable; a cut answer is still returned."""
    match answers.get(step, NotRun("the step was not asked")):
        case Completed() as answer:
            return answer
        case LdapAnswer():
            return Unreadable("a directory answered in place of a shell")
        case NotRun(reason=reason):
            return Unreadable(clean(reason))


def parse_decimal(text: str) -> int | None:
    """Return a decimal integer, or ``None`` if the text is none."""
    return int(text) if _DECIMAL.fullmatch(text) else None


def parse_c_integer(text: str) -> int | None:
    """Return an integer as ``strtol`` with base 0 reads it (``0x`` hexadecimal, ``0`` octal), or ``None``."""
    match = _C_INTEGER.fullmatch(text)
    if match is None:
        return None
    sign, digits = match.groups()
    if digits[:2].lower() == "0x":
        number = int(digits, 16)
    elif digits.startswith("0") and len(digits) > 1:
        if not _OCTAL.fullmatch(digits):
            return None
        number = int(digits, 8)
    else:
        number = int(digits)
    return -number if sign == "-" else number


def number_field(number: int | None, text: str, place: str) -> Field:
    """Return the field for a number that was read from ``text``; empty text is no number given: absent."""
    if number is not None:
        return Known(number, place)
    return Unreadable(f"not a number: {text[:MAX_REASON]}", place) if text else Absent(place)
