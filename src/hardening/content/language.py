"""The check language: whether every name in a node leads somewhere, and every comparison can be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from hardening.content.forms.check import AllForm, AnyForm, ComparisonForm, EachForm, NodeForm, NotForm
from hardening.content.values import find_operand_fault
from hardening.documents.words import near_hint, show
from hardening.model.check import ParameterType
from hardening.model.evidence import ABSENT, Absent, FieldSpec, FieldType
from hardening.model.operators import OPERATORS, Operator

if TYPE_CHECKING:
    from hardening.content.inspection import Inspection, Path

_KEY_TYPES = {FieldType.TEXT, FieldType.INTEGER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What names mean where a node stands.

    ``probes`` has the fields of each probe of the check; ``unknown`` are probes whose kind nobody knows, about which
    nothing more can be said. Inside an ``each``, ``record`` has the fields of a record; ``lost`` means that nobody
    knows them, because of a problem that was noted.
    """

    probes: Mapping[str, Mapping[str, FieldSpec]]
    parameters: Mapping[str, ParameterType]
    unknown: frozenset[str] = frozenset()
    record: Mapping[str, FieldSpec] | Absent = ABSENT
    lost: bool = False
    negated: bool = False
    guard: bool = False


@dataclass(frozen=True, slots=True)
class NodeInspector:
    """Inspects the nodes of one check, and remembers which probes it uses, and which parameters with what."""

    inspection: Inspection
    probes: set[str] = field(default_factory=set)
    parameters: dict[str, set[str]] = field(default_factory=dict)

    def inspect(self, node: NodeForm, path: Path, scope: Scope) -> None:
        """Note every problem of a node and of the nodes in it."""
        match node:
            case ComparisonForm():
                self._comparison(node, path, scope)
            case AllForm(nodes=nodes):
                for index, inner in enumerate(nodes):
                    self.inspect(inner, (*path, "all", index), scope)
            case AnyForm(nodes=nodes):
                for index, inner in enumerate(nodes):
                    self.inspect(inner, (*path, "any", index), scope)
            case NotForm():
                self.inspect(node.node, (*path, "not"), replace(scope, negated=True))
            case EachForm():
                self._each(node, path, scope)
            case _:
                assert_never(node)

    def _comparison(self, node: ComparisonForm, path: Path, scope: Scope) -> None:
        spec = self._field(node.field, (*path, "field"), scope)
        operators = list(node.__pydantic_extra__)
        if not operators:
            self.inspection.refuse(path, "this comparison has no operator", f"add one of {', '.join(OPERATORS)}")
        for name in operators[1:]:
            self.inspection.refuse_key((*path, name), f'"{name}" is a second operator', "write a second comparison")
        for name in operators[:1]:
            if name not in OPERATORS:
                self.inspection.refuse_key((*path, name), f'unknown operator "{name}"', near_hint(name, OPERATORS))
            else:
                self._operand(node, OPERATORS[name], spec, path, scope)
        if node.when_absent and scope.guard:
            self.inspection.refuse_key(
                (*path, "when_absent"), "when_absent does not act in only_if", "ask with exists whether it is there"
            )
        elif node.when_absent and "exists" in operators:
            self.inspection.refuse_key((*path, "when_absent"), "exists decides absence itself", "remove when_absent")

    def _operand(
        self, node: ComparisonForm, operator: Operator, spec: FieldSpec | Absent, path: Path, scope: Scope
    ) -> None:
        at = (*path, operator.name)
        value = node.__pydantic_extra__[operator.name]
        name = self._parameter(value, operator, at, scope) if isinstance(value, dict) else ""
        if isinstance(spec, Absent):
            return
        reading = operator.readings.get(spec.type)
        if reading is None:
            fitting = (other.name for other in OPERATORS.values() if spec.type in other.readings)
            what = f"{operator.name} cannot read {node.field}, which is {spec.type}"
            self.inspection.refuse_key(at, what, f"use {', '.join(fitting)}")
        elif not isinstance(value, dict):
            if fault := find_operand_fault(value, operator.name, reading.operand):
                self.inspection.refuse(at, fault)
        elif name in scope.parameters and scope.parameters[name] is not reading.operand.parameter:
            what = f"{operator.name} takes {reading.operand.parameter} here, and {name} is {scope.parameters[name]}"
            self.inspection.refuse((*at, "param"), what)

    def _parameter(self, value: dict[object, object], operator: Operator, path: Path, scope: Scope) -> str:
        """Return the name of the parameter that an operand refers to, and remember it."""
        name = value.get("param")
        if not isinstance(name, str) or len(value) != 1:
            self.inspection.refuse(path, "this is neither a literal nor a parameter", "write {param: <name>}")
            return ""
        self.parameters.setdefault(name, set()).add(operator.name)
        self.inspection.require_known((*path, "param"), "parameter", name, scope.parameters)
        return name

    def _each(self, node: EachForm, path: Path, scope: Scope) -> None:
        if not isinstance(scope.record, Absent):
            self.inspection.refuse_key((*path, "each"), "there is an each inside an each", "ask for a flatter field")
            return
        if scope.negated:
            self.inspection.refuse_key((*path, "each"), "there is an each under not", "turn its expect round instead")
        spec = self._field(node.each, (*path, "each"), scope)
        if isinstance(spec, Absent) or spec.type is not FieldType.RECORDS:
            if not isinstance(spec, Absent):
                self.inspection.refuse((*path, "each"), f"each walks records, and {node.each} is {spec.type}")
            inner = replace(scope, record={}, lost=True)
        else:
            inner = replace(scope, record=spec.record)
        key = self._field(node.key, (*path, "key"), inner)
        if not isinstance(key, Absent) and key.type not in _KEY_TYPES:
            self.inspection.refuse((*path, "key"), f"a key must be text or integer, and {node.key} is {key.type}")
        if node.where is not None:
            self.inspect(node.where, (*path, "where"), inner)
        self.inspect(node.expect, (*path, "expect"), inner)

    def _field(self, name: str, path: Path, scope: Scope) -> FieldSpec | Absent:
        """Return what is known of the field that a text names; notes a problem if it leads nowhere."""
        if scope.lost:
            return ABSENT
        if isinstance(scope.record, Absent):
            return self._probe_field(name, path, scope)
        known = self.inspection.require_known(path, "field of the record", name, scope.record)
        return scope.record[name] if known else ABSENT

    def _probe_field(self, name: str, path: Path, scope: Scope) -> FieldSpec | Absent:
        probe, _, field_name = name.partition(".")
        self.probes.add(probe)
        if probe in scope.unknown:
            return ABSENT
        if probe not in scope.probes:
            names = [f"{known}.{inner}" for known, fields in scope.probes.items() for inner in fields]
            self.inspection.refuse(path, f"unknown probe {show(probe)}", near_hint(name, names))
            return ABSENT
        fields = scope.probes[probe]
        if field_name not in fields:
            names = [f"{probe}.{inner}" for inner in fields]
            self.inspection.refuse(path, f"unknown field {show(name)}", near_hint(name, names))
            return ABSENT
        return fields[field_name]
