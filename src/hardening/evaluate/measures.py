"""From gaps to what to do first: measures and actions, ranked by risk removed ÷ effort.

Both tallies are folds: judgements are added one by one and not kept, only their gaps are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from hardening.model.check import Check, Outcome
from hardening.model.content import Content
from hardening.model.judgement import (
    ActionItem,
    Counts,
    Gap,
    MeasureResult,
    MeasureState,
    OutcomeTally,
    TargetJudgement,
)
from hardening.model.measure import Framework, Measure

EXPOSURE_LABEL = "exposure"
_EXPOSURES = {"internet": 3, "shared": 2, "dmz": 2, "internal": 1}
_LEAST_EXPOSURE = 1


def exposure_of(labels: Mapping[str, str]) -> int:
    """Return what the exposure label of a target counts: internet 3, shared or dmz 2, anything else 1."""
    return _EXPOSURES.get(labels.get(EXPOSURE_LABEL, ""), _LEAST_EXPOSURE)


def build_gaps(judgement: TargetJudgement, checks: Mapping[str, Check]) -> Iterator[Gap]:
    """Yield a gap for each failed result of a target that no waiver covers."""
    exposure = exposure_of(judgement.snapshot.labels)
    for result in judgement.results:
        if result.outcome is Outcome.FAIL and not result.waivers:
            yield Gap(
                result=result.id,
                target=result.target,
                check=result.check,
                severity=checks[result.check].severity,
                exposure=exposure,
            )


def distinct_gaps(results: Iterable[MeasureResult]) -> tuple[Gap, ...]:
    """Return the gaps of several measures, each once, worst first: what totals count."""
    return _worst_first({gap.result: gap for result in results for gap in result.gaps}.values())


class MeasureTally:
    """Adds up judgements for the measures of frameworks; a person answers for ``attested``, ``<framework>/<id>``."""

    def __init__(
        self, frameworks: Iterable[Framework], checks: Mapping[str, Check], attested: Collection[str] = frozenset()
    ) -> None:
        self._frameworks = tuple(frameworks)
        self._checks = checks
        self._attested = attested
        self._gaps: dict[str, list[Gap]] = defaultdict(list)
        self._outcomes = OutcomeTally()

    def add(self, judgement: TargetJudgement) -> None:
        """Take in one target."""
        for gap in build_gaps(judgement, self._checks):
            self._gaps[gap.check].append(gap)
        for result in judgement.results:
            self._outcomes.add(result.check, result.outcome, waived=bool(result.waivers))

    def results(self) -> tuple[MeasureResult, ...]:
        """Return every measure, framework by framework, in each by rank, then risk, then id."""
        counts = self._outcomes.counts()
        return tuple(
            result
            for framework in self._frameworks
            for result in sorted(
                (self._result(framework.id, measure, counts) for measure in framework.measures),
                key=lambda result: (-result.rank, -result.risk, result.measure.id),
            )
        )

    def _result(self, framework: str, measure: Measure, by_check: Mapping[str, Counts]) -> MeasureResult:
        checks = tuple(dict.fromkeys(link.check for link in measure.checks))
        counts = sum((by_check.get(check, Counts()) for check in checks), Counts())
        gaps = _worst_first(gap for check in checks for gap in self._gaps.get(check, ()))
        answered = not measure.verifiable and f"{framework}/{measure.id}" in self._attested
        state = MeasureState.ATTESTED if answered else _state(counts)
        return MeasureResult(framework=framework, measure=measure, state=state, gaps=gaps, counts=counts)


class ActionTally:
    """Adds up judgements for the list of work: every gap stands in exactly one item."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._gaps: dict[str, list[Gap]] = defaultdict(list)

    def add(self, judgement: TargetJudgement) -> None:
        """Take in one target."""
        for gap in build_gaps(judgement, self._content.checks):
            self._gaps[self._content.checks[gap.check].action].append(gap)

    def results(self) -> tuple[ActionItem, ...]:
        """Return one item for each action that closes gaps, by rank, then risk, then id."""
        items = [
            ActionItem(action=self._content.actions[action], measure=self._measure(gaps), gaps=_worst_first(gaps))
            for action, gaps in self._gaps.items()
        ]
        return tuple(sorted(items, key=lambda item: (-item.rank, -item.risk, item.action.id)))

    def _measure(self, gaps: Iterable[Gap]) -> str:
        """Return the recommended measure that most of the risk belongs to; the first id among equals."""
        risks: dict[str, int] = defaultdict(int)
        for gap in gaps:
            risks[self._content.recommended.get(gap.check, "")] += gap.risk
        return min(risks, key=lambda measure: (-risks[measure], measure))


def _state(counts: Counts) -> MeasureState:
    if counts.gaps:
        return MeasureState.GAPS
    return MeasureState.NO_GAPS if counts.passed or counts.waived else MeasureState.NOT_EXAMINED


def _worst_first(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    return tuple(sorted(gaps, key=lambda gap: (-gap.risk, gap.severity.rank, gap.target, gap.result)))
