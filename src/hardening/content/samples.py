"""The samples of a check: states of a target, written down field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hardening.content.values import build_constant, find_fault
from hardening.documents.words import near_hint
from hardening.model.check import ParameterType, Sample
from hardening.model.evidence import (
    ABSENT,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
    build_absent,
    build_unreadable,
)

if TYPE_CHECKING:
    from hardening.content.forms.check import SampleForm
    from hardening.content.inspection import Inspection, Path
    from hardening.documents.places import Document

_Fields = Mapping[str, FieldSpec]

_LITERALS = {
    FieldType.TEXT: ParameterType.TEXT,
    FieldType.TEXTS: ParameterType.TEXTS,
    FieldType.INTEGER: ParameterType.INTEGER,
    FieldType.BOOLEAN: ParameterType.BOOLEAN,
    FieldType.MODE: ParameterType.MODE,
    FieldType.TIME: ParameterType.INTEGER,
}


def inspect_evidence(given: object, fields: _Fields, path: Path, inspection: Inspection) -> None:
    """Note every problem of what a sample says about one probe, or about one record."""
    if not isinstance(given, dict):
        inspection.refuse(path, "this must be a mapping of fields and values")
        return
    if not _is_absent(given) and not _is_unreadable(given):
        for name, value in given.items():
            if name in fields:
                _inspect_value(value, fields[name], (*path, name), inspection)
            else:
                inspection.refuse_key((*path, name), f'unknown field "{name}"', near_hint(name, fields))


def build_sample(form: SampleForm, fields: Mapping[str, _Fields], document: Document, path: Path) -> Sample:
    """Return a sample that was inspected, with what it names; whoever judges it takes the rest as absent."""
    return Sample(
        name=form.name,
        evidence={probe: _build_evidence(given, fields[probe]) for probe, given in form.evidence.items()},
        outcome=form.outcome,
        parameters={name: build_constant(value) for name, value in form.parameters.items()},
        time=form.time,
        place=document.place(*path),
    )


def _inspect_value(value: object, spec: FieldSpec, path: Path, inspection: Inspection) -> None:
    if isinstance(value, dict):
        if _is_partial(value) and spec.type in {FieldType.TEXTS, FieldType.RECORDS}:
            _inspect_value(value["partial"], spec, (*path, "partial"), inspection)
        elif not _is_absent(value) and not _is_unreadable(value):
            inspection.refuse(
                path,
                "this mapping marks nothing",
                "write {absent: true}, {unreadable: <why>} or, for a list, {partial: […], reason: <why>}",
            )
    elif spec.type is not FieldType.RECORDS:
        if fault := find_fault(value, _LITERALS[spec.type]):
            inspection.refuse(path, fault)
    elif isinstance(value, list):
        for index, record in enumerate(value):
            inspect_evidence(record, spec.record, (*path, index), inspection)
    else:
        inspection.refuse(path, "this must be a list of records")


def _build_evidence(given: object, fields: _Fields) -> Evidence:
    match given:
        case {"absent": True}:
            return build_absent(fields)
        case {"unreadable": str(reason)}:
            return build_unreadable(fields, reason)
        case dict():
            return {name: _build_field(value, fields[name]) for name, value in given.items()}
        case _:
            msg = f"no evidence: {given!r}"
            raise TypeError(msg)


def _build_field(value: object, spec: FieldSpec) -> Field:
    match value:
        case {"absent": True}:
            return ABSENT
        case {"unreadable": str(reason)}:
            return Unreadable(reason)
        case {"partial": list(items), "reason": str(reason)}:
            if spec.type is FieldType.RECORDS:
                return Partial(_build_records(items, spec), reason)
            return Partial(tuple(str(item) for item in items), reason)
        case list() if spec.type is FieldType.RECORDS:
            return Known(_build_records(value, spec))
        case _:
            return Known(build_constant(value))


def _build_records(items: list[object], spec: FieldSpec) -> tuple[Record, ...]:
    return tuple(_build_evidence(item, spec.record) for item in items)


def _is_absent(value: Mapping[str, object]) -> bool:
    return len(value) == 1 and value.get("absent") is True


def _is_unreadable(value: Mapping[str, object]) -> bool:
    return len(value) == 1 and _is_reason(value.get("unreadable"))


def _is_partial(value: Mapping[str, object]) -> bool:
    return value.keys() == {"partial", "reason"} and isinstance(value["partial"], list) and _is_reason(value["reason"])


def _is_reason(value: object) -> bool:
    return isinstance(value, str) and bool(value)
