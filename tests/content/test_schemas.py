"""JSON Schemas for editors agree with the loader and with the files in `schemas/`."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from hardening.content.schemas import build_schemas
from hardening.content.shipped import find_shipped
from hardening.documents.parse import parse_document
from hardening.documents.scalars import Dialect
from hardening.model.operators import OPERATORS
from tests.content.example import ACTIONS, BASELINE, CHECK, FRAMEWORK, KINDS

EXAMPLES = {"check": CHECK, "actions": ACTIONS, "baseline": BASELINE, "framework": FRAMEWORK}


def accepts(name: str, text: str) -> bool:
    schema = build_schemas(KINDS)[f"{name}.schema.json"]
    return bool(Draft202012Validator(schema).is_valid(parse_document(text, "f", Dialect.CONTENT).data))


@pytest.mark.parametrize("name", EXAMPLES)
def test_schema_accepts_the_example(name: str) -> None:
    assert accepts(name, EXAMPLES[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(build_schemas(KINDS)[f"{name}.schema.json"])


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("check", "severity:", "severty:"),
        ("check", "one_of:", "oneof:"),
        ("check", "kind: file", "kind: fil"),
        ("check", "path: /etc", "pth: /etc"),
        ("check", "mode_at_most:", "at_most: a, mode_at_most:"),
        ("check", "all:", "none:"),
        ("actions", "effort: 1", "effort: 9"),
        ("baseline", "level: basic", "level: base"),
        ("framework", "basis: judgement", "basis: guess"),
    ],
)
def test_schema_refuses(name: str, old: str, new: str) -> None:
    assert not accepts(name, EXAMPLES[name].replace(old, new))


def test_schema_of_checks_knows_every_operator() -> None:
    text = json.dumps(build_schemas(KINDS)["check.schema.json"])

    assert [name for name in OPERATORS if f'"{name}"' not in text] == []


@pytest.mark.parametrize("name", build_schemas())
def test_file_in_schemas_is_up_to_date(name: str) -> None:
    path = find_shipped() / "schemas" / name

    assert json.loads(path.read_text(encoding="utf-8")) == build_schemas()[name]
