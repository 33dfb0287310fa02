"""Waivers: what they cover, what they never touch, and that their order does not matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.evaluate.controls import judge_target
from hardening.evaluate.gate import GateOptions, GateTally, judge_gate
from hardening.evaluate.measures import build_gaps
from hardening.evaluate.waive import WaiverBook
from hardening.model.check import Check, Constant, Each, FieldReference, Outcome
from hardening.model.evidence import ABSENT, Evidence, Field, Known, Unreadable
from hardening.model.judgement import ControlState, TargetJudgement
from hardening.model.waiver import Accepted, LabelCondition, Waiver, Waivers, WaiverState
from tests.evaluate.examples import (
    DAY,
    KINDS,
    NOW,
    SEEN,
    compare,
    make_baseline,
    make_check,
    make_content,
    make_control,
    make_snapshot,
)

FILES = Each(
    field=FieldReference("p", "files"), key="path", expect=compare("mode", "mode_at_most", "0644"),
    when_empty=Outcome.PASS,
)  # fmt: skip
OPEN_TO_ALL = make_check(FILES, name="files")
SWITCH = make_check(compare("p.switch", "equals", operand=False), name="switch")
GOOD = make_check(name="good")
BROKEN = make_check(compare("p.text", "equals", "a"), name="broken")
SWITCHES: tuple[Field, ...] = (Known(True), Known(False), ABSENT, Unreadable("no"))  # noqa: FBT003 - values
LAW = settings(deadline=None, database=None, max_examples=60)


ON = Accepted("p.switch", "equals", operand=True)


def waiver(name: str = "w", check: str = "switch", *, accepted: Sequence[Accepted] = (), **changes: Any) -> Waiver:
    base = Waiver(
        id=name, check=check, targets=("web-01",), holds=tuple(accepted) or (ON,),
        reason="r", owner="Kari", approver="Ola", ticket="t", compensating="c", starts=NOW - DAY, ends=NOW + DAY,
    )  # fmt: skip
    return replace(base, **changes)


def files(*modes: str, first: str = "a") -> Evidence:
    records = tuple(
        {"path": Known(f"/{chr(ord(first) + index)}"), "mode": Known(mode)} for index, mode in enumerate(modes)
    )
    return {**SEEN, "files": Known(records)}


def judge(
    *waivers: Waiver, checks: Sequence[Check] = (SWITCH,), evidence: Evidence = SEEN, longest: int = 365, now: int = NOW
) -> TargetJudgement:
    baseline = make_baseline(make_control("1", *(check.id for check in checks)))
    content = make_content(*checks, baselines=(baseline,))
    judgement = judge_target(make_snapshot(evidence, labels={"zone": "dmz"}), content, kinds=KINDS)
    return WaiverBook(Waivers(waivers=waivers, longest_days=longest), now).apply(judgement)


def covers(judgement: TargetJudgement) -> list[tuple[str, ...]]:
    return [result.waivers for result in judgement.results]


def test_waiver_is_attached_to_a_fail_which_stays_a_fail() -> None:
    (result,) = judge(waiver()).results
    assert (result.outcome, result.waivers) == (Outcome.FAIL, ("w",))


def test_control_whose_gaps_are_all_waived_is_waived() -> None:
    assert judge(waiver(), checks=(SWITCH, GOOD)).controls[0].state is ControlState.WAIVED


def test_error_goes_before_waived_in_a_control() -> None:
    assert judge(waiver(), checks=(SWITCH, BROKEN)).controls[0].state is ControlState.ERROR


def test_open_gap_goes_before_waived_in_a_control() -> None:
    other = make_check(compare("p.switch", "equals", operand=False), name="other")
    assert judge(waiver(), checks=(SWITCH, other)).controls[0].state is ControlState.FAIL


def test_compliance_is_told_with_and_without_waivers() -> None:
    counts = judge(waiver(), checks=(SWITCH, GOOD)).counts
    assert (counts.failed, counts.gaps) == (1, 0)
    assert (counts.compliance, counts.compliance_with_waivers) == (Fraction(1, 2), Fraction(1))


def test_waived_fail_is_no_gap_and_does_not_close_the_gate() -> None:
    judgement = judge(waiver())
    tally = GateTally({"switch": SWITCH})
    tally.add(judgement)
    assert (list(build_gaps(judgement, {"switch": SWITCH})), judge_gate(tally, GateOptions()).exit_code) == ([], 0)


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, WaiverState.VALID),
        ({"approver": ""}, WaiverState.UNAPPROVED),
        ({"approver": "KARI"}, WaiverState.UNAPPROVED),
        ({"starts": NOW - 400 * DAY}, WaiverState.TOO_LONG),
        ({"starts": NOW + 1}, WaiverState.NOT_STARTED),
        ({"ends": NOW}, WaiverState.EXPIRED),
        ({"ends": NOW + 1, "starts": NOW}, WaiverState.VALID),
    ],
)
def test_only_a_valid_waiver_counts(changed: dict[str, Any], state: WaiverState) -> None:
    given_waiver = waiver(**changed)
    covered = ("w",) if state is WaiverState.VALID else ()
    assert (given_waiver.state(NOW, 365), covers(judge(given_waiver))) == (state, [covered])


@pytest.mark.parametrize(
    ("changed", "covered"),
    [
        ({"targets": ("web-02",)}, False),
        ({"targets": (), "labels": (LabelCondition("zone", "dmz"),)}, True),
        ({"targets": (), "labels": (LabelCondition("zone", "dmz", equal=False),)}, False),
        ({"targets": (), "labels": (LabelCondition("zone", "dmz"), LabelCondition("role", "db"))}, False),
        ({"check": "good"}, False),
    ],
)
def test_scope_says_where_a_waiver_counts(changed: dict[str, Any], covered: bool) -> None:  # noqa: FBT001
    assert bool(covers(judge(waiver(**changed)))[0]) is covered


def test_value_that_was_not_accepted_is_a_gap() -> None:
    check = make_check(compare("p.mode", "mode_at_most", "0600"))
    accepted = [Accepted("p.mode", "equals", "0640")]
    seen = [covers(judge(waiver(check=check.id, accepted=accepted), checks=(check,), evidence={"mode": Known(mode)}))
            for mode in ("0640", "0644")]  # fmt: skip
    assert seen == [[("w",)], [()]]


def test_author_may_widen_what_is_accepted() -> None:
    check = make_check(compare("p.mode", "mode_at_most", "0600"))
    wide = waiver(check=check.id, accepted=[Accepted("p.mode", "mode_at_most", "0644")])
    assert covers(judge(wide, checks=(check,), evidence={"mode": Known("0640")})) == [("w",)]


def test_absence_can_be_accepted() -> None:
    check = make_check(compare("p.number", "equals", 1))
    accepted = [Accepted("p.number", "exists", operand=False)]
    assert covers(judge(waiver(check=check.id, accepted=accepted), checks=(check,))) == [("w",)]


MODE = Accepted("p.files.mode", "equals", "0666")


@pytest.mark.parametrize(
    ("keys", "modes", "covered"),
    [
        (("/a",), ("0666",), True),
        (("/a",), ("0666", "0600"), True),
        (("/a",), ("0666", "0666"), False),
        (("/a", "/b"), ("0666", "0666"), True),
        (("/a", "/b"), ("0666", "0777"), False),
        ((), ("0666",), False),
    ],
)
def test_keys_name_the_records(keys: tuple[str, ...], modes: tuple[str, ...], covered: bool) -> None:  # noqa: FBT001
    named = waiver(check="files", accepted=[MODE], keys=keys)
    assert bool(covers(judge(named, checks=(OPEN_TO_ALL,), evidence=files(*modes)))[0]) is covered


def test_two_waivers_cover_a_result_together() -> None:
    one = waiver("1", "files", accepted=[MODE], keys=("/a",))
    two = waiver("2", "files", accepted=[MODE], keys=("/b",))
    judgement = judge(one, two, checks=(OPEN_TO_ALL,), evidence=files("0666", "0666"))
    assert covers(judgement) == [("1", "2")]


def test_comparison_of_one_record_leaves_the_others_alone() -> None:
    accepted = [
        Accepted("p.files.mode", "equals", "0666", key="/a"),
        Accepted("p.files.mode", "equals", "0777", key="/b"),
    ]
    named = waiver(check="files", accepted=accepted, keys=("/a", "/b"))
    seen = [covers(judge(named, checks=(OPEN_TO_ALL,), evidence=files(*modes)))
            for modes in (("0666", "0777"), ("0777", "0666"))]  # fmt: skip
    assert seen == [[("w",)], [()]]


def test_records_whose_reasons_are_not_listed_cannot_be_waived() -> None:
    records = tuple({"path": Known("/same"), "mode": Known("0666")} for _ in range(150))
    named = waiver(check="files", accepted=[MODE], keys=("/same",))
    judgement = judge(named, checks=(OPEN_TO_ALL,), evidence={"files": Known(records)})
    assert (len(judgement.results[0].failed_keys), covers(judgement)) == (150, [()])


@st.composite
def waivers_and_evidence(draw: st.DrawFn) -> tuple[list[Waiver], Evidence]:
    operand: Constant = draw(st.sampled_from(["0666", "0777"]))
    made = [
        waiver(
            str(number),
            draw(st.sampled_from(["switch", "files", "broken", "good"])),
            accepted=draw(
                st.lists(
                    st.sampled_from(
                        [Accepted("p.switch", "equals", operand=True), Accepted("p.files.mode", "equals", operand),
                         Accepted("p.text", "exists", operand=True), Accepted("p.text", "exists", operand=False)]
                    ), min_size=1, max_size=3,
                )
            ),
            keys=draw(st.sampled_from([(), ("/a",), ("/a", "/b"), ("/b",)])),
            starts=NOW + draw(st.integers(-3, 1)) * DAY,
            ends=NOW + draw(st.integers(-1, 3)) * DAY,
            approver=draw(st.sampled_from(["", "Kari", "Ola"])),
        )
        for number in range(draw(st.integers(0, 4)))
    ]  # fmt: skip
    modes = draw(st.lists(st.sampled_from(["0600", "0666", "0777"]), max_size=3))
    switch: Field = draw(st.sampled_from(SWITCHES))
    seen: Evidence = {**files(*modes), "switch": switch}
    return made, seen


CHECKS = (SWITCH, OPEN_TO_ALL, GOOD, BROKEN)


@LAW
@given(waivers_and_evidence())
def test_waivers_change_no_outcome_and_stand_on_fails_alone(drawn: tuple[list[Waiver], Evidence]) -> None:
    waivers, evidence = drawn
    without, given_all = judge(checks=CHECKS, evidence=evidence), judge(*waivers, checks=CHECKS, evidence=evidence)
    assert [result.outcome for result in given_all.results] == [result.outcome for result in without.results]
    assert {result.outcome for result in given_all.results if result.waivers} <= {Outcome.FAIL}


@LAW
@given(waivers_and_evidence(), st.randoms())
def test_order_of_waivers_does_not_matter(drawn: tuple[list[Waiver], Evidence], chance: st.DataObject) -> None:
    waivers, evidence = drawn
    shuffled = list(waivers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge(*shuffled, checks=CHECKS, evidence=evidence) == judge(*waivers, checks=CHECKS, evidence=evidence)


@LAW
@given(waivers_and_evidence())
def test_waivers_that_have_ended_are_as_none(drawn: tuple[list[Waiver], Evidence]) -> None:
    waivers, evidence = drawn
    assert judge(*waivers, checks=CHECKS, evidence=evidence, now=NOW + 10 * DAY) == judge(
        checks=CHECKS, evidence=evidence
    )
