"""A municipality of 400 servers and 200 checks: what people open stays small."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardening.model.check import Outcome
from hardening.report.format import View
from hardening.report.values import Report
from tests.report.example import build_content, build_example, build_judgements
from tests.report.rendering import render

TARGETS, CHECKS = 400, 200


def build_large() -> Report:
    """Return a report of many targets on which every other check fails."""
    content = build_content()
    first = build_judgements(content)[0]
    kinds = [content.checks[result.check] for result in first.results]
    checks = {
        f"check-{number:03}": replace(kinds[number % len(kinds)], id=f"check-{number:03}") for number in range(CHECKS)
    }
    (framework,) = content.frameworks.values()
    names = {kind.id: [name for name in checks if checks[name].title == kind.title] for kind in kinds}
    measures = tuple(
        replace(
            measure,
            checks=tuple(replace(link, check=name) for link in measure.checks for name in names.get(link.check, ())),
        )
        for measure in framework.measures
    )
    large = replace(
        content,
        checks=checks,
        baselines={},
        frameworks={framework.id: replace(framework, measures=measures)},
        recommended={name: content.recommended[kind] for kind, many in names.items() for name in many},
    )
    failed = next(result for result in first.results if result.outcome is Outcome.FAIL)
    passed = replace(failed, outcome=Outcome.PASS)
    judgements = []
    for number in range(TARGETS):
        target = f"srv-{number:03}.example.org"
        results = tuple(
            replace((failed, passed)[index % 2], id=f"{target}/{name}", target=target, check=name)
            for index, name in enumerate(checks)
        )
        snapshot = replace(first.snapshot, target=target)
        judgements.append(replace(first, snapshot=snapshot, results=results, controls=()))
    return build_example(judgements, large)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_summary_and_actions_of_a_large_scan_stay_below_five_megabytes() -> None:
    report = build_large()

    assert len(report.summary.gaps) == TARGETS * CHECKS // 2
    for view in (View.SUMMARY, View.ACTIONS):
        assert len(render(report, "html", view=view)) < 5_000_000
