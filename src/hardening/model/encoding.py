"""Evidence as plain JSON values and back: the form that snapshots and recordings share.

A bare value is a known one without a place. Everything else is an object:
``{"v": value, "at": place}``, ``{"absent": true, "at": place}``, ``{"unreadable": reason, "at": place}`` and
``{"v": list, "partial": reason, "at": place}``; an empty ``at`` is left out. Records are objects inside lists.
Write it with ``ensure_ascii``: text from a target may hold lone surrogates, which only escapes carry through.
"""

from __future__ import annotations

from typing import TypeGuard

from hardening.model.evidence import Absent, Evidence, Field, Known, Partial, Record, Unreadable, Value

Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
"""What ``json.loads`` can return."""

_DEEPEST = 8
"""Records within records; more is no evidence of ours, and would exhaust the stack."""


def encode_evidence(evidence: Evidence) -> dict[str, Json]:
    """Return the evidence as JSON values, with its fields in order of name."""
    return {name: encode_field(evidence[name]) for name in sorted(evidence)}


def decode_evidence(data: object) -> Evidence:
    """Return the evidence that ``encode_evidence`` wrote; raises ``ValueError`` that names the field."""
    return _decode_record(data, "evidence", _DEEPEST)


def encode_field(field: Field) -> Json:
    """Return one field as a JSON value."""
    if isinstance(field, Known):  # nearly all are
        value = _encode_value(field.value)
        return {"v": value, "at": field.place} if field.place else value
    match field:
        case Absent(place=place):
            return _with_place({"absent": True}, place)
        case Unreadable(reason=reason, place=place):
            return _with_place({"unreadable": reason}, place)
        case Partial(items=items, reason=reason, place=place):  # pragma: no branch - the last of a closed union
            return _with_place({"v": _encode_value(items), "partial": reason}, place)


def _with_place(data: dict[str, Json], place: str) -> dict[str, Json]:
    return {**data, "at": place} if place else data


def _encode_value(value: Value) -> Json:
    if isinstance(value, tuple):
        return [item if isinstance(item, str) else encode_evidence(item) for item in value]
    return value


_PLAIN = frozenset({str, int, bool})


def _decode_record(data: object, path: str, depth: int) -> Record:
    if not isinstance(data, dict):
        raise _problem(path, "an object is expected")
    if not depth:
        raise _problem(path, "records are nested too deeply")
    fields: dict[str, Field] = {}
    for name, field in data.items():
        if not isinstance(name, str):
            raise _problem(path, "a field's name is not text")
        # Most fields are plain values; a fleet has millions of them, and their path is needed by nobody.
        fields[name] = Known(field) if type(field) in _PLAIN else _decode_field(field, f"{path}.{name}", depth)
    return fields


def _decode_field(data: object, path: str, depth: int) -> Field:
    if isinstance(data, Known):  # whoever parsed the text made one of it
        return data
    if not isinstance(data, dict):
        return Known(_decode_value(data, path, depth))
    place = _decode_text(data.get("at", ""), f"{path}.at")
    if "v" in data and len(data) == 1 + ("at" in data):
        return Known(_decode_value(data["v"], path, depth), place)
    match sorted(str(key) for key in data if key != "at"):
        case ["absent"] if data["absent"] is True:
            return Absent(place)
        case ["unreadable"]:
            return Unreadable(_decode_text(data["unreadable"], f"{path}.unreadable"), place)
        case ["partial", "v"]:
            items = _decode_value(data["v"], path, depth)
            if not isinstance(items, tuple):
                raise _problem(path, "only a list can be partial")
            return Partial(items, _decode_text(data["partial"], f"{path}.partial"), place)
        case keys:
            raise _problem(path, f"no field has the keys {', '.join(keys) or 'at'}")


def _decode_value(data: object, path: str, depth: int) -> Value:
    if isinstance(data, list):
        return _decode_items(data, path, depth)
    if isinstance(data, str | int):
        return data
    raise _problem(path, "text, a whole number, true, false or a list is expected")


def _decode_items(data: list[object], path: str, depth: int) -> tuple[str, ...] | tuple[Record, ...]:
    if _is_texts(data):
        return tuple(data)
    return tuple(_decode_record(item, f"{path}[{index}]", depth - 1) for index, item in enumerate(data))


def _is_texts(data: list[object]) -> TypeGuard[list[str]]:
    return all(isinstance(item, str) for item in data)


def _decode_text(data: object, path: str) -> str:
    if not isinstance(data, str):
        raise _problem(path, "text is expected")
    return data


def _problem(path: str, what: str) -> ValueError:
    return ValueError(f"{path}: {what}")
