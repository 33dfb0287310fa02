"""One judged target as a report shows it: its numbers, its results with reasons, what could not be examined."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from hardening.model.check import Check, Outcome, Severity
from hardening.model.evidence import ABSENT, Absent, Field, Known, Partial, Unreadable
from hardening.model.judgement import OutcomeTally
from hardening.model.platform import Directory, OperatingSystem
from hardening.model.result import Verdict
from hardening.model.snapshot import Privileges, StepRecord
from hardening.model.step import needs_root
from hardening.report.target_values import (
    ControlResultEntry,
    EndpointEntry,
    ReasonEntry,
    ResultEntry,
    Seen,
    SeenState,
    TargetEntry,
    TargetReport,
    ToldEntry,
)
from hardening.report.values import Need, Unexamined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hardening.model.check import Constant
    from hardening.model.evidence import Evidence, Record, Value
    from hardening.model.judgement import TargetJudgement
    from hardening.model.result import Reason, Result
    from hardening.model.snapshot import EndpointRecord, Snapshot
    from hardening.probes.kind import ProbeKind

# A report is to be read; the snapshot keeps the whole evidence.
TEXT_LIMIT = 2_000
NAME_LIMIT = 500
ITEM_LIMIT = 100
REASON_LIMIT = 200

Circumstance = TypeVar("Circumstance", OperatingSystem, Directory, Privileges, StepRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """What an entry needs to know of a check beside its result."""

    severity: Severity
    measures: tuple[str, ...]
    needs_root: bool
    principle: str = ""


def build_check_facts(
    check: Check, measures: tuple[str, ...], kinds: Mapping[str, ProbeKind], principle: str = ""
) -> CheckFacts:
    """Return the facts of a check; ``measures`` are ``<framework>/<id>``, the recommended one first."""
    return CheckFacts(
        severity=check.severity,
        measures=measures,
        principle=principle,
        needs_root=any(
            needs_root(step)
            for probe in check.probes.values()
            if probe.kind in kinds
            for step in kinds[probe.kind].steps([probe])
        ),
    )


def build_target_entry(judgement: TargetJudgement, facts: Mapping[str, CheckFacts]) -> TargetEntry:
    """Return a target's numbers and circumstances."""
    snapshot = judgement.snapshot
    system, directory = snapshot.platform.os, snapshot.platform.directory
    problems = [facet.reason for facet in (system, directory) if isinstance(facet, Unreadable)]
    gaps: dict[Severity, int] = defaultdict(int)
    principles = OutcomeTally()
    for result in judgement.results:
        principles.add(facts[result.check].principle, result.outcome)
        if result.outcome is Outcome.FAIL and not result.waivers:
            gaps[facts[result.check].severity] += 1
    return TargetEntry(
        name=snapshot.target,
        reached=snapshot.reached,
        system=_cut_texts(system) if isinstance(system, OperatingSystem) else ABSENT,
        directory=_cut_texts(directory) if isinstance(directory, Directory) else ABSENT,
        platform_problem="; ".join(problems)[:TEXT_LIMIT],
        endpoints=tuple(_endpoint_entry(endpoint) for endpoint in snapshot.endpoints),
        privileges=_cut_texts(snapshot.privileges),
        labels=snapshot.labels,
        baselines=tuple(str(reference) for reference in snapshot.baselines),
        counts=judgement.counts,
        gaps=gaps,
        principles={name: counts for name, counts in sorted(principles.counts().items()) if name},
        time=snapshot.time,
        duration_ms=snapshot.duration_ms,
        clock_difference=snapshot.target_time - snapshot.time if isinstance(snapshot.target_time, int) else ABSENT,
        steps=tuple(_cut_texts(step) for step in snapshot.steps),
        problems=tuple(problem[:TEXT_LIMIT] for problem in judgement.problems),
        place=snapshot.place,
    )


def _cut_texts(value: Circumstance) -> Circumstance:
    """Return the same with its texts cut: an answer of a target may be as long as it likes."""
    texts = {field.name: getattr(value, field.name) for field in fields(value)}
    cut: Any = {
        name: text[:NAME_LIMIT]
        for name, text in texts.items()
        if isinstance(text, str) and not isinstance(text, StrEnum)
    }
    return replace(value, **cut)


def _endpoint_entry(endpoint: EndpointRecord) -> EndpointEntry:
    return EndpointEntry(
        channel=endpoint.channel,
        address=endpoint.address,
        failure=endpoint.failure[:TEXT_LIMIT],
        remedy=endpoint.remedy[:TEXT_LIMIT],
        connection=dict(_known_values(endpoint.connection)),
    )


def _known_values(evidence: Evidence) -> Iterator[tuple[str, Constant]]:
    for name, field in evidence.items():
        if isinstance(field, Known):
            yield name, _shorten(field.value)[0]


def build_target_report(
    judgement: TargetJudgement, entry: TargetEntry, facts: Mapping[str, CheckFacts]
) -> TargetReport:
    """Return a target with its results, sorted by id, and the state of each control."""
    return TargetReport(
        entry=entry,
        results=tuple(
            _result_entry(result, facts[result.check]) for result in sorted(judgement.results, key=lambda each: each.id)
        ),
        controls=tuple(
            ControlResultEntry(
                target=judgement.snapshot.target,
                baseline=str(control.baseline),
                control=control.control.id,
                state=control.state,
                results=control.results,
            )
            for control in judgement.controls
        ),
    )


def _result_entry(result: Result, facts: CheckFacts) -> ResultEntry:
    reasons = sorted(result.reasons, key=lambda reason: not reason.decisive)
    return ResultEntry(
        id=result.id,
        target=result.target,
        check=result.check,
        check_version=result.check_version,
        outcome=result.outcome,
        severity=facts.severity,
        note=result.note[:TEXT_LIMIT],
        measures=facts.measures,
        parameters=result.parameters,
        reasons=tuple(_reason_entry(reason) for reason in reasons[:REASON_LIMIT]),
        reasons_omitted=max(0, len(reasons) - REASON_LIMIT),
        failed_keys=tuple(key[:TEXT_LIMIT] for key in result.failed_keys),
        failed_keys_omitted=result.failed_keys_omitted,
        waivers=result.waivers,
    )


def _reason_entry(reason: Reason) -> ReasonEntry:
    return ReasonEntry(
        field=reason.field,
        type="" if isinstance(reason.type, Absent) else reason.type.value,
        key=reason.key[:TEXT_LIMIT],
        operator=reason.operator,
        expected=reason.expected,
        seen=build_seen(reason.actual),
        verdict=reason.verdict,
        negated=reason.negated,
        decisive=reason.decisive,
        told=tuple(
            ToldEntry(field=each.name, type=each.type.value, seen=build_seen(each.actual)) for each in reason.told
        ),
    )


def build_seen(field: Field) -> Seen:
    """Return a field as a report shows it: long values shortened, with how much was left out."""
    place = field.place[:TEXT_LIMIT]
    match field:
        case Known(value):
            shown, omitted = _shorten(value)
            return Seen(state=SeenState.KNOWN, value=shown, place=place, omitted=omitted)
        case Absent():
            return Seen(state=SeenState.ABSENT, place=place)
        case Unreadable(reason):
            return Seen(state=SeenState.UNREADABLE, reason=reason[:TEXT_LIMIT], place=place)
        case Partial(items, reason):
            shown, omitted = _shorten(items)
            return Seen(state=SeenState.PARTIAL, value=shown, reason=reason[:TEXT_LIMIT], place=place, omitted=omitted)


def _shorten(value: Value) -> tuple[Constant, int]:
    if isinstance(value, str):
        return value[:TEXT_LIMIT], max(0, len(value) - TEXT_LIMIT)
    if isinstance(value, tuple):
        items = tuple((item if isinstance(item, str) else _record_text(item)) for item in value[:ITEM_LIMIT])
        return tuple(item[:TEXT_LIMIT] for item in items), max(0, len(value) - ITEM_LIMIT)
    return value, 0


def _record_text(record: Record) -> str:
    return " ".join(f"{name}={_shorten(field.value)[0]}" for name, field in record.items() if isinstance(field, Known))


def build_unexamined(judgement: TargetJudgement, facts: Mapping[str, CheckFacts]) -> tuple[Unexamined, ...]:
    """Return the checks of one target that ended in error, grouped by what it takes to examine them."""
    snapshot = judgement.snapshot
    groups: dict[tuple[Need, str], list[str]] = defaultdict(list)
    for result in judgement.results:
        if result.outcome is Outcome.ERROR:
            groups[_need(result, snapshot, facts[result.check])].append(result.check)
    return tuple(
        Unexamined(
            target=snapshot.target,
            need=need,
            reason=reason,
            remedy=snapshot.privileges.remedy if need is Need.ROOT else "",
            worst=_worst(checks, facts),
            checks=tuple(sorted(checks)),
        )
        for (need, reason), checks in groups.items()
    )


def _need(result: Result, snapshot: Snapshot, facts: CheckFacts) -> tuple[Need, str]:
    if facts.needs_root and not snapshot.privileges.root:
        return Need.ROOT, snapshot.privileges.refused
    for reason in result.reasons:
        if reason.decisive and reason.verdict is Verdict.UNREADABLE and isinstance(reason.actual, Unreadable | Partial):
            return Need.ANSWER, reason.actual.reason[:TEXT_LIMIT]
    return Need.ANSWER, result.note[:TEXT_LIMIT]


def _worst(checks: Sequence[str], facts: Mapping[str, CheckFacts]) -> Severity:
    return min((facts[check].severity for check in checks), key=lambda severity: severity.rank)
