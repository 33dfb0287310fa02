"""What a report says, as values that a JSON report holds in full: ids and texts in every language, no layout.

The field names here are the member names of the JSON report; ``report/codec.py`` carries them over one to one.
What is said of one target stands in ``target_values.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from hardening.model.attestation import Answer, AttestationState
from hardening.model.baseline import Level
from hardening.model.check import ActionMeans, Severity
from hardening.model.evidence import ABSENT, Absent
from hardening.model.judgement import ControlState, Counts, Gap, MeasureState, effort_points
from hardening.model.measure import Basis, MeasureGroup
from hardening.model.texts import Texts
from hardening.model.waiver import WaiverState, write_day
from hardening.report.paths import ControlPaths
from hardening.report.target_values import TargetEntry, TargetReport

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Gate:
    """What the scan was held to: its exit code and one line for each thing that decided it."""

    exit_code: int
    lines: tuple[Texts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanInfo:
    """When, with what and by which command a scan was made; times are whole seconds since 1970-01-01 UTC.

    ``as_of`` is the moment that waivers count at: the start of the scan, unless another was asked for.
    ``options`` are the choices worth telling beside the command, by name; ``gate`` is ``Absent()`` if none was asked.
    """

    started: int
    finished: int
    tool_version: str
    content_digest: str
    plan_digest: str
    as_of: int = 0
    command: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    gate: Gate | Absent = ABSENT


@dataclass(frozen=True, slots=True)
class MeasureLink:
    """A measure that a check speaks to, and on what that rests."""

    framework: str
    measure: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEntry:
    """What a report says about a check; the first of ``measures`` is its recommended measure."""

    id: str
    title: Texts
    severity: Severity
    rationale: Texts
    remediation: Texts
    danger: Texts | Absent
    action: str
    references: tuple[str, ...]
    version: str
    measures: tuple[MeasureLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkEntry:
    """A catalogue of measures and its groups, in the order of its source."""

    id: str
    title: Texts
    version: str
    publisher: Texts
    source: str
    note: Texts | Absent
    groups: tuple[MeasureGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureLine:
    """A measure over all targets; ``gaps`` are result ids, worst first, and ``risk`` is what closing them removes.

    ``cost`` is what the site says it costs, in kroner.
    """

    framework: str
    id: str
    group: str
    title: Texts
    carrier: str
    effort: int
    verifiable: bool
    state: MeasureState
    counts: Counts
    gaps: tuple[str, ...]
    targets: tuple[str, ...]
    risk: int
    cost: int | Absent = ABSENT

    @property
    def rank(self) -> Fraction:
        """Risk removed ÷ effort points."""
        return Fraction(self.risk, effort_points(self.effort))


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionLine:
    """An item of work: what an admin does once, and the gaps (result ids, worst first) that it closes."""

    id: str
    title: Texts
    effort: int
    how: ActionMeans
    measure: str
    gaps: tuple[str, ...]
    targets: tuple[str, ...]
    risk: int
    cost: int | Absent = ABSENT

    @property
    def rank(self) -> Fraction:
        """Risk removed ÷ effort points."""
        return Fraction(self.risk, effort_points(self.effort))


@dataclass(frozen=True, slots=True)
class SeverityLine:
    """The results of all checks of one severity."""

    severity: Severity
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipleLine:
    """The results of all checks whose recommended measure belongs to one principle."""

    framework: str
    id: str
    title: Texts
    counts: Counts
    risk: int


class Need(StrEnum):
    """What it takes to examine what could not be examined."""

    ROOT = "root"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexamined:
    """Checks of one target that could not be examined for one reason; ``worst`` is the highest severity of them."""

    target: str
    need: Need
    reason: str
    remedy: str
    worst: Severity
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unreached:
    """A target that gave no answer, and why."""

    target: str
    address: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryServers:
    """The servers in use that the directory of a target knows, and those of them that this scan did not see.

    ``hosts`` are the first hundred of the latter; ``complete`` says that the directory showed all its computers.
    """

    target: str
    servers: int
    unseen: int
    hosts: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverLine:
    """A waiver of the site, its state at the moment of the scan, and how many results it covers.

    ``ends`` is the first second after its last day; ``ends_soon`` says that it counts, but for 30 days at most.
    """

    id: str
    check: str
    state: WaiverState
    reason: str
    owner: str
    approver: str
    ticket: str
    compensating: str
    starts: int
    ends: int
    ends_soon: bool
    results: int

    @property
    def last_day(self) -> str:
        """The last day on which it counts, in UTC, as 2026-12-31."""
        return write_day(self.ends - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationLine:
    """What a named person answers for a measure that no setting can settle, and its state at the moment of the scan.

    ``made`` is the first second of its day, ``ends`` the first second after its last day; ``ends_soon`` says that it
    counts, but for 30 days at most. Only one that is valid counts.
    """

    framework: str
    measure: str
    title: Texts
    state: AttestationState
    answer: Answer
    statement: str
    person: str
    evidence: str
    made: int
    ends: int
    ends_soon: bool

    @property
    def first_day(self) -> str:
        """The day on which it was answered, in UTC, as 2026-12-31."""
        return write_day(self.made)

    @property
    def last_day(self) -> str:
        """The last day on which it counts, in UTC, as 2026-12-31."""
        return write_day(self.ends - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlEntry:
    """A control over all targets; ``targets`` counts them by state and ``state`` is the one that takes precedence."""

    id: str
    title: Texts
    level: Level
    checks: tuple[str, ...]
    manual: Texts | Absent
    uncovered: Texts | Absent
    state: ControlState
    targets: Mapping[ControlState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineEntry:
    """A baseline as far as it was asked for, with its controls in its own order."""

    id: str
    level: Level
    title: Texts
    version: str
    targets: int
    controls: tuple[ControlEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlCoverage:
    """How many controls the scan says nothing about: questions for people, uncovered ones, and not examined anywhere.

    ``partly`` were examined on some targets only; they are not counted in ``not_examined``.
    """

    total: int
    manual: int
    uncovered: int
    unseen: int
    partly: int

    @property
    def not_examined(self) -> int:
        """How many controls the scan says nothing about."""
        return self.manual + self.uncovered + self.unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What would be if some work were done: all gaps of ``measures``, and the best ``actions`` that a budget allows.

    ``budget`` and ``points`` are effort points, 0 without a budget. A gap counts once however many close it.
    """

    measures: tuple[str, ...]
    budget: int
    points: int
    actions: tuple[str, ...]
    closed: int
    counts: Counts
    risk_before: int
    risk_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendEntry:
    """One scan in the row of them: the numbers of those of the report's targets that it visited.

    ``other_content`` says that it was judged by other checks, baselines or frameworks than the scan before it.
    """

    scan: str
    started: int
    targets: int
    counts: Counts
    gaps: Mapping[Severity, int]
    other_content: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """Scans in the order in which they were made, this one last; ``left_out`` visited too few of these targets."""

    points: tuple[TrendEntry, ...]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything but the single results: numbers, rankings, gaps and what was not examined.

    ``recommended`` is the framework that recommended measures come from. ``measures`` and ``actions`` are ranked.
    ``control_paths`` tell who can become administrator of each directory that was asked for it.
    ``outlook`` is what somebody asked to be reckoned; ``trend`` is absent where no earlier scan is kept.
    """

    info: ScanInfo
    recommended: str
    counts: Counts
    severities: tuple[SeverityLine, ...]
    principles: tuple[PrincipleLine, ...]
    control_coverage: ControlCoverage
    targets: tuple[TargetEntry, ...]
    unreached: tuple[Unreached, ...]
    unexamined: tuple[Unexamined, ...]
    directories: tuple[DirectoryServers, ...]
    gaps: tuple[Gap, ...]
    waivers: tuple[WaiverLine, ...]
    attestations: tuple[AttestationLine, ...]
    actions: tuple[ActionLine, ...]
    measures: tuple[MeasureLine, ...]
    frameworks: tuple[FrameworkEntry, ...]
    baselines: tuple[BaselineEntry, ...]
    checks: tuple[CheckEntry, ...]
    control_paths: tuple[ControlPaths, ...] = ()
    outlook: Outlook | Absent = ABSENT
    trend: Trend | Absent = ABSENT


@dataclass(frozen=True, slots=True)
class Report:
    """Numbers and rankings at hand, and the targets, whose results are read again on each walk."""

    summary: Summary
    targets: Iterable[TargetReport]


DERIVED: Mapping[type, tuple[str, ...]] = {
    Counts: ("compliance", "compliance_with_waivers", "coverage"),
    Gap: ("risk",),
    MeasureLine: ("rank",),
    ActionLine: ("rank",),
    ControlCoverage: ("not_examined",),
    WaiverLine: ("last_day",),
    AttestationLine: ("first_day", "last_day"),
}
"""Properties that a JSON report shows beside the fields they are computed from."""
