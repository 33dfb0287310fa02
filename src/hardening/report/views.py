"""What several formats show in the same way: measures as cards with their work, checks and measures by name."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from hardening.model.attestation import AttestationState
from hardening.model.check import Severity
from hardening.model.evidence import ABSENT, Absent
from hardening.model.judgement import MeasureState, effort_points
from hardening.model.waiver import DAY
from hardening.report.values import ActionLine, CheckEntry, MeasureLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.model.judgement import Gap
    from hardening.report.values import AttestationLine, DirectoryServers, Outlook, Summary, Trend
    from hardening.report.wording import Wording

_SPELLED = {"helsecert": "HelseCERT", "digdir": "Digdir", "lov": "Lov"}
"""Publishers whose names are not written in capitals throughout."""


@dataclass(frozen=True, slots=True)
class WorkCheck:
    """A check that an item of work closes, and the targets that have the gap."""

    check: CheckEntry
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """An item of work with the checks that it closes, worst first, and since when its oldest gap has stood open."""

    line: ActionLine
    points: int
    checks: tuple[WorkCheck, ...]
    first_seen: int | Absent = ABSENT


@dataclass(frozen=True, slots=True)
class WorkElsewhere:
    """An item of work that stands under another measure and also closes some gaps of this one."""

    line: ActionLine
    label: str
    gaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureCard:
    """A measure with the work that its gaps ask for; ``share`` is its rank beside the highest."""

    label: str
    line: MeasureLine
    points: int
    severities: tuple[tuple[Severity, int], ...]
    work: tuple[Work, ...]
    elsewhere: tuple[WorkElsewhere, ...]
    share: Fraction


def build_cards(summary: Summary) -> tuple[MeasureCard, ...]:
    """Return the measures that are recommended for a gap, the most useful first."""
    checks = {check.id: check for check in summary.checks}
    gaps = {gap.result: gap for gap in summary.gaps}
    actions: dict[str, list[ActionLine]] = defaultdict(list)
    for action in summary.actions:
        actions[action.measure].append(action)
    wanted = {f"{link.framework}/{link.measure}" for gap in summary.gaps for link in checks[gap.check].measures[:1]}
    lines = [line for line in summary.measures if line.gaps and f"{line.framework}/{line.id}" in wanted]
    top = max((line.rank for line in lines), default=Fraction(0))
    return tuple(
        MeasureCard(
            label=measure_label(line.framework, line.id),
            line=line,
            points=effort_points(line.effort),
            severities=_count_severities(line, gaps),
            work=tuple(_build_work(action, gaps, checks) for action in actions[line.id]),
            elsewhere=tuple(_build_elsewhere(line, summary)),
            share=line.rank / top if top else Fraction(0),
        )
        for line in lines
    )


def _build_work(action: ActionLine, gaps: Mapping[str, Gap], checks: Mapping[str, CheckEntry]) -> Work:
    targets: dict[str, list[str]] = defaultdict(list)
    for gap in action.gaps:
        targets[gaps[gap].check].append(gaps[gap].target)
    ordered = sorted(targets.items(), key=lambda item: (checks[item[0]].severity.rank, item[0]))
    seen = [each for gap in action.gaps if not isinstance(each := gaps[gap].first_seen, Absent)]
    return Work(
        first_seen=min(seen) if seen else ABSENT,
        line=action,
        points=effort_points(action.effort),
        checks=tuple(WorkCheck(checks[check], tuple(sorted(set(names)))) for check, names in ordered),
    )


def _build_elsewhere(line: MeasureLine, summary: Summary) -> Iterator[WorkElsewhere]:
    own = set(line.gaps)
    for action in summary.actions:
        shared = len(own.intersection(action.gaps))
        if shared and action.measure != line.id:
            yield WorkElsewhere(action, measure_label(summary.recommended, action.measure), shared)


def _count_severities(line: MeasureLine, gaps: Mapping[str, Gap]) -> tuple[tuple[Severity, int], ...]:
    found = [gaps[gap].severity for gap in line.gaps]
    return tuple((severity, found.count(severity)) for severity in Severity if severity in found)


def explain_no_work(summary: Summary, words: Wording) -> str:
    """Return why no measure is recommended: nothing was examined, no measure speaks to the gaps, or there are none."""
    if not summary.counts.passed + summary.counts.failed:
        return words.text("first.unexamined")
    return words.text("first.no_measure") if summary.gaps else words.text("first.nothing")


def describe_directories(summary: Summary, words: Wording) -> tuple[str, ...]:
    """Return for each directory that knows servers how many of them this scan did not see."""
    return tuple(describe_directory(line, words) for line in summary.directories)


def describe_directory(line: DirectoryServers, words: Wording) -> str:
    """Return in words how many of the servers in use that a directory knows this scan did not see."""
    told = (
        words.text("directory.unseen", n=line.unseen, target=line.target, servers=line.servers)
        if line.unseen
        else words.text("directory.all_seen", target=line.target, servers=line.servers)
    )
    return told if line.complete else f"{told} {words.text('directory.incomplete')}"


def describe_outlook(summary: Summary, outlook: Outlook, words: Wording) -> str:
    """Return in words what some work would change: gaps, compliance and open risk."""
    return words.text(
        "outlook.result",
        closed=words.count("word.gap", outlook.closed),
        before=words.percent(summary.counts.compliance),
        after=words.percent(outlook.counts.compliance),
        risk_before=outlook.risk_before,
        risk_after=outlook.risk_after,
    )


def describe_trend(trend: Trend, words: Wording) -> str:
    """Return in words what the picture of the trend shows."""
    first, last = trend.points[0], trend.points[-1]
    same_day = words.date(first.started) == words.date(last.started)
    when = words.time if same_day else words.date
    return words.text(
        "trend.label",
        first=when(first.started),
        last=when(last.started),
        before=words.percent(first.counts.compliance),
        after=words.percent(last.counts.compliance),
        gaps_before=sum(first.gaps.values()),
        gaps_after=sum(last.gaps.values()),
    )


def tell_past(summary: Summary, words: Wording) -> Iterator[str]:
    """Yield what earlier scans tell in plain sentences; that there are none, if none is kept."""
    trend = summary.trend
    if isinstance(trend, Absent):
        yield words.text("trend.none")
        return
    yield describe_trend(trend, words)
    now = summary.info.started
    ages = [gap.first_seen for gap in summary.gaps if not isinstance(gap.first_seen, Absent)]
    if new := sum(seen >= now for seen in ages):
        yield words.count("age.new_gaps", new)
    if ages and (oldest := min(ages)) < now:
        days = (now - oldest + DAY // 2) // DAY
        age = words.count("word.day", days) if days else words.duration(now - oldest)
        yield words.text("age.oldest", date=words.date(oldest), age=age)
    if trend.left_out:
        yield words.count("trend.left_out", trend.left_out)


def tell_age(gap: Gap, summary: Summary, words: Wording) -> str:
    """Return since when a gap has stood open; empty without a history."""
    if isinstance(gap.first_seen, Absent):
        return ""
    if gap.first_seen >= summary.info.started:
        return words.text("age.new")
    return words.text("age.first_seen", date=words.date(gap.first_seen))


def group_measures(summary: Summary) -> dict[str, dict[str, tuple[MeasureLine, ...]]]:
    """Return the measures by framework and by what can be said of them; not verifiable is a state of its own.

    The recommended framework stands first.
    """
    found: dict[str, dict[str, list[MeasureLine]]] = {
        framework.id: {state: [] for state in ("gaps", "no_gaps", "attested", "not_examined", "not_verifiable")}
        for framework in sorted(summary.frameworks, key=lambda each: each.id != summary.recommended)
    }
    for line in summary.measures:
        found[line.framework][name_state(line)].append(line)
    return {name: {state: tuple(lines) for state, lines in states.items()} for name, states in found.items()}


def name_state(line: MeasureLine) -> str:
    """Return what can be said of a measure; that no check speaks to it, and nobody for it, is a state of its own."""
    is_silent = not line.verifiable and line.state is not MeasureState.ATTESTED
    return "not_verifiable" if is_silent else line.state.value


def count_attestations(summary: Summary, words: Wording) -> Iterator[str]:
    """Yield how many measures are attested, and how many attestations do not count; nothing where there are none."""
    counting = sum(line.state is AttestationState.VALID for line in summary.attestations)
    if counting:
        yield words.count("attestations.count", counting)
    if lapsed := len(summary.attestations) - counting:
        yield words.count("attestations.lapsed", lapsed)


def tell_attestation(line: AttestationLine, words: Wording) -> str:
    """Return an attestation as one line: whose it is, what it says, on what it rests and how long it counts."""
    return words.text(
        "attestations.line",
        measure=f"{measure_label(line.framework, line.measure)} {words.of(line.title)}",
        state=words.text(f"attestations.state.{line.state}"),
        answer=words.text(f"attestations.answer.{line.answer}"),
        statement=line.statement,
        person=line.person,
        made=words.day(line.made),
        day=words.day(line.ends - 1),
        evidence=line.evidence,
    )


def measure_label(framework: str, measure: str) -> str:
    """Return how people name a measure: ``NSM 2.6.4`` for ``nsm-gp-ikt-2.1`` and ``2.6.4``."""
    name = framework.partition("-")[0]
    return f"{_SPELLED.get(name, name.upper())} {measure}"
