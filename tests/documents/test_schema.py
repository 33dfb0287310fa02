"""JSON Schemas say what a form says, and nothing else."""

from __future__ import annotations

from hardening.documents.schema import build_schema
from hardening.documents.validate import Form


class Small(Form):
    """A small form."""

    title: str
    note: str | None = None


def test_schema_has_no_names_of_classes_and_no_null() -> None:
    assert build_schema(Small) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "A small form.",
        "type": "object",
        "properties": {"title": {"type": "string"}, "note": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    }
