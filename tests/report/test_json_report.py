"""The JSON report: complete, valid, stable, and harmless on a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hardening.model.evidence import Known
from hardening.model.judgement import TargetJudgement
from hardening.model.texts import Language
from hardening.report.json_report import build_report_schema
from hardening.report.target_values import TargetReport
from hardening.report.values import Report
from tests.report.example import build_content, build_example, build_judgements
from tests.report.rendering import Walk, render, small_example

SCHEMA = Path(__file__).parents[2] / "schemas" / "report.schema.json"


def load(report: Report) -> Any:
    return json.loads(render(report, "json"))


def with_value(value: str) -> list[TargetJudgement]:
    first = build_judgements(build_content())[0]
    reason = replace(first.results[0].reasons[0], actual=Known(value, value), key=value)
    return [replace(first, results=(replace(first.results[0], reasons=(reason,), note=value), *first.results[1:]))]


def test_small_report_is_as_before(check_golden: Callable[[str, str], None]) -> None:
    check_golden("report.json", render(small_example(), "json").decode())


def test_report_meets_its_schema() -> None:
    jsonschema.Draft202012Validator(build_report_schema()).validate(load(build_example()))


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(build_report_schema())


def test_schema_file_is_the_one_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == build_report_schema()


def test_schema_refuses_an_unknown_outcome() -> None:
    data = load(small_example())
    data["results"][0]["outcome"] = "maybe"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, build_report_schema())


def test_schema_refuses_an_unknown_member() -> None:
    data = load(small_example())
    data["results"][0]["more"] = 1

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, build_report_schema())


def test_result_names_target_check_outcome_severity_and_measures() -> None:
    result = next(entry for entry in load(build_example())["results"] if entry["id"] == "web-01/linux-perm-shadow")

    assert {name: result[name] for name in ("target", "check", "outcome", "severity", "measures")} == {
        "target": "web-01",
        "check": "linux-perm-shadow",
        "outcome": "fail",
        "severity": "critical",
        "measures": ["nsm-gp-ikt-2.1/2.6.4"],
    }


def test_reason_tells_what_was_expected_and_seen_and_where() -> None:
    result = next(entry for entry in load(build_example())["results"] if entry["id"] == "web-01/linux-perm-shadow")

    assert result["reasons"][0] == {
        "field": "file.mode",
        "type": "mode",
        "key": "",
        "operator": "mode_at_most",
        "expected": "0640",
        "seen": {"state": "known", "value": "0644", "reason": "", "place": "/etc/shadow", "omitted": 0},
        "verdict": "false",
        "negated": False,
        "decisive": True,
        "told": [],
    }


def test_parameter_tells_its_origin() -> None:
    results = load(build_example())["results"]
    result = next(entry for entry in results if entry["id"] == "web-01/linux-ssh-max-auth-tries")

    assert result["parameters"] == {"limit": {"value": 4, "origin": "site", "source": "site.yaml"}}


def test_compliance_and_coverage_stand_beside_the_counts() -> None:
    assert load(build_example())["counts"] == {
        "passed": 22,
        "failed": 16,
        "errors": 36,
        "not_applicable": 1,
        "waived": 0,
        "compliance": 0.578947,
        "compliance_with_waivers": 0.578947,
        "coverage": 0.513514,
    }


def test_texts_are_there_in_both_languages() -> None:
    check = next(entry for entry in load(build_example())["checks"] if entry["id"] == "linux-service-telnet")

    assert check["title"] == {"en": "There is no telnet server", "nb": "Det finnes ingen telnet-server"}


def test_report_is_the_same_in_every_language() -> None:
    assert render(build_example(), "json", Language.NB) == render(build_example(), "json", Language.EN)


def test_report_is_the_same_each_time() -> None:
    assert render(build_example(), "json") == render(build_example(), "json")


def test_results_stand_by_target_then_check() -> None:
    keys = [(result["target"], result["check"]) for result in load(build_example())["results"]]

    assert keys == sorted(keys)


def test_report_of_nothing_is_valid() -> None:
    data = load(build_example([]))

    jsonschema.validate(data, build_report_schema())
    assert data["results"] == []


@pytest.mark.parametrize("character", ["\x1b", "\x9b", "\u202e", "\u2066", "\u200b", "\u2028", "\x7f", "\ufeff"])
def test_character_that_a_terminal_obeys_is_escaped(character: str) -> None:
    assert character.encode() not in render(build_example(with_value(f"a{character}b")), "json")


@pytest.mark.parametrize("value", ["\x1b[2J", "\u202eevil", "\udc80", "</script>", '"quoted"\\'])
def test_hostile_value_is_kept_as_data(value: str) -> None:
    reason = load(build_example(with_value(value)))["results"][0]["reasons"][0]

    assert (reason["seen"]["value"], reason["seen"]["place"], reason["key"]) == (value, value, value)


def test_long_value_is_cut_and_counted() -> None:
    seen = load(build_example(with_value("x" * 1_000_000)))["results"][0]["reasons"][0]["seen"]

    assert (len(seen["value"]), seen["omitted"]) == (2_000, 998_000)


def test_targets_are_gone_through_once() -> None:
    report = build_example()
    walks = []

    def walk() -> Iterator[TargetReport]:
        walks.append(1)
        return iter(report.targets)

    assert render(Report(report.summary, Walk(walk)), "json") == render(report, "json")
    assert len(walks) == 1
