"""SARIF 2.1.0 as GitHub code scanning takes it: a rule a check, a result a gap.

What could not be examined is no result, since a scanning service would show it as an alert: it is a notification of
the run. The form is that of https://docs.oasis-open.org/sarif/sarif/v2.1.0/, the limits those of GitHub's
"SARIF support for code scanning".
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from hardening.model.check import Outcome, Severity
from hardening.model.clean import clean_line
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.locating import locate
from hardening.report.telling import checks_by_id, tell_result, time_of
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.report.codec import JsonData
    from hardening.report.target_values import ResultEntry, TargetEntry
    from hardening.report.values import CheckEntry, Report, Summary
    from hardening.report.wording import Wording

MOST_RESULTS = 25_000
"""More results in a run are refused by GitHub; the worst are kept, and a notification says how many are not."""
MOST_TAGS = 20
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# GitHub reads critical above 9.0, high from 7.0, medium from 4.0, low above 0.
SECURITY_SEVERITIES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.1",
}


def render_sarif(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report; texts are in the language asked for."""
    wording = load_wording(options.folder, options.language, options.zone)
    yield OutputFile("report.sarif", _render_chunks(report, wording))


def _render_chunks(report: Report, wording: Wording) -> Iterator[bytes]:
    summary = report.summary
    rules = [check for check in summary.checks if any(gap.check == check.id for gap in summary.gaps[:MOST_RESULTS])]
    index = {check.id: number for number, check in enumerate(rules)}
    head = {
        "tool": {
            "driver": {
                "name": "hardening",
                "version": summary.info.tool_version,
                "rules": [_build_rule(check, wording) for check in rules],
            }
        },
        "invocations": [_build_invocation(summary, wording)],
        "automationDetails": {"id": "hardening/"},
        "columnKind": "unicodeCodePoints",
    }
    text = json.dumps(head, ensure_ascii=True)
    yield f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{text[:-1]}, "results": ['.encode()
    separator = "\n"
    for result in _build_results(report, index, wording):
        yield f"{separator}{json.dumps(result, ensure_ascii=True)}".encode()
        separator = ",\n"
    yield b"\n]}]}\n"


def _build_rule(check: CheckEntry, wording: Wording) -> dict[str, JsonData]:
    remediation = wording.of(check.remediation)
    tags: list[JsonData] = ["security", *(f"{link.framework}/{link.measure}" for link in check.measures)]
    rule: dict[str, JsonData] = {
        "id": check.id,
        "shortDescription": {"text": wording.of(check.title)},
        "fullDescription": {"text": wording.of(check.rationale)},
        "help": {"text": remediation, "markdown": remediation},
        "defaultConfiguration": {"level": LEVELS[check.severity]},
        "properties": {
            "security-severity": SECURITY_SEVERITIES[check.severity],
            "precision": "very-high",
            "tags": tags[:MOST_TAGS],
        },
    }
    if check.references:
        rule["helpUri"] = check.references[0]
    return rule


def _build_invocation(summary: Summary, wording: Wording) -> dict[str, JsonData]:
    notes = [
        wording.text("summary.unreached", target=clean_line(line.target)) + f": {wording.phrase(line.reason).text}"
        for line in summary.unreached
    ]
    notes += [
        wording.count(f"unexamined.{group.need}", len(group.checks), target=clean_line(group.target))
        + (f": {wording.phrase(group.reason).text}" if group.reason else "")
        for group in summary.unexamined
    ]
    if len(summary.gaps) > MOST_RESULTS:
        notes.append(wording.text("telling.left_out", n=len(summary.gaps) - MOST_RESULTS))
    return {
        "executionSuccessful": not summary.unreached,
        "startTimeUtc": time_of(summary.info.started),
        "endTimeUtc": time_of(summary.info.finished),
        "toolExecutionNotifications": [{"level": "warning", "message": {"text": clean_line(note)}} for note in notes],
    }


def _build_results(report: Report, rules: Mapping[str, int], wording: Wording) -> Iterator[dict[str, JsonData]]:
    kept = {gap.result for gap in report.summary.gaps[:MOST_RESULTS]}
    checks = checks_by_id(report.summary)
    for target in report.targets:
        for result in target.results:
            if result.outcome is Outcome.FAIL and result.id in kept:
                yield _build_result(result, target.entry, checks[result.check], rules[result.check], wording)


def _build_result(
    result: ResultEntry, target: TargetEntry, check: CheckEntry, rule: int, wording: Wording
) -> dict[str, JsonData]:
    title = f"{clean_line(result.target)}: {wording.of(check.title)}"
    place = locate(target, result)
    return {
        "ruleId": result.check,
        "ruleIndex": rule,
        "level": LEVELS[result.severity],
        "message": {"text": "\n".join([title, *tell_result(result, wording)])},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": place.uri},
                    "region": {"startLine": place.line},
                },
                "logicalLocations": [{"name": clean_line(result.target), "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"hardeningResultId/v1": fingerprint(result)},
        "properties": {"measures": list(result.measures)},
    }


def fingerprint(result: ResultEntry) -> str:
    """Return what names a result from scan to scan: the SHA-256 of its id, in hexadecimal."""
    return hashlib.sha256(result.id.encode("utf-8", "surrogatepass")).hexdigest()
