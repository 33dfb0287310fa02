"""One check on one target: does it apply, was everything asked, and what did the evidence come to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hardening.evaluate.logic import evaluate_node
from hardening.evaluate.operators import TargetTime
from hardening.model.check import Check, Constant, Outcome
from hardening.model.evidence import ABSENT, Absent, Evidence, FieldSpec, Unreadable
from hardening.model.platform import Directory, DirectoryKind, OperatingSystem, Platform, PlatformCondition
from hardening.model.result import Origin, ParameterValue, Reason, Result, Verdict
from hardening.model.snapshot import Snapshot

KindFields = Mapping[str, Mapping[str, FieldSpec]]
"""What each kind of probe declares, by name of the kind."""

_NO_FIELDS: Mapping[str, FieldSpec] = {}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a check came to on some evidence, with reasons."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    note: str = ""
    failed_keys: tuple[str, ...] = ()
    failed_keys_omitted: int = 0


def judge_check(
    check: Check,
    snapshot: Snapshot,
    parameters: Mapping[str, ParameterValue],
    *,
    kinds: KindFields,
    moment: int | Absent = ABSENT,
) -> Result:
    """Return the result of a check on a target; ``parameters`` are those in force.

    Support tables are held against ``moment``, without one against the time of the visit.

    Whatever could not be looked at is an error: a target that was not reached, an unknown platform, a probe that was
    not asked. A check without conditions asks nothing of the platform: where it is decided by what was seen of a target
    that was not reached, that counts.
    """
    day = snapshot.time if isinstance(moment, Absent) else moment
    judged = _judge(check, snapshot, parameters, kinds, day)
    return Result(
        id=result_id(snapshot.target, check, parameters),
        target=snapshot.target,
        check=check.id,
        check_version=check.version,
        outcome=judged.outcome,
        reasons=judged.reasons,
        parameters=parameters,
        note=judged.note,
        failed_keys=judged.failed_keys,
        failed_keys_omitted=judged.failed_keys_omitted,
    )


def judge_evidence(
    check: Check,
    evidence: Mapping[str, Evidence],
    parameters: Mapping[str, Constant],
    *,
    fields: Mapping[str, Mapping[str, FieldSpec]],
    time: TargetTime,
    moment: TargetTime = ABSENT,
) -> Judged:
    """Return what a check comes to where it applies; ``evidence`` and ``fields`` are by its own probe names."""
    guards: tuple[Reason, ...] = ()
    notes: list[str] = []
    if not isinstance(check.only_if, Absent):
        guard = evaluate_node(
            check.only_if,
            evidence,
            parameters,
            fields=fields,
            when_absent=Outcome.ERROR,
            time=time,
            moment=moment,
            guard=True,
        )
        match guard.verdict:
            case Verdict.FALSE:
                return Judged(Outcome.NOT_APPLICABLE, guard.reasons, _join("its only_if does not hold", guard.note))
            case Verdict.ABSENT | Verdict.UNREADABLE:
                return Judged(Outcome.ERROR, guard.reasons, f"its only_if is undecided: {guard.note}")
            case Verdict.TRUE:  # pragma: no branch - the last of a closed union
                notes.append(guard.note)
                guards = tuple(replace(reason, decisive=False) for reason in guard.reasons)
    judged = evaluate_node(
        check.expect, evidence, parameters, fields=fields, when_absent=check.when_absent, time=time, moment=moment
    )
    return Judged(
        judged.outcome,
        (*guards, *judged.reasons),
        _join(judged.note, *notes),
        judged.failed_keys,
        judged.failed_keys_omitted,
    )


def resolve_parameters(
    check: Check, layers: Iterable[tuple[Origin, str, Mapping[str, Constant]]]
) -> Mapping[str, ParameterValue]:
    """Return the value in force of each parameter of a check; later layers win, and each names who set it.

    Names that the check does not have are left out: a snapshot may be older than the check.
    """
    values = {name: ParameterValue(spec.default, Origin.CHECK) for name, spec in check.parameters.items()}
    for origin, source, layer in layers:
        values.update({name: ParameterValue(value, origin, source) for name, value in layer.items() if name in values})
    return values


def result_id(target: str, check: Check, parameters: Mapping[str, ParameterValue]) -> str:
    """Return ``<target>/<check>``, with ``@<8 hex>`` of the parameters that are not the default."""
    changed = {
        name: given.value
        for name, given in parameters.items()
        if name not in check.parameters or given.value != check.parameters[name].default
    }
    if not changed:
        return f"{target}/{check.id}"
    canonical = json.dumps(changed, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"{target}/{check.id}@{hashlib.sha256(canonical.encode()).hexdigest()[:8]}"


def describe_failure(snapshot: Snapshot) -> str:
    """Return in one line why a target was not reached."""
    failures = [endpoint.failure for endpoint in snapshot.endpoints if endpoint.failure]
    return f"not reached: {'; '.join(failures) or 'no endpoint was visited'}"


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _judge(
    check: Check, snapshot: Snapshot, parameters: Mapping[str, ParameterValue], kinds: KindFields, moment: int
) -> Judged:
    if not snapshot.reached:
        judged = _judge_probes(check, snapshot, parameters, kinds, moment)
        if check.applies_to or judged.outcome is Outcome.ERROR:
            return Judged(Outcome.ERROR, note=describe_failure(snapshot))
        return judged
    out_of_scope = _judge_platform(check.applies_to, snapshot.platform)
    if not isinstance(out_of_scope, Absent):
        return out_of_scope
    return _judge_probes(check, snapshot, parameters, kinds, moment)


def _judge_probes(
    check: Check, snapshot: Snapshot, parameters: Mapping[str, ParameterValue], kinds: KindFields, moment: int
) -> Judged:
    missing = sorted(f"{name} ({probe.kind})" for name, probe in check.probes.items() if probe not in snapshot.evidence)
    if missing:
        return Judged(Outcome.ERROR, note=f"not asked: {', '.join(missing)}")
    return judge_evidence(
        check,
        {name: snapshot.evidence[probe] for name, probe in check.probes.items()},
        {name: given.value for name, given in parameters.items()},
        fields={name: kinds.get(probe.kind, _NO_FIELDS) for name, probe in check.probes.items()},
        time=snapshot.target_time,
        moment=moment,
    )


def _judge_platform(conditions: tuple[PlatformCondition, ...], platform: Platform) -> Judged | Absent:
    """Return why a check cannot be judged on a platform; absent if it applies, as it does without conditions."""
    if not conditions:
        return Absent()
    verdicts = [_judge_condition(condition, platform) for condition in conditions]
    if any(isinstance(verdict, Absent) for verdict in verdicts):
        return Absent()
    # One that nobody can tell might be the one that holds.
    return next(
        (verdict for verdict in verdicts if isinstance(verdict, Judged) and verdict.outcome is Outcome.ERROR),
        verdicts[0],
    )


def _judge_condition(condition: PlatformCondition, platform: Platform) -> Judged | Absent:
    """Return why one condition does not hold; absent if it does. What is not there beats what is not known."""
    facets = []
    if condition.directory:
        facets.append(_judge_directory(condition, platform.directory))
    if condition.asks_for_system or not condition.directory:
        facets.append(_judge_system(condition, platform.os))
    refusals = [facet for facet in facets if isinstance(facet, Judged)]
    return next(iter(sorted(refusals, key=lambda refusal: refusal.outcome is Outcome.ERROR)), Absent())


def _judge_directory(condition: PlatformCondition, directory: Directory | Absent | Unreadable) -> Judged | Absent:
    match directory:
        case Unreadable(reason=reason):
            return Judged(Outcome.ERROR, note=f"unknown platform: {reason}")
        case Absent():
            return Judged(Outcome.ERROR, note="unknown platform: no directory answered")
        case Directory(kind=DirectoryKind.OTHER):
            return Judged(Outcome.ERROR, note="unknown platform: a directory of a kind that is not known here")
        case Directory(kind=kind) if kind in condition.directory:
            return Absent()
        case Directory(kind=kind):
            return Judged(Outcome.NOT_APPLICABLE, note=f"not for this platform ({kind})")


def _judge_system(condition: PlatformCondition, system: OperatingSystem | Absent | Unreadable) -> Judged | Absent:
    match system:
        case Unreadable(reason=reason):
            return Judged(Outcome.ERROR, note=f"unknown platform: {reason}")
        case Absent():
            return Judged(Outcome.ERROR, note="unknown platform: no operating system answered")
        case OperatingSystem():
            if condition.holds_for(system):
                return Absent()
            if _might_hold(condition, system):
                return Judged(Outcome.ERROR, note="unknown platform: the system does not say what it is")
            return Judged(Outcome.NOT_APPLICABLE, note=f"not for this platform ({system.title or system.distribution})")


def _might_hold(condition: PlatformCondition, system: OperatingSystem) -> bool:
    """Say whether a condition could hold if the system told the family or distribution that it keeps to itself."""
    guess = replace(
        system,
        family=system.family or condition.os_family,
        distribution=system.distribution or next(iter(condition.distribution), ""),
        role=system.role or next(iter(condition.role), ""),
        installation=system.installation or next(iter(condition.installation), ""),
    )
    return condition.holds_for(guess)
