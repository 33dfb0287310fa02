"""OSCAL assessment results: an observation a result, a risk a gap, a finding a control that was decided.

A control that could not be examined everywhere has no finding: OSCAL knows satisfied and not satisfied only, and what
was not seen is neither. Its observations say so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from hardening.model.check import Outcome
from hardening.model.judgement import ControlState
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.oscal import (
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
    token,
)
from hardening.report.telling import checks_by_id, time_of, waivers_by_id
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.report.codec import JsonData
    from hardening.report.values import BaselineEntry, ControlEntry, Report, Summary
    from hardening.report.wording import Wording


@dataclass(slots=True)
class _Seen:
    """What the walk over the observations leaves for the findings: the results of each control, and the failed ones."""

    scan: UUID
    results: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    failed: set[str] = field(default_factory=set)


def render_oscal_ar(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report; texts are in the language asked for."""
    wording = load_wording(options.folder, options.language, options.zone)
    yield OutputFile("assessment-results.json", _render_chunks(report, wording))


def _render_chunks(report: Report, wording: Wording) -> Iterator[bytes]:
    summary = report.summary
    scan = scan_id(summary)
    plan = own_id(scan, "plan", summary.info.plan_digest)
    title = wording.text("summary.title", date=wording.date(summary.info.started))
    head: JsonObject = {
        "uuid": own_id(scan, "document", "assessment-results"),
        "metadata": build_metadata(summary, title),
        "import-ap": {"href": f"#{plan}"},
        "back-matter": {"resources": [_build_plan(plan, summary, wording)]},
    }
    yield f'{{"assessment-results": {dump(head)[:-1]}, "results": [{{\n'.encode()
    seen = _Seen(scan)
    yield from stream_list("observations", _build_observations(report, seen, wording))
    yield from stream_list("risks", _build_risks(report, scan, wording))
    yield from stream_list("findings", _build_findings(summary, seen, wording))
    result: JsonObject = {
        "uuid": str(scan),
        "title": markup(title),
        "description": markup(
            wording.text("scope.line", n=summary.control_coverage.not_examined, m=summary.control_coverage.total)
        ),
        "start": time_of(summary.info.started),
        "end": time_of(max(summary.info.started, summary.info.finished)),
        "local-definitions": {"inventory-items": build_inventory(summary.targets)},
        "reviewed-controls": {"control-selections": _select_controls(summary, wording)},
    }
    if not summary.targets:
        del result["local-definitions"]
    yield f"{dump(result)[1:-1]}}}]}}}}\n".encode()


def _build_plan(uuid: str, summary: Summary, wording: Wording) -> JsonObject:
    """Return what stands for an assessment plan: the digest that `hardening plan` prints for the same baselines."""
    return {
        "uuid": uuid,
        "title": markup(wording.text("oscal.plan")),
        "description": markup(summary.info.command or "hardening plan"),
        "props": [build_property("plan-digest", summary.info.plan_digest)],
    }


def _build_observations(report: Report, seen: _Seen, wording: Wording) -> Iterator[JsonObject]:
    """Yield all observations, and remember what the findings need of them."""
    checks = checks_by_id(report.summary)
    for target in report.targets:
        for control in target.controls:
            seen.results[control.baseline.partition(":")[0], control.control].extend(control.results)
        for result in target.results:
            if result.outcome is Outcome.FAIL:
                seen.failed.add(result.id)
            yield build_observation(seen.scan, result, target.entry, checks[result.check], wording)


def _build_risks(report: Report, scan: UUID, wording: Wording) -> Iterator[JsonObject]:
    checks, waivers = checks_by_id(report.summary), waivers_by_id(report.summary)
    for target in report.targets:
        for result in target.results:
            if result.outcome is Outcome.FAIL:
                yield build_risk(scan, result, checks[result.check], waivers, wording)


def _build_findings(summary: Summary, seen: _Seen, wording: Wording) -> Iterator[JsonObject]:
    for baseline in summary.baselines:
        for control in baseline.controls:
            if seen.results.get((baseline.id, control.id)) and _status(control.state):
                yield _build_finding(baseline, control, seen, wording)


def _status(state: ControlState) -> JsonObject:
    """Return what OSCAL can say of a state; nothing of one that was not decided."""
    match state:
        case ControlState.PASS:
            return {"state": "satisfied", "reason": "pass"}
        case ControlState.FAIL:
            return {"state": "not-satisfied", "reason": "fail"}
        case ControlState.WAIVED:
            return {"state": "not-satisfied", "reason": "other"}
        case ControlState.ERROR | ControlState.NOT_APPLICABLE | ControlState.MANUAL | ControlState.UNCOVERED:
            return {}


def _build_finding(baseline: BaselineEntry, control: ControlEntry, seen: _Seen, wording: Wording) -> JsonObject:
    results = list(dict.fromkeys(seen.results[baseline.id, control.id]))
    name = f"{baseline.id}/{control.id}"
    risks = [result for result in results if result in seen.failed]
    title = markup(f"{control.id} {wording.of(control.title)}")
    finding: JsonObject = {
        "uuid": own_id(seen.scan, "finding", name),
        "title": title,
        "description": title,
        "target": {
            "type": "objective-id",
            "target-id": token(f"{baseline.id}_{control.id}"),
            "status": {**_status(control.state), "remarks": markup(wording.text(f"state.{control.state.value}"))},
        },
        "related-observations": [{"observation-uuid": own_id(seen.scan, "observation", result)} for result in results],
    }
    if risks:
        finding["related-risks"] = [{"risk-uuid": lasting_id("risk", result)} for result in risks]
    return finding


def _select_controls(summary: Summary, wording: Wording) -> list[JsonData]:
    selected: list[JsonData] = [
        {
            "description": markup(f"{wording.of(baseline.title)} {baseline.version}, {baseline.level.value}"),
            "include-controls": [{"control-id": token(f"{baseline.id}_{control.id}")} for control in baseline.controls],
        }
        for baseline in summary.baselines
        if baseline.controls
    ]
    return selected or [{"include-all": {}}]
