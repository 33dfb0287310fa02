"""Errors of validation in plain words."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

_SHOWN = 60
_LISTED = 15

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys and values",
    "model_type": "a mapping of keys and values",
}

_LIMITS = {
    "string_too_short": "this must not be empty",
    "too_short": "this must not be empty",
    "greater_than_equal": "this must be at least {ge}, not {given}",
    "less_than_equal": "this must be at most {le}, not {given}",
}


def near_hint(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean "x"?`` for the nearest of the known names, else all of them if they are few."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known are {', '.join(names)}" if 0 < len(names) <= _LISTED else ""


def show(value: object) -> str:
    """Return a value as a message shows it: text in quotes and short, anything with parts by what it is."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            quoted = json.dumps(value, ensure_ascii=False)
            return quoted if len(quoted) <= _SHOWN else f'{quoted[: _SHOWN - 2]}…"'
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case _:
            return "nothing"


def describe_error(error: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong and what to do about it, for any error but an unknown or a missing key."""
    kind = error["type"]
    given = error["input"]
    context: Mapping[str, object] = error.get("ctx", {})
    if kind in _KINDS:
        return f"this must be {_KINDS[kind]}, not {show(given)}", _repair(kind, given)
    if kind == "problem":
        return str(context["what"]), str(context["remedy"])
    if kind in {"literal_error", "enum"}:
        return f"{show(given)} is none of {context['expected']}", ""
    if kind in _LIMITS:
        return _LIMITS[kind].format(**context, given=show(given)), ""
    return error["msg"], ""


def _repair(kind: str, given: object) -> str:
    match kind, given:
        case "string_type", bool() | int():
            return f'write "{show(given)}"'
        case "list_type", str() | bool() | int():
            return f"write [{given if isinstance(given, str) else show(given)}]"
        case _:
            return ""
