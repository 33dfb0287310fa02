"""Literals that people write, held against the type that their place asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.documents.words import show
from hardening.model.check import Constant, ParameterType
from hardening.model.operators import OPERATORS, OperandType

if TYPE_CHECKING:
    from collections.abc import Iterable

MODE = re.compile(r"[0-7]{4}")

_WORDS = {
    ParameterType.TEXT: "text",
    ParameterType.TEXTS: "a list of texts",
    ParameterType.INTEGER: "a whole number",
    ParameterType.BOOLEAN: "true or false",
    ParameterType.MODE: 'four octal digits in quotes, such as "0640"',
}


def find_fault(value: object, wanted: ParameterType) -> str:
    """Return what is wrong with a literal that should be of a type; nothing if it is right."""
    if _is_of(value, wanted):
        return ""
    if wanted is ParameterType.TEXTS and isinstance(value, list):
        odd = next(item for item in value if not isinstance(item, str))
        return f"this must be {_WORDS[wanted]}, and {show(odd)} is none; put it in quotes"
    return f"this must be {_WORDS[wanted]}, not {show(value)}"


def _is_of(value: object, wanted: ParameterType) -> bool:
    match wanted:
        case ParameterType.TEXT:
            return isinstance(value, str)
        case ParameterType.TEXTS:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case ParameterType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case ParameterType.BOOLEAN:
            return isinstance(value, bool)
        case ParameterType.MODE:
            return isinstance(value, str) and bool(MODE.fullmatch(value))


def find_operand_fault(value: object, operator: str, operand: OperandType) -> str:
    """Return what is wrong with a literal operand: its type, or that it would assert nothing."""
    fault = find_fault(value, operand.parameter)
    return fault or find_use_fault(value, [operator])


def find_use_fault(value: object, operators: Iterable[str]) -> str:
    """Return what is wrong with a value of the right type where these operators use it; nothing if it is right."""
    for name in operators:
        if value == [] and not OPERATORS[name].empty_list_asserts:
            return f"{name} with an empty list asserts nothing; name at least one text"
        if name == "matches" and isinstance(value, str):
            try:
                re.compile(value)
            except re.error as error:
                return f"{show(value)} is no regular expression: {error}"
    return ""


def build_constant(value: object) -> Constant:
    """Return a literal that has no fault as a value."""
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    msg = f"no literal: {value!r}"
    raise TypeError(msg)
