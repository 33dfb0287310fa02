"""One check file: inspected as far as it goes by itself, and built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.content.language import NodeInspector, Scope
from hardening.content.nodes import build_node
from hardening.content.probes import build_probe, inspect_probe
from hardening.content.samples import build_sample, inspect_evidence
from hardening.content.values import build_constant, find_fault, find_use_fault
from hardening.documents.words import near_hint
from hardening.model.check import Check, Outcome, ParameterSpec
from hardening.model.evidence import ABSENT, FieldSpec
from hardening.probes.kind import Channel

if TYPE_CHECKING:
    from hardening.content.forms.check import CheckForm
    from hardening.content.forms.common import ConditionForm
    from hardening.content.inspection import Inspection, Path
    from hardening.documents.places import Document
    from hardening.probes.kind import ProbeKind

PREFIXES = {"linux": "linux-", "windows": "win-", "ad": "ad-", "openldap": "ldap-"}
"""What the ids of a platform's checks begin with, by the folder of the platform."""


_VERSION_LENGTH = 12
_Fields = Mapping[str, Mapping[str, FieldSpec]]
_Uses = Mapping[str, AbstractSet[str]]


def inspect_check(
    form: CheckForm, kinds: Mapping[str, ProbeKind], inspection: Inspection, *, platform: str, stem: str
) -> None:
    """Note every problem of a check that stands in ``stem``.yaml in the folder of ``platform``."""
    _inspect_id(form.id, inspection, platform, stem)
    asked = {kinds[probe.kind].channel for probe in form.probes.values() if probe.kind in kinds}
    if not form.applies_to and asked != {Channel.SESSION}:
        what = "only a check of the session itself applies everywhere"
        inspection.refuse(("applies_to",), what, "say `applies_to: [{os_family: linux}]`, or what it is for")
    for index, condition in enumerate(form.applies_to):
        inspect_condition(condition, ("applies_to", index), inspection)
    for name, probe in form.probes.items():
        inspect_probe(probe, ("probes", name), kinds, inspection)
    fields = _fields(form, kinds)
    nodes = _inspect_nodes(form, fields, inspection)
    for name, parameter in form.parameters.items():
        fault = find_fault(parameter.default, parameter.type)
        if fault := fault or find_use_fault(parameter.default, nodes.parameters.get(name, ())):
            inspection.refuse(("parameters", name, "default"), fault)
    _inspect_samples(form, fields, nodes.parameters, inspection)


def _fields(form: CheckForm, kinds: Mapping[str, ProbeKind]) -> _Fields:
    """Return the fields of each probe whose kind is known."""
    return {name: kinds[probe.kind].fields for name, probe in form.probes.items() if probe.kind in kinds}


def _inspect_id(check: str, inspection: Inspection, platform: str, stem: str) -> None:
    inspection.require_stem(check, stem)
    if not check.startswith(PREFIXES[platform]):
        inspection.refuse(("id",), f"ids of checks in {platform}/ begin with {PREFIXES[platform]}")


def _inspect_nodes(form: CheckForm, fields: _Fields, inspection: Inspection) -> NodeInspector:
    inspector = NodeInspector(inspection)
    scope = Scope(
        probes=fields,
        parameters={name: parameter.type for name, parameter in form.parameters.items()},
        unknown=frozenset(form.probes.keys() - fields.keys()),
    )
    if form.only_if is not None:
        inspector.inspect(form.only_if, ("only_if",), replace(scope, guard=True))
    inspector.inspect(form.expect, ("expect",), scope)
    _inspect_use(form.probes, inspector.probes, "probe", inspection)
    _inspect_use(form.parameters, inspector.parameters, "parameter", inspection)
    return inspector


def _inspect_use(declared: Iterable[str], named: Iterable[str], what: str, inspection: Inspection) -> None:
    """Note what is declared and not used; a name that leads nowhere was noted, and is likely the missing use."""
    if not set(named) <= set(declared):
        return
    for name in sorted(set(declared) - set(named)):
        inspection.refuse_key((f"{what}s", name), f'no comparison uses the {what} "{name}"', "remove it")


def _inspect_samples(form: CheckForm, fields: _Fields, uses: _Uses, inspection: Inspection) -> None:
    names = [(("samples", index, "name"), sample.name) for index, sample in enumerate(form.samples)]
    inspection.require_unique(names, "the sample")
    for index, sample in enumerate(form.samples):
        for probe, given in sample.evidence.items():
            path: Path = ("samples", index, "evidence", probe)
            if probe not in form.probes:
                inspection.refuse_key(path, f'the check has no probe "{probe}"', near_hint(probe, form.probes))
            elif probe in fields:
                inspect_evidence(given, fields[probe], path, inspection)
        for name, value in sample.parameters.items():
            path = ("samples", index, "parameters", name)
            if name not in form.parameters:
                inspection.refuse_key(path, f'the check has no parameter "{name}"', near_hint(name, form.parameters))
                continue
            fault = find_fault(value, form.parameters[name].type)
            if fault := fault or find_use_fault(value, uses.get(name, ())):
                inspection.refuse(path, fault)
    for outcome in (Outcome.PASS, Outcome.FAIL):
        if all(sample.outcome is not outcome for sample in form.samples):
            inspection.refuse_key(("samples",), f"no sample has the outcome {outcome}", "add one")


def inspect_condition(form: ConditionForm, path: Path, inspection: Inspection) -> None:
    """Note the problems of one way in which something applies."""
    if not form.model_fields_set:
        inspection.refuse(path, "this condition asks nothing", "name at least an os_family")
    if (form.version_at_least or form.version_below) and len(form.distribution or ()) != 1:
        inspection.refuse(path, "a version means something for one distribution only", "name exactly one distribution")


def build_check(form: CheckForm, kinds: Mapping[str, ProbeKind], document: Document, digest: str) -> Check:
    """Return a check that was inspected; ``digest`` is of the canonical form of its document."""
    fields = {name: kinds[probe.kind].fields for name, probe in form.probes.items()}
    return Check(
        id=form.id,
        title=form.title.build(),
        severity=form.severity,
        rationale=form.rationale.build(),
        applies_to=tuple(condition.build() for condition in form.applies_to),
        probes={name: build_probe(probe, kinds[probe.kind]) for name, probe in form.probes.items()},
        expect=build_node(form.expect, ("expect",), document),
        remediation=form.remediation.build(),
        action=form.action,
        references=tuple(form.references),
        samples=tuple(
            build_sample(sample, fields, document, ("samples", index)) for index, sample in enumerate(form.samples)
        ),
        version=digest[:_VERSION_LENGTH],
        place=document.place(),
        parameters={
            name: ParameterSpec(parameter.type, build_constant(parameter.default), parameter.description.build())
            for name, parameter in form.parameters.items()
        },
        only_if=ABSENT if form.only_if is None else build_node(form.only_if, ("only_if",), document),
        when_absent=Outcome(form.when_absent),
        danger=ABSENT if form.danger is None else form.danger.build(),
    )
