"""A JSON report read back: the same report, or one clear error."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.errors import SnapshotError
from hardening.model.evidence import Known, Unreadable
from hardening.model.texts import Language
from hardening.report import stored
from hardening.report.stored import load_report, parse_report
from hardening.report.values import Report
from tests.report.example import build_content, build_example, build_judgements
from tests.report.rendering import SMALL, read_back, render, small_example

# Bytes that are not UTF-8 arrive as these surrogates.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF))


@pytest.fixture(scope="module")
def data() -> Any:
    return json.loads(render(small_example(), "json"))


def changed(data: Any, change: Callable[[Any], object]) -> bytes:
    copy = json.loads(json.dumps(data))
    change(copy)
    return json.dumps(copy).encode()


@pytest.mark.parametrize("name", ["json", "html"])
@pytest.mark.parametrize("language", list(Language))
def test_rendered_again_gives_the_same_bytes(name: str, language: Language) -> None:
    report = build_example()

    assert render(read_back(report), name, language) == render(report, name, language)


def test_summary_is_the_same() -> None:
    report = build_example()

    assert read_back(report).summary == report.summary


def test_targets_are_the_same_on_each_walk() -> None:
    report = build_example()
    back = read_back(report)

    assert [list(back.targets), list(back.targets)] == [list(report.targets), list(report.targets)]


def test_report_that_another_program_laid_out_is_the_same(data: Any) -> None:
    assert list(parse_report(json.dumps(data, indent=4).encode(), "x").targets) == list(small_example().targets)


@settings(max_examples=25, deadline=None)
@given(value=ANY_TEXT, items=st.lists(ANY_TEXT, max_size=3), number=st.integers(-(2**53), 2**53))
def test_any_value_survives(value: str, items: list[str], number: int) -> None:
    content = build_content(only=SMALL)
    first = build_judgements(content)[0]
    reason = first.results[0].reasons[0]
    reasons = (
        replace(reason, actual=Known(value, value), key=value),
        replace(reason, actual=Known(tuple(items))),
        replace(reason, actual=Known(number)),
        replace(reason, actual=Unreadable(value)),
    )
    results = (replace(first.results[0], reasons=reasons, note=value), *first.results[1:])
    report = build_example([replace(first, results=results)], content)

    assert list(read_back(report).targets) == list(report.targets)


def test_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(render(small_example(), "json"))

    assert load_report(path).summary == small_example().summary


def test_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"report\.json: cannot be read: No such file"):
        load_report(tmp_path / "report.json")


def test_large_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MAXIMUM_BYTES", 2_000_000)
    path = tmp_path / "report.json"
    path.write_bytes(b" " * 2_000_001)

    with pytest.raises(SnapshotError, match="larger than 2 MB; refused"):
        load_report(path)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"null",
        b"{",
        b'{"schema_version": 1',
        b'{"schema_version": 1}',
        b'{"schema_version": 1} trailing',
        b'{"results": 1}',
        b"{1: 2}",
        b'{"results" []}',
        b'{"info": NaN}',
        b'{"results": [NaN]}',
        b'{"info": 1, "info": 1}',
        b'{"results": [], "results": []}',
        b'{"info": {"a": 1, "a": 1}}',
        b'{"info": ' + b"[" * 200_000,
        b'{"info": ' + b"9" * 5_000 + b"}",
    ],
    ids=lambda raw: raw[:30].decode("latin-1"),
)
def test_damaged_file_is_one_clear_error(raw: bytes) -> None:
    with pytest.raises(SnapshotError, match=r"^x\.json: not a JSON report, or damaged \(.*\); render it again"):
        parse_report(raw, "x.json")


def test_truncated_file_is_one_clear_error(data: Any) -> None:
    raw = json.dumps(data).encode()

    for end in range(0, len(raw), len(raw) // 97):
        with pytest.raises(SnapshotError):
            parse_report(raw[:end], "x")


def test_other_schema_version_says_so(data: Any) -> None:
    with pytest.raises(SnapshotError, match="schema_version is not 1; use the version of the tool that wrote it"):
        parse_report(changed(data, lambda copy: copy.update(schema_version=2)), "x")


def set_in(path: str, value: object) -> Callable[[Any], object]:
    """Return a change that puts a value at a path of names and numbers."""
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]

    def change(copy: Any) -> None:
        for step in steps:
            copy = copy[step]
        copy[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("counts.passed", "4", "report.counts.passed: a whole number expected"),
        ("counts.passed", True, "report.counts.passed: a whole number expected"),
        ("counts.passed", 2**60, "report.counts.passed: a whole number expected"),
        ("counts", 3, "report.counts: an object expected"),
        ("gaps", {}, "report.gaps: a list expected"),
        ("targets.0.reached", "yes", r"report.targets\[0\].reached: true or false expected"),
        ("targets.0.labels", [], r"report.targets\[0\].labels: an object expected"),
        ("checks.0.severity", "worst", r"report.checks\[0\].severity: one of critical"),
        ("checks.0.title", "plain", r"report.checks\[0\].title: a text with"),
        ("checks.0.title", {"en": "x", "nb": 3}, r"report.checks\[0\].title.nb: text expected"),
        ("counts.more", 1, "report.counts: member 'more' is unknown"),
        ("results.0.parameters", {"x": {"value": 1.5, "origin": "site", "source": ""}}, "text, a whole number"),
        ("results.0.check", "no-such-check", "names an unknown check"),
        ("results.0.target", "nowhere", "not in the order of the targets"),
        ("control_results.0.target", "nowhere", "not in the order of the targets"),
        ("gaps.0.check", "no-such-check", "a gap names an unknown check"),
        ("gaps.0.target", "nowhere", "a gap names an unknown target"),
        ("actions.0.gaps", ["nothing"], "names an unknown gap"),
        ("measures.0.gaps", ["nothing"], "names an unknown gap"),
        ("measures.0.effort", 0, "is not 1 to 5"),
        ("actions.0.effort", 4_000_000, "is not 1 to 5"),
        ("unexamined.0.checks", ["no-such-check"], "an unknown check"),
        ("targets.1.name", "db-01", "two targets with one name"),
    ],
)
def test_wrong_member_is_named(data: Any, path: str, value: object, says: str) -> None:
    with pytest.raises(SnapshotError, match=says):
        parse_report(changed(data, set_in(path, value)), "x")


@pytest.mark.parametrize("name", ["results", "control_results", "checks", "info"])
def test_missing_member_is_named(data: Any, name: str) -> None:
    with pytest.raises(SnapshotError, match=f"member '{name}' is missing"):
        parse_report(changed(data, lambda copy: copy.pop(name)), "x")


def test_error_shows_no_control_character(data: Any) -> None:
    with pytest.raises(SnapshotError) as caught:
        parse_report(changed(data, set_in("targets.0.labels", {"\x1b[2J": 1})), "x")

    assert str(caught.value).isprintable()


def test_hostile_report_still_renders(data: Any) -> None:
    raw = changed(data, set_in("targets.0.system.title", "<script>alert(1)</script>"))
    report: Report = parse_report(raw, "x")

    assert b"<script>alert" not in render(report, "html")
