"""The questions of a check: their kinds, and the literals that are their parameters."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from hardening.content.values import find_fault
from hardening.documents.words import near_hint, show
from hardening.model.check import ParameterType
from hardening.model.probe import Probe, ProbeValue
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.content.forms.check import ProbeForm
    from hardening.content.inspection import Inspection, Path

_TYPES = {
    ProbeParameterType.TEXT: ParameterType.TEXT,
    ProbeParameterType.TEXTS: ParameterType.TEXTS,
    ProbeParameterType.PATH: ParameterType.TEXT,
    ProbeParameterType.PATHS: ParameterType.TEXTS,
    ProbeParameterType.INTEGER: ParameterType.INTEGER,
    ProbeParameterType.CHOICE: ParameterType.TEXT,
}
_PATHS = {ProbeParameterType.PATH, ProbeParameterType.PATHS}


def inspect_probe(form: ProbeForm, path: Path, kinds: Mapping[str, ProbeKind], inspection: Inspection) -> None:
    """Note every problem of one probe."""
    if not inspection.require_known((*path, "kind"), "probe kind", form.kind, kinds):
        return
    kind = kinds[form.kind]
    given = form.__pydantic_extra__
    for name in given:
        if name not in kind.parameters:
            hint = near_hint(name, kind.parameters) or f"{kind.name} has no parameters"
            inspection.refuse_key((*path, name), f'unknown parameter "{name}" of {kind.name}', hint)
    for name, parameter in kind.parameters.items():
        if name in given:
            if fault := _find_parameter_fault(given[name], parameter):
                inspection.refuse((*path, name), fault)
        elif parameter.required:
            inspection.refuse(
                path, f'{kind.name} needs the parameter "{name}"', f"add `{name}:`, {parameter.description}"
            )


def build_probe(form: ProbeForm, kind: ProbeKind) -> Probe:
    """Return a probe that was inspected, with its defaults filled in, so that equal questions are equal values."""
    given = form.__pydantic_extra__
    return Probe.build(
        kind.name,
        {
            name: _build_value(given[name]) if name in given else parameter.default
            for name, parameter in kind.parameters.items()
        },
    )


def _build_value(value: object) -> ProbeValue:
    match value:
        case str() | int():
            return value
        case list():
            return tuple(str(item) for item in value)
        case _:
            msg = f"no probe parameter: {value!r}"
            raise TypeError(msg)


def _find_parameter_fault(value: object, parameter: ProbeParameter) -> str:
    fault = find_fault(value, _TYPES[parameter.type])
    if fault:
        return fault
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    if value == []:
        return "an empty list asks nothing" if parameter.required else ""
    faults = (_find_text_fault(text, parameter) for text in texts)
    fault = next(filter(None, faults), "")
    if not fault and len(set(texts)) < len(texts):
        return "a text stands twice in this list"
    return fault


def _find_text_fault(text: str, parameter: ProbeParameter) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        return f"there is a control character in {show(text)}"
    if parameter.type in _PATHS and not _is_plain_path(text):
        return f"{show(text)} is no plain absolute path; begin with /, without //, . and .. in it"
    if parameter.type is ProbeParameterType.CHOICE and text not in parameter.choices:
        hint = near_hint(text, parameter.choices)
        return f"{show(text)} is none of the choices; {hint}"
    if parameter.pattern and not re.fullmatch(parameter.pattern, text):
        return f"{show(text)} has not the right form: {parameter.description}"
    return ""


def _is_plain_path(text: str) -> bool:
    first, *parts = text.split("/")
    return not first and bool(parts) and (text == "/" or not any(part in {"", ".", ".."} for part in parts))
