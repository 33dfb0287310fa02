"""Measures and actions: states, gaps and rank."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hardening.evaluate.measures import ActionTally, MeasureTally, build_gaps, distinct_gaps, exposure_of
from hardening.model.check import Outcome, Severity
from hardening.model.judgement import Counts, Gap, MeasureResult, MeasureState, TargetJudgement
from hardening.model.measure import Measure
from tests.evaluate.examples import (
    make_check,
    make_content,
    make_framework,
    make_judgement,
    make_measure,
    make_result,
)

CRITICAL = make_check(name="critical", severity=Severity.CRITICAL, action="big")
HIGH = make_check(name="high", severity=Severity.HIGH, action="small")
LOW = make_check(name="low", severity=Severity.LOW, action="big")
CONTENT = make_content(
    CRITICAL,
    HIGH,
    LOW,
    efforts={"big": 3, "small": 1},
    recommended={"critical": "1.2", "high": "1.1", "low": "1.1"},
)


def measure_results(*measures: Measure, judgements: tuple[TargetJudgement, ...]) -> tuple[MeasureResult, ...]:
    tally = MeasureTally([make_framework(*measures)], CONTENT.checks)
    for judgement in judgements:
        tally.add(judgement)
    return tally.results()


def failed(*checks: str, target: str = "web-01", labels: dict[str, str] | None = None) -> TargetJudgement:
    return make_judgement(*(make_result(check, Outcome.FAIL, target=target) for check in checks), labels=labels)


@pytest.mark.parametrize(
    ("labels", "exposure"),
    [
        ({"exposure": "internet"}, 3),
        ({"exposure": "shared"}, 2),
        ({"exposure": "dmz"}, 2),
        ({"exposure": "internal"}, 1),
        ({"exposure": "unheard of"}, 1),
        ({"zone": "dmz"}, 1),
    ],
)
def test_the_exposure_label_weighs_a_target(labels: dict[str, str], exposure: int) -> None:
    assert exposure_of(labels) == exposure


def test_every_failed_result_is_a_gap() -> None:
    judgement = make_judgement(
        make_result("high", Outcome.FAIL),
        make_result("low", Outcome.PASS),
        make_result("critical", Outcome.ERROR),
        labels={"exposure": "internet"},
    )
    assert list(build_gaps(judgement, CONTENT.checks)) == [
        Gap(result="web-01/high", target="web-01", check="high", severity=Severity.HIGH, exposure=3)
    ]


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ((Outcome.FAIL, Outcome.PASS), MeasureState.GAPS),
        ((Outcome.PASS, Outcome.ERROR), MeasureState.NO_GAPS),
        ((Outcome.ERROR, Outcome.NOT_APPLICABLE), MeasureState.NOT_EXAMINED),
    ],
)
def test_a_measure_says_what_was_seen_of_it(outcomes: tuple[Outcome, Outcome], state: MeasureState) -> None:
    judgement = make_judgement(make_result("high", outcomes[0]), make_result("low", outcomes[1]))
    assert measure_results(make_measure("1.1", "high", "low"), judgements=(judgement,))[0].state is state


def test_a_measure_without_checks_is_not_examined() -> None:
    assert measure_results(make_measure("1.1"), judgements=())[0].state is MeasureState.NOT_EXAMINED


def test_a_measure_counts_the_results_of_its_checks_over_all_targets() -> None:
    judgements = (
        make_judgement(make_result("high", Outcome.PASS), make_result("low", Outcome.FAIL)),
        make_judgement(make_result("high", Outcome.ERROR, target="web-02")),
    )
    assert measure_results(make_measure("1.1", "high"), judgements=judgements)[0].counts == Counts(passed=1, errors=1)


def test_a_check_linked_twice_counts_once() -> None:
    results = measure_results(make_measure("1.1", "high", "high"), judgements=(failed("high"),))
    assert (len(results[0].gaps), results[0].counts.failed) == (1, 1)


def test_gaps_of_a_measure_are_sorted_worst_first() -> None:
    judgements = (
        failed("low", "high", target="web-02"),
        failed("critical", target="web-03"),
        failed("low", "high", target="web-01", labels={"exposure": "internet"}),
    )
    results = measure_results(make_measure("1.1", "low", "high", "critical"), judgements=judgements)
    assert [gap.result for gap in results[0].gaps] == [
        "web-01/high",
        "web-03/critical",
        "web-02/high",
        "web-01/low",
        "web-02/low",
    ]


def test_measures_are_ranked_by_risk_removed_for_the_effort() -> None:
    measures = (
        make_measure("none"),
        make_measure("costly", "critical", effort=5),
        make_measure("cheap", "high", effort=1),
        make_measure("middle", "critical", effort=3),
    )
    results = measure_results(*measures, judgements=(failed("critical", "high"),))
    assert [(result.measure.id, result.rank) for result in results] == [
        ("cheap", Fraction(4)),
        ("middle", Fraction(2)),
        ("costly", Fraction(1, 2)),
        ("none", Fraction(0)),
    ]


def test_among_equal_ranks_the_greater_risk_comes_first_then_the_id() -> None:
    measures = (
        make_measure("b", "high", effort=1),
        make_measure("a", "high", effort=1),
        make_measure("c", "critical", effort=2),
    )
    results = measure_results(*measures, judgements=(failed("critical", "high"),))
    assert [result.measure.id for result in results] == ["c", "a", "b"]


def test_a_gap_counts_once_however_many_measures_speak_to_it() -> None:
    results = measure_results(
        make_measure("1.1", "high", "low"), make_measure("1.2", "high"), judgements=(failed("high", "low"),)
    )
    assert [gap.result for gap in distinct_gaps(results)] == ["web-01/high", "web-01/low"]


def action_items(*judgements: TargetJudgement) -> list[tuple[str, str, list[str]]]:
    tally = ActionTally(CONTENT)
    for judgement in judgements:
        tally.add(judgement)
    return [(item.action.id, item.measure, [gap.result for gap in item.gaps]) for item in tally.results()]


def test_gaps_with_one_action_are_one_item_of_work() -> None:
    assert action_items(failed("low"), failed("critical", target="web-02")) == [
        ("big", "1.2", ["web-02/critical", "web-01/low"])
    ]


def test_the_measure_of_an_item_is_the_one_with_most_of_its_risk() -> None:
    targets = [failed("low", target=f"web-{number}") for number in range(9)]
    assert action_items(failed("critical", target="web-x"), *targets)[0][1] == "1.1"


def test_among_equal_risks_the_measure_of_an_item_is_the_first() -> None:
    targets = [failed("low", target=f"web-{number}") for number in range(8)]
    assert action_items(failed("critical", target="web-x"), *targets)[0][1] == "1.1"


def test_items_are_ranked_by_risk_removed_for_the_effort() -> None:
    assert [item[0] for item in action_items(failed("critical", "high"))] == ["small", "big"]


def test_a_check_without_a_recommended_measure_still_has_its_item() -> None:
    tally = ActionTally(make_content(HIGH, efforts={"small": 1}))
    tally.add(failed("high"))
    assert [item.measure for item in tally.results()] == [""]


def test_without_gaps_there_is_nothing_to_do() -> None:
    assert action_items(make_judgement(make_result("high", Outcome.PASS))) == []
