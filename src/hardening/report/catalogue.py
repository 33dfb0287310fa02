"""What a report repeats of the content and of the rankings: checks with their measures, frameworks, measures, work."""

from __future__ import annotations

from collections.abc import Iterable

from hardening.model.check import Check
from hardening.model.content import Content
from hardening.model.judgement import ActionItem, MeasureResult
from hardening.model.platform import version_numbers
from hardening.report.values import ActionLine, CheckEntry, FrameworkEntry, MeasureLine, MeasureLink


def link_checks(content: Content) -> dict[str, tuple[MeasureLink, ...]]:
    """Return the measures of each check: the recommended one first, then in the order of the frameworks."""
    links: dict[str, list[MeasureLink]] = {check: [] for check in content.checks}
    for framework in content.frameworks.values():
        for measure in framework.measures:
            for link in measure.checks:
                if link.check in links:
                    links[link.check].append(MeasureLink(framework.id, measure.id, link.basis))
    recommended = find_recommended_framework(content)
    for check, found in links.items():
        first = (recommended, content.recommended.get(check, ""))
        found.sort(key=lambda link: (link.framework, link.measure) != first)
    return {check: tuple(found) for check, found in links.items()}


def find_recommended_framework(content: Content) -> str:
    """Return the id of the framework that the recommended measures stand in, empty if there are none."""
    wanted = set(content.recommended.values())
    for framework in content.frameworks.values():
        if wanted and wanted <= {measure.id for measure in framework.measures}:
            return framework.id
    return ""


def group_checks(content: Content, recommended: str) -> dict[str, str]:
    """Return the group of each check's recommended measure, by check id."""
    if not recommended:
        return {}
    groups = {measure.id: measure.group for measure in content.frameworks[recommended].measures}
    return {check: groups[measure] for check, measure in content.recommended.items()}


def build_check_entry(check: Check, links: tuple[MeasureLink, ...]) -> CheckEntry:
    """Return what a report says about a check."""
    return CheckEntry(
        id=check.id,
        title=check.title,
        severity=check.severity,
        rationale=check.rationale,
        remediation=check.remediation,
        danger=check.danger,
        action=check.action,
        references=check.references,
        version=check.version,
        measures=links,
    )


def build_action_lines(actions: Iterable[ActionItem]) -> tuple[ActionLine, ...]:
    """Return the items of work, the most useful first."""
    ranked = sorted(actions, key=lambda item: (-item.rank, -item.risk, item.action.id, item.measure))
    return tuple(
        ActionLine(
            id=item.action.id,
            title=item.action.title,
            effort=item.action.effort,
            how=item.action.how,
            measure=item.measure,
            gaps=tuple(gap.result for gap in item.gaps),
            targets=tuple(sorted({gap.target for gap in item.gaps})),
            risk=item.risk,
            cost=item.action.cost,
        )
        for item in ranked
    )


def build_measure_lines(measures: Iterable[MeasureResult], recommended: str) -> tuple[MeasureLine, ...]:
    """Return all measures, those of the recommended framework first, the most useful first."""
    ranked = sorted(
        measures,
        key=lambda each: (
            each.framework != recommended,
            -each.rank,
            each.framework,
            version_numbers(each.measure.id),
            each.measure.id,
        ),
    )
    return tuple(
        MeasureLine(
            framework=each.framework,
            id=each.measure.id,
            group=each.measure.group,
            title=each.measure.title,
            carrier=each.measure.carrier,
            effort=each.measure.effort,
            verifiable=each.measure.verifiable,
            state=each.state,
            counts=each.counts,
            gaps=tuple(gap.result for gap in each.gaps),
            targets=each.targets,
            risk=each.risk,
            cost=each.measure.cost,
        )
        for each in ranked
    )


def build_framework_entries(content: Content) -> tuple[FrameworkEntry, ...]:
    """Return all catalogues of measures."""
    return tuple(
        FrameworkEntry(
            id=framework.id,
            title=framework.title,
            version=framework.version,
            publisher=framework.publisher,
            source=framework.source,
            note=framework.note,
            groups=framework.groups,
        )
        for framework in content.frameworks.values()
    )
