"""``each``: every record that counts must meet the expectation."""

from __future__ import annotations

import pytest

from hardening.evaluate.logic import Evaluation, evaluate_node
from hardening.evaluate.records import MOST_RECORDS
from hardening.model.check import AllOf, AnyOf, Each, FieldReference, Node, Not, Outcome
from hardening.model.evidence import (
    ABSENT,
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
)
from hardening.model.result import Told, Verdict
from tests.evaluate.examples import BY_NAME, HOLDS, NOW, PLACE, compare

SAFE = compare("mode", "mode_at_most", "0644")
GOOD: Record = {"path": Known("/good"), "mode": Known("0600"), "uid": Known(0)}
BAD: Record = {"path": Known("/bad"), "mode": Known("0666"), "uid": Known(0)}
DARK: Record = {"path": Known("/dark"), "mode": Unreadable("refused"), "uid": Known(0)}
BARE: Record = {"path": Known("/bare"), "mode": Absent(), "uid": Known(0)}


def each(expect: Node = SAFE, *, where: Node | Absent = ABSENT, when_empty: Outcome = Outcome.FAIL) -> Each:
    return Each(
        field=FieldReference("p", "files"), key="path", expect=expect, where=where, when_empty=when_empty, place=PLACE
    )


def evaluate(node: Node, files: Field, *, when_absent: Outcome = Outcome.FAIL, guard: bool = False) -> Evaluation:
    evidence = {"p": {"files": files, "switch": Known(True)}}  # noqa: FBT003 - a value
    return evaluate_node(node, evidence, {}, fields=BY_NAME, when_absent=when_absent, time=NOW, guard=guard)


def outcome(node: Node, *records: Record, when_absent: Outcome = Outcome.FAIL) -> Outcome:
    return evaluate(node, Known(records, "/etc"), when_absent=when_absent).outcome


def test_it_passes_if_every_record_passes() -> None:
    assert outcome(each(), GOOD, GOOD) is Outcome.PASS


def test_it_fails_if_one_record_fails_even_beside_one_that_errs() -> None:
    assert outcome(each(), GOOD, DARK, BAD) is Outcome.FAIL


def test_it_errs_if_one_record_errs() -> None:
    assert outcome(each(), GOOD, DARK) is Outcome.ERROR


def test_an_absent_field_of_a_record_takes_the_outcome_of_the_check() -> None:
    assert outcome(each(), BARE, when_absent=Outcome.PASS) is Outcome.PASS


@pytest.mark.parametrize("when_empty", [Outcome.PASS, Outcome.FAIL, Outcome.ERROR])
def test_without_records_it_takes_its_own_outcome(when_empty: Outcome) -> None:
    assert outcome(each(when_empty=when_empty)) is when_empty


@pytest.mark.parametrize("when_empty", [Outcome.PASS, Outcome.FAIL, Outcome.ERROR])
def test_without_records_that_count_it_takes_its_own_outcome(when_empty: Outcome) -> None:
    where = compare("uid", "at_least", 1000)
    assert outcome(each(where=where, when_empty=when_empty), BAD) is when_empty


@pytest.mark.parametrize(
    ("when_empty", "expected", "verdict"),
    [
        (Outcome.PASS, True, Verdict.TRUE),
        (Outcome.FAIL, False, Verdict.FALSE),
        (Outcome.ERROR, False, Verdict.ABSENT),
    ],
)
def test_without_records_the_reason_is_the_empty_list(when_empty: Outcome, *, expected: bool, verdict: Verdict) -> None:
    reason = evaluate(each(when_empty=when_empty), Known((), "/etc")).reasons[0]
    assert (reason.field, reason.operator, reason.expected, reason.actual, reason.verdict) == (
        "p.files",
        "is_empty",
        expected,
        Known((), "/etc"),
        verdict,
    )


def test_an_error_without_records_has_a_note() -> None:
    assert evaluate(each(when_empty=Outcome.ERROR), Known(())).note == "p.files has nothing to look at"


def test_records_that_do_not_count_are_left_alone() -> None:
    assert outcome(each(where=compare("path", "equals", "/good")), GOOD, BAD) is Outcome.PASS


@pytest.mark.parametrize("record", [DARK, BARE])
def test_a_record_errs_if_nobody_can_tell_whether_it_counts(record: Record) -> None:
    node = each(compare("uid", "equals", 0), where=compare("mode", "equals", "0600", when_absent=Outcome.PASS))
    assert outcome(node, GOOD, record) is Outcome.ERROR


def test_exists_decides_absence_in_where() -> None:
    assert outcome(each(where=compare("mode", "exists", operand=True)), GOOD, BARE) is Outcome.PASS


def test_reasons_of_where_are_kept_only_where_it_is_undecided() -> None:
    node = each(compare("uid", "equals", 0), where=compare("mode", "equals", "0600"))
    reasons = evaluate(node, Known((GOOD, BAD, DARK))).reasons
    assert [(reason.field, reason.key) for reason in reasons] == [("p.files.uid", "/good"), ("p.files.mode", "/dark")]


def test_reasons_name_the_record_and_mark_those_that_decided() -> None:
    reasons = evaluate(each(), Known((GOOD, BAD, DARK))).reasons
    assert [(reason.key, reason.decisive) for reason in reasons] == [("/good", False), ("/bad", True), ("/dark", False)]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (Known(1000), "1000"),
        (Known(""), "#1"),
        (Known(("a",)), "#1"),
        (Absent(), "#1"),
        (Unreadable("refused"), "#1"),
    ],
)
def test_a_record_is_named_by_its_key_or_its_position(name: Field, key: str) -> None:
    assert evaluate(each(), Known(({**GOOD, "path": name},))).reasons[0].key == key


def test_a_record_without_its_key_is_named_by_its_position() -> None:
    assert evaluate(each(), Known(({"mode": Known("0600")},))).reasons[0].key == "#1"


def test_the_note_names_the_record_that_errs() -> None:
    assert evaluate(each(), Known((GOOD, DARK))).note == "p.files.mode (/dark) is unreadable: refused"


def test_an_unreadable_list_is_an_error() -> None:
    assert evaluate(each(), Unreadable("refused")).note == "p.files is unreadable: refused"


@pytest.mark.parametrize("when_absent", [Outcome.PASS, Outcome.FAIL, Outcome.ERROR])
def test_an_absent_list_counts_as_an_absent_comparison(when_absent: Outcome) -> None:
    assert evaluate(each(when_empty=Outcome.PASS), Absent(), when_absent=when_absent).outcome is when_absent


def test_an_absent_list_in_a_guard_is_undecided() -> None:
    assert evaluate(each(), Absent(), when_absent=Outcome.PASS, guard=True).verdict is Verdict.ABSENT


def test_an_absent_field_of_a_record_in_a_guard_is_undecided() -> None:
    node = each(compare("mode", "equals", "0600", when_absent=Outcome.FAIL))
    assert evaluate(node, Known((BARE,)), guard=True).verdict is Verdict.ABSENT


@pytest.mark.parametrize("value", ["text", ("a",), 3])
def test_a_list_of_the_wrong_type_is_an_error(value: str | tuple[str, ...] | int) -> None:
    assert evaluate(each(), Known(value)).note == "p.files is unreadable: not a list of records"


@pytest.mark.parametrize("field", ["colours", "texts"])
def test_a_field_that_is_declared_otherwise_is_an_error(field: str) -> None:
    node = Each(field=FieldReference("p", field), key="path", expect=SAFE, when_empty=Outcome.PASS)
    evidence: Evidence = {field: Known(())}
    evaluation = evaluate_node(node, {"p": evidence}, {}, fields=BY_NAME, when_absent=Outcome.PASS, time=NOW)
    assert evaluation.note == f"p.{field} is unreadable: the probe has no such records"


def test_a_partial_list_fails_if_a_visible_record_fails() -> None:
    assert evaluate(each(), Partial((GOOD, BAD), "cut")).outcome is Outcome.FAIL


@pytest.mark.parametrize("when_empty", [Outcome.PASS, Outcome.FAIL])
@pytest.mark.parametrize("records", [(), (GOOD,), (GOOD, DARK)])
def test_a_partial_list_is_else_an_error(records: tuple[Record, ...], when_empty: Outcome) -> None:
    assert evaluate(each(when_empty=when_empty), Partial(records, "cut")).outcome is Outcome.ERROR


def test_the_reason_for_a_partial_list_is_that_it_is_partial() -> None:
    evaluation = evaluate(each(), Partial((GOOD,), "cut", "/etc"))
    assert [reason.actual for reason in evaluation.reasons if reason.decisive] == [
        Unreadable("seen only in part: cut", "/etc")
    ]


def test_under_not_it_is_never_a_verdict() -> None:
    assert evaluate(Not(each()), Known((BAD,))).outcome is Outcome.ERROR


def test_it_joins_with_other_nodes() -> None:
    assert evaluate(AllOf((HOLDS, AnyOf((each(), HOLDS)))), Known((BAD,))).outcome is Outcome.PASS


def test_reasons_of_no_more_records_are_kept_than_a_person_can_read() -> None:
    evaluation = evaluate(each(), Known((BAD,) * 1000))
    assert (len(evaluation.reasons), evaluation.note) == (
        MOST_RECORDS,
        f"p.files: the reasons of {1000 - MOST_RECORDS} more records are not listed",
    )


def test_among_many_records_those_that_decided_are_kept_first() -> None:
    evaluation = evaluate(each(), Known(((GOOD,) * 500) + (DARK, BAD)))
    assert [reason.key for reason in evaluation.reasons if reason.decisive] == ["/bad"]


def test_among_many_records_the_cause_of_an_error_is_kept() -> None:
    node = each(compare("mode", "equals", "0600", when_absent=Outcome.ERROR))
    evaluation = evaluate(node, Known(((BARE,) * 500) + (DARK,)))
    assert evaluation.note.startswith("p.files.mode (/dark) is unreadable: refused; p.files: the reasons of 401 more")


def test_reasons_tell_beside_the_key_what_the_kind_says() -> None:
    record = {"name": FieldSpec(FieldType.TEXT, ""), "enabled": FieldSpec(FieldType.BOOLEAN, "", told=True)}
    fields = {"p": {"users": FieldSpec(FieldType.RECORDS, "", record)}}
    users = Known(({"name": Known("ola"), "enabled": Known(value=False)}, {"name": Known("kari")}))
    node = Each(
        field=FieldReference("p", "users"),
        key="name",
        expect=compare("name", "equals", "nobody"),
        where=ABSENT,
        when_empty=Outcome.PASS,
        place=PLACE,
    )
    seen = evaluate_node(node, {"p": {"users": users}}, {}, fields=fields, when_absent=Outcome.FAIL, time=NOW)
    assert [reason.told for reason in seen.reasons] == [
        (Told("enabled", FieldType.BOOLEAN, Known(value=False)),),
        (Told("enabled", FieldType.BOOLEAN, Unreadable("not asked")),),
    ]
