"""What proves a check: its samples agree, every comparison matters, and nothing seen never passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hardening.evaluate.judge import Judged, judge_evidence
from hardening.evaluate.operators import is_records
from hardening.model.check import AllOf, AnyOf, Check, Comparison, Constant, Each, Node, Not, Outcome, Sample
from hardening.model.evidence import (
    ABSENT,
    Absent,
    Evidence,
    Field,
    FieldSpec,
    Known,
    Partial,
    build_absent,
    build_unreadable,
)
from hardening.model.place import Problem

ProbeFields = Mapping[str, Mapping[str, FieldSpec]]
"""What the kind of each of a check's probes declares, by the check's own probe names."""

_FORCED: Mapping[bool, Node] = {True: AllOf(()), False: AnyOf(())}
"""Nodes that hold always, and never: what a comparison is replaced by."""

_NO_EVIDENCE: Evidence = {}


def test_check(check: Check, fields: ProbeFields) -> tuple[Problem, ...]:
    """Return everything that a check's own samples leave unproven, in order of place."""
    wrong = tuple(_test_samples(check, fields))
    # Forcing a comparison proves nothing while samples disagree anyway.
    forced = () if wrong else tuple(_test_comparisons(check, fields))
    return tuple(sorted((*wrong, *forced, *_test_blindness(check, fields))))


def judge_sample(check: Check, sample: Sample, fields: ProbeFields) -> Judged:
    """Return what a check comes to on a sample; what the sample does not give is absent."""
    return judge_evidence(
        check,
        {name: complete_evidence(specs, sample.evidence.get(name, _NO_EVIDENCE)) for name, specs in fields.items()},
        _parameters(check) | dict(sample.parameters),
        fields=fields,
        time=sample.time,
        moment=sample.time,
    )


def complete_evidence(fields: Mapping[str, FieldSpec], given: Evidence) -> Evidence:
    """Return evidence with every declared field, also in records; what was not given is absent."""
    return {name: _complete_field(spec, given.get(name, ABSENT)) for name, spec in fields.items()}


def _complete_field(spec: FieldSpec, field: Field) -> Field:
    match field:
        case Known(value=records, place=place) if spec.record and is_records(records):
            return Known(tuple(complete_evidence(spec.record, record) for record in records), place)
        case Partial(items=records) if spec.record and is_records(records):
            return replace(field, items=tuple(complete_evidence(spec.record, record) for record in records))
        case _:
            return field


def _parameters(check: Check) -> dict[str, Constant]:
    return {name: spec.default for name, spec in check.parameters.items()}


def _test_samples(check: Check, fields: ProbeFields) -> Iterator[Problem]:
    for sample in check.samples:
        judged = judge_sample(check, sample, fields)
        if judged.outcome is not sample.outcome:
            why = judged.note or _describe(judged)
            yield Problem(
                sample.place,
                f'sample "{sample.name}" comes to {judged.outcome}, not {sample.outcome}'
                + (f" ({why})" if why else ""),
                "correct the sample or the check",
            )
    for outcome in (Outcome.PASS, Outcome.FAIL):
        if all(sample.outcome is not outcome for sample in check.samples):
            yield Problem(check.place, f"no sample comes to {outcome}", "add one")


def _describe(judged: Judged) -> str:
    """Return the first comparison that made the outcome, in the words of the check language."""
    for reason in judged.reasons:
        if reason.decisive:
            turned = "not " if reason.negated else ""
            return f"{reason.field}: {turned}{reason.operator} {reason.expected} is {reason.verdict}"
    return ""


def _test_comparisons(check: Check, fields: ProbeFields) -> Iterator[Problem]:
    outcomes = [sample.outcome for sample in check.samples]
    for forced in (True, False):
        for leaf, changed in _variants(check, forced=forced):
            if [judge_sample(changed, sample, fields).outcome for sample in check.samples] == outcomes:
                yield Problem(
                    leaf.place if leaf.place.file else check.place,
                    f"no sample changes when {leaf.field} {leaf.operator} is always {str(forced).lower()}",
                    f"add a sample in which only this comparison is {str(not forced).lower()}, or remove it",
                )


def _variants(check: Check, *, forced: bool) -> Iterator[tuple[Comparison, Check]]:
    """Yield each comparison of a check with the check in which it is replaced."""
    for leaf, node in _force(check.expect, _FORCED[forced]):
        yield leaf, replace(check, expect=node)
    if not isinstance(check.only_if, Absent):
        for leaf, node in _force(check.only_if, _FORCED[forced]):
            yield leaf, replace(check, only_if=node)


def _force(node: Node, instead: Node) -> Iterator[tuple[Comparison, Node]]:
    match node:
        case Comparison():
            yield node, instead
        case AllOf(nodes=nodes):
            yield from ((leaf, AllOf(changed)) for leaf, changed in _force_one(nodes, instead))
        case AnyOf(nodes=nodes):
            yield from ((leaf, AnyOf(changed)) for leaf, changed in _force_one(nodes, instead))
        case Not(node=inner):
            yield from ((leaf, Not(changed)) for leaf, changed in _force(inner, instead))
        case Each():  # pragma: no branch - the last of a closed union
            yield from ((leaf, replace(node, expect=changed)) for leaf, changed in _force(node.expect, instead))
            if not isinstance(node.where, Absent):
                yield from ((leaf, replace(node, where=changed)) for leaf, changed in _force(node.where, instead))


def _force_one(nodes: tuple[Node, ...], instead: Node) -> Iterator[tuple[Comparison, tuple[Node, ...]]]:
    for index, inner in enumerate(nodes):
        for leaf, changed in _force(inner, instead):
            yield leaf, (*nodes[:index], changed, *nodes[index + 1 :])


def _test_blindness(check: Check, fields: ProbeFields) -> Iterator[Problem]:
    unreadable = {name: build_unreadable(specs, "forced") for name, specs in fields.items()}
    outcome = judge_evidence(check, unreadable, _parameters(check), fields=fields, time=0, moment=0).outcome
    if outcome is not Outcome.ERROR:
        yield Problem(
            check.place,
            f"it comes to {outcome} with everything unreadable",
            "make it look at something before it decides",
        )
    absent = {name: build_absent(specs) for name, specs in fields.items()}
    outcome = judge_evidence(check, absent, _parameters(check), fields=fields, time=0, moment=0).outcome
    if outcome is Outcome.PASS and not any(_is_all_absent(sample, fields) for sample in check.samples):
        yield Problem(
            check.place,
            "it passes with everything absent, and no sample says so",
            "add a sample with nothing in its evidence and outcome pass, or set when_absent",
        )


def _is_all_absent(sample: Sample, fields: ProbeFields) -> bool:
    """Say whether a sample states that nothing being there passes."""
    return sample.outcome is Outcome.PASS and all(
        isinstance(sample.evidence.get(name, _NO_EVIDENCE).get(field, ABSENT), Absent)
        for name, specs in fields.items()
        for field in specs
    )
