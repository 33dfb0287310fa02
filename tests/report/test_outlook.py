"""What would be if: measures taken as done, and the best work for a budget."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.errors import UsageError
from hardening.model.judgement import effort_points
from hardening.model.texts import Language
from hardening.report.outlook import choose_actions, with_outlook
from hardening.report.values import ActionLine, Outlook
from hardening.report.views import describe_outlook
from tests.report.example import build_example
from tests.report.rendering import read_back, words

EXAMPLE = build_example().summary.actions[0]


def outlook(*assumed: str, budget: int = 0) -> Outlook:
    found = with_outlook(build_example(), assumed, budget).summary.outlook
    assert isinstance(found, Outlook)
    return found


def action(name: str, effort: int, risk: int) -> ActionLine:
    return replace(EXAMPLE, id=name, effort=effort, gaps=(f"gap-{name}",), risk=risk)


def test_assumed_measure_closes_its_gaps() -> None:
    summary = build_example().summary
    line = next(line for line in summary.measures if line.id == "2.6.4")
    found = outlook("2.6.4")

    assert (found.measures, found.closed, found.risk_after) == (
        ("nsm-gp-ikt-2.1/2.6.4",),
        len(line.gaps),
        found.risk_before - line.risk,
    )
    assert found.counts.compliance == Fraction(summary.counts.passed + len(line.gaps), 38)


def test_gap_counts_once_though_a_measure_is_named_twice() -> None:
    assert outlook("2.6.4", "nsm-gp-ikt-2.1/2.6.4", "2.6.4").closed == outlook("2.6.4").closed


def test_all_measures_leave_no_risk() -> None:
    names = [line.id for line in build_example().summary.measures]

    assert (outlook(*names).risk_after, outlook(*names).counts.failed) == (0, 0)


def test_unknown_measure_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no measure '9\.9' in this report"):
        with_outlook(build_example(), ["9.9"], 0)


def test_budget_is_never_exceeded() -> None:
    assert [outlook(budget=budget).points <= budget for budget in range(1, 30)] == [True] * 29


def test_greedy_choice_is_not_good_enough() -> None:
    lines = [action("small", 1, 3), action("large", 2, 5)]

    assert [line.id for line in choose_actions(lines, {"gap-small": 3, "gap-large": 5}, 2)] == ["large"]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 30)), max_size=7), st.integers(0, 40))
def test_choice_is_the_best_there_is(items: list[tuple[int, int]], budget: int) -> None:
    lines = [action(str(index), effort, risk) for index, (effort, risk) in enumerate(items)]
    risks = {f"gap-{line.id}": line.risk for line in lines}
    subsets = chain.from_iterable(combinations(lines, size) for size in range(len(lines) + 1))
    best = max(
        sum(line.risk for line in subset)
        for subset in subsets
        if sum(effort_points(line.effort) for line in subset) <= budget
    )

    assert sum(line.risk for line in choose_actions(lines, risks, budget)) == best


def test_outlook_survives_a_trip_through_json() -> None:
    report = with_outlook(build_example(), ["2.6.4"], 4)

    assert read_back(report).summary.outlook == report.summary.outlook


def test_outlook_in_words() -> None:
    report = with_outlook(build_example(), ["2.6.4"], 0)
    assert isinstance(report.summary.outlook, Outlook)

    assert describe_outlook(report.summary, report.summary.outlook, words(Language.NB)) == (
        "3 avvik lukkes; etterlevelse fra 57,9\u00a0% til 65,8\u00a0%; åpen risiko fra 120 til 82."
    )
