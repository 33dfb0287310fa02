"""JUnit XML, in the dialect that Jenkins, GitLab and GitHub's test reporters read: a suite a target, a case a check.

A gap is a *failure*; what could not be examined is an *error*, so that no pipeline takes it for either answer; a check
that does not apply is *skipped*.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hardening.model.check import Outcome
from hardening.model.clean import clean_line
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.telling import checks_by_id, tell_result, time_of
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.report.target_values import ResultEntry, TargetReport
    from hardening.report.values import CheckEntry, Report
    from hardening.report.wording import Wording

LONGEST_NAME = 300

# What XML 1.0 cannot hold even as a reference: https://www.w3.org/TR/xml/#charsets
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report; texts are in the language asked for."""
    yield OutputFile("junit.xml", _render_chunks(report, load_wording(options.folder, options.language, options.zone)))


def _render_chunks(report: Report, wording: Wording) -> Iterator[bytes]:
    checks = checks_by_id(report.summary)
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
    for number, target in enumerate(report.targets):
        suite = _build_suite(number, target, checks, wording)
        ET.indent(suite)
        yield ET.tostring(suite, encoding="utf-8") + b"\n"
    yield b"</testsuites>\n"


def _build_suite(number: int, target: TargetReport, checks: Mapping[str, CheckEntry], wording: Wording) -> ET.Element:
    entry, counts = target.entry, target.entry.counts
    name = _name(entry.name)
    suite = ET.Element(
        "testsuite",
        {
            "name": name,
            "package": name,
            "id": str(number),
            "hostname": name,
            "timestamp": time_of(entry.time).removesuffix("Z"),
            "tests": str(len(target.results)),
            "failures": str(counts.gaps),
            "errors": str(counts.errors),
            "skipped": str(counts.not_applicable + counts.waived),
            "time": f"{entry.duration_ms / 1000:.3f}",
        },
    )
    properties = ET.SubElement(suite, "properties")
    for label, value in sorted(entry.labels.items()):
        ET.SubElement(properties, "property", {"name": _name(label), "value": _text(clean_line(value))})
    for result in target.results:
        suite.append(_build_case(result, name, checks[result.check], wording))
    for stream in ("system-out", "system-err"):
        ET.SubElement(suite, stream)
    return suite


def _build_case(result: ResultEntry, suite: str, check: CheckEntry, wording: Wording) -> ET.Element:
    # The id without the target is steady from scan to scan, and tells two sets of parameters of one check apart.
    own = result.id.removeprefix(f"{result.target}/")
    case = ET.Element("testcase", {"name": _name(own), "classname": suite, "time": "0"})
    title, lines = wording.of(check.title), tell_result(result, wording)
    match result.outcome:
        case Outcome.FAIL if result.waivers:
            message = f"{wording.text('state.waived')}: {', '.join(result.waivers)}"
            ET.SubElement(case, "skipped", {"message": _text(message)})
        case Outcome.FAIL:
            failure = ET.SubElement(case, "failure", {"type": result.severity.value, "message": _text(title)})
            remedy = wording.of(check.remediation)
            failure.text = _text("\n".join([*lines, "", remedy, ", ".join(result.measures)]))
        case Outcome.ERROR:
            message = lines[0] if lines else title
            error = ET.SubElement(case, "error", {"type": result.severity.value, "message": _text(message)})
            error.text = _text("\n".join([title, *lines]))
        case Outcome.NOT_APPLICABLE:
            ET.SubElement(case, "skipped", {"message": _text(lines[0] if lines else title)})
        case Outcome.PASS:
            pass
    return case


def _name(text: str) -> str:
    """Return a name as an XML token: one line, no white space at its ends or doubled, never empty."""
    return _text(" ".join(clean_line(text, LONGEST_NAME).split())) or "-"


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
