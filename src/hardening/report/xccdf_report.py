"""XCCDF 1.2: a benchmark of the checks that were asked, with a test result a target (NIST IR 7275 revision 4).

What could not be examined is ``error``, what does not apply ``notapplicable``. A waived gap stays ``fail`` and has a
message that says so: an override would change the result.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hardening.model.check import Outcome, Severity
from hardening.model.clean import clean_line
from hardening.model.evidence import Absent
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.junit_report import keep_xml
from hardening.report.telling import Telling, tell_result, tell_waivers, time_of
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.report.target_values import ResultEntry, TargetReport
    from hardening.report.values import CheckEntry, Report, Summary
    from hardening.report.wording import Wording

NAMESPACE = "http://checklists.nist.gov/xccdf/1.2"
BENCHMARK = "xccdf_hardening_benchmark_checks"
LONGEST_NAME = 300
LONGEST_TEXT = 4_000
RESULTS = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "fail",
    Outcome.ERROR: "error",
    Outcome.NOT_APPLICABLE: "notapplicable",
}
# XCCDF ends at high.
SEVERITIES = {severity: severity.value for severity in Severity} | {Severity.CRITICAL: "high"}
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]")


def render_xccdf(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report; texts are in the language asked for."""
    yield OutputFile("xccdf.xml", _render_chunks(report, load_wording(options.folder, options.language, options.zone)))


def _render_chunks(report: Report, wording: Wording) -> Iterator[bytes]:
    summary = report.summary
    language = wording.language.value
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Benchmark xmlns="{NAMESPACE}" id="{BENCHMARK}"'
        f' resolved="true" xml:lang="{language}">\n'
    ).encode()
    date = time_of(summary.info.started)[:10]
    yield _write(_element("status", "accepted", date=date))
    yield _write(_element("title", wording.text("title")))
    controls = summary.control_coverage
    yield _write(_element("description", wording.text("scope.line", n=controls.not_examined, m=controls.total)))
    yield _write(_element("version", summary.info.content_digest[:12] or "0"))
    for check in summary.checks:
        yield _write(_build_rule(check, wording))
    telling = Telling.of(summary, wording)
    for number, target in enumerate(report.targets, 1):
        if target.results:
            yield _write(_build_test_result(number, target, summary, telling))
    yield b"</Benchmark>\n"


def _build_rule(check: CheckEntry, wording: Wording) -> ET.Element:
    rule = _element("Rule", id=_rule_id(check.id), severity=SEVERITIES[check.severity], selected="true")
    rule.append(_element("version", check.version))
    rule.append(_element("title", wording.of(check.title)))
    rule.append(_element("description", wording.of(check.rationale)))
    for reference in check.references:
        rule.append(_element("reference", reference, href=clean_line(reference, LONGEST_NAME)))
    for link in check.measures:
        rule.append(_element("ident", f"{link.framework}/{link.measure}", system="urn:hardening:measure"))
    rule.append(_element("fixtext", wording.of(check.remediation)))
    rule.append(_build_check(check.id))
    return rule


def _build_test_result(number: int, target: TargetReport, summary: Summary, telling: Telling) -> ET.Element:
    entry = target.entry
    name = clean_line(entry.name, LONGEST_NAME)
    test = _element(
        "TestResult",
        id=f"xccdf_hardening_testresult_{number}-{_NO_NAME.sub('_', entry.name[:LONGEST_NAME])}",
        **{"start-time": time_of(entry.time)[:-1], "end-time": time_of(entry.time + entry.duration_ms // 1000)[:-1]},
        version=summary.info.tool_version,
    )
    test.append(_element("benchmark", href=f"#{BENCHMARK}", id=BENCHMARK))
    test.append(_element("title", f"{name}: {', '.join(entry.baselines)}"))
    test.append(_element("target", name.strip() or "-"))
    for endpoint in entry.endpoints:
        test.append(_element("target-address", clean_line(endpoint.address, LONGEST_NAME)))
    facts = [("labels", f"{label}={value}") for label, value in sorted(entry.labels.items())]
    if not isinstance(entry.system, Absent):
        facts.append(("system", entry.system.title))
    if facts:
        holder = _element("target-facts")
        for kind, value in facts:
            holder.append(_element("fact", value, name=f"urn:hardening:fact:{kind}", type="string"))
        test.append(holder)
    for result in target.results:
        test.append(_build_result(result, target, telling))
    share = entry.counts.compliance
    score = share if isinstance(share, Fraction) else Fraction(0)
    test.append(_element("score", f"{float(score) * 100:.2f}", system="urn:xccdf:scoring:flat", maximum="100"))
    return test


def _build_result(result: ResultEntry, target: TargetReport, telling: Telling) -> ET.Element:
    built = _element(
        "rule-result",
        idref=_rule_id(result.check),
        severity=SEVERITIES[result.severity],
        time=time_of(target.entry.time)[:-1],
        version=result.check_version,
    )
    built.append(_element("result", RESULTS[result.outcome]))
    for line in tell_waivers(result, telling.waivers, telling.wording):
        built.append(_element("message", line, severity="warning"))
    for line in tell_result(result, telling.wording):
        built.append(_element("message", line, severity="error" if result.outcome is Outcome.ERROR else "info"))
    suffix = result.id.partition("@")[2] if "@" in result.id.removeprefix(f"{result.target}/") else ""
    if suffix:
        built.append(_element("instance", suffix.rpartition("@")[2], context="urn:hardening:parameters"))
    if result.outcome is Outcome.FAIL:
        remedy = telling.wording.of(telling.checks[result.check].remediation)
        built.append(_element("fix", remedy, system="urn:hardening:remediation"))
    built.append(_build_check(result.check))
    return built


def _build_check(name: str) -> ET.Element:
    check = _element("check", system="urn:hardening:check")
    check.append(_element("check-content-ref", href="urn:hardening:check", name=clean_line(name, LONGEST_NAME)))
    return check


def _rule_id(check: str) -> str:
    return f"xccdf_hardening_rule_{_NO_NAME.sub('_', check)}"


def _element(tag: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.Element(tag, {name: keep_xml(value) for name, value in attributes.items()})
    if text:
        element.text = keep_xml(clean_line(text, LONGEST_TEXT))
    return element


def _write(element: ET.Element) -> bytes:
    ET.indent(element)
    written: bytes = ET.tostring(element, encoding="utf-8")
    return written + b"\n"
