"""The check language: what can be said, and what is refused where."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.model.check import (
    AllOf,
    AnyOf,
    Comparison,
    Each,
    FieldReference,
    Not,
    Outcome,
    ParameterReference,
)
from hardening.model.place import Place
from tests.content.example import load, problems_of_check, with_expectation, write_files

NAME = "checks/linux/perm/linux-perm-shadow.yaml"
EACH = "{each: shadow.users, key: name, when_empty: pass, expect: {field: uid, equals: 0}}"
LINE = 9  # of `expect:` when the check has no parameters


def expectation(folder: Path, text: str) -> object:
    write_files(folder, {NAME: with_expectation(text)})
    return load(folder).checks["linux-perm-shadow"].expect


def test_comparison_becomes_a_value_with_its_place(tmp_path: Path) -> None:
    expect = expectation(tmp_path, "expect: {field: shadow.size, at_most: 5, when_absent: pass}\n")

    assert expect == Comparison(
        field=FieldReference("shadow", "size"),
        operator="at_most",
        operand=5,
        when_absent=Outcome.PASS,
        place=Place(NAME, LINE, 9),
    )


def test_nodes_nest(tmp_path: Path) -> None:
    text = "expect: {all: [{any: [{not: {field: shadow.linked, equals: true}}]}]}\n"

    match expectation(tmp_path, text):
        case AllOf((AnyOf((Not(Comparison(operand=operand)),)),)):
            assert operand is True
        case other:
            pytest.fail(f"{other}")


def test_list_operand_becomes_a_tuple(tmp_path: Path) -> None:
    match expectation(tmp_path, "expect: {field: shadow.lines, contains_all: [a, b]}\n"):
        case Comparison(operand=operand):
            assert operand == ("a", "b")
        case other:
            pytest.fail(f"{other}")


def test_parameter_stands_for_an_operand(tmp_path: Path) -> None:
    match expectation(tmp_path, "expect: {field: shadow.owner, one_of: {param: owners}}\n"):
        case Comparison(operand=operand):
            assert operand == ParameterReference("owners")
        case other:
            pytest.fail(f"{other}")


def test_each_walks_records_and_names_their_fields_without_the_probe(tmp_path: Path) -> None:
    text = """\
expect:
  each: shadow.users
  key: name
  where: {field: uid, at_least: 1000}
  expect: {field: mode, mode_at_most: "0700"}
  when_empty: pass
"""
    match expectation(tmp_path, text):
        case Each(
            field=field, key=key, when_empty=empty, where=Comparison(field=where), expect=Comparison(field=inner)
        ):
            assert [str(field), key, empty, str(where), str(inner)] == ["shadow.users", "name", "pass", "uid", "mode"]
        case other:
            pytest.fail(f"{other}")


@pytest.mark.parametrize(
    ("expectation", "problem"),
    [
        ("{field: shadow.moed, equals: a}", '17: unknown field "shadow.moed"; did you mean "shadow.mode"?'),
        ("{field: shadw.mode, exists: true}", '17: unknown probe "shadw"; did you mean "shadow.mode"?'),
        ("{field: shadow.owner}", None),
        ("{field: shadow.owner, equal: a}", '31: unknown operator "equal"; did you mean "equals"?'),
        (
            "{field: shadow.owner, equals: a, matches: b}",
            '42: "matches" is a second operator; write a second comparison',
        ),
        (
            "{field: shadow.owner, mode_at_most: a}",
            "31: mode_at_most cannot read shadow.owner, which is text; use exists, equals, one_of, matches",
        ),
        ("{field: shadow.size, at_most: big}", '39: this must be a whole number, not "big"'),
        ("{field: shadow.size, at_most: true}", "39: this must be a whole number, not true"),
        ("{field: shadow.linked, equals: 1}", "40: this must be true or false, not 1"),
        (
            '{field: shadow.mode, mode_at_most: "640"}',
            '44: this must be four octal digits in quotes, such as "0640", not "640"',
        ),
        (
            "{field: shadow.mode, mode_at_most: 640}",
            '44: this must be four octal digits in quotes, such as "0640", not 640',
        ),
        ("{field: shadow.owner, one_of: root}", '39: this must be a list of texts, not "root"'),
        ("{field: shadow.owner, one_of: [a, 1]}", "39: this must be a list of texts, and 1 is none; put it in quotes"),
        (
            "{field: shadow.owner, one_of: []}",
            "39: one_of with an empty list asserts nothing; name at least one text",
        ),
        (
            "{field: shadow.lines, contains_none: []}",
            "46: contains_none with an empty list asserts nothing; name at least one text",
        ),
        (
            '{field: shadow.owner, matches: "a("}',
            '40: "a(" is no regular expression: missing ), unterminated subpattern at position 1',
        ),
        ("{field: shadow.owner, equals: {param: ownr}}", '47: unknown parameter "ownr"'),
        (
            "{field: shadow.owner, equals: {parm: a}}",
            "39: this is neither a literal nor a parameter; write {param: <name>}",
        ),
        ("{all: []}", "15: this must not be empty"),
        ("hello", "9: this is no comparison; write field and an operator, or one of all, any, not, each"),
        ("{al: []}", "9: this is no comparison; write field and an operator, or one of all, any, not, each"),
        (
            "{field: shadow.owner, exists: true, when_absent: pass}",
            "45: exists decides absence itself; remove when_absent",
        ),
        ("{field: shadow.owner, equals: a, when_absent: skip}", "55: \"skip\" is none of 'pass', 'fail' or 'error'"),
        (
            "{each: shadow.lines, key: a, expect: {field: b, exists: true}, when_empty: pass}",
            "16: each walks records, and shadow.lines is texts",
        ),
        (
            "{each: shadow.users, key: mode, expect: {field: uid, equals: 0}, when_empty: pass}",
            "35: a key must be text or integer, and mode is mode",
        ),
        (
            "{each: shadow.users, key: nam, expect: {field: uid, equals: 0}, when_empty: pass}",
            '35: unknown field of the record "nam"; did you mean "name"?',
        ),
        (
            "{each: shadow.users, key: name, expect: {field: shadow.owner, equals: a}, when_empty: pass}",
            '57: unknown field of the record "shadow.owner"; known are groups, mode, name, uid',
        ),
        (
            "{each: shadow.users, key: name, expect: {field: uid, equals: 0}}",
            '9: "when_empty" is missing; add `when_empty:`',
        ),
        (
            f"{{not: {EACH}}}",
            "16: there is an each under not; turn its expect round instead",
        ),
        (
            f"{{each: shadow.users, key: name, when_empty: pass, expect: {EACH}}}",
            "68: there is an each inside an each; ask for a flatter field",
        ),
    ],
)
def test_refused_expectation(tmp_path: Path, expectation: str, problem: str | None) -> None:
    operators = (
        "exists, equals, one_of, matches, at_least, at_most, mode_at_most, contains, contains_all, contains_none"
    )
    problem = problem or f"9: this comparison has no operator; add one of {operators}, subset_of, is_empty"

    found = problems_of_check(tmp_path, with_expectation(f"expect: {expectation}\n"))

    assert found == [f"{LINE}:{problem}"]


def test_empty_list_asserts_something_where_nothing_else_is_allowed(tmp_path: Path) -> None:
    match expectation(tmp_path, "expect: {field: shadow.lines, subset_of: []}\n"):
        case Comparison(operand=operand):
            assert operand == ()
        case other:
            pytest.fail(f"{other}")


def test_parameter_of_another_type_is_refused(tmp_path: Path) -> None:
    text = "expect: {field: shadow.owner, equals: {param: owners}}\n"

    assert problems_of_check(tmp_path, with_expectation(text)) == ["11:47: equals takes text here, and owners is texts"]


def test_unused_parameter_is_refused(tmp_path: Path) -> None:
    text = "expect: {field: shadow.owner, equals: root}  # owners\n"

    assert problems_of_check(tmp_path, with_expectation(text)) == [
        '8:3: no comparison uses the parameter "owners"; remove it'
    ]


def test_unused_probe_is_refused(tmp_path: Path) -> None:
    text = with_expectation("expect: {field: shadow.owner, equals: root}\n")
    text = text.replace("probes:\n", "probes:\n  spare: {kind: file, path: /a}\n")

    assert problems_of_check(tmp_path, text) == ['8:3: no comparison uses the probe "spare"; remove it']


def test_probe_that_only_the_guard_uses_is_used(tmp_path: Path) -> None:
    text = with_expectation("expect: {field: shadow.owner, equals: root}\n")
    text = text.replace("probes:\n", "probes:\n  guard: {kind: file, path: /a}\n")
    write_files(tmp_path, {NAME: text + "only_if: {field: guard.linked, equals: true}\n"})

    match load(tmp_path).checks["linux-perm-shadow"].only_if:
        case Comparison(field=field):
            assert field == FieldReference("guard", "linked")
        case other:
            pytest.fail(f"{other}")


def test_when_absent_is_refused_in_the_guard(tmp_path: Path) -> None:
    text = with_expectation(
        "only_if: {field: shadow.size, at_least: 1, when_absent: pass}\nexpect: {field: shadow.owner, equals: root}\n"
    )

    assert problems_of_check(tmp_path, text) == [
        "9:44: when_absent does not act in only_if; ask with exists whether it is there"
    ]


def test_unknown_kind_is_one_problem_and_not_many(tmp_path: Path) -> None:
    text = with_expectation(
        "expect: {each: shadow.users, key: name, expect: {field: name, one_of: {param: owners}}, when_empty: pass}\n"
    )

    assert problems_of_check(tmp_path, text.replace("kind: file", "kind: fil")) == [
        '10:18: unknown probe kind "fil"; did you mean "file"?'
    ]
