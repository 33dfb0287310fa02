"""Nodes: three-valued joining, absence, and what reasons tell."""

from __future__ import annotations

import pytest

from hardening.evaluate.logic import Evaluation, evaluate_node
from hardening.model.check import AllOf, AnyOf, Constant, Node, Not, Outcome
from hardening.model.evidence import Absent, Evidence, FieldType, Known, Unreadable
from hardening.model.result import Reason, Verdict
from tests.evaluate.examples import BY_NAME, FAILS, HOLDS, MISSING, NOW, SEEN, UNKNOWN, compare, parameter

ERROR_WHEN_ABSENT = compare("p.number", "equals", 1, when_absent=Outcome.ERROR)
PASS_WHEN_ABSENT = compare("p.number", "equals", 1, when_absent=Outcome.PASS)


def evaluate(
    node: Node,
    *,
    evidence: Evidence = SEEN,
    when_absent: Outcome = Outcome.FAIL,
    guard: bool = False,
    parameters: dict[str, Constant] | None = None,
) -> Evaluation:
    return evaluate_node(
        node, {"p": evidence}, parameters or {}, fields=BY_NAME, when_absent=when_absent, time=NOW, guard=guard
    )


@pytest.mark.parametrize(
    ("node", "verdict"),
    [
        (HOLDS, Verdict.TRUE),
        (FAILS, Verdict.FALSE),
        (UNKNOWN, Verdict.UNREADABLE),
        (ERROR_WHEN_ABSENT, Verdict.ABSENT),
        (Not(HOLDS), Verdict.FALSE),
        (Not(FAILS), Verdict.TRUE),
        (Not(UNKNOWN), Verdict.UNREADABLE),
        (Not(ERROR_WHEN_ABSENT), Verdict.ABSENT),
        (AllOf((HOLDS, HOLDS)), Verdict.TRUE),
        (AllOf((HOLDS, FAILS)), Verdict.FALSE),
        (AllOf((UNKNOWN, FAILS)), Verdict.FALSE),
        (AllOf((HOLDS, UNKNOWN)), Verdict.UNREADABLE),
        (AllOf((HOLDS, ERROR_WHEN_ABSENT)), Verdict.ABSENT),
        (AllOf((ERROR_WHEN_ABSENT, UNKNOWN)), Verdict.UNREADABLE),
        (AnyOf((FAILS, FAILS)), Verdict.FALSE),
        (AnyOf((FAILS, HOLDS)), Verdict.TRUE),
        (AnyOf((UNKNOWN, HOLDS)), Verdict.TRUE),
        (AnyOf((FAILS, UNKNOWN)), Verdict.UNREADABLE),
        (AnyOf((ERROR_WHEN_ABSENT, UNKNOWN)), Verdict.UNREADABLE),
        (Not(AllOf((HOLDS, FAILS))), Verdict.TRUE),
        (Not(AnyOf((HOLDS, UNKNOWN))), Verdict.FALSE),
        (Not(AllOf((HOLDS, UNKNOWN))), Verdict.UNREADABLE),
    ],
)
def test_verdicts_are_joined_in_three_values(node: Node, verdict: Verdict) -> None:
    assert evaluate(node).verdict is verdict


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Verdict.TRUE, Outcome.PASS),
        (Verdict.FALSE, Outcome.FAIL),
        (Verdict.ABSENT, Outcome.ERROR),
        (Verdict.UNREADABLE, Outcome.ERROR),
    ],
)
def test_only_what_is_decided_passes_or_fails(verdict: Verdict, outcome: Outcome) -> None:
    assert Evaluation(verdict=verdict, reasons=()).outcome is outcome


@pytest.mark.parametrize(
    ("when_absent", "outcome"),
    [
        (Outcome.PASS, Outcome.PASS),
        (Outcome.FAIL, Outcome.FAIL),
        (Outcome.ERROR, Outcome.ERROR),
        (Outcome.NOT_APPLICABLE, Outcome.ERROR),
    ],
)
@pytest.mark.parametrize("node", [MISSING, Not(MISSING), Not(Not(MISSING))])
def test_an_absent_comparison_takes_the_outcome_of_the_check_and_not_keeps_it(
    node: Node, when_absent: Outcome, outcome: Outcome
) -> None:
    assert evaluate(node, when_absent=when_absent).outcome is outcome


@pytest.mark.parametrize("node", [PASS_WHEN_ABSENT, Not(PASS_WHEN_ABSENT)])
def test_the_outcome_of_the_comparison_itself_comes_first(node: Node) -> None:
    assert evaluate(node).outcome is Outcome.PASS


def test_in_a_guard_absence_stays_undecided() -> None:
    assert evaluate(PASS_WHEN_ABSENT, guard=True).verdict is Verdict.ABSENT


def test_in_a_guard_exists_decides_absence() -> None:
    assert evaluate(compare("p.number", "exists", operand=False), guard=True).verdict is Verdict.TRUE


def test_a_reason_tells_what_was_expected_seen_and_where() -> None:
    evidence = {"mode": Known("0644", "/etc/shadow")}
    assert evaluate(compare("p.mode", "mode_at_most", "0640"), evidence=evidence).reasons == (
        Reason(
            field="p.mode",
            operator="mode_at_most",
            expected="0640",
            actual=Known("0644", "/etc/shadow"),
            verdict=Verdict.FALSE,
            type=FieldType.MODE,
        ),
    )


def test_a_reason_under_not_says_so_and_tells_what_it_came_to_there() -> None:
    reasons = evaluate(Not(HOLDS)).reasons
    assert [(reason.negated, reason.verdict) for reason in reasons] == [(True, Verdict.FALSE)]


@pytest.mark.parametrize(
    ("node", "decisive"),
    [
        (AllOf((HOLDS, HOLDS)), [True, True]),
        (AllOf((HOLDS, FAILS, UNKNOWN)), [False, True, False]),
        (AllOf((HOLDS, UNKNOWN, ERROR_WHEN_ABSENT)), [False, True, True]),
        (AnyOf((HOLDS, FAILS)), [True, False]),
        (AnyOf((FAILS, FAILS)), [True, True]),
        (AllOf((AnyOf((HOLDS, FAILS)), FAILS)), [False, False, True]),
        (AllOf((HOLDS, AnyOf((FAILS, FAILS)))), [False, True, True]),
        (Not(AllOf((HOLDS, FAILS))), [False, True]),
    ],
)
def test_reasons_that_made_the_outcome_are_decisive(node: Node, decisive: list[bool]) -> None:
    assert [reason.decisive for reason in evaluate(node).reasons] == decisive


def test_parameters_stand_in_for_operands() -> None:
    node = compare("p.number", "at_least", parameter("least"))
    evaluation = evaluate(node, evidence={"number": Known(14)}, parameters={"least": 15})
    assert [(reason.expected, reason.verdict) for reason in evaluation.reasons] == [(15, Verdict.FALSE)]


def test_a_missing_parameter_leaves_the_comparison_undecided() -> None:
    node = compare("p.number", "at_least", parameter("least"))
    assert evaluate(node, evidence={"number": Known(14)}).note == "p.number is unreadable: there is no parameter least"


def test_a_field_that_the_evidence_lacks_was_not_asked() -> None:
    assert evaluate(MISSING, evidence={}).reasons[0].actual == Unreadable("not asked")


def test_a_probe_that_the_evidence_lacks_was_not_asked() -> None:
    evaluation = evaluate_node(MISSING, {}, {}, fields=BY_NAME, when_absent=Outcome.PASS, time=NOW)
    assert evaluation.outcome is Outcome.ERROR


def test_a_field_that_the_kind_does_not_declare_is_unreadable() -> None:
    node = compare("p.colour", "equals", "red")
    reason = evaluate(node, evidence={"colour": Known("red")}).reasons[0]
    assert (reason.actual, reason.type) == (Unreadable("the probe has no such field"), Absent())


@pytest.mark.parametrize(
    ("node", "note"),
    [
        (HOLDS, ""),
        (FAILS, ""),
        (UNKNOWN, "p.text is unreadable: refused"),
        (ERROR_WHEN_ABSENT, "p.number is absent"),
        (AllOf((ERROR_WHEN_ABSENT, UNKNOWN)), "p.text is unreadable: refused"),
        (AnyOf((AllOf((FAILS, UNKNOWN)), ERROR_WHEN_ABSENT)), "p.number is absent"),
    ],
)
def test_the_note_names_what_made_it_undecided(node: Node, note: str) -> None:
    assert evaluate(node).note == note
