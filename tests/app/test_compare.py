"""Reports side by side: in any order, and without holding them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations

import pytest

from hardening.app.compare import compare_reports
from hardening.model.check import Outcome
from hardening.report.target_values import TargetReport
from hardening.report.values import Report
from tests.report.example import build_example
from tests.report.rendering import Walk


def changed() -> Report:
    """Return the example with one gap closed, one target gone and another one there."""
    report = build_example()
    db, fag, web = report.targets
    first = next(result for result in web.results if result.outcome is Outcome.FAIL)
    closed = tuple(replace(each, outcome=Outcome.PASS) if each is first else each for each in web.results)
    new = replace(fag, entry=replace(fag.entry, name="fag-04"), results=(), controls=())
    return Report(report.summary, [db, new, replace(web, results=closed)])


def test_order_of_targets_changes_nothing() -> None:
    before, after = build_example(), changed()
    found = {
        compare_reports(Report(before.summary, list(old)), Report(after.summary, list(new)))
        for old in permutations(before.targets)
        for new in permutations(after.targets)
    }
    assert len(found) == 1
    assert {change.target for change in found.pop()} == {"web-01", "fag-03", "fag-04"}


def test_report_against_itself_is_no_change() -> None:
    assert compare_reports(build_example(), build_example()) == ()


@pytest.mark.parametrize("after", [build_example, changed])
def test_both_reports_are_gone_through_side_by_side(after: Callable[[], Report]) -> None:
    heard: list[str] = []

    def told(report: Report, side: str) -> Report:
        def walk() -> Iterator[TargetReport]:
            for target in report.targets:
                heard.append(side)
                yield target

        return Report(report.summary, Walk(walk))

    compare_reports(told(build_example(), "before"), told(after(), "after"))
    assert heard == ["before", "after"] * 3
