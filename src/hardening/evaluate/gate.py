"""The gate: from a whole scan to an exit status with the lines that explain it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from hardening.model.check import Check, Outcome, Severity
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
            self.gaps[severity] += result.outcome is Outcome.FAIL
            self.errors[severity] += reached and result.outcome is Outcome.ERROR


def judge_gate(tally: GateTally, options: GateOptions) -> Gate:
    """Return the exit status of a scan: 10 wins over 3, and all causes are told."""
    closing = tuple(_closing_lines(tally, options))
    incomplete = tuple(_incomplete_lines(tally, options))
    if not incomplete and not closing and not tally.counts.passed + tally.counts.failed:
        incomplete = (GateLine(cause=GateCause.NOTHING_EXAMINED, exit_code=INCOMPLETE),)
    if closing:
        return Gate(CLOSED, closing + incomplete)
    if incomplete and options.on_incomplete is OnIncomplete.FAIL:
        return Gate(INCOMPLETE, incomplete)
    return Gate(OPEN, incomplete)


def _closing_lines(tally: GateTally, options: GateOptions) -> Iterator[GateLine]:
    if not isinstance(options.fail_on, Absent):
        gaps = _count_from(options.fail_on, tally.gaps)
        if gaps:
            yield GateLine(cause=GateCause.GAPS, exit_code=CLOSED, count=gaps, level=options.fail_on)
    compliance = tally.counts.compliance
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
