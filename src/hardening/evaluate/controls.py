"""One target: every check of its baselines once, and the controls that rest on the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hardening.evaluate.judge import KindFields, describe_failure, judge_check, resolve_parameters, result_id
from hardening.model.baseline import Baseline, BaselineReference, Control, controls_at
from hardening.model.check import Constant, Outcome
from hardening.model.content import Content
from hardening.model.evidence import ABSENT, Absent
from hardening.model.judgement import ControlResult, ControlState, TargetJudgement
from hardening.model.result import Origin, ParameterValue, Result
from hardening.model.snapshot import Snapshot

Overrides = Mapping[str, Mapping[str, ParameterValue]]
"""Values that a site or a target sets, by check id, then parameter name."""

_NO_OVERRIDES: Overrides = {}
_NOTHING: Mapping[str, Constant] = {}


@dataclass(slots=True)
class _Bench:
    """The results of one target so far, by id: equal checks with equal parameters are judged once."""

    snapshot: Snapshot
    content: Content
    kinds: KindFields
    overrides: Overrides
    moment: int | Absent
    results: dict[str, Result] = field(default_factory=dict)

    def judge(self, baseline: Baseline, control: Control, check: str) -> Result:
        chosen = self.content.checks[check]
        parameters = resolve_parameters(chosen, self._layers(baseline, control, check))
        name = result_id(self.snapshot.target, chosen, parameters)
        if name not in self.results:
            self.results[name] = judge_check(chosen, self.snapshot, parameters, kinds=self.kinds, moment=self.moment)
        return self.results[name]

    def _layers(
        self, baseline: Baseline, control: Control, check: str
    ) -> Iterator[tuple[Origin, str, Mapping[str, Constant]]]:
        # Loading has worked what an heir sets into the controls it inherits, so the control has the last word.
        yield Origin.BASELINE, baseline.id, baseline.parameters.get(check, _NOTHING)
        yield Origin.BASELINE, baseline.id, control.parameters.get(check, _NOTHING)
        yield from self._overrides(check, Origin.SITE)
        yield Origin.TARGET, self.snapshot.target, self.snapshot.parameters.get(check, _NOTHING)
        yield from self._overrides(check, Origin.TARGET)

    def _overrides(self, check: str, origin: Origin) -> Iterator[tuple[Origin, str, Mapping[str, Constant]]]:
        for name, given in self.overrides.get(check, {}).items():
            if given.origin is origin:
                yield origin, given.source, {name: given.value}


def judge_target(
    snapshot: Snapshot,
    content: Content,
    references: Sequence[BaselineReference] = (),
    *,
    kinds: KindFields,
    only_checks: frozenset[str] = frozenset(),
    overrides: Overrides = _NO_OVERRIDES,
    moment: int | Absent = ABSENT,
) -> TargetJudgement:
    """Return everything judged of a target, results sorted by check.

    Without ``references`` the snapshot's own baselines count, without ``only_checks`` all their checks. Of
    ``overrides``, those of origin site come before the parameters in the snapshot, those of origin target after.
    With ``only_checks`` a control of which not every check was chosen never passes. Support tables are held against
    ``moment``, without one against the time of the visit.
    """
    bench = _Bench(snapshot, content, kinds, overrides, moment)
    controls: list[ControlResult] = []
    problems = list(_endpoint_problems(snapshot))
    chosen = tuple(dict.fromkeys(references or snapshot.baselines))
    if not chosen:
        problems.append("no baseline was asked for; name one with -b or in the inventory")
    for reference in chosen:
        baseline = content.baselines.get(reference.id)
        if baseline is None:
            problems.append(f"baseline {reference.id} does not exist in this content; name another with -b")
            continue
        judged = [
            _judge_control(bench, baseline, reference, control, only_checks)
            for control in controls_at(baseline, reference.level)
            if not only_checks or not only_checks.isdisjoint(control.checks)
        ]
        controls.extend(judged)
        outcomes = {bench.results[name].outcome for control in judged for name in control.results}
        if outcomes == {Outcome.NOT_APPLICABLE} and not only_checks:
            problems.append(f"nothing in baseline {reference} applies to this target; choose one for its platform")
    return TargetJudgement(
        snapshot=snapshot,
        results=tuple(sorted(bench.results.values(), key=lambda result: (result.check, result.id))),
        controls=tuple(controls),
        problems=tuple(problems),
    )


def _judge_control(
    bench: _Bench, baseline: Baseline, reference: BaselineReference, control: Control, only_checks: frozenset[str]
) -> ControlResult:
    names = [name for name in dict.fromkeys(control.checks) if not only_checks or name in only_checks]
    results = [bench.judge(baseline, control, name) for name in names]
    complete = len(names) == len(set(control.checks))
    return ControlResult(
        baseline=reference,
        control=control,
        state=_state(control, {result.outcome for result in results}, complete=complete),
        results=tuple(result.id for result in results),
        complete=complete,
    )


def _state(control: Control, outcomes: set[Outcome], *, complete: bool) -> ControlState:
    if not outcomes:
        return ControlState.UNCOVERED if isinstance(control.manual, Absent) else ControlState.MANUAL
    if Outcome.FAIL in outcomes:
        return ControlState.FAIL
    if Outcome.ERROR in outcomes or not complete:
        return ControlState.ERROR
    return ControlState.PASS if Outcome.PASS in outcomes else ControlState.NOT_APPLICABLE


def _endpoint_problems(snapshot: Snapshot) -> Iterator[str]:
    if not snapshot.endpoints:
        yield describe_failure(snapshot)
    for endpoint in snapshot.endpoints:
        if endpoint.failure:
            remedy = f"; {endpoint.remedy}" if endpoint.remedy else ""
            yield f"{endpoint.address or endpoint.channel}: {endpoint.failure}{remedy}"
