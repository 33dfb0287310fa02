"""Laws that hold for every check on every evidence."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.evaluate.judge import judge_evidence
from hardening.evaluate.logic import evaluate_node
from hardening.evaluate.operators import is_records
from hardening.model.check import AllOf, AnyOf, Check, Comparison, Constant, Each, FieldReference, Node, Not, Outcome
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
from hardening.model.operators import OPERATORS, OperandType
from tests.evaluate.examples import BY_NAME, DAY, FIELDS, NOW, RECORD, compare, make_check

LETTERS = st.sampled_from("abc")
LISTS = st.lists(LETTERS, max_size=3).map(tuple)
MODES = st.sampled_from(["0600", "0640", "0666"])
OPERANDS: dict[OperandType, st.SearchStrategy[Constant]] = {
    OperandType.TEXT: LETTERS,
    OperandType.TEXTS: LISTS,
    OperandType.INTEGER: st.integers(0, 3),
    OperandType.BOOLEAN: st.booleans(),
    OperandType.MODE: MODES,
    OperandType.PATTERN: st.sampled_from(["[ab]", "a|c", ".*"]),
    OperandType.DAYS: st.integers(-1, 2),
}
VALUES: dict[FieldType, st.SearchStrategy[str | int | bool | tuple[str, ...]]] = {
    FieldType.TEXT: LETTERS,
    FieldType.TEXTS: LISTS,
    FieldType.INTEGER: st.integers(0, 3),
    FieldType.BOOLEAN: st.booleans(),
    FieldType.MODE: MODES,
    FieldType.TIME: st.integers(NOW - 2 * DAY, NOW + DAY),
}
HOSTILE = st.one_of(st.integers(), st.text(), st.booleans(), st.lists(st.text(max_size=3), max_size=3).map(tuple))
WHEN_ABSENT = st.sampled_from([Outcome.PASS, Outcome.FAIL, Outcome.ERROR])
OWN: st.SearchStrategy[Outcome | Absent] = st.sampled_from([ABSENT, Outcome.PASS, Outcome.FAIL, Outcome.ERROR])
SCOPES: dict[str, Mapping[str, FieldSpec]] = {"p.": FIELDS, "": RECORD}
LISTS_ONLY = frozenset({FieldType.TEXTS, FieldType.RECORDS})
LAW = settings(deadline=None, database=None, max_examples=30)


@st.composite
def evidences(draw: st.DrawFn, scope: str = "p.") -> Evidence:
    return {name: draw(fields(spec.type)) for name, spec in SCOPES[scope].items()}


@st.composite
def fields(draw: st.DrawFn, field_type: FieldType) -> Field:
    states = ["known", "known", "known", "absent", "unreadable", "partial"]
    match draw(st.sampled_from(states if field_type in LISTS_ONLY else states[:-1])):
        case "absent":
            return Absent("here")
        case "unreadable":
            return Unreadable("refused")
        case "partial" if field_type is FieldType.RECORDS:
            return Partial(draw(records()), "cut")
        case "partial":
            return Partial(draw(LISTS), "cut")
        case _ if field_type is FieldType.RECORDS:
            return Known(draw(records()))
        case _:
            return Known(draw(VALUES[field_type]))


@st.composite
def records(draw: st.DrawFn) -> tuple[Record, ...]:
    return tuple(draw(st.lists(evidences(""), max_size=3)))


@st.composite
def comparisons(draw: st.DrawFn, scope: str = "p.", types: frozenset[FieldType] = frozenset(FieldType)) -> Comparison:
    chosen = draw(
        st.sampled_from(
            [
                (name, operator.name, reading.operand)
                for name, spec in SCOPES[scope].items()
                for operator in OPERATORS.values()
                for field_type, reading in operator.readings.items()
                if field_type is spec.type and field_type in types
            ]
        )
    )
    name, operator, operand = chosen
    return compare(scope + name, operator, draw(OPERANDS[operand]), when_absent=draw(OWN))


@st.composite
def eaches(draw: st.DrawFn) -> Each:
    return Each(
        field=FieldReference("p", "files"),
        key="path",
        expect=draw(nodes("", depth=1)),
        where=draw(st.one_of(st.just(ABSENT), nodes("", depth=1))),
        when_empty=draw(WHEN_ABSENT),
    )


@st.composite
def nodes(draw: st.DrawFn, scope: str = "p.", *, depth: int = 2, with_each: bool = False) -> Node:
    shapes = ["comparison", "each", "all", "any", "not"]
    allowed = [shape for shape in shapes[: None if depth else 2] if with_each or shape != "each"]
    inner = nodes(scope, depth=depth - 1, with_each=with_each)
    match draw(st.sampled_from(allowed)):
        case "each":
            return draw(eaches())
        case "all":
            return AllOf(tuple(draw(st.lists(inner, min_size=1, max_size=3))))
        case "any":
            return AnyOf(tuple(draw(st.lists(inner, min_size=1, max_size=3))))
        case "not":
            return Not(draw(nodes(scope, depth=depth - 1)))
        case _:
            return draw(comparisons(scope))


@st.composite
def checks(draw: st.DrawFn) -> Check:
    return make_check(
        draw(nodes(with_each=True)),
        only_if=draw(st.one_of(st.just(ABSENT), nodes(with_each=True, depth=1))),
        when_absent=draw(WHEN_ABSENT),
    )


def judge(check: Check, evidence: Evidence, time: int | Absent | Unreadable = NOW) -> Outcome:
    return judge_evidence(check, {"p": evidence}, {}, fields=BY_NAME, time=time).outcome


def come_to(node: Node, evidence: Evidence, when_absent: Outcome) -> Outcome:
    return evaluate_node(node, {"p": evidence}, {}, fields=BY_NAME, when_absent=when_absent, time=NOW).outcome


@LAW
@given(checks(), evidences(), st.sampled_from(sorted(FIELDS)))
def test_making_a_field_unreadable_keeps_the_outcome_or_makes_it_an_error(
    check: Check, evidence: Evidence, name: str
) -> None:
    dimmed = {**evidence, name: Unreadable("refused")}
    assert judge(check, dimmed) in {judge(check, evidence), Outcome.ERROR}


@LAW
@given(checks(), evidences(), st.sampled_from(sorted(RECORD)), st.integers(0, 2))
def test_making_a_field_of_a_record_unreadable_keeps_the_outcome_or_makes_it_an_error(
    check: Check, evidence: Evidence, name: str, position: int
) -> None:
    files = evidence["files"]
    if isinstance(files, Known) and is_records(files.value):
        dimmed = [
            {**record, name: Unreadable("refused")} if index == position else record
            for index, record in enumerate(files.value)
        ]
        assert judge(check, {**evidence, "files": Known(tuple(dimmed))}) in {judge(check, evidence), Outcome.ERROR}


@LAW
@given(checks(), evidences(), st.sampled_from(["texts", "files"]), st.integers(0, 3))
def test_cutting_a_list_keeps_the_outcome_or_makes_it_an_error(
    check: Check, evidence: Evidence, name: str, length: int
) -> None:
    field = evidence[name]
    if isinstance(field, Known) and isinstance(field.value, tuple):
        cut: Evidence = {**evidence, name: Partial(field.value[:length], "cut")}
        assert judge(check, cut) in {judge(check, evidence), Outcome.ERROR}


@LAW
@given(comparisons(types=LISTS_ONLY), evidences(), WHEN_ABSENT, st.sampled_from(["plain", "under not"]))
def test_a_comparison_on_a_partial_list_never_passes_unless_it_asks_whether_the_list_is_there(
    node: Comparison, evidence: Evidence, when_absent: Outcome, place: str
) -> None:
    partial = {
        name: Partial(field.value, "cut") if isinstance(field, Known) and isinstance(field.value, tuple) else field
        for name, field in evidence.items()
    }
    if node.operator != "exists" and isinstance(partial[node.field.field], Partial):
        assert come_to(Not(node) if place == "under not" else node, partial, when_absent) is not Outcome.PASS


@LAW
@given(eaches(), evidences(), WHEN_ABSENT)
def test_an_each_on_a_partial_list_never_passes(node: Each, evidence: Evidence, when_absent: Outcome) -> None:
    field = evidence["files"]
    if isinstance(field, Known) and isinstance(field.value, tuple):
        partial: Evidence = {**evidence, "files": Partial(field.value, "cut")}
        assert come_to(node, partial, when_absent) is not Outcome.PASS


@LAW
@given(checks(), evidences())
def test_a_lost_clock_keeps_the_outcome_or_makes_it_an_error(check: Check, evidence: Evidence) -> None:
    assert judge(check, evidence, Unreadable("no date")) in {judge(check, evidence), Outcome.ERROR}


@LAW
@given(checks())
def test_with_everything_unreadable_there_is_only_error(check: Check) -> None:
    assert judge(check, dict.fromkeys(FIELDS, Unreadable("refused"))) is Outcome.ERROR


@LAW
@given(st.lists(nodes(), min_size=1, max_size=3).map(tuple), evidences(), WHEN_ABSENT)
def test_de_morgan_holds(nodes: tuple[Node, ...], evidence: Evidence, when_absent: Outcome) -> None:
    turned = AnyOf(tuple(Not(node) for node in nodes))
    assert come_to(Not(AllOf(nodes)), evidence, when_absent) is come_to(turned, evidence, when_absent)


@LAW
@given(nodes(), evidences(), WHEN_ABSENT)
def test_not_twice_is_nothing(node: Node, evidence: Evidence, when_absent: Outcome) -> None:
    assert come_to(Not(Not(node)), evidence, when_absent) is come_to(node, evidence, when_absent)


@LAW
@given(nodes(), evidences())
def test_undecided_stays_undecided_under_not(node: Node, evidence: Evidence) -> None:
    # Absence keeps its outcome under not, and a partial list never holds: other laws speak of them.
    plain = {
        name: Unreadable("refused") if isinstance(field, Absent | Partial) else field
        for name, field in evidence.items()
    }
    turned = {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS, Outcome.ERROR: Outcome.ERROR}
    assert come_to(Not(node), plain, Outcome.FAIL) is turned[come_to(node, plain, Outcome.FAIL)]


@LAW
@given(checks(), st.fixed_dictionaries({name: HOSTILE.map(Known) for name in FIELDS}))
def test_values_of_any_type_never_raise(check: Check, evidence: Evidence) -> None:
    assert judge(check, evidence) in set(Outcome)


@LAW
@given(nodes(with_each=True), evidences(), WHEN_ABSENT)
def test_every_outcome_has_a_decisive_reason(node: Node, evidence: Evidence, when_absent: Outcome) -> None:
    evaluation = evaluate_node(node, {"p": evidence}, {}, fields=BY_NAME, when_absent=when_absent, time=NOW)
    assert any(reason.decisive and reason.verdict is evaluation.verdict for reason in evaluation.reasons)


@LAW
@given(nodes(with_each=True), evidences(), WHEN_ABSENT)
def test_every_error_and_nothing_else_has_a_note(node: Node, evidence: Evidence, when_absent: Outcome) -> None:
    evaluation = evaluate_node(node, {"p": evidence}, {}, fields=BY_NAME, when_absent=when_absent, time=NOW)
    assert bool(evaluation.note) is (evaluation.outcome is Outcome.ERROR)
