"""One target: its results and the controls that rest on them."""

from __future__ import annotations

import pytest

from hardening.evaluate.controls import judge_target
from hardening.model.baseline import Baseline, BaselineReference, Level
from hardening.model.check import Check, Outcome
from hardening.model.content import Content
from hardening.model.evidence import Known
from hardening.model.judgement import ControlState, TargetJudgement
from hardening.model.platform import OperatingSystem, PlatformCondition
from hardening.model.result import Origin, ParameterValue
from hardening.model.snapshot import Snapshot
from tests.evaluate.examples import (
    FAILS,
    KINDS,
    SEEN,
    UNKNOWN,
    compare,
    make_baseline,
    make_check,
    make_content,
    make_control,
    make_snapshot,
    parameter,
    titled,
)

PASSING = make_check(name="linux-a-pass")
FAILING = make_check(FAILS, name="linux-b-fail")
BROKEN = make_check(UNKNOWN, name="linux-c-error")
ELSEWHERE = make_check(name="linux-d-na", applies_to=(PlatformCondition(os_family="windows"),))
CHECKS = (PASSING, FAILING, BROKEN, ELSEWHERE)
TUNED = make_check(compare("p.number", "at_least", parameter("least")), name="linux-tuned", parameters={"least": 14})


def judge(
    *baselines: Baseline, snapshot: Snapshot | None = None, only: frozenset[str] = frozenset()
) -> TargetJudgement:
    references = tuple(BaselineReference(baseline.id) for baseline in baselines)
    content = make_content(*CHECKS, TUNED, baselines=baselines)
    return judge_target(snapshot or make_snapshot(SEEN), content, references, kinds=KINDS, only_checks=only)


def states(judgement: TargetJudgement) -> list[ControlState]:
    return [control.state for control in judgement.controls]


@pytest.mark.parametrize(
    ("checks", "state"),
    [
        ((PASSING, FAILING, BROKEN, ELSEWHERE), ControlState.FAIL),
        ((PASSING, BROKEN, ELSEWHERE), ControlState.ERROR),
        ((PASSING, ELSEWHERE), ControlState.PASS),
        ((ELSEWHERE,), ControlState.NOT_APPLICABLE),
    ],
)
def test_the_gravest_outcome_is_the_state_of_a_control(checks: tuple[Check, ...], state: ControlState) -> None:
    assert states(judge(make_baseline(make_control("1", *(check.id for check in checks))))) == [state]


def test_a_question_for_a_person_is_manual() -> None:
    assert states(judge(make_baseline(make_control("1", manual=titled("Ask for it."))))) == [ControlState.MANUAL]


def test_a_control_that_nothing_settles_is_uncovered() -> None:
    assert states(judge(make_baseline(make_control("1")))) == [ControlState.UNCOVERED]


def test_a_control_points_at_its_results() -> None:
    judgement = judge(make_baseline(make_control("1", PASSING.id, FAILING.id)))
    assert judgement.controls[0].results == ("web-01/linux-a-pass", "web-01/linux-b-fail")


def test_results_are_sorted_by_check() -> None:
    judgement = judge(make_baseline(make_control("1", BROKEN.id, PASSING.id)))
    assert [result.check for result in judgement.results] == ["linux-a-pass", "linux-c-error"]


def test_controls_of_all_baselines_are_judged() -> None:
    other = make_baseline(make_control("9", FAILING.id), name="other")
    judgement = judge(make_baseline(make_control("1", PASSING.id)), other)
    assert [(str(control.baseline), control.control.id, control.state) for control in judgement.controls] == [
        ("server", "1", ControlState.PASS),
        ("other", "9", ControlState.FAIL),
    ]


def test_a_check_in_several_controls_counts_once() -> None:
    other = make_baseline(make_control("9", PASSING.id), name="other")
    judgement = judge(make_baseline(make_control("1", PASSING.id), make_control("2", PASSING.id)), other)
    assert len(judgement.results) == 1


def test_a_baseline_named_twice_counts_once() -> None:
    baseline = make_baseline(make_control("1", PASSING.id))
    assert len(judge(baseline, baseline).controls) == 1


def test_a_check_with_other_parameters_counts_again() -> None:
    strict = make_baseline(make_control("9", TUNED.id, parameters={TUNED.id: {"least": 20}}), name="strict")
    judgement = judge(make_baseline(make_control("1", TUNED.id)), strict, snapshot=make_snapshot({"number": Known(15)}))
    assert [result.outcome for result in judgement.results] == [Outcome.PASS, Outcome.FAIL]


@pytest.mark.parametrize(("level", "count"), [(Level.BASIC, 1), (Level.EXTENDED, 2)])
def test_the_level_chooses_the_controls(level: Level, count: int) -> None:
    baseline = make_baseline(make_control("1", PASSING.id), make_control("2", FAILING.id, level=Level.EXTENDED))
    content = make_content(*CHECKS, baselines=(baseline,))
    judgement = judge_target(make_snapshot(SEEN), content, [BaselineReference("server", level)], kinds=KINDS)
    assert len(judgement.controls) == count


def test_without_references_the_baselines_of_the_snapshot_count() -> None:
    content = make_content(*CHECKS, baselines=(make_baseline(make_control("1", PASSING.id)),))
    assert states(judge_target(make_snapshot(SEEN), content, kinds=KINDS)) == [ControlState.PASS]


def tuned_content(in_control: dict[str, int] | None = None, in_baseline: dict[str, int] | None = None) -> Content:
    control = make_control("1", TUNED.id, parameters={TUNED.id: in_control} if in_control else {})
    baseline = make_baseline(control, parameters={TUNED.id: in_baseline} if in_baseline else {})
    return make_content(TUNED, baselines=(baseline,))


def value_in_force(content: Content, snapshot: Snapshot, override: ParameterValue | None = None) -> ParameterValue:
    given = {TUNED.id: {"least": override}} if override else {}
    judgement = judge_target(snapshot, content, kinds=KINDS, overrides=given)
    return judgement.results[0].parameters["least"]


SITE = ParameterValue(30, Origin.SITE, "site.yaml:4")
TARGET = ParameterValue(50, Origin.TARGET, "inventory.yaml:9")
PLAIN = make_snapshot({"number": Known(15)})
OWN = make_snapshot({"number": Known(15)}, parameters={TUNED.id: {"least": 40}})


def test_a_parameter_nobody_sets_is_that_of_the_check() -> None:
    assert value_in_force(tuned_content(), PLAIN) == ParameterValue(14, Origin.CHECK)


def test_a_control_sets_a_parameter() -> None:
    assert value_in_force(tuned_content({"least": 20}), PLAIN) == ParameterValue(20, Origin.BASELINE, "server")


def test_a_whole_baseline_sets_a_parameter() -> None:
    content = tuned_content(in_baseline={"least": 25})
    assert value_in_force(content, PLAIN) == ParameterValue(25, Origin.BASELINE, "server")


def test_a_control_has_the_last_word_in_its_baseline() -> None:
    content = tuned_content({"least": 20}, {"least": 25})
    assert value_in_force(content, PLAIN) == ParameterValue(20, Origin.BASELINE, "server")


def test_the_site_wins_over_the_baseline() -> None:
    assert value_in_force(tuned_content({"least": 20}), PLAIN, SITE) == SITE


def test_the_target_as_visited_wins_over_the_site() -> None:
    assert value_in_force(tuned_content(), OWN, SITE) == ParameterValue(40, Origin.TARGET, "web-01")


def test_what_is_said_of_the_target_now_wins_over_the_target_as_visited() -> None:
    assert value_in_force(tuned_content(), OWN, TARGET) == TARGET


def test_a_target_that_was_not_reached_has_errors_only() -> None:
    judgement = judge(
        make_baseline(make_control("1", PASSING.id, ELSEWHERE.id)), snapshot=make_snapshot(failure="refused")
    )
    assert {(result.outcome, result.note) for result in judgement.results} == {(Outcome.ERROR, "not reached: refused")}


def test_a_target_that_was_not_reached_is_one_problem_with_the_remedy() -> None:
    snapshot = make_snapshot(failure="connection refused", remedy="is sshd running?")
    judgement = judge(make_baseline(make_control("1", PASSING.id)), snapshot=snapshot)
    assert judgement.problems == ("ssh://web-01:22: connection refused; is sshd running?",)


def test_a_failure_without_a_remedy_is_told_as_it_is() -> None:
    judgement = judge(make_baseline(make_control("1", PASSING.id)), snapshot=make_snapshot(failure="refused"))
    assert judgement.problems == ("ssh://web-01:22: refused",)


def test_a_target_without_endpoints_is_a_problem() -> None:
    judgement = judge(make_baseline(make_control("1", PASSING.id)), snapshot=make_snapshot(endpoints=()))
    assert judgement.problems == ("not reached: no endpoint was visited",)


def test_a_reached_target_to_which_something_applies_has_no_problem() -> None:
    assert judge(make_baseline(make_control("1", PASSING.id, ELSEWHERE.id))).problems == ()


def test_a_baseline_of_which_nothing_applies_is_a_problem() -> None:
    system = OperatingSystem(family="windows", distribution="windows")
    judgement = judge(make_baseline(make_control("1", PASSING.id)), snapshot=make_snapshot(SEEN, os=system))
    assert judgement.problems == ("nothing in baseline server applies to this target; choose one for its platform",)


def test_a_baseline_that_does_not_exist_is_a_problem() -> None:
    judgement = judge_target(make_snapshot(SEEN), make_content(), [BaselineReference("gone")], kinds=KINDS)
    assert judgement.problems == ("baseline gone does not exist in this content; name another with -b",)


def test_no_baseline_at_all_is_a_problem() -> None:
    judgement = judge_target(make_snapshot(SEEN, baselines=()), make_content(), kinds=KINDS)
    assert judgement.problems == ("no baseline was asked for; name one with -b or in the inventory",)


def test_chosen_checks_leave_other_controls_out() -> None:
    baseline = make_baseline(
        make_control("1", PASSING.id), make_control("2", FAILING.id), make_control("3", manual=titled("Ask."))
    )
    judgement = judge(baseline, only=frozenset({PASSING.id}))
    assert [control.control.id for control in judgement.controls] == ["1"]


def test_chosen_checks_are_the_only_ones_judged() -> None:
    baseline = make_baseline(make_control("1", PASSING.id, FAILING.id))
    judgement = judge(baseline, only=frozenset({PASSING.id}))
    assert [result.check for result in judgement.results] == [PASSING.id]


@pytest.mark.parametrize(
    ("chosen", "state"),
    [(PASSING, ControlState.ERROR), (ELSEWHERE, ControlState.ERROR), (FAILING, ControlState.FAIL)],
)
def test_a_control_never_passes_on_a_part_of_its_checks(chosen: Check, state: ControlState) -> None:
    baseline = make_baseline(make_control("1", PASSING.id, ELSEWHERE.id, FAILING.id))
    assert states(judge(baseline, only=frozenset({chosen.id}))) == [state]


def test_a_chosen_check_that_does_not_apply_is_no_problem_of_the_baseline() -> None:
    baseline = make_baseline(make_control("1", PASSING.id), make_control("2", ELSEWHERE.id))
    assert judge(baseline, only=frozenset({ELSEWHERE.id})).problems == ()
