"""JSON Schemas from forms, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardening.documents.validate import Form

Schema = dict[str, "Json"]
Json = Schema | list["Json"] | str | int | bool | None

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_BY_NAME = {"properties", "patternProperties", "$defs"}


def build_schema(form: type[Form]) -> Schema:
    """Return the JSON Schema of a form."""
    return {"$schema": _DRAFT, **_clean(form.model_json_schema())}


def _clean(schema: Mapping[str, object]) -> Schema:
    """Return a schema without what says nothing in an editor: titles made of names, and null for "not given"."""
    cleaned = {key: _clean_value(key, value) for key, value in schema.items() if not _is_noise(key, value)}
    options = cleaned.get("anyOf")
    if isinstance(options, list):
        given = [option for option in options if option != {"type": "null"}]
        if len(given) == 1 and isinstance(given[0], dict):
            del cleaned["anyOf"]
            return {**given[0], **cleaned}
    return cleaned


def _clean_value(key: str, value: object) -> Json:
    match value:
        case dict() if key in _BY_NAME:
            return {name: _clean(inner) for name, inner in value.items()}
        case dict():
            return _clean(value)
        case list():
            return [_clean_value("", item) for item in value]
        case str() | int() | None:
            return value
        case _:
            msg = f"no JSON: {value!r}"
            raise TypeError(msg)


def _is_noise(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)
