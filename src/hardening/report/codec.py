"""Values of the report as JSON data and back, led by their type hints; the same hints give the JSON Schema."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from hardening.model.check import Constant
from hardening.model.evidence import Absent
from hardening.model.texts import Texts
from hardening.report.values import DERIVED

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

JsonData = None | bool | int | float | str | list["JsonData"] | dict[str, "JsonData"]

# Larger numbers are no sizes, times or counts; they would also not survive every JSON reader.
LARGEST_INTEGER = 2**53
_PLAIN = frozenset({type(None), bool, int, str})


class ShapeError(ValueError):
    """JSON data does not have the shape that a report has; the message begins with the path."""


def encode(value: object) -> JsonData:
    """Return the JSON data of a value of the report; an absent value is null, a fraction has six decimals."""
    if type(value) in _PLAIN:
        return cast("JsonData", value)
    match value:
        case None | bool() | int() | str():
            return value
        case Absent():
            return None
        case Fraction():
            return round(float(value), 6)
        case Texts(en, nb, nn):
            return {"en": en, "nb": nb, **({"nn": nn} if nn else {})}
        case tuple():
            return [encode(item) for item in value]
        case Mapping():
            return {str(key): encode(item) for key, item in sorted(value.items())}
        case _:
            return _encode_fields(value)


def _encode_fields(value: object) -> JsonData:
    kind = cast("type", type(value))
    return {name: encode(getattr(value, name)) for name in _members(kind)}


@cache
def _members(kind: type) -> tuple[str, ...]:
    return (*_hints(kind), *DERIVED.get(kind, ()))


def decode(kind: type[T], data: JsonData, path: str) -> T:
    """Return the value of a type that ``data`` says; raises ``ShapeError`` where it does not fit."""
    return cast("T", _reader(cast("type", kind))(data, path))


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _reader(hint: Any) -> Callable[[JsonData, str], object]:  # noqa: ANN401 - a type hint may be anything
    """Return the function that reads one type; made once for each."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint == Constant:
        return _read_constant
    if origin in {Union, types.UnionType}:
        return _optional_reader(arguments)
    if origin is tuple:
        return _list_reader(arguments[0])
    if origin is Mapping:
        return _mapping_reader(*arguments)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum_reader(hint)
    if hint is Texts:
        return _read_texts
    if is_dataclass(hint):
        return _fields_reader(cast("type", hint))
    return _scalar_reader(hint)


def _wrong(path: str, wanted: str) -> ShapeError:
    return ShapeError(f"{path}: {wanted} expected")


def _scalar_reader(kind: type) -> Callable[[JsonData, str], object]:
    wanted = {str: "text", int: "a whole number", bool: "true or false"}[kind]

    def read(data: JsonData, path: str) -> object:
        if type(data) is not kind or (type(data) is int and abs(data) > LARGEST_INTEGER):
            raise _wrong(path, wanted)
        return data

    return read


def _read_constant(data: JsonData, path: str) -> object:
    if isinstance(data, list):
        return tuple(decode(str, item, f"{path}[{index}]") for index, item in enumerate(data))
    if type(data) not in {str, int, bool} or (type(data) is int and abs(data) > LARGEST_INTEGER):
        raise _wrong(path, "text, a whole number, true, false or a list of texts")
    return data


def _read_texts(data: JsonData, path: str) -> Texts:
    if not isinstance(data, dict) or not {"en", "nb"} <= set(data) <= {"en", "nb", "nn"}:
        raise _wrong(path, 'a text with "en" and "nb"')
    return Texts(**{name: decode(str, text, f"{path}.{name}") for name, text in data.items()})


def _optional_reader(arguments: tuple[Any, ...]) -> Callable[[JsonData, str], object]:
    """Return the reader of ``X | Absent``; the other members together are one type that has a reader."""
    others = [argument for argument in arguments if argument is not Absent]
    read_other = _reader(others[0] if len(others) == 1 else Constant)

    def read(data: JsonData, path: str) -> object:
        return Absent() if data is None else read_other(data, path)

    return read


def _list_reader(item: Any) -> Callable[[JsonData, str], object]:  # noqa: ANN401 - a type hint may be anything
    read_item = _reader(item)

    def read(data: JsonData, path: str) -> object:
        if not isinstance(data, list):
            raise _wrong(path, "a list")
        return tuple(read_item(entry, f"{path}[{index}]") for index, entry in enumerate(data))

    return read


def _mapping_reader(key: Any, item: Any) -> Callable[[JsonData, str], object]:  # noqa: ANN401 - type hints
    read_key, read_item = _reader(key), _reader(item)

    def read(data: JsonData, path: str) -> object:
        if not isinstance(data, dict):
            raise _wrong(path, "an object")
        return {read_key(name, path): read_item(entry, f"{path}.{name[:60]}") for name, entry in data.items()}

    return read


def _enum_reader(kind: type[StrEnum]) -> Callable[[JsonData, str], object]:
    words = {member.value: member for member in kind}

    def read(data: JsonData, path: str) -> object:
        if not isinstance(data, str) or data not in words:
            raise _wrong(path, f"one of {', '.join(words)}")
        return words[data]

    return read


def _fields_reader(kind: type) -> Callable[[JsonData, str], object]:
    readers: dict[str, Callable[[JsonData, str], object]] = {}
    allowed = {*_hints(kind), *DERIVED.get(kind, ())}

    def read(data: JsonData, path: str) -> object:
        if not isinstance(data, dict):
            raise _wrong(path, "an object")
        if not readers:
            readers.update({name: _reader(hint) for name, hint in _hints(kind).items()})
        if set(data) != allowed:
            name = min(set(data) ^ allowed)
            msg = f"{path}: member {name[:60]!r} is {'missing' if name in allowed else 'unknown'}"
            raise ShapeError(msg)
        return kind(**{name: reader(data[name], f"{path}.{name}") for name, reader in readers.items()})

    return read


def build_schema(hint: Any, definitions: dict[str, JsonData]) -> dict[str, JsonData]:  # noqa: ANN401 - a type hint
    """Return the JSON Schema of a type; dataclasses go to ``definitions`` once and are referred to."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint == Constant:
        return {"type": ["string", "integer", "boolean", "array"], "items": {"type": "string"}}
    if origin in {Union, types.UnionType}:
        others = [argument for argument in arguments if argument is not Absent]
        return {"anyOf": [build_schema(others[0] if len(others) == 1 else Constant, definitions), {"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": build_schema(arguments[0], definitions)}
    if origin is Mapping:
        names = build_schema(arguments[0], definitions)
        return {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": build_schema(arguments[1], definitions),
        }
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"enum": [member.value for member in hint]}
    if hint is Fraction:
        return {"type": "number"}
    if is_dataclass(hint):
        return _schema_reference(cast("type", hint), definitions)
    return {"type": {str: "string", int: "integer", bool: "boolean"}[hint]}


def _schema_reference(kind: type, definitions: dict[str, JsonData]) -> dict[str, JsonData]:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}
        members: dict[str, JsonData] = {name: build_schema(hint, definitions) for name, hint in _hints(kind).items()}
        for name in DERIVED.get(kind, ()):
            members[name] = build_schema(get_type_hints(getattr(kind, name).fget)["return"], definitions)
        required: list[JsonData] = [name for name in members if kind is not Texts or name != "nn"]
        definitions[kind.__name__] = {
            "description": (kind.__doc__ or "").partition("\n")[0],
            "type": "object",
            "properties": members,
            "required": required,
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{kind.__name__}"}
