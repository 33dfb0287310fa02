"""From judgements to a report: one walk over all targets, which are set aside for the walks of the formats."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hardening.model.attestation import Attestation
from hardening.model.baseline import Level
from hardening.model.check import Outcome, Severity
from hardening.model.content import Content
from hardening.model.judgement import (
    ActionItem,
    ControlResult,
    ControlState,
    Counts,
    Gap,
    MeasureResult,
    OutcomeTally,
    TargetJudgement,
)
from hardening.model.waiver import Waivers
from hardening.probes.kind import ProbeKind
from hardening.report.catalogue import (
    build_action_lines,
    build_check_entry,
    build_framework_entries,
    build_measure_lines,
    find_recommended_framework,
    group_checks,
    link_checks,
)
from hardening.report.decisions import build_attestation_lines, build_waiver_lines
from hardening.report.entries import (
    CheckFacts,
    build_check_facts,
    build_target_entry,
    build_target_report,
    build_unexamined,
)
from hardening.report.paths import ControlPaths, build_control_paths
from hardening.report.spool import Spool
from hardening.report.target_values import TargetEntry
from hardening.report.values import (
    BaselineEntry,
    ControlCoverage,
    ControlEntry,
    PrincipleLine,
    Report,
    ScanInfo,
    SeverityLine,
    Summary,
    Unexamined,
    Unreached,
)

NO_WAIVERS = Waivers()


@dataclass(slots=True)
class _Tally:
    """What one walk over the judgements adds up."""

    severities: OutcomeTally = field(default_factory=OutcomeTally)
    principles: OutcomeTally = field(default_factory=OutcomeTally)
    targets: list[TargetEntry] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)
    unexamined: list[Unexamined] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    control_paths: list[ControlPaths] = field(default_factory=list)
    waived: Counter[str] = field(default_factory=Counter)
    checks: set[str] = field(default_factory=set)
    levels: dict[str, Level] = field(default_factory=dict)
    baseline_targets: Counter[str] = field(default_factory=Counter)
    controls: dict[tuple[str, str], Counter[ControlState]] = field(default_factory=lambda: defaultdict(Counter))


class ReportBuilder:
    """Takes in judgements one by one, sorted by target; afterwards the report can be built, and walked repeatedly.

    ``kinds`` tell which checks need root rights.
    """

    def __init__(self, content: Content, kinds: Mapping[str, ProbeKind]) -> None:
        links = link_checks(content)
        self._content = content
        self._links = links
        self._recommended = find_recommended_framework(content)
        self._groups = group_checks(content, self._recommended)
        self._facts = {
            check.id: build_check_facts(
                check,
                tuple(f"{link.framework}/{link.measure}" for link in links[check.id]),
                kinds,
                self._groups.get(check.id, ""),
            )
            for check in content.checks.values()
        }
        self._tally = _Tally()
        self._targets = Spool()

    def add(self, judgement: TargetJudgement) -> None:
        """Take in one target; it is set aside as a report shows it, and the judgement is not kept."""
        entry = build_target_entry(judgement, self._facts)
        _add_target(self._tally, judgement, entry, self._facts, self._groups)
        self._targets.add(build_target_report(judgement, entry, self._facts))

    def build(
        self,
        info: ScanInfo,
        *,
        measures: Sequence[MeasureResult],
        actions: Sequence[ActionItem],
        waivers: Waivers = NO_WAIVERS,
        attestations: Sequence[Attestation] = (),
    ) -> Report:
        """Return the report; every failed result without a waiver must stand in one of ``actions``."""
        tally, content = self._tally, self._content
        known_gaps = {gap.result: gap for item in actions for gap in item.gaps}
        gaps = sorted((known_gaps[result] for result in tally.failed), key=_worst_first)
        baselines = tuple(_build_baselines(tally, content))
        severities = tally.severities.counts()
        summary = Summary(
            info=info,
            recommended=self._recommended,
            counts=sum((target.counts for target in tally.targets), Counts()),
            severities=tuple(SeverityLine(each, severities.get(each, Counts())) for each in Severity),
            principles=tuple(_build_principles(tally, content, self._recommended, gaps, self._groups)),
            control_coverage=_build_control_coverage(baselines),
            targets=tuple(tally.targets),
            unreached=tuple(tally.unreached),
            unexamined=tuple(
                sorted(tally.unexamined, key=lambda group: (group.worst.rank, group.target, group.reason))
            ),
            gaps=tuple(gaps),
            waivers=tuple(build_waiver_lines(waivers, info.as_of, tally.waived)),
            attestations=tuple(build_attestation_lines(attestations, content, info.as_of)),
            actions=build_action_lines(actions),
            measures=build_measure_lines(measures, self._recommended),
            frameworks=build_framework_entries(content),
            baselines=baselines,
            checks=tuple(
                build_check_entry(content.checks[check], self._links[check]) for check in sorted(tally.checks)
            ),
            control_paths=tuple(tally.control_paths),
        )
        return Report(summary, self._targets)


def _add_target(
    tally: _Tally,
    judgement: TargetJudgement,
    entry: TargetEntry,
    facts: Mapping[str, CheckFacts],
    groups: Mapping[str, str],
) -> None:
    snapshot = judgement.snapshot
    tally.targets.append(entry)
    if snapshot.reached:
        tally.unexamined.extend(build_unexamined(judgement, facts))
        tally.control_paths.extend(build_control_paths(snapshot))
    else:
        tally.unreached.extend(
            Unreached(snapshot.target, endpoint.address, endpoint.failure, endpoint.remedy)
            for endpoint in snapshot.endpoints[:1]
        )
    for result in judgement.results:
        waived = bool(result.waivers)
        tally.checks.add(result.check)
        tally.severities.add(facts[result.check].severity, result.outcome, waived=waived)
        if result.check in groups:
            tally.principles.add(groups[result.check], result.outcome, waived=waived)
        tally.waived.update(result.waivers)
        if result.outcome is Outcome.FAIL and not waived:
            tally.failed.append(result.id)
    _add_controls(tally, judgement.controls)


def _add_controls(tally: _Tally, controls: Iterable[ControlResult]) -> None:
    seen = {}
    for control in controls:
        seen[control.baseline.id] = control.baseline.level
        tally.controls[control.baseline.id, control.control.id][control.state] += 1
    for baseline, level in seen.items():
        tally.baseline_targets[baseline] += 1
        if level is Level.EXTENDED or baseline not in tally.levels:
            tally.levels[baseline] = level


def _build_principles(
    tally: _Tally, content: Content, recommended: str, gaps: Sequence[Gap], groups: Mapping[str, str]
) -> Iterator[PrincipleLine]:
    risks: Counter[str] = Counter()
    for gap in gaps:
        risks[groups.get(gap.check, "")] += gap.risk
    counts = tally.principles.counts()
    for group in content.frameworks[recommended].groups if recommended else ():
        yield PrincipleLine(
            framework=recommended,
            id=group.id,
            title=group.title,
            counts=counts.get(group.id, Counts()),
            risk=risks[group.id],
        )


def _build_baselines(tally: _Tally, content: Content) -> Iterator[BaselineEntry]:
    for name, level in sorted(tally.levels.items()):
        baseline = content.baselines[name]
        yield BaselineEntry(
            id=name,
            level=level,
            title=baseline.title,
            version=baseline.version,
            targets=tally.baseline_targets[name],
            controls=tuple(
                ControlEntry(
                    id=control.id,
                    title=control.title,
                    level=control.level,
                    checks=control.checks,
                    manual=control.manual,
                    uncovered=control.uncovered,
                    state=min(states, key=list(ControlState).index),
                    targets=states,
                )
                for control in baseline.controls
                if (states := tally.controls.get((name, control.id)))
            ),
        )


def _build_control_coverage(baselines: Iterable[BaselineEntry]) -> ControlCoverage:
    states = [set(control.targets) for baseline in baselines for control in baseline.controls]
    return ControlCoverage(
        total=len(states),
        manual=states.count({ControlState.MANUAL}),
        uncovered=states.count({ControlState.UNCOVERED}),
        unseen=states.count({ControlState.ERROR}),
        partly=sum(ControlState.ERROR in state and len(state) > 1 for state in states),
    )


def _worst_first(gap: Gap) -> tuple[int, int, str, str]:
    return (gap.severity.rank, -gap.exposure, gap.target, gap.result)


def with_info(report: Report, info: ScanInfo) -> Report:
    """Return the same report with other facts about the scan, for example the gate that it met."""
    return Report(replace(report.summary, info=info), report.targets)
