"""GitLab Code Quality: one entry a gap, for the widget of a merge request.

The members are those of https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format; the widget has no
word for what could not be examined, so the exit status has to say that.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hardening.model.check import Outcome, Severity
from hardening.model.clean import clean_line
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.locating import locate
from hardening.report.sarif_report import fingerprint
from hardening.report.telling import checks_by_id
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.report.values import Report
    from hardening.report.wording import Wording

SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def render_codequality(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report; texts are in the language asked for."""
    wording = load_wording(options.folder, options.language, options.zone)
    yield OutputFile("gl-code-quality-report.json", _render_chunks(report, wording))


def _render_chunks(report: Report, wording: Wording) -> Iterator[bytes]:
    checks = checks_by_id(report.summary)
    separator = "["
    for target in report.targets:
        for result in target.results:
            if result.outcome is not Outcome.FAIL or result.waivers:
                continue
            place = locate(target.entry, result)
            entry = {
                "description": f"{clean_line(result.target)}: {wording.of(checks[result.check].title)}",
                "check_name": result.check,
                "fingerprint": fingerprint(result),
                "severity": SEVERITIES[result.severity],
                "location": {"path": place.uri, "lines": {"begin": place.line}},
            }
            yield f"{separator}\n{json.dumps(entry, ensure_ascii=True)}".encode()
            separator = ","
    yield b"[]\n" if separator == "[" else b"\n]\n"
