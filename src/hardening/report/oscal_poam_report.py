"""An OSCAL plan of action and milestones: an item for each piece of work, and one for each waiver that covers a gap.

OSCAL wants one item at least; where there is no gap, the one item says so.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from hardening.model.check import Outcome
from hardening.model.judgement import effort_points
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.oscal import (
    PROPERTIES,
    JsonObject,
    build_inventory,
    build_metadata,
    build_observation,
    build_property,
    build_risk,
    dump,
    lasting_id,
    markup,
    own_id,
    scan_id,
    stream_list,
)
from hardening.report.telling import checks_by_id, tell_waiver, waivers_by_id
from hardening.report.views import explain_no_work
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from hardening.report.target_values import ResultEntry, TargetEntry
    from hardening.report.values import ActionLine, Report, Summary
    from hardening.report.wording import Wording


def render_oscal_poam(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report; texts are in the language asked for."""
    wording = load_wording(options.folder, options.language, options.zone)
    yield OutputFile("poam.json", _render_chunks(report, wording))


def _render_chunks(report: Report, wording: Wording) -> Iterator[bytes]:
    summary = report.summary
    scan = scan_id(summary)
    checks, waivers = checks_by_id(summary), waivers_by_id(summary)
    waived: dict[str, list[str]] = defaultdict(list)
    head: JsonObject = {
        "uuid": own_id(scan, "document", "poam"),
        "metadata": build_metadata(summary, wording.text("title.actions")),
        "system-id": {"identifier-type": PROPERTIES, "id": "hardening"},
    }
    if summary.targets:
        head["local-definitions"] = {"inventory-items": build_inventory(summary.targets)}
    yield f'{{"plan-of-action-and-milestones": {dump(head)[:-1]},\n'.encode()
    yield from stream_list(
        "observations",
        (
            build_observation(scan, result, target, checks[result.check], wording)
            for target, result in _walk_gaps(report)
        ),
    )
    yield from stream_list(
        "risks",
        (build_risk(scan, result, checks[result.check], waivers, wording) for _, result in _walk_gaps(report, waived)),
    )
    items = [*_build_work(summary, scan, wording), *_build_waived(summary, scan, waived, wording)]
    if not items:
        items = [
            {
                "uuid": own_id(scan, "poam-item", "none"),
                "title": markup(wording.text("oscal.no_items")),
                "description": markup(explain_no_work(summary, wording)),
                "props": [build_property("items", "none")],
            }
        ]
    listed = ",\n".join(dump(item) for item in items)
    yield f'"poam-items": [\n{listed}\n]}}}}\n'.encode()


def _walk_gaps(report: Report, waived: dict[str, list[str]] | None = None) -> Iterator[tuple[TargetEntry, ResultEntry]]:
    """Yield each failed result with its target; ``waived`` collects the results that each waiver covers."""
    for target in report.targets:
        for result in target.results:
            if result.outcome is Outcome.FAIL:
                if waived is not None:
                    for name in result.waivers:
                        waived[name].append(result.id)
                yield target.entry, result


def _build_work(summary: Summary, scan: UUID, wording: Wording) -> Iterator[JsonObject]:
    for action in summary.actions:
        if action.gaps:
            yield {
                "uuid": lasting_id("poam-item", f"{action.measure}/{action.id}"),
                "title": markup(wording.of(action.title)),
                "description": markup(_describe_work(action, summary, wording)),
                "props": [
                    build_property("action", action.id),
                    build_property("measure", f"{summary.recommended}/{action.measure}"),
                    build_property("effort-points", str(effort_points(action.effort))),
                    build_property("risk-removed", str(action.risk)),
                ],
                **_relate(scan, action.gaps),
            }


def _describe_work(action: ActionLine, summary: Summary, wording: Wording) -> str:
    gaps = wording.count("word.gap", len(action.gaps))
    title = next((line.title for line in summary.measures if line.id == action.measure), action.title)
    where = wording.count("word.on_targets", len(action.targets))
    return f"{action.measure} {wording.of(title)}: {gaps} {where}"


def _build_waived(summary: Summary, scan: UUID, waived: dict[str, list[str]], wording: Wording) -> Iterator[JsonObject]:
    waivers = waivers_by_id(summary)
    for name, results in sorted(waived.items()):
        told = tell_waiver(waivers[name], wording) if name in waivers else name
        yield {
            "uuid": lasting_id("poam-item", f"waiver/{name}"),
            "title": markup(f"{wording.text('state.waived')}: {name}"),
            "description": markup(told),
            "props": [build_property("waiver", name)],
            **_relate(scan, results),
        }


def _relate(scan: UUID, results: Iterable[str]) -> JsonObject:
    ids = list(results)
    return {
        "related-observations": [{"observation-uuid": own_id(scan, "observation", each)} for each in ids],
        "related-risks": [{"risk-uuid": lasting_id("risk", each)} for each in ids],
    }
