"""JSON Schemas for editors, from the same forms, operators and probe kinds that the loader holds files against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hardening.content.forms.actions import ActionsForm
from hardening.content.forms.baseline import BaselineForm
from hardening.content.forms.check import CheckForm
from hardening.content.forms.framework import FrameworkForm
from hardening.documents.schema import Json, Schema, build_schema
from hardening.model.operators import OPERATORS, OperandType
from hardening.probes import KINDS
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType

if TYPE_CHECKING:
    from hardening.documents.validate import Form

FORMS: dict[str, type[Form]] = {
    "actions": ActionsForm,
    "baseline": BaselineForm,
    "check": CheckForm,
    "framework": FrameworkForm,
}
"""The forms of content that have a schema, by the name of its file."""

_REFERENCE: Schema = {
    "type": "object",
    "description": "The value of a parameter of this check.",
    "properties": {"param": {"type": "string"}},
    "required": ["param"],
    "additionalProperties": False,
}
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_OPERANDS: dict[OperandType, Schema] = {
    OperandType.TEXT: {"type": "string"},
    OperandType.TEXTS: _TEXTS,
    OperandType.INTEGER: {"type": "integer"},
    OperandType.BOOLEAN: {"type": "boolean"},
    OperandType.MODE: {"type": "string", "pattern": "^[0-7]{4}$"},
    OperandType.PATTERN: {"type": "string", "format": "regex"},
    OperandType.DAYS: {"type": "integer"},
}
_PARAMETERS: dict[ProbeParameterType, Schema] = {
    ProbeParameterType.TEXT: {"type": "string"},
    ProbeParameterType.TEXTS: _TEXTS,
    ProbeParameterType.PATH: {"type": "string", "pattern": "^/"},
    ProbeParameterType.PATHS: {"type": "array", "items": {"type": "string", "pattern": "^/"}},
    ProbeParameterType.INTEGER: {"type": "integer"},
    ProbeParameterType.CHOICE: {"type": "string"},
}


def build_schemas(kinds: Mapping[str, ProbeKind] = KINDS) -> dict[str, Schema]:
    """Return the schemas by file name."""
    schemas = {f"{name}.schema.json": build_schema(form) for name, form in FORMS.items()}
    definitions = schemas["check.schema.json"]["$defs"]
    if not isinstance(definitions, dict):
        msg = "the schema of checks has no definitions"
        raise TypeError(msg)
    definitions["ComparisonForm"] = _comparison_schema()
    definitions["ProbeForm"] = {"oneOf": [_probe_schema(kinds[name]) for name in sorted(kinds)]}
    return schemas


def _comparison_schema() -> Schema:
    operators: Schema = {}
    for operator in OPERATORS.values():
        operands = sorted({reading.operand for reading in operator.readings.values()})
        literals: list[Json] = []
        for operand in operands:
            if _OPERANDS[operand] not in literals:
                literals.append(_OPERANDS[operand])
        operators[operator.name] = {"description": operator.summary, "anyOf": [*literals, _REFERENCE]}
    return {
        "type": "object",
        "description": "One field held against one operand.",
        "properties": {
            "field": {"type": "string", "description": "<probe>.<field>; inside an each, a field of the record"},
            "when_absent": {"enum": ["pass", "fail", "error"]},
            **operators,
        },
        "required": ["field"],
        "oneOf": [{"required": [name]} for name in operators],
        "additionalProperties": False,
    }


def _probe_schema(kind: ProbeKind) -> Schema:
    required: list[Json] = ["kind"]
    required += [name for name, parameter in kind.parameters.items() if parameter.required]
    return {
        "type": "object",
        "description": kind.summary,
        "properties": {
            "kind": {"const": kind.name},
            **{name: _parameter_schema(parameter) for name, parameter in kind.parameters.items()},
        },
        "required": required,
        "additionalProperties": False,
    }


def _parameter_schema(parameter: ProbeParameter) -> Schema:
    schema: Schema = {"description": parameter.description, **_PARAMETERS[parameter.type]}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if not parameter.required:
        default = parameter.default
        schema["default"] = list(default) if isinstance(default, tuple) else default
    return schema
