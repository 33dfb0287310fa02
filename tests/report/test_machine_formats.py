"""Formats that programs read: golden files, their public schemas and readers, and hostile text that stays text."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from jsonschema_rs import validator_for
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from hardening.model.check import Outcome
from hardening.model.judgement import Counts
from hardening.model.texts import Language
from hardening.report import FORMATS, sarif_report
from hardening.report.build import with_info
from hardening.report.csv_report import COLUMNS
from hardening.report.target_values import TargetReport
from hardening.report.values import Report
from tests.lab import packages
from tests.report.example import build_example, build_waived
from tests.report.hostile import HOSTILE, build_hostile
from tests.report.rendering import Walk, render, small_example

THIRD_PARTY = Path(__file__).parents[3] / "shared/third_party"
needs_schemas = pytest.mark.skipif(
    not THIRD_PARTY.exists(), reason="the public schemas are not beside this checkout (shared/third_party)"
)
MACHINE = (
    "junit",
    "sarif",
    "codequality",
    "openmetrics",
    "ecs",
    "csv",
    "md",
    "oscal-ar",
    "oscal-poam",
    "xccdf",
    "hdf",
)


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


def many_gaps(gaps: int) -> Report:
    """Return a report of so many targets that it has that many gaps."""
    report = build_example()
    (target,) = [each for each in report.targets if each.entry.name == "web-01"]
    own = [gap for gap in report.summary.gaps if gap.target == "web-01"]
    names = [f"web-{number:05}" for number in range(gaps // len(own) + 1)]

    def renamed(name: str) -> TargetReport:
        results = [
            replace(result, target=name, id=f"{name}/{result.check}")
            for result in target.results
            if result.outcome is Outcome.FAIL
        ]
        return replace(target, entry=replace(target.entry, name=name), results=tuple(results))

    found = [replace(gap, target=name, result=f"{name}/{gap.check}") for gap in own for name in names][:gaps]
    counts = Counts(failed=len(own) * len(names))
    return Report(replace(report.summary, gaps=tuple(found), counts=counts), Walk(lambda: map(renamed, names)))


@pytest.mark.slow
def test_sarif_of_100_000_gaps_is_within_the_limits_of_github() -> None:
    report = many_gaps(100_000)
    raw = render(report, "sarif")
    (run,) = json.loads(raw)["runs"]
    tags = [len(rule["properties"]["tags"]) for rule in run["tool"]["driver"]["rules"]]
    assert (len(run["results"]), max(tags) <= 20, len(gzip.compress(raw)) < 10_000_000) == (25_000, True, True)
    notes = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    left_out = report.summary.counts.failed - 25_000
    assert notes[-1].startswith(f"{left_out:,} gaps of lesser weight are left out")


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


def oscal(kind: str, report: Report) -> list[str]:
    schema = json.loads((THIRD_PARTY / f"oscal_{kind}_schema.json").read_text("utf-8"))
    name = {"assessment-results": "oscal-ar", "poam": "oscal-poam"}[kind]
    return [error.message for error in validator_for(schema).iter_errors(json.loads(render(report, name)))]


def nothing_asked() -> Report:
    return build_example([])


REPORTS: dict[str, Callable[[], Report]] = {
    "plain": build_example,
    "waived": build_waived,
    "nothing": nothing_asked,
    **{name: partial(build_hostile, text) for name, text in HOSTILE.items()},
}


@needs_schemas
@pytest.mark.parametrize("build", REPORTS.values(), ids=list(REPORTS))
@pytest.mark.parametrize("kind", ["assessment-results", "poam"])
def test_oscal_meets_its_schema(kind: str, build: Callable[[], Report]) -> None:
    assert oscal(kind, build()) == []


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


@pytest.mark.parametrize("name", ["oscal-ar", "oscal-poam"])
def test_oscal_ids_name_one_thing_each_and_every_reference_leads_to_one(name: str) -> None:
    nodes = list(walk(json.loads(render(build_waived(), name))))
    named = Counter(node["uuid"] for node in nodes if "uuid" in node)
    used = {
        value
        for node in nodes
        for key, value in node.items()
        if key in {"observation-uuid", "risk-uuid", "subject-uuid"}
    }
    assert [uuid for uuid, times in named.items() if times > 1] == []
    assert used - set(named) == set()


def later(report: Report) -> Report:
    """Return the same report of a scan a day later."""
    info = report.summary.info
    return with_info(report, replace(info, started=info.started + 86_400, finished=info.finished + 86_400))


def uuids(report: Report, name: str, member: str) -> set[str]:
    (document,) = json.loads(render(report, name)).values()
    holder = document["results"][0] if "results" in document else document
    return {each["uuid"] for each in holder[member]}


@pytest.mark.parametrize(
    ("name", "member"), [("oscal-ar", "risks"), ("oscal-poam", "risks"), ("oscal-poam", "poam-items")]
)
def test_oscal_names_a_gap_alike_in_each_scan(name: str, member: str) -> None:
    report = build_waived()
    assert uuids(report, name, member) == uuids(later(report), name, member)


def test_oscal_risks_of_both_documents_are_the_same() -> None:
    report = build_waived()
    assert uuids(report, "oscal-ar", "risks") == uuids(report, "oscal-poam", "risks")


def test_oscal_observations_belong_to_one_scan() -> None:
    report = build_example()
    assert uuids(report, "oscal-ar", "observations") & uuids(later(report), "oscal-ar", "observations") == set()


def test_oscal_has_an_observation_a_result_and_a_risk_a_gap() -> None:
    report = build_example()
    counts = report.summary.counts
    assert len(uuids(report, "oscal-ar", "observations")) == sum(len(target.results) for target in report.targets)
    assert len(uuids(report, "oscal-ar", "risks")) == counts.failed


def test_oscal_has_no_finding_of_what_was_not_examined_everywhere() -> None:
    report = build_example()
    (results,) = json.loads(render(report, "oscal-ar"))["assessment-results"]["results"]
    states = {
        f"{baseline.id}_{control.id}".replace(" ", "_"): control.state.value
        for baseline in report.summary.baselines
        for control in baseline.controls
    }
    found = {(states[each["target"]["target-id"]], each["target"]["status"]["state"]) for each in results["findings"]}
    assert found <= {("pass", "satisfied"), ("fail", "not-satisfied")}
    assert ("fail", "not-satisfied") in found


def test_oscal_plan_without_a_gap_says_so() -> None:
    plan = json.loads(render(nothing_asked(), "oscal-poam"))["plan-of-action-and-milestones"]
    assert [item["title"] for item in plan["poam-items"]] == ["No gap to act on"]


@needs_schemas
@pytest.mark.parametrize("build", REPORTS.values(), ids=list(REPORTS))
def test_hdf_meets_its_schema(build: Callable[[], Report]) -> None:
    schema = json.loads((THIRD_PARTY / "hdf-exec-json.json").read_text("utf-8"))
    errors = jsonschema.Draft7Validator(schema).iter_errors(json.loads(render(build(), "hdf")))
    assert [error.message[:300] for error in errors] == []


def test_hdf_counts_are_those_of_its_controls() -> None:
    data = json.loads(render(build_example(), "hdf"))
    held = Counter(control["results"][0]["status"] for profile in data["profiles"] for control in profile["controls"])
    said = {name: each["total"] for name, each in data["statistics"]["controls"].items()}
    assert said == {name: held[name] for name in said}
    assert held["error"] > 0


def test_hdf_takes_nothing_but_what_does_not_apply_for_not_applicable() -> None:
    data = json.loads(render(build_example(), "hdf"))
    found = {
        control["results"][0]["status"]
        for profile in data["profiles"]
        for control in profile["controls"]
        if control["impact"] == 0
    }
    assert found == {"skipped"}


def test_xccdf_has_a_result_for_each_of_ours() -> None:
    page = ET.fromstring(render(build_example(), "xccdf"))  # noqa: S314 - what we have just written
    space = "{http://checklists.nist.gov/xccdf/1.2}"
    found = Counter(rule.findtext(f"{space}result") for rule in page.iter(f"{space}rule-result"))
    counts = build_example().summary.counts
    assert found == {
        "pass": counts.passed,
        "fail": counts.failed,
        "error": counts.errors,
        "notapplicable": counts.not_applicable,
    }


def run_oscap(path: Path) -> tuple[int, str]:
    """Have OpenSCAP judge a file; it is installed if it is missing (root, Debian)."""
    if not shutil.which("oscap"):
        if os.geteuid() != 0:
            pytest.skip("no oscap on this machine, and only root can install it")
        packages.install(("openscap-scanner",))
    run = subprocess.run(["oscap", "xccdf", "validate", str(path)], capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("build", REPORTS.values(), ids=list(REPORTS))
def test_xccdf_is_valid_for_openscap(build: Callable[[], Report], tmp_path: Path) -> None:
    path = tmp_path / "xccdf.xml"
    path.write_bytes(render(build(), "xccdf"))
    status, said = run_oscap(path)
    missing = set(re.findall(r"(?:should have|has no) (a \S+ \S+|at least one \S+|exactly one \S+|platform)", said))
    assert (status, missing) == (0, {"a 'metadata' element,", "a @test-system attribute.", "platform"} & missing), said


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_openscap_finds_a_result_that_xccdf_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "xccdf.xml"
    path.write_bytes(render(build_example(), "xccdf").replace(b"<result>pass</result>", b"<result>fine</result>"))
    status, said = run_oscap(path)
    assert (status, "fine" in said) == (2, True), said
