"""MITRE's Heimdall Data Format (the form that `inspec exec` writes): a profile a target, a control a result.

A waived gap stays failed, with the waiver beside it: a reader would take "skipped due to waiver" for not applicable.
What does not apply has impact 0, which is how readers know it; severity stands in the tags. The members are those of
https://github.com/mitre/heimdall2/tree/master/libs/inspecjs/schemas.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from hardening.model.check import Outcome, Severity
from hardening.model.clean import clean_line
from hardening.model.evidence import Absent
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.locating import locate
from hardening.report.telling import Telling, tell_result, tell_waivers, time_of
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.report.codec import JsonData
    from hardening.report.target_values import ResultEntry, TargetEntry, TargetReport
    from hardening.report.values import Report, Summary
    from hardening.report.wording import Wording

STATUSES = {
    Outcome.PASS: "passed",
    Outcome.FAIL: "failed",
    Outcome.ERROR: "error",
    Outcome.NOT_APPLICABLE: "skipped",
}
# The numbers are those of inspecjs; severity info has none of its own there and counts as the lowest of low.
IMPACTS = {Severity.CRITICAL: 0.9, Severity.HIGH: 0.7, Severity.MEDIUM: 0.5, Severity.LOW: 0.3, Severity.INFO: 0.1}
TAGS = {severity: severity.value for severity in Severity} | {Severity.INFO: "low"}
LONGEST_NAME = 300


def render_hdf(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report; texts are in the language asked for."""
    yield OutputFile("hdf.json", _render_chunks(report, load_wording(options.folder, options.language, options.zone)))


def _render_chunks(report: Report, wording: Wording) -> Iterator[bytes]:
    summary = report.summary
    counts = summary.counts
    head = {
        "platform": {"name": "hardening", "release": summary.info.tool_version},
        "version": summary.info.tool_version,
        "statistics": {
            "duration": max(0, summary.info.finished - summary.info.started),
            "controls": {
                "passed": {"total": counts.passed},
                "failed": {"total": counts.failed},
                "skipped": {"total": counts.not_applicable},
            },
        },
    }
    telling = Telling.of(summary, wording)
    yield f'{json.dumps(head)[:-1]}, "profiles": ['.encode()
    separator = "\n"
    for target in report.targets:
        profile = _build_profile(target, summary, telling)
        yield f"{separator}{json.dumps(profile, ensure_ascii=True)}".encode()
        separator = ",\n"
    yield b"\n]}\n"


def _build_profile(target: TargetReport, summary: Summary, telling: Telling) -> dict[str, JsonData]:
    name = clean_line(target.entry.name, LONGEST_NAME)
    system = target.entry.system
    return {
        "name": name,
        "title": f"{name}: {', '.join(target.entry.baselines)}",
        "version": summary.info.content_digest[:12],
        # What the profile is made from; the target is part of it, so that no two profiles are taken for one.
        "sha256": hashlib.sha256(
            f"{summary.info.content_digest} {target.entry.name}".encode("utf-8", "surrogatepass")
        ).hexdigest(),
        "summary": "" if isinstance(system, Absent) else clean_line(system.title, LONGEST_NAME),
        "status": "loaded",
        "supports": [],
        "attributes": [],
        "groups": [],
        "controls": [_build_control(result, target.entry, telling) for result in target.results],
    }


def _build_control(result: ResultEntry, target: TargetEntry, telling: Telling) -> dict[str, JsonData]:
    check, wording, waivers = telling.checks[result.check], telling.wording, telling.waivers
    place = locate(target, result)
    title = wording.of(check.title)
    control: dict[str, JsonData] = {
        # The id without the target is steady from scan to scan, and tells two sets of parameters of one check apart.
        "id": clean_line(result.id.removeprefix(f"{result.target}/"), LONGEST_NAME),
        "title": title,
        "desc": wording.of(check.rationale),
        "descriptions": [{"label": "fix", "data": wording.of(check.remediation)}],
        "impact": 0 if result.outcome is Outcome.NOT_APPLICABLE else IMPACTS[result.severity],
        "refs": [{"url": reference} for reference in check.references],
        "tags": {
            "severity": TAGS[result.severity],
            "check_version": result.check_version,
            "measures": list(result.measures),
        },
        "source_location": {"ref": place.uri, "line": place.line},
        "results": [_build_result(result, target, title, wording)],
    }
    if result.waivers:
        known = [waivers[name] for name in result.waivers if name in waivers]
        control["waiver_data"] = {
            "justification": "\n".join(tell_waivers(result, waivers, wording)),
            "run": True,
            "skipped_due_to_waiver": False,
            "message": clean_line(f"{wording.text('state.waived')}: {', '.join(result.waivers)}", LONGEST_NAME),
            **({"expiration_date": min(waiver.last_day for waiver in known)} if known else {}),
        }
    return control


def _build_result(result: ResultEntry, target: TargetEntry, title: str, wording: Wording) -> dict[str, JsonData]:
    told = "\n".join(tell_result(result, wording))
    built: dict[str, JsonData] = {
        "status": STATUSES[result.outcome],
        "code_desc": title,
        "start_time": time_of(target.time),
    }
    if result.outcome is Outcome.NOT_APPLICABLE:
        built["skip_message"] = told
    elif told:
        built["message"] = told
    return built
