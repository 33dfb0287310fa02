"""What judging came to: per target, per control, per measure, and in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from hardening.model.baseline import BaselineReference, Control
from hardening.model.check import Action, Outcome, Severity
from hardening.model.evidence import ABSENT, Absent
from hardening.model.measure import Measure
from hardening.model.result import Result
from hardening.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many results had which outcome; ``waived`` are those of the failed that a waiver covers."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    not_applicable: int = 0
    waived: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            passed=self.passed + other.passed,
            failed=self.failed + other.failed,
            errors=self.errors + other.errors,
            not_applicable=self.not_applicable + other.not_applicable,
            waived=self.waived + other.waived,
        )

    @classmethod
    def of(cls, outcome: Outcome, *, waived: bool = False) -> Counts:
        """Return the counts of one result."""
        match outcome:
            case Outcome.PASS:
                return cls(passed=1)
            case Outcome.FAIL:
                return cls(failed=1, waived=int(waived))
            case Outcome.ERROR:
                return cls(errors=1)
            case Outcome.NOT_APPLICABLE:
                return cls(not_applicable=1)

    def times(self, number: int) -> Counts:
        """Return the counts of so many results that are counted alike."""
        return Counts(
            passed=self.passed * number,
            failed=self.failed * number,
            errors=self.errors * number,
            not_applicable=self.not_applicable * number,
            waived=self.waived * number,
        )

    @property
    def compliance(self) -> Fraction | Absent:
        """Return pass / (pass + fail); absent when nothing was examined."""
        examined = self.passed + self.failed
        return Fraction(self.passed, examined) if examined else Absent()

    @property
    def compliance_with_waivers(self) -> Fraction | Absent:
        """Return (pass + waived) / (pass + fail); absent when nothing was examined."""
        examined = self.passed + self.failed
        return Fraction(self.passed + self.waived, examined) if examined else Absent()

    @property
    def gaps(self) -> int:
        """How many fails no waiver covers."""
        return self.failed - self.waived

    @property
    def coverage(self) -> Fraction | Absent:
        """Return (pass + fail) / (pass + fail + error); absent when nothing applies."""
        applicable = self.passed + self.failed + self.errors
        return Fraction(self.passed + self.failed, applicable) if applicable else Absent()


class OutcomeTally:
    """Counts by name, taken in one result at a time."""

    def __init__(self) -> None:
        self._numbers: Counter[tuple[str, Outcome, bool]] = Counter()

    def add(self, name: str, outcome: Outcome, *, waived: bool = False) -> None:
        """Take in one result."""
        self._numbers[name, outcome, waived] += 1

    def counts(self) -> dict[str, Counts]:
        """Return the counts of each name that has any, in the order in which they came."""
        found: dict[str, Counts] = {}
        for (name, outcome, waived), number in self._numbers.items():
            found[name] = found.get(name, Counts()) + Counts.of(outcome, waived=waived).times(number)
        return found


class ControlState(StrEnum):
    """What became of a control on one target; fail takes precedence, then error, and so on."""

    FAIL = "fail"
    ERROR = "error"
    WAIVED = "waived"
    PASS = "pass"  # noqa: S105 - a state, no password
    NOT_APPLICABLE = "not_applicable"
    MANUAL = "manual"
    UNCOVERED = "uncovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """One control of one baseline on one target; ``results`` are the ids of the results it rests on.

    ``complete`` is false where not each of its checks was asked for.
    """

    baseline: BaselineReference
    control: Control
    state: ControlState
    results: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetJudgement:
    """Everything judged of one target. ``problems`` are errors of the target as a whole, one line each."""

    snapshot: Snapshot
    results: tuple[Result, ...]
    controls: tuple[ControlResult, ...]
    problems: tuple[str, ...] = ()

    @property
    def counts(self) -> Counts:
        """How many results had which outcome."""
        tally = OutcomeTally()
        for result in self.results:
            tally.add("", result.outcome, waived=bool(result.waivers))
        return tally.counts().get("", Counts())


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A failed check on a target, with what ranking needs. ``exposure`` is 3 internet, 2 shared or dmz, 1 internal.

    ``first_seen`` is the start of the first scan since which it has stood open, as far as scans are kept; absent
    without a history.
    """

    result: str
    target: str
    check: str
    severity: Severity
    exposure: int
    first_seen: int | Absent = ABSENT

    @property
    def risk(self) -> int:
        """Severity weight times exposure."""
        return self.severity.weight * self.exposure


class MeasureState(StrEnum):
    """What can be said of a measure; never "fulfilled". ``attested`` is what a named person says, and no scan."""

    GAPS = "gaps"
    NO_GAPS = "no_gaps"
    ATTESTED = "attested"
    NOT_EXAMINED = "not_examined"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureResult:
    """A measure over all targets. ``gaps`` are those whose checks speak to it, worst first.

    ``counts`` are of all results of its checks. ``rank`` is risk removed ÷ effort points (1, 2, 4, 8, 16).
    """

    framework: str
    measure: Measure
    state: MeasureState
    gaps: tuple[Gap, ...]
    counts: Counts

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets that have gaps, sorted."""
        return tuple(sorted({gap.target for gap in self.gaps}))

    @property
    def risk(self) -> int:
        """Risk that closing all its gaps removes."""
        return sum(gap.risk for gap in self.gaps)

    @property
    def rank(self) -> Fraction:
        """Risk removed ÷ effort."""
        return Fraction(self.risk, effort_points(self.measure.effort))


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionItem:
    """One item of work: an action with the gaps it closes, worst first. ``measure`` is their recommended measure."""

    action: Action
    measure: str
    gaps: tuple[Gap, ...]

    @property
    def risk(self) -> int:
        """Risk that the item removes."""
        return sum(gap.risk for gap in self.gaps)

    @property
    def rank(self) -> Fraction:
        """Risk removed ÷ effort."""
        return Fraction(self.risk, effort_points(self.action.effort))


def effort_points(effort: int) -> int:
    """Return what an effort of 1 to 5 counts in ranking: 1, 2, 4, 8 or 16."""
    return 1 << (effort - 1)
