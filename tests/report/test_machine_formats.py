"""Formats that programs read: golden files, their public schemas and readers, and hostile text that stays text."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from hardening.model.texts import Language
from hardening.report import FORMATS, sarif_report
from hardening.report.csv_report import COLUMNS
from hardening.report.values import Report
from tests.report.example import build_example
from tests.report.hostile import HOSTILE, build_hostile
from tests.report.rendering import render, small_example

THIRD_PARTY = Path(__file__).parents[3] / "shared/third_party"
needs_schemas = pytest.mark.skipif(
    not THIRD_PARTY.exists(), reason="the public schemas are not beside this checkout (shared/third_party)"
)
MACHINE = ("junit", "sarif", "codequality", "openmetrics", "ecs", "csv", "md")


@pytest.mark.parametrize("name", MACHINE)
def test_small_report_is_as_before(name: str, check_golden: Callable[[str, str], None]) -> None:
    check_golden(f"formats/{name}{FORMATS[name].suffix}", render(small_example(), name, Language.NB).decode())


@pytest.mark.parametrize("name", MACHINE)
def test_format_is_the_same_each_time(name: str) -> None:
    assert render(build_example(), name) == render(build_example(), name)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
@pytest.mark.parametrize("name", MACHINE)
def test_nothing_in_a_format_acts_on_a_terminal_or_misleads(name: str, text: str) -> None:
    rendered = render(build_hostile(text), name).decode()
    harmful = {sign for sign in rendered if unicodedata.category(sign) in {"Cc", "Cf", "Cs"}} - {"\n", "\r", "\ufeff"}
    assert harmful == set()
    assert [line for line in rendered.splitlines() if line.startswith("::")] == []


def parse(report: Report) -> ET.Element:
    return ET.fromstring(render(report, "junit"))  # noqa: S314 - what we have just written


@pytest.fixture(scope="module")
def junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(THIRD_PARTY / "junit.xsd")


@needs_schemas
@pytest.mark.parametrize("text", ["", *HOSTILE.values()], ids=["plain", *HOSTILE])
def test_junit_meets_its_schema(junit: xmlschema.XMLSchema, text: str) -> None:
    report = build_hostile(text) if text else build_example()
    junit.validate(parse(report))


def test_junit_tells_failures_from_errors() -> None:
    report = build_example()
    page = parse(report)
    found = Counter(child.tag for case in page.iter("testcase") for child in case)
    counts = report.summary.counts
    assert found == {"failure": counts.failed, "error": counts.errors, "skipped": counts.not_applicable}


def test_junit_counts_what_it_holds() -> None:
    for suite in parse(build_example()):
        held = Counter(child.tag for case in suite.iter("testcase") for child in case)
        said = {tag: int(suite.attrib[f"{tag}s"]) for tag in ("failure", "error")}
        assert (said, int(suite.attrib["tests"])) == (
            {tag: held[tag] for tag in said},
            len(suite.findall("testcase")),
        )


@pytest.fixture(scope="module")
def sarif() -> jsonschema.protocols.Validator:
    schema = json.loads((THIRD_PARTY / "sarif-schema-2.1.0.json").read_text("utf-8"))
    return jsonschema.validators.validator_for(schema, jsonschema.Draft7Validator)(schema)


@needs_schemas
@pytest.mark.parametrize("text", ["", *HOSTILE.values()], ids=["plain", *HOSTILE])
def test_sarif_meets_its_schema(sarif: jsonschema.protocols.Validator, text: str) -> None:
    report = build_hostile(text) if text else build_example()
    assert [error.message[:300] for error in sarif.iter_errors(json.loads(render(report, "sarif")))] == []


def run_of(report: Report) -> Any:
    (run,) = json.loads(render(report, "sarif"))["runs"]
    return run


def test_sarif_has_a_result_a_gap_with_its_rule() -> None:
    report = build_example()
    run = run_of(report)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    found = {(result["ruleId"], rules[result["ruleIndex"]]) for result in run["results"]}
    assert found == {(gap.check, gap.check) for gap in report.summary.gaps}
    assert len(run["results"]) == report.summary.counts.failed


def test_sarif_tells_what_could_not_be_examined() -> None:
    report = build_example()
    notes = run_of(report)["invocations"][0]["toolExecutionNotifications"]
    assert len(notes) == len(report.summary.unreached) + len(report.summary.unexamined)


def test_sarif_fingerprints_tell_results_apart() -> None:
    found = [result["partialFingerprints"]["hardeningResultId/v1"] for result in run_of(build_example())["results"]]
    assert len(found) == len(set(found))


def test_sarif_keeps_the_worst_and_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_report, "MOST_RESULTS", 3)
    report = build_example()
    run = run_of(report)
    notes = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    worst = {(gap.target, gap.check) for gap in report.summary.gaps[:3]}
    kept = {(result["logicalName"], result["ruleId"]) for result in _with_names(run["results"])}
    assert kept == worst
    assert notes[-1].startswith(f"{len(report.summary.gaps) - 3} gaps of lesser weight are left out")


def _with_names(results: Any) -> Iterator[Any]:
    for result in results:
        yield {**result, "logicalName": result["locations"][0]["logicalLocations"][0]["name"]}


@pytest.mark.parametrize("name", ["sarif", "codequality"])
@pytest.mark.parametrize("place", ["/../../etc/passwd:3", "..:1", "C:\\x:2", "//host/share:4", "javascript:alert(1):5"])
def test_places_are_relative_and_stay_in_their_folder(name: str, place: str) -> None:
    report = build_example()
    target = replace(next(iter(report.targets)), entry=replace(next(iter(report.targets)).entry, place=place))
    rendered = json.loads(render(Report(report.summary, [target]), name))
    paths = re.findall(r'"(?:uri|path)": "([^"]*)"', json.dumps(rendered))
    assert paths
    assert [path for path in paths if ".." in path.split("/") or path.startswith("/") or ":" in path] == []


def test_codequality_has_an_entry_a_gap() -> None:
    report = build_example()
    entries = json.loads(render(report, "codequality"))
    assert len(entries) == report.summary.counts.failed
    assert {key for entry in entries for key in entry} == {
        "description",
        "check_name",
        "fingerprint",
        "severity",
        "location",
    }
    assert {entry["severity"] for entry in entries} <= {"info", "minor", "major", "critical", "blocker"}


def test_codequality_without_a_gap_is_an_empty_list() -> None:
    assert json.loads(render(build_example([]), "codequality")) == []


@pytest.mark.parametrize("text", ["", *HOSTILE.values()], ids=["plain", *HOSTILE])
def test_openmetrics_is_read_by_prometheus(text: str) -> None:
    report = build_hostile(text) if text else build_example()
    families = list(text_string_to_metric_families(render(report, "openmetrics").decode()))  # type: ignore[no-untyped-call]
    counted = sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "hardening_results" and sample.labels["outcome"] == "failed"
    )
    assert counted == report.summary.counts.failed


@pytest.mark.parametrize("text", ["", *HOSTILE.values()], ids=["plain", *HOSTILE])
def test_ecs_is_an_event_a_line(text: str) -> None:
    report = build_hostile(text) if text else build_example()
    events = [json.loads(line) for line in render(report, "ecs").decode().splitlines()]
    assert {event["event"]["kind"] for event in events} == {"state"}
    outcomes = Counter(event["hardening"]["outcome"] for event in events)
    counts = report.summary.counts
    assert outcomes["error"] == counts.errors
    assert outcomes["fail"] == counts.failed == Counter(event["event"]["outcome"] for event in events)["failure"]


@pytest.mark.parametrize("text", ["", *HOSTILE.values()], ids=["plain", *HOSTILE])
def test_csv_has_a_row_a_result_and_no_formula(text: str) -> None:
    report = build_hostile(text) if text else build_example()
    rows = list(csv.reader(io.StringIO(render(report, "csv").decode("utf-8-sig"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) - 1 == sum(len(target.results) for target in report.targets)
    cells = {cell for row in rows for cell in row}
    assert [cell[:50] for cell in cells if cell.lstrip()[:1] in set("=+-@|%")] == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_markdown_shows_hostile_text_and_does_not_obey_it(text: str) -> None:
    page = render(build_hostile(text), "md").decode()
    bare = re.sub(r"\\[^\n]", "", page)
    assert [sign for sign in ("<", "](", "@", "http://", "{{") if sign in bare] == []


def test_markdown_stays_below_what_a_job_summary_takes() -> None:
    report = build_example()
    many = replace(report.summary, gaps=report.summary.gaps * 10_000, targets=report.summary.targets * 5_000)
    assert len(render(Report(many, ()), "md")) < 1_000_000
