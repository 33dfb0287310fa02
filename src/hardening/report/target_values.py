"""What a report says of one target: how it was reached, its results, and what each of them rests on.

The field names here are the member names of the JSON report, as in ``values.py``, which holds the rest of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hardening.model.check import Constant, Outcome, Severity
from hardening.model.evidence import ABSENT, Absent
from hardening.model.judgement import ControlState, Counts
from hardening.model.platform import Directory, OperatingSystem
from hardening.model.result import ParameterValue, Verdict
from hardening.model.snapshot import Privileges, StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointEntry:
    """One endpoint as it was met; ``connection`` is what was seen of it, by field name."""

    channel: str
    address: str
    failure: str
    remedy: str
    connection: Mapping[str, Constant]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEntry:
    """A target and its numbers, without its results.

    ``principles`` are the counts by the principle of each check's recommended measure.
    ``platform_problem`` says why ``system`` or ``directory``, whichever was asked, is absent. ``clock_difference`` is
    the target's clock minus ours in seconds. ``place`` is the line of the inventory that names the target, empty if
    none does.
    """

    name: str
    reached: bool
    system: OperatingSystem | Absent
    directory: Directory | Absent
    platform_problem: str
    endpoints: tuple[EndpointEntry, ...]
    privileges: Privileges
    labels: Mapping[str, str]
    baselines: tuple[str, ...]
    counts: Counts
    gaps: Mapping[Severity, int]
    principles: Mapping[str, Counts]
    time: int
    duration_ms: int
    clock_difference: int | Absent
    steps: tuple[StepRecord, ...]
    problems: tuple[str, ...]
    place: str


class SeenState(StrEnum):
    """Whether there was a value, and if not, why."""

    KNOWN = "known"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a field. ``omitted`` counts the characters or items of ``value`` that were left out."""

    state: SeenState
    value: Constant | Absent = ABSENT
    reason: str = ""
    place: str = ""
    omitted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEntry:
    """What else was seen of the record that a comparison is about: whether an account is enabled, for example."""

    field: str
    type: str
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonEntry:
    """One comparison. ``type`` is that of the field, empty where unknown; ``negated`` says that a ``not`` holds it.

    ``told`` is what else there is to know of the record that ``key`` names.
    """

    field: str
    type: str
    key: str
    operator: str
    expected: Constant
    seen: Seen
    verdict: Verdict
    negated: bool
    decisive: bool
    told: tuple[ToldEntry, ...] = ()


def reasons_key(reasons: tuple[ReasonEntry, ...]) -> tuple[object, ...]:
    """Return what is equal for equal reasons only: Python takes 1 and True for equal, so the types count as well."""
    return (reasons, *[(type(reason.expected), type(reason.seen.value)) for reason in reasons])


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultEntry:
    """One check on one target. ``measures`` are ``<framework>/<id>``, the recommended one first.

    ``reasons`` begin with the decisive ones; ``reasons_omitted`` counts those that were left out.
    ``failed_keys`` name the records of an ``each`` that failed. ``waivers`` are the ids of those that cover a fail,
    which stays a fail.
    """

    id: str
    target: str
    check: str
    check_version: str
    outcome: Outcome
    severity: Severity
    note: str
    measures: tuple[str, ...]
    parameters: Mapping[str, ParameterValue]
    reasons: tuple[ReasonEntry, ...]
    reasons_omitted: int
    failed_keys: tuple[str, ...]
    failed_keys_omitted: int
    waivers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResultEntry:
    """One control (``baseline`` is ``<id>`` or ``<id>:extended``) on one target, and the results that it rests on."""

    target: str
    baseline: str
    control: str
    state: ControlState
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetReport:
    """A target with all that was judged of it."""

    entry: TargetEntry
    results: tuple[ResultEntry, ...]
    controls: tuple[ControlResultEntry, ...]
