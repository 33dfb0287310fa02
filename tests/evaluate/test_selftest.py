"""What proves a check."""

from __future__ import annotations

import pytest

from hardening.evaluate import selftest
from hardening.evaluate.selftest import complete_evidence, judge_sample
from hardening.model.check import AllOf, AnyOf, Check, Each, FieldReference, Node, Not, Outcome, Sample
from hardening.model.evidence import ABSENT, Absent, Known, Partial, Record, Unreadable
from hardening.model.place import NOWHERE, Place, Problem
from tests.evaluate.examples import BY_NAME, FIELDS, PLACE, compare, make_check, parameter, sample

SAFE = compare("p.mode", "mode_at_most", "0640")
ROOT = compare("p.text", "equals", "root")
GOOD = sample("good", Outcome.PASS, {"mode": Known("0640"), "text": Known("root")})
OPEN = sample("open", Outcome.FAIL, {"mode": Known("0644"), "text": Known("root")})
THEIRS = sample("theirs", Outcome.FAIL, {"mode": Known("0640"), "text": Known("backup")})


def problems(check: Check) -> list[str]:
    return [problem.what for problem in selftest.test_check(check, BY_NAME)]


def test_a_proven_check_has_no_problem() -> None:
    assert problems(make_check(AllOf((SAFE, ROOT)), samples=(GOOD, OPEN, THEIRS))) == []


def test_a_sample_that_disagrees_is_told_with_its_place_and_the_comparison() -> None:
    wrong = Sample(
        name="open",
        evidence={"p": {"mode": Known("0644")}},
        outcome=Outcome.PASS,
        place=Place("checks/thing.yaml", 30, 5),
    )
    check = make_check(SAFE, samples=(GOOD, OPEN, wrong))
    assert selftest.test_check(check, BY_NAME) == (
        Problem(
            Place("checks/thing.yaml", 30, 5),
            'sample "open" comes to fail, not pass (p.mode: mode_at_most 0640 is false)',
            "correct the sample or the check",
        ),
    )


def test_of_several_comparisons_the_one_that_decided_is_told() -> None:
    check = make_check(AllOf((ROOT, SAFE)), samples=(GOOD, THEIRS, sample("open", Outcome.PASS, OPEN.evidence["p"])))
    assert problems(check) == ['sample "open" comes to fail, not pass (p.mode: mode_at_most 0640 is false)']


def test_a_comparison_under_not_is_told_as_such() -> None:
    check = make_check(Not(ROOT), samples=(GOOD, sample("theirs", Outcome.FAIL, {"text": Known("backup")})))
    assert problems(check) == [
        'sample "good" comes to fail, not pass (p.text: not equals root is false)',
        'sample "theirs" comes to pass, not fail (p.text: not equals root is true)',
    ]


def test_a_sample_that_errs_is_told_with_the_cause() -> None:
    wrong = sample("refused", Outcome.FAIL, {"mode": Unreadable("permission denied")})
    check = make_check(SAFE, samples=(GOOD, OPEN, wrong))
    assert problems(check) == ['sample "refused" comes to error, not fail (p.mode is unreadable: permission denied)']


def test_a_sample_that_disagrees_without_any_comparison_is_told() -> None:
    check = make_check(AllOf(()), samples=(GOOD, OPEN))
    assert problems(check)[-1] == 'sample "open" comes to pass, not fail'


@pytest.mark.parametrize(
    ("samples", "problem"), [((GOOD,), "no sample comes to fail"), ((OPEN,), "no sample comes to pass")]
)
def test_a_pass_and_a_fail_are_asked_for(samples: tuple[Sample, ...], problem: str) -> None:
    assert problems(make_check(SAFE, samples=samples)) == [problem]


def test_a_comparison_that_may_always_hold_is_unproven() -> None:
    check = make_check(AllOf((SAFE, ROOT)), samples=(GOOD, OPEN))
    assert selftest.test_check(check, BY_NAME) == (
        Problem(
            PLACE,
            "no sample changes when p.text equals is always true",
            "add a sample in which only this comparison is false, or remove it",
        ),
    )


def test_a_comparison_that_may_never_hold_is_unproven() -> None:
    check = make_check(AnyOf((SAFE, ROOT)), samples=(
        sample("good", Outcome.PASS, {"mode": Known("0640"), "text": Known("backup")}),
        sample("bad", Outcome.FAIL, {"mode": Known("0644"), "text": Known("backup")}),
    ))  # fmt: skip
    assert problems(check) == ["no sample changes when p.text equals is always false"]


def test_a_comparison_without_a_place_is_told_at_its_check() -> None:
    loose = compare("p.text", "equals", "root")
    bare = type(loose)(field=loose.field, operator=loose.operator, operand=loose.operand, place=NOWHERE)
    check = make_check(AllOf((SAFE, bare)), samples=(GOOD, OPEN))
    assert [problem.place for problem in selftest.test_check(check, BY_NAME)] == [check.place]


NUMBER = compare("p.number", "exists", operand=True)


@pytest.mark.parametrize(
    ("samples", "unproven"),
    [
        ((GOOD, OPEN), ["p.number exists is always true"]),
        ((GOOD, OPEN, sample("elsewhere", Outcome.NOT_APPLICABLE, {"mode": Known("0666")})), []),
    ],
)
def test_comparisons_of_only_if_are_proven_too(samples: tuple[Sample, ...], unproven: list[str]) -> None:
    there = tuple(
        sample(each.name, each.outcome, {**each.evidence["p"], "number": Known(1)})
        if each.outcome is not Outcome.NOT_APPLICABLE
        else each
        for each in samples
    )
    check = make_check(SAFE, only_if=NUMBER, samples=there)
    assert problems(check) == [f"no sample changes when {text}" for text in unproven]


def each(expect: Node, where: Node | Absent = ABSENT) -> Each:
    return Each(
        field=FieldReference("p", "files"), key="path", expect=expect, where=where, when_empty=Outcome.FAIL, place=PLACE
    )


SAFE_FILE = compare("mode", "mode_at_most", "0644")
OF_ROOT = compare("uid", "equals", 0)
ROOTS = {"path": Known("/a"), "mode": Known("0600"), "uid": Known(0)}
ROOTS_OPEN = {"path": Known("/b"), "mode": Known("0666"), "uid": Known(0)}
OTHERS_OPEN = {"path": Known("/c"), "mode": Known("0666"), "uid": Known(1000)}


@pytest.mark.parametrize(("first", "unproven"), [((ROOTS,), ["uid equals is always true"]), ((ROOTS, OTHERS_OPEN), [])])
def test_comparisons_of_where_and_expect_are_proven_too(
    first: tuple[dict[str, Known], ...], unproven: list[str]
) -> None:
    samples = (
        sample("good", Outcome.PASS, {"files": Known(first)}),
        sample("open", Outcome.FAIL, {"files": Known((ROOTS_OPEN,))}),
    )
    check = make_check(each(SAFE_FILE, OF_ROOT), samples=samples)
    assert problems(check) == [f"no sample changes when {text}" for text in unproven]


def test_an_expectation_of_each_record_alone_is_proven() -> None:
    samples = (
        sample("good", Outcome.PASS, {"files": Known((ROOTS,))}),
        sample("open", Outcome.FAIL, {"files": Known((ROOTS_OPEN,))}),
    )
    assert problems(make_check(each(SAFE_FILE), samples=samples)) == []


def test_comparisons_under_not_are_proven_too() -> None:
    samples = (
        sample("good", Outcome.PASS, {"text": Known("backup")}),
        sample("bad", Outcome.FAIL, {"text": Known("root")}),
    )
    assert problems(make_check(Not(ROOT), samples=samples)) == []


def test_a_check_that_decides_without_looking_is_told() -> None:
    check = make_check(AnyOf((SAFE, AllOf(()))), samples=())
    assert "it comes to pass with everything unreadable" in problems(check)


GONE = make_check(SAFE, when_absent=Outcome.PASS, samples=(GOOD, OPEN))


def test_passing_on_nothing_needs_a_sample_that_says_so() -> None:
    assert problems(GONE) == ["it passes with everything absent, and no sample says so"]


def test_passing_on_nothing_is_fine_where_a_sample_says_so() -> None:
    check = make_check(SAFE, when_absent=Outcome.PASS, samples=(GOOD, OPEN, sample("gone", Outcome.PASS, {})))
    assert problems(check) == []


def test_a_sample_in_which_something_is_there_does_not_say_so() -> None:
    nearly = sample("nearly gone", Outcome.PASS, {"text": Known("x")})
    check = make_check(SAFE, when_absent=Outcome.PASS, samples=(GOOD, OPEN, nearly))
    assert problems(check) == ["it passes with everything absent, and no sample says so"]


def test_parameters_of_a_sample_win_over_the_defaults() -> None:
    least = compare("p.number", "at_least", parameter("least"))
    check = make_check(least, parameters={"least": 14})
    outcomes = [
        judge_sample(check, sample("", Outcome.PASS, {"number": Known(10)}), BY_NAME).outcome,
        judge_sample(check, sample("", Outcome.PASS, {"number": Known(10)}, least=8), BY_NAME).outcome,
    ]
    assert outcomes == [Outcome.FAIL, Outcome.PASS]


def test_the_time_of_a_sample_is_the_clock_of_its_target() -> None:
    check = make_check(compare("p.changed", "at_most", 1))
    state = Sample(name="", evidence={"p": {"changed": Known(0)}}, outcome=Outcome.PASS, time=86_400)
    assert judge_sample(check, state, BY_NAME).outcome is Outcome.PASS


def test_a_probe_that_a_sample_does_not_give_is_absent() -> None:
    check = make_check(compare("p.number", "exists", operand=False))
    assert judge_sample(check, Sample(name="", evidence={}, outcome=Outcome.PASS), BY_NAME).outcome is Outcome.PASS


def test_fields_that_were_not_given_are_absent() -> None:
    completed = complete_evidence(FIELDS, {"text": Known("a")})
    assert completed == {name: Known("a") if name == "text" else ABSENT for name in FIELDS}


@pytest.mark.parametrize("kind", ["known", "partial"])
def test_fields_of_records_that_were_not_given_are_absent(kind: str) -> None:
    given: tuple[Record, ...] = ({"path": Known("/a")},)
    whole: tuple[Record, ...] = ({"path": Known("/a"), "mode": ABSENT, "uid": ABSENT, "tags": ABSENT},)
    field = Known(given, "here") if kind == "known" else Partial(given, "cut", "here")
    expected = Known(whole, "here") if kind == "known" else Partial(whole, "cut", "here")
    assert complete_evidence(FIELDS, {"files": field})["files"] == expected
