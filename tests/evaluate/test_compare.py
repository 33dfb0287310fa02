"""What changed between two scans, and what the gate makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hardening.evaluate.compare import compare
from hardening.evaluate.gate import GateOptions, GateTally, judge_gate
from hardening.model.check import Outcome, Severity
from hardening.model.comparison import ChangeKind, Standing, TargetStanding
from hardening.model.gate import GateCause
from tests.evaluate.examples import make_check, make_judgement, make_result


def standing(outcome: Outcome = Outcome.FAIL, check: str = "c", **changes: object) -> Standing:
    given = {"version": "1", "parameters": "", "severity": Severity.HIGH, "keys": ("",), **changes}
    return Standing(id=f"a/{check}", check=check, outcome=outcome, **given)  # type: ignore[arg-type]


def target(*results: Standing, name: str = "a", **changes: object) -> Mapping[str, TargetStanding]:
    given = {"reached": True, "root": True, "channels": frozenset({"ssh"}), **changes}
    by_id = {result.id: result for result in results}
    return {name: TargetStanding(name=name, results=by_id, **given)}  # type: ignore[arg-type]


PASS, FAIL, ERROR = (standing(outcome) for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.ERROR))
WAIVED = standing(is_waived=True)
NOT_APPLICABLE = standing(Outcome.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (PASS, FAIL, [ChangeKind.OPENED]),
        (NOT_APPLICABLE, FAIL, [ChangeKind.OPENED]),
        (ERROR, FAIL, [ChangeKind.OPENED]),
        (WAIVED, FAIL, [ChangeKind.OPENED]),
        (FAIL, PASS, [ChangeKind.CLOSED]),
        (FAIL, WAIVED, [ChangeKind.CLOSED]),
        (FAIL, NOT_APPLICABLE, [ChangeKind.CLOSED]),
        (FAIL, ERROR, [ChangeKind.NOT_COMPARABLE]),
        (PASS, ERROR, [ChangeKind.NOT_COMPARABLE]),
        (ERROR, ERROR, []),
        (FAIL, FAIL, []),
        (PASS, PASS, []),
        (standing(seen=("m 0644",)), standing(seen=("m 0666",)), [ChangeKind.CHANGED_VALUE]),
        (PASS, standing(version="2"), [ChangeKind.BY_CONTENT]),
        (PASS, standing(parameters="{}"), [ChangeKind.BY_CONTENT]),
        (standing(keys=("/a",)), standing(keys=("/a", "/b")), [ChangeKind.OPENED]),
        (standing(keys=("/a",)), standing(keys=("/a", "/a")), [ChangeKind.OPENED]),
        (standing(keys=("/a",)), standing(keys=("/b",)), [ChangeKind.OPENED, ChangeKind.CLOSED]),
        (standing(keys_omitted=5), standing(keys_omitted=5), [ChangeKind.NOT_COMPARABLE]),
    ],
)
def test_change_of_one_result(before: Standing, after: Standing, kinds: list[ChangeKind]) -> None:
    assert [change.kind for change in compare(target(before), target(after))] == kinds


def test_new_record_in_an_old_gap_is_named() -> None:
    (change,) = compare(target(standing(keys=("/a",))), target(standing(keys=("/a", "/b"))))
    assert (change.target, change.check, change.key) == ("a", "c", "/b")


def test_gaps_of_a_new_target_are_new() -> None:
    kinds = [change.kind for change in compare({}, target(FAIL))]
    assert kinds == [ChangeKind.OPENED, ChangeKind.APPEARED]


def test_check_that_was_not_asked_before_appears_and_opens_nothing() -> None:
    changes = compare(target(PASS), target(PASS, standing(check="d")))
    assert [(change.kind, change.check) for change in changes] == [(ChangeKind.APPEARED, "d")]


def test_target_and_check_that_were_not_asked_now_vanish() -> None:
    changes = compare({**target(PASS), **target(name="b")}, target(standing(check="d")))
    assert [(change.kind, change.target, change.check) for change in changes if change.kind is ChangeKind.VANISHED] == [
        (ChangeKind.VANISHED, "a", "c"),
        (ChangeKind.VANISHED, "b", ""),
    ]


@pytest.mark.parametrize("less", [{"reached": False}, {"root": False}, {"channels": frozenset()}])
def test_target_examined_with_less_is_not_comparable(less: dict[str, Any]) -> None:
    kinds = [change.kind for change in compare(target(PASS), target(PASS, **less))]
    assert kinds == [ChangeKind.NOT_COMPARABLE]


CHECK = make_check(name="c", severity=Severity.HIGH)


def gate(
    before: Mapping[str, TargetStanding], after: Mapping[str, TargetStanding], *, same_scope: bool = False,
    fail_on: Severity = Severity.HIGH,
) -> tuple[int, list[GateCause]]:  # fmt: skip
    tally = GateTally({"c": CHECK})
    tally.add(make_judgement(make_result("c", Outcome.FAIL)))
    judged = judge_gate(tally, GateOptions(fail_on=fail_on), compare(before, after), same_scope=same_scope)
    return judged.exit_code, [line.cause for line in judged.lines]


def test_old_gap_keeps_the_gate_open() -> None:
    assert gate(target(FAIL), target(FAIL)) == (0, [])


def test_new_gap_closes_the_gate() -> None:
    assert gate(target(PASS), target(FAIL)) == (10, [GateCause.NEW_GAPS])


def test_new_record_in_an_old_gap_closes_the_gate() -> None:
    assert gate(target(standing(keys=("/a",))), target(standing(keys=("/a", "/b"))))[0] == 10


def test_new_gap_below_the_level_does_not_close_the_gate() -> None:
    assert gate(target(PASS), target(FAIL), fail_on=Severity.CRITICAL) == (0, [])


def test_change_by_content_is_told_and_does_not_close_the_gate() -> None:
    assert gate(target(PASS), target(standing(version="2"))) == (0, [GateCause.BY_CONTENT])


def test_lost_rights_make_the_scan_incomplete() -> None:
    assert gate(target(FAIL), target(FAIL, root=False)) == (3, [GateCause.NOT_COMPARABLE])


def test_check_that_is_an_error_now_makes_the_scan_incomplete() -> None:
    assert gate(target(FAIL), target(ERROR)) == (3, [GateCause.NOT_COMPARABLE])


@pytest.mark.parametrize(("same_scope", "status"), [(False, 0), (True, 3)])
def test_target_that_was_not_asked_for_counts_with_the_same_scope_alone(same_scope: bool, status: int) -> None:  # noqa: FBT001
    before = {**target(FAIL), **target(PASS, name="b")}
    assert gate(before, target(FAIL), same_scope=same_scope)[0] == status
