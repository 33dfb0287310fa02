"""Pieces of PowerShell text, quoted, and what parsers of its answers share.

Nothing here knows a kind of question. A parameter reaches a script through ``quote_text`` only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Unreadable
from hardening.model.step import Completed, LdapAnswer, NotRun
from hardening.probes.shell import MAX_REASON, clean, first_line

if TYPE_CHECKING:
    from hardening.model.step import Answer

DENIED = (0x80070005, 0x80041003)
"""E_ACCESSDENIED and WBEM_E_ACCESS_DENIED."""

_DENIED_TYPES = ("UnauthorizedAccessException", "SecurityException")
_DENIED_IDS = ("0x80070005", "0x80041003", "AccessDenied", "PermissionDenied")
_MISSING_TYPES = ("CommandNotFoundException",)
_FIRST_PRINTABLE, _LAST_ASCII = 0x20, 0x7E
_UNSIGNED = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Rows:
    """What a step put out, objects only; ``cut`` says that there was more."""

    items: tuple[Mapping[str, object], ...]
    cut: bool = False


def quote_text(text: str) -> str:
    """Return ``text`` as one PowerShell string; raises ``ValueError`` for what is not printable ASCII."""
    if any(not _FIRST_PRINTABLE <= ord(character) <= _LAST_ASCII for character in text):
        msg = "only printable ASCII can stand in a script"
        raise ValueError(msg)
    return "'" + text.replace("'", "''") + "'"


def read_rows(answers: Mapping[str, Answer], step: str) -> Rows | Unreadable:
    """Return the objects that a step put out, or why its probes are unreadable."""
    match answers.get(step, NotRun("the step was not asked")):
        case NotRun(reason=reason):
            return Unreadable(clean(reason))
        case LdapAnswer():
            return Unreadable("a directory answered in place of PowerShell")
        case Completed(exit_status=0) as answer:
            return _read_items(answer)
        case Completed() as answer:
            return explain_error(answer)


def _read_items(answer: Completed) -> Rows | Unreadable:
    try:
        items = json.loads(answer.stdout)
    except (ValueError, RecursionError):
        return Unreadable("PowerShell answered with something that is no JSON")
    if not isinstance(items, list):
        return Unreadable("PowerShell answered with something that is no list")
    return Rows(tuple(item for item in items if isinstance(item, dict)), answer.cut)


def explain_error(answer: Completed) -> Unreadable:
    """Return why a script block ended with an error, in words, with the right that is missing if it is one."""
    try:
        error = json.loads(answer.stderr)
    except (ValueError, RecursionError):
        error = {}
    return Unreadable(describe_error(error if isinstance(error, Mapping) else {}))


def describe_error(error: Mapping[str, object]) -> str:
    """Return an error of PowerShell in words: ``type``, ``hresult``, ``id`` and ``message`` as the frame gives them."""
    kind, identifier, message = (str(error.get(name, "")) for name in ("type", "id", "message"))
    number = error.get("hresult")
    if (
        (isinstance(number, int) and number & _UNSIGNED in DENIED)
        or kind.endswith(_DENIED_TYPES)
        or any(word in identifier for word in _DENIED_IDS)
    ):
        return f"access denied: the account may not read this ({first_line(message)})"[:MAX_REASON]
    if kind.endswith(_MISSING_TYPES):
        return f"this Windows has no such command ({first_line(message)})"[:MAX_REASON]
    return (first_line(message) or first_line(kind) or "PowerShell gave an error without words")[:MAX_REASON]
