"""The gate: from a whole scan to an exit status with the lines that explain it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from hardening.model.check import Check, Outcome, Severity
from hardening.model.comparison import Change, ChangeKind
from hardening.model.evidence import ABSENT, Absent
from hardening.model.gate import Gate, GateCause, GateLine
from hardening.model.judgement import Counts, TargetJudgement

OPEN = 0
INCOMPLETE = 3
CLOSED = 10


class OnIncomplete(StrEnum):
    """What an incomplete scan does to the exit status."""

    FAIL = "fail"
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    """What a scan is held to. ``fail_on`` is absent for "never"; minimums are shares of 1, absent if not asked for."""

    fail_on: Severity | Absent = Severity.HIGH
    min_compliance: Fraction | Absent = ABSENT
    min_coverage: Fraction | Absent = ABSENT
    on_incomplete: OnIncomplete = OnIncomplete.FAIL


class GateTally:
    """Adds up judgements for the gate; none is kept.

    Errors of a target that was not reached count for coverage, and else as one target that was not reached.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self.counts = Counts()
        self.gaps: Counter[Severity] = Counter()
        self.errors: Counter[Severity] = Counter()
        self.not_reached = 0
        self.with_problems = 0

    def add(self, judgement: TargetJudgement) -> None:
        """Take in one target."""
        self.counts += judgement.counts
        reached = judgement.snapshot.reached
        self.not_reached += not reached
        self.with_problems += reached and bool(judgement.problems)
        for result in judgement.results:
            severity = self._checks[result.check].severity
            self.gaps[severity] += result.outcome is Outcome.FAIL and not result.waivers
            self.errors[severity] += reached and result.outcome is Outcome.ERROR


def judge_gate(
    tally: GateTally, options: GateOptions, changes: tuple[Change, ...] | Absent = ABSENT, *, same_scope: bool = False
) -> Gate:
    """Return the exit status of a scan: 10 wins over 3, and all causes are told.

    With ``changes`` since an earlier scan only gaps that opened close the gate. What vanished counts as not comparable
    with ``same_scope``; else it was not asked for now, and is nobody's business.
    """
    news = _News(changes, same_scope=same_scope)
    closing = tuple(_closing_lines(tally, options, news))
    incomplete = (*_incomplete_lines(tally, options), *news.incomplete_lines(options))
    if not incomplete and not closing and not tally.counts.passed + tally.counts.failed:
        incomplete = (GateLine(cause=GateCause.NOTHING_EXAMINED, exit_code=INCOMPLETE),)
    if closing:
        return Gate(CLOSED, (*closing, *incomplete, *news.told))
    if incomplete and options.on_incomplete is OnIncomplete.FAIL:
        return Gate(INCOMPLETE, (*incomplete, *news.told))
    return Gate(OPEN, (*incomplete, *news.told))


class _News:
    """What the gate makes of changes since an earlier scan; without one, nothing."""

    def __init__(self, changes: tuple[Change, ...] | Absent, *, same_scope: bool) -> None:
        self.is_asked = not isinstance(changes, Absent)
        self._changes = () if isinstance(changes, Absent) else changes
        self._less = {ChangeKind.NOT_COMPARABLE} | ({ChangeKind.VANISHED} if same_scope else set())

    @property
    def opened(self) -> Counter[Severity]:
        return Counter(change.severity for change in self._changes if change.kind is ChangeKind.OPENED)

    @property
    def told(self) -> tuple[GateLine, ...]:
        """Lines that decide nothing."""
        count = sum(
            change.kind is ChangeKind.BY_CONTENT or (change.kind is ChangeKind.APPEARED and bool(change.check))
            for change in self._changes
        )
        return (GateLine(cause=GateCause.BY_CONTENT, exit_code=OPEN, count=count),) if count else ()

    def incomplete_lines(self, options: GateOptions) -> Iterator[GateLine]:
        """Yield a line if something was examined with less: whole targets always, results from the level on."""
        level = options.fail_on
        count = sum(
            change.kind in self._less
            and (not change.check or (not isinstance(level, Absent) and change.severity.rank <= level.rank))
            for change in self._changes
        )
        if count:
            yield GateLine(cause=GateCause.NOT_COMPARABLE, exit_code=INCOMPLETE, count=count)


def _closing_lines(tally: GateTally, options: GateOptions, news: _News) -> Iterator[GateLine]:
    if not isinstance(options.fail_on, Absent):
        cause = GateCause.NEW_GAPS if news.is_asked else GateCause.GAPS
        gaps = _count_from(options.fail_on, news.opened if news.is_asked else tally.gaps)
        if gaps:
            yield GateLine(cause=cause, exit_code=CLOSED, count=gaps, level=options.fail_on)
    compliance = tally.counts.compliance_with_waivers
    if isinstance(options.min_compliance, Absent) or isinstance(compliance, Absent):
        return
    if compliance < options.min_compliance:
        yield GateLine(cause=GateCause.COMPLIANCE, exit_code=CLOSED, actual=compliance, minimum=options.min_compliance)


def _incomplete_lines(tally: GateTally, options: GateOptions) -> Iterator[GateLine]:
    if tally.not_reached:
        yield GateLine(cause=GateCause.NOT_REACHED, exit_code=INCOMPLETE, count=tally.not_reached)
    if tally.with_problems:
        yield GateLine(cause=GateCause.PROBLEMS, exit_code=INCOMPLETE, count=tally.with_problems)
    if not isinstance(options.fail_on, Absent):
        errors = _count_from(options.fail_on, tally.errors)
        if errors:
            yield GateLine(cause=GateCause.ERRORS, exit_code=INCOMPLETE, count=errors, level=options.fail_on)
    if isinstance(options.min_coverage, Absent):
        return
    coverage = tally.counts.coverage
    if isinstance(coverage, Absent) or coverage < options.min_coverage:
        yield GateLine(cause=GateCause.COVERAGE, exit_code=INCOMPLETE, actual=coverage, minimum=options.min_coverage)


def _count_from(level: Severity, counts: Counter[Severity]) -> int:
    return sum(count for severity, count in counts.items() if severity.rank <= level.rank)
