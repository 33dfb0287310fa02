"""NDJSON in the Elastic Common Schema, for a SIEM: one event a result, its state at the time of the scan.

Field names are those of https://www.elastic.co/docs/reference/ecs; what it has no name for stands under `hardening`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hardening.model.check import Outcome, Severity
from hardening.model.clean import clean_line
from hardening.model.evidence import Absent
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.sarif_report import fingerprint
from hardening.report.telling import checks_by_id, tell_result, time_of
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.report.codec import JsonData
    from hardening.report.target_values import ResultEntry, TargetEntry
    from hardening.report.values import CheckEntry, Report, Summary
    from hardening.report.wording import Wording

ECS_VERSION = "8.17.0"
OUTCOMES = {
    Outcome.PASS: "success",
    Outcome.FAIL: "failure",
    Outcome.ERROR: "unknown",
    Outcome.NOT_APPLICABLE: "unknown",
}
# event.severity is a number that is compared within one source: higher is worse.
SEVERITIES = {Severity.CRITICAL: 99, Severity.HIGH: 73, Severity.MEDIUM: 47, Severity.LOW: 21, Severity.INFO: 1}


def render_ecs(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report; texts are in the language asked for."""
    wording = load_wording(options.folder, options.language, options.zone)
    yield OutputFile("report.ndjson", _render_chunks(report, wording))


def _render_chunks(report: Report, wording: Wording) -> Iterator[bytes]:
    checks = checks_by_id(report.summary)
    for target in report.targets:
        for result in target.results:
            event = _build_event(result, target.entry, checks[result.check], report.summary, wording)
            yield json.dumps(event, ensure_ascii=True).encode() + b"\n"


def _build_event(
    result: ResultEntry, target: TargetEntry, check: CheckEntry, summary: Summary, wording: Wording
) -> dict[str, JsonData]:
    lines = tell_result(result, wording)
    host: dict[str, JsonData] = {"name": clean_line(target.name)}
    if not isinstance(target.system, Absent):
        host["hostname"] = clean_line(target.system.hostname)
        host["os"] = {
            "family": clean_line(target.system.distribution),
            "full": clean_line(target.system.title),
            "version": clean_line(target.system.version),
            "kernel": clean_line(target.system.kernel),
            "type": clean_line(target.system.family),
        }
    return {
        "@timestamp": time_of(target.time),
        "ecs": {"version": ECS_VERSION},
        "message": "\n".join([wording.of(check.title), *lines]),
        "event": {
            "kind": "state",
            "category": ["configuration"],
            "type": ["info"],
            "dataset": "hardening.results",
            "module": "hardening",
            "outcome": OUTCOMES[result.outcome],
            "severity": SEVERITIES[result.severity],
            "id": fingerprint(result),
        },
        "host": host,
        "rule": {
            "id": result.check,
            "name": wording.of(check.title),
            "version": result.check_version,
            "category": result.severity.value,
            **({"reference": check.references[0]} if check.references else {}),
        },
        "observer": {"product": "hardening", "type": "scanner", "version": summary.info.tool_version},
        "labels": {clean_line(name, 100): clean_line(value, 1000) for name, value in target.labels.items()},
        "hardening": {
            "outcome": result.outcome.value,
            "severity": result.severity.value,
            "measures": list(result.measures),
            "plan": summary.info.plan_digest,
        },
    }
