"""Strict YAML: what it gives, what it refuses, and where."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hardening.documents import parse
from hardening.documents.parse import DEPTH_LIMIT, load_document, parse_document
from hardening.documents.places import Data
from hardening.documents.scalars import Dialect
from hardening.errors import ContentError
from hardening.model.place import Place


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    loaders = {"libyaml": yaml.CSafeLoader, "python": yaml.SafeLoader}
    monkeypatch.setattr(parse, "_LOADER", loaders[request.param])


def content(text: str) -> Data:
    return parse_document(text, "f", Dialect.CONTENT).data


def problems(text: str, dialect: Dialect = Dialect.CONTENT) -> list[str]:
    with pytest.raises(ContentError) as caught:
        parse_document(text, "f", dialect)
    return [str(problem) for problem in caught.value.problems]


def test_values_of_content_are_truth_values_whole_numbers_and_text() -> None:
    text = "a: true\nb: [false, 0, -7]\nc: /etc/shadow\nd: \"no\"\ne: øl\nf: '0640'\n"

    assert content(text) == {"a": True, "b": [False, 0, -7], "c": "/etc/shadow", "d": "no", "e": "øl", "f": "0640"}


def test_values_of_a_site_are_the_text_that_stands_there() -> None:
    text = "a: no\nb: 022\nc: 1.10\nd: ~\ne:\n"

    assert parse_document(text, "f", Dialect.SITE).data == {"a": "no", "b": "022", "c": "1.10", "d": "~", "e": ""}


def test_place_of_a_value_and_of_its_key() -> None:
    document = parse_document("a:\n  - b: c\n    øre: [d, e]\n", "f", Dialect.CONTENT)

    assert document.place("a", 0, "øre", 1) == Place("f", 3, 14)
    assert document.key_place("a", 0, "øre") == Place("f", 3, 5)


def test_place_of_a_path_that_is_not_there_is_the_nearest_that_is() -> None:
    document = parse_document("a:\n  - b: c\n", "f", Dialect.CONTENT)

    assert document.place("a", 0, "x", "y") == Place("f", 2, 5)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x b", "f:1:4: there is an anchor (&x); write the value out where it is used"),
        ("a: &x [b]", "f:1:4: there is an anchor (&x); write the value out where it is used"),
        ("&x a: b", "f:1:1: there is an anchor (&x); write the value out where it is used"),
        ("a: *x", "f:1:4: there is an alias (*); write the value out"),
        ("a: !!int b", "f:1:4: there is a tag (tag:yaml.org,2002:int); remove it, and put text in quotes"),
        ("a: !x {b: c}", "f:1:4: there is a tag (!x); remove it, and put text in quotes"),
        ("a: b\na: c", 'f:2:1: the key "a" stands twice, first in line 1; keep one of them'),
        ("<<: {a: b}", "f:1:1: there is a merge key (<<); write the keys out"),
        ("? [a]\n: b", "f:1:3: a key must be text"),
        ("%YAML 1.1\n---\na: b", "f:1:1: there is a YAML directive; remove the line that begins with %"),
        ("a: b\n---\nc: d", "f:2:1: a second document begins here; put it in a file of its own"),
        ('a: "b\\0"', "f:1:4: there is a null character in this text; remove it"),
        ("", "f: the file is empty"),
        ("# nothing\n", "f: the file is empty"),
    ],
)
def test_what_every_dialect_refuses(text: str, problem: str) -> None:
    assert problems(text, Dialect.CONTENT) == [problem]
    assert problems(text, Dialect.SITE) == [problem]


def test_key_of_content_that_is_no_text_is_refused() -> None:
    assert problems("1: b") == ['f:1:1: a key must be text; write "1"']


def test_all_refusals_of_a_file_come_at_once() -> None:
    found = problems("a: &x no\nb: 0640\nb: 1\n")

    assert [problem.split(": ")[0] for problem in found] == ["f:1:4", "f:1:4", "f:2:4", "f:3:1"]


def test_syntax_error_is_one_problem_with_its_place() -> None:
    (problem,) = problems("a: b: c\n")

    assert problem.startswith("f:1:5: mapping values are not allowed")


def test_refusals_before_a_syntax_error_are_kept() -> None:
    assert [problem.split(": ")[0] for problem in problems("a: no\nb: c: d\n")] == ["f:1:4", "f:2:5"]


def test_nesting_at_the_limit_is_read() -> None:
    assert isinstance(content("[" * DEPTH_LIMIT + "a" + "]" * DEPTH_LIMIT), list)


def test_nesting_beyond_the_limit_is_one_problem() -> None:
    assert problems("[" * 500) == [f"f:1:{DEPTH_LIMIT + 2}: there are more than {DEPTH_LIMIT} levels"]


def test_nesting_beyond_what_the_parser_itself_bears_is_one_problem() -> None:
    (problem,) = problems("[" * 100_000)

    assert problem.endswith(f": there are more than {DEPTH_LIMIT} levels")


def test_a_lone_document_marker_is_allowed() -> None:
    assert content("---\na: b\n") == {"a": "b"}


def test_file_is_called_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: no", encoding="utf-8")

    with pytest.raises(ContentError) as caught:
        load_document(path, Dialect.CONTENT, file="checks/x.yaml")

    assert caught.value.problems[0].place.file == "checks/x.yaml"


def test_file_is_called_by_its_path_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: b", encoding="utf-8")

    assert load_document(path, Dialect.CONTENT).file == str(path)


def test_text_of_the_file_never_breaks_a_problem_into_lines() -> None:
    assert problems('"a\\nb": c\n"a\\nb": d') == [
        'f:2:1: the key "a\\nb" stands twice, first in line 1; keep one of them'
    ]


def test_endless_text_is_cut_in_a_problem() -> None:
    (problem,) = problems(f"a: {'9' * 100_000}")

    assert len(problem) < 1000
