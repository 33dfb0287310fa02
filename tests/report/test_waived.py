"""A waived gap is told as waived in every format, and as an open gap in none."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from hardening.model.texts import Language
from hardening.report import FORMATS
from hardening.report.format import RenderOptions, View
from hardening.report.pdf_data import build_pdf_data
from hardening.report.target_values import ResultEntry
from hardening.report.values import Report
from tests.report.example import build_waived
from tests.report.rendering import FOLDER, render, words

TOLD = "The old agent reads it."
XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"


def waived(report: Report) -> ResultEntry:
    (result,) = [result for target in report.targets for result in target.results if result.waivers]
    return result


def loaded(name: str) -> tuple[Any, ResultEntry]:
    report = build_waived()
    return json.loads(render(report, name)), waived(report)


def parsed(name: str) -> tuple[ET.Element, ResultEntry]:
    report = build_waived()
    return ET.fromstring(render(report, name)), waived(report)  # noqa: S314 - what we have just written


def in_html() -> None:
    page = render(build_waived(), "html").decode()
    assert (TOLD in page, "W-1" in page) == (True, True)


def in_md() -> None:
    report = build_waived()
    result = waived(report)
    page = render(report, "md").decode()
    gaps, _, rest = page.partition("## Waivers")
    shown = [line for line in gaps.splitlines() if f" {result.target}: " in line and f"`{result.check}`" in line]
    assert shown == []
    assert ("Waived by W-1" in rest, "1 gap is waived: compliance with waivers" in gaps) == (True, True)


def in_json() -> None:
    data, result = loaded("json")
    (found,) = [each for each in data["results"] if each["waivers"]]
    assert (found["id"], found["waivers"], data["waivers"][0]["id"]) == (result.id, ["W-1"], "W-1")
    assert result.id not in {gap["result"] for gap in data["gaps"]}


def in_csv() -> None:
    report = build_waived()
    rows = list(csv.DictReader(io.StringIO(render(report, "csv").decode("utf-8-sig"), newline="")))
    assert [(row["check"], row["outcome"]) for row in rows if row["waivers"] == "W-1"] == [
        (waived(report).check, "fail")
    ]


def in_junit() -> None:
    page, result = parsed("junit")
    case = next(case for case in page.iter("testcase") if (case.get("classname"), case.get("name")) == named(result))
    assert [(child.tag, "W-1" in child.get("message", "")) for child in case] == [("skipped", True)]


def named(result: ResultEntry) -> tuple[str, str]:
    return result.target, result.id.removeprefix(f"{result.target}/")


def in_sarif() -> None:
    data, result = loaded("sarif")
    (run,) = data["runs"]
    (found,) = [each for each in run["results"] if "suppressions" in each]
    (suppression,) = found["suppressions"]
    assert (found["ruleId"], suppression["kind"], suppression["status"]) == (result.check, "external", "accepted")
    assert TOLD in suppression["justification"]


def in_codequality() -> None:
    data, result = loaded("codequality")
    shown = {(entry["description"].partition(":")[0], entry["check_name"]) for entry in data}
    assert (result.target, result.check) not in shown


def in_openmetrics() -> None:
    report = build_waived()
    target = waived(report).target
    families = text_string_to_metric_families(render(report, "openmetrics").decode())  # type: ignore[no-untyped-call]
    samples = {(each.name, each.labels.get("target")): each.value for family in families for each in family.samples}
    assert samples["hardening_waived", target] == 1
    with_waivers = samples["hardening_compliance_with_waivers_ratio", target]
    assert with_waivers > samples["hardening_compliance_ratio", target]


def in_ecs() -> None:
    report = build_waived()
    events = [json.loads(line) for line in render(report, "ecs").splitlines()]
    assert [
        (event["rule"]["id"], event["event"]["outcome"]) for event in events if event["hardening"]["waivers"] == ["W-1"]
    ] == [(waived(report).check, "failure")]


def in_oscal_ar() -> None:
    data, _ = loaded("oscal-ar")
    (results,) = data["assessment-results"]["results"]
    (risk,) = [each for each in results["risks"] if each["status"] == "deviation-approved"]
    assert TOLD in risk["mitigating-factors"][0]["description"]
    assert risk["deadline"] == "2027-01-23T09:14:59Z"


def in_oscal_poam() -> None:
    data, _ = loaded("oscal-poam")
    plan = data["plan-of-action-and-milestones"]
    (risk,) = [each["uuid"] for each in plan["risks"] if each["status"] == "deviation-approved"]
    items = [each["title"] for each in plan["poam-items"] if {"risk-uuid": risk} in each["related-risks"]]
    assert items == ["Waived: W-1"]


def in_xccdf() -> None:
    page, result = parsed("xccdf")
    found = [
        (rule.get("idref"), rule.findtext(f"{XCCDF}result"))
        for rule in page.iter(f"{XCCDF}rule-result")
        if any(message.get("severity") == "warning" and TOLD in (message.text or "") for message in rule)
    ]
    assert found == [(f"xccdf_hardening_rule_{result.check}", "fail")]


def in_hdf() -> None:
    data, result = loaded("hdf")
    controls = [control for profile in data["profiles"] for control in profile["controls"]]
    (control,) = [control for control in controls if "waiver_data" in control]
    assert (control["id"], control["results"][0]["status"]) == (named(result)[1], "failed")
    assert (TOLD in control["waiver_data"]["justification"], control["waiver_data"]["skipped_due_to_waiver"]) == (
        True,
        False,
    )


def in_pdf() -> None:
    report = build_waived()
    data: Any = build_pdf_data(report.summary, words(), RenderOptions(language=Language.EN, folder=FOLDER))
    shown = f"{words().percent(report.summary.counts.compliance_with_waivers)} with waivers"
    assert [shown in figure["detail"] for figure in data["figures"]] == [False, True, False, False]
    assert render(report, "pdf", view=View.SUMMARY).startswith(b"%PDF")


def in_xlsx() -> None:
    with zipfile.ZipFile(io.BytesIO(render(build_waived(), "xlsx"))) as archive:
        cells = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml"))
    assert ("W-1" in cells, "1 gap is waived" in cells) == (True, True)


TELLS: dict[str, Callable[[], None]] = {
    "html": in_html,
    "md": in_md,
    "json": in_json,
    "csv": in_csv,
    "junit": in_junit,
    "sarif": in_sarif,
    "codequality": in_codequality,
    "openmetrics": in_openmetrics,
    "ecs": in_ecs,
    "oscal-ar": in_oscal_ar,
    "oscal-poam": in_oscal_poam,
    "xccdf": in_xccdf,
    "hdf": in_hdf,
    "pdf": in_pdf,
    "xlsx": in_xlsx,
}


def test_every_format_is_asked() -> None:
    assert list(TELLS) == list(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_waived_gap_is_told_as_waived(name: str) -> None:
    TELLS[name]()
