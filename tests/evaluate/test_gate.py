"""The gate: exit statuses and the lines that explain them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hardening.evaluate.gate import GateOptions, GateTally, OnIncomplete, judge_gate
from hardening.model.check import Outcome, Severity
from hardening.model.evidence import ABSENT, Absent
from hardening.model.gate import Gate, GateCause, GateLine
from hardening.model.judgement import TargetJudgement
from hardening.model.texts import Texts
from tests.evaluate.examples import make_check, make_judgement, make_result

CHECKS = {severity.value: make_check(name=severity.value, severity=severity) for severity in Severity}
PASSED = make_judgement(make_result("high", Outcome.PASS))
FAILED = make_judgement(make_result("high", Outcome.FAIL), make_result("medium", Outcome.PASS))
UNSEEN = make_judgement(make_result("high", Outcome.ERROR), make_result("medium", Outcome.PASS))
UNREACHED = make_judgement(make_result("high", Outcome.ERROR), failure="refused", problems=("refused",))
DEFAULTS = GateOptions()


def judge(*judgements: TargetJudgement, options: GateOptions = DEFAULTS) -> Gate:
    tally = GateTally(CHECKS)
    for judgement in judgements:
        tally.add(judgement)
    return judge_gate(tally, options)


def causes(gate: Gate) -> tuple[int, list[GateCause]]:
    return gate.exit_code, [line.cause for line in gate.lines]


def test_all_well_opens_the_gate_without_a_word() -> None:
    assert judge(PASSED) == Gate(0, ())


def test_a_gap_at_the_level_closes_the_gate() -> None:
    assert judge(FAILED) == Gate(10, (GateLine(cause=GateCause.GAPS, exit_code=10, count=1, level=Severity.HIGH),))


@pytest.mark.parametrize(
    ("level", "status"),
    [(Severity.CRITICAL, 0), (Severity.HIGH, 10), (Severity.MEDIUM, 10), (Severity.INFO, 10), (ABSENT, 0)],
)
def test_the_level_chooses_which_gaps_count(level: Severity | Absent, status: int) -> None:
    assert judge(FAILED, options=GateOptions(fail_on=level)).exit_code == status


@pytest.mark.parametrize(
    ("level", "status"), [(Severity.CRITICAL, 0), (Severity.HIGH, 3), (Severity.INFO, 3), (ABSENT, 0)]
)
def test_the_level_chooses_which_errors_make_a_scan_incomplete(level: Severity | Absent, status: int) -> None:
    assert judge(UNSEEN, options=GateOptions(fail_on=level)).exit_code == status


def test_an_error_at_the_level_makes_a_scan_incomplete() -> None:
    assert judge(UNSEEN) == Gate(3, (GateLine(cause=GateCause.ERRORS, exit_code=3, count=1, level=Severity.HIGH),))


def test_a_target_not_reached_is_one_line_whatever_its_checks() -> None:
    assert judge(PASSED, UNREACHED) == Gate(3, (GateLine(cause=GateCause.NOT_REACHED, exit_code=3, count=1),))


def test_a_target_not_reached_makes_a_scan_incomplete_at_every_level() -> None:
    assert judge(PASSED, UNREACHED, options=GateOptions(fail_on=ABSENT)).exit_code == 3


def test_a_problem_of_a_whole_target_makes_a_scan_incomplete() -> None:
    judgement = make_judgement(make_result("high", Outcome.PASS), problems=("nothing applies",))
    assert judge(judgement) == Gate(3, (GateLine(cause=GateCause.PROBLEMS, exit_code=3, count=1),))


def test_low_compliance_closes_the_gate() -> None:
    options = GateOptions(fail_on=ABSENT, min_compliance=Fraction(3, 4))
    assert judge(FAILED, options=options) == Gate(
        10,
        (GateLine(cause=GateCause.COMPLIANCE, exit_code=10, actual=Fraction(1, 2), minimum=Fraction(3, 4)),),
    )


def test_just_enough_compliance_opens_the_gate() -> None:
    assert judge(FAILED, options=GateOptions(fail_on=ABSENT, min_compliance=Fraction(1, 2))).exit_code == 0


def test_low_coverage_makes_a_scan_incomplete() -> None:
    options = GateOptions(fail_on=ABSENT, min_coverage=Fraction(3, 4))
    assert judge(UNSEEN, options=options) == Gate(
        3,
        (GateLine(cause=GateCause.COVERAGE, exit_code=3, actual=Fraction(1, 2), minimum=Fraction(3, 4)),),
    )


def test_just_enough_coverage_opens_the_gate() -> None:
    assert judge(UNSEEN, options=GateOptions(fail_on=ABSENT, min_coverage=Fraction(1, 2))).exit_code == 0


def test_errors_of_a_target_not_reached_lower_the_coverage() -> None:
    options = GateOptions(min_coverage=Fraction(1))
    assert causes(judge(PASSED, UNREACHED, options=options)) == (3, [GateCause.NOT_REACHED, GateCause.COVERAGE])


def test_no_coverage_at_all_is_below_every_minimum() -> None:
    judgement = make_judgement(make_result("high", Outcome.NOT_APPLICABLE))
    assert causes(judge(judgement, options=GateOptions(min_coverage=Fraction(0)))) == (3, [GateCause.COVERAGE])


@pytest.mark.parametrize("judgements", [(), (make_judgement(make_result("high", Outcome.NOT_APPLICABLE)),)])
def test_a_scan_that_examined_nothing_is_incomplete(judgements: tuple[TargetJudgement, ...]) -> None:
    assert causes(judge(*judgements)) == (3, [GateCause.NOTHING_EXAMINED])


def test_compliance_of_nothing_examined_is_incomplete() -> None:
    assert judge(options=GateOptions(min_compliance=Fraction(1, 2))).exit_code == 3


def test_errors_below_the_level_alone_examined_nothing() -> None:
    assert causes(judge(make_judgement(make_result("low", Outcome.ERROR)))) == (3, [GateCause.NOTHING_EXAMINED])


def test_gaps_win_over_an_incomplete_scan_and_both_are_told() -> None:
    assert causes(judge(FAILED, UNSEEN, UNREACHED)) == (
        10,
        [GateCause.GAPS, GateCause.NOT_REACHED, GateCause.ERRORS],
    )


def test_an_incomplete_scan_may_pass_with_its_line() -> None:
    options = GateOptions(on_incomplete=OnIncomplete.WARN)
    assert causes(judge(PASSED, UNREACHED, options=options)) == (0, [GateCause.NOT_REACHED])


def test_gaps_close_the_gate_also_where_an_incomplete_scan_may_pass() -> None:
    assert judge(FAILED, UNREACHED, options=GateOptions(on_incomplete=OnIncomplete.WARN)).exit_code == 10


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        (
            GateLine(cause=GateCause.GAPS, exit_code=10, count=2, level=Severity.HIGH),
            Texts(
                en="2 gaps of severity high or above",
                nb="2 avvik med alvorlighet høy eller høyere",
                nn="2 avvik med alvor høg eller høgare",
            ),
        ),
        (
            GateLine(cause=GateCause.GAPS, exit_code=10, count=1, level=Severity.CRITICAL),
            Texts(
                en="1 gap of severity critical", nb="1 avvik med alvorlighet kritisk", nn="1 avvik med alvor kritisk"
            ),
        ),
        (
            GateLine(cause=GateCause.COMPLIANCE, exit_code=10, actual=Fraction(7999, 10_000), minimum=Fraction(4, 5)),
            Texts(
                en="compliance is 79.9 %, at least 80.0 % is asked for",
                nb="etterlevelsen er 79,9 %, minst 80,0 % kreves",
                nn="etterlevinga er 79,9 %, minst 80,0 % er kravd",
            ),
        ),
        (
            GateLine(cause=GateCause.COVERAGE, exit_code=3, minimum=Fraction(1)),
            Texts(
                en="coverage is unknown, at least 100.0 % is asked for",
                nb="dekningen er ukjent, minst 100,0 % kreves",
                nn="dekninga er ukjend, minst 100,0 % er kravd",
            ),
        ),
        (
            GateLine(cause=GateCause.NOT_REACHED, exit_code=3, count=1),
            Texts(en="1 target was not reached", nb="1 system ble ikke nådd", nn="1 system vart ikkje nådd"),
        ),
        (
            GateLine(cause=GateCause.NOTHING_EXAMINED, exit_code=3),
            Texts(en="nothing was examined", nb="ingenting ble undersøkt", nn="ingenting vart undersøkt"),
        ),
    ],
)
def test_a_line_is_worded_in_each_language(line: GateLine, texts: Texts) -> None:
    assert line.wording == texts


@pytest.mark.parametrize("cause", list(GateCause))
@pytest.mark.parametrize("count", [0, 1, 2])
def test_every_cause_has_words(cause: GateCause, count: int) -> None:
    wording = GateLine(cause=cause, exit_code=3, count=count).wording
    assert all("{" not in text and text for text in (wording.en, wording.nb))
