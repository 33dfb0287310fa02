"""One snapshot as bytes: gzip of canonical JSON, the same bytes for the same snapshot."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hardening.errors import SnapshotError
from hardening.model.baseline import BaselineReference
from hardening.model.encoding import decode_evidence, encode_evidence, encode_field
from hardening.model.evidence import ABSENT, Absent, Field, Known, Partial, Record, Unreadable, Value
from hardening.model.platform import Directory, DirectoryKind, OperatingSystem, Platform
from hardening.model.probe import Probe
from hardening.model.snapshot import SNAPSHOT_FORMAT, EndpointRecord, Privileges, Snapshot, StepRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hardening.model.check import Constant

Read = TypeVar("Read")

# A target's evidence is some hundred kilobytes; a file that inflates past this is not one of ours.
MAXIMUM_BYTES = 200_000_000

_GZIP = 31  # of the window, and that a gzip header and its checksum are expected
_BROKEN_OFF = "it breaks off"
_EVIDENCE = '"evidence":'
_MANY = 50  # below it a list is written at once
_MEMBERS = 2
_MOST_SHARED = 1000


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Return the snapshot as gzip with a modification time of zero."""
    packed = io.BytesIO()
    # Of the levels of gzip the fifth takes a quarter of the time of the best one, for a twelfth more bytes.
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=5, mtime=0, filename="") as stream:
        for piece in _write(snapshot):
            stream.write(piece.encode("ascii"))
    return packed.getvalue()


def _write(snapshot: Snapshot) -> Iterator[str]:
    """Yield the JSON of a snapshot in pieces: the evidence of a large directory is never there twice."""
    before, _, after = _dump(_snapshot_data(snapshot)).partition(f"{_EVIDENCE}[")
    yield f"{before}{_EVIDENCE}["
    for number, (probe, evidence) in enumerate(sorted(snapshot.evidence.items())):
        yield "," if number else ""
        yield '{"fields":{'
        for place, name in enumerate(sorted(evidence)):
            yield f"{',' if place else ''}{_dump(name)}:"
            yield from _write_field(evidence[name])
        yield f'}},"probe":{_dump({"kind": probe.kind, **dict(probe.parameters)})}}}'
    yield after


def _write_field(field: Field) -> Iterator[str]:
    items: Value = field.items if isinstance(field, Partial) else field.value if isinstance(field, Known) else ()
    if not isinstance(items, tuple) or len(items) < _MANY:
        yield _dump(encode_field(field))
        return
    # What stands around the items is written as if there were none.
    rest = Partial((), field.reason, field.place) if isinstance(field, Partial) else Known((), field.place)
    before, _, after = _dump(encode_field(rest)).rpartition("[]")
    yield f"{before}["
    for number, item in enumerate(cast("tuple[str | Record, ...]", items)):
        yield f"{',' if number else ''}{_dump(_write_item(item))}"
    yield f"]{after}"


def _write_item(item: str | Record) -> object:
    return item if isinstance(item, str) else encode_evidence(item)


def _dump(data: object) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def decode_snapshot(data: bytes, source: str) -> Snapshot:
    """Return the snapshot in ``data``; ``source`` names it in errors.

    Raises ``SnapshotError`` if the bytes are damaged, too large or of a format that this version does not read.
    """
    return _decode(data, source, _read_snapshot)


def decode_target(data: bytes, source: str) -> str:
    """Return the name of the target that a snapshot is of, without its evidence; raises as ``decode_snapshot``."""
    return _decode(data, source, lambda document: _require_name(document["target"]))


def _require_name(name: object) -> str:
    if not isinstance(name, str):
        msg = "target is no text"
        raise TypeError(msg)
    return name


def _decode(data: bytes, source: str, read: Callable[[dict[str, Any]], Read]) -> Read:
    text = _inflate(data, source)
    try:
        document = _load(text)
        number = document["format"]
        if number != SNAPSHOT_FORMAT:
            msg = f"{source}: snapshot format {number}, read here is {SNAPSHOT_FORMAT}; use the version that wrote it"
            raise SnapshotError(msg)
        return read(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        msg = f"{source}: not a snapshot, or damaged ({type(error).__name__}: {error}); collect again"
        raise SnapshotError(msg) from error


def _inflate(data: bytes, source: str) -> str:
    """Return the text in a gzip file; at no time is it there more often than twice."""
    unpacker = zlib.decompressobj(wbits=_GZIP)
    try:
        raw = unpacker.decompress(data, MAXIMUM_BYTES + 1)
        if len(raw) <= MAXIMUM_BYTES and not unpacker.eof:
            raise zlib.error(_BROKEN_OFF)  # noqa: TRY301 - as if it had said so itself
    except zlib.error as error:
        msg = f"{source}: not a snapshot, or damaged ({error}); collect again"
        raise SnapshotError(msg) from error
    if len(raw) > MAXIMUM_BYTES:
        msg = f"{source}: larger than {MAXIMUM_BYTES // 1_000_000} MB when inflated; refused"
        raise SnapshotError(msg)
    return raw.decode("utf-8", "surrogatepass")


def _load(text: str) -> dict[str, Any]:
    """Return a snapshot's JSON; evidence that stands as we write it becomes fields while it is read.

    As plain objects the evidence of a large directory would take several times the memory.
    """
    at = text.find(_EVIDENCE)
    if at < 0 or not text.startswith("[", at + len(_EVIDENCE)):
        return cast("dict[str, Any]", json.loads(text))
    evidence, end = json.JSONDecoder(object_hook=_FieldReader()).raw_decode(text, at + len(_EVIDENCE))
    document = json.loads(f"{text[:at]}{_EVIDENCE}[]{text[end:]}")
    return {**document, "evidence": evidence}


class _FieldReader:
    """Turns an object into a known field where it has that form; equal ones next to each other are shared."""

    def __init__(self) -> None:
        self._recent: dict[tuple[type, str | int, str], Known] = {}

    def __call__(self, data: dict[str, Any]) -> object:
        """Return a field, or the object as it is."""
        value, place = data.get("v"), data.get("at")
        if len(data) != _MEMBERS or not isinstance(value, str | int) or not isinstance(place, str):
            return data
        key = (type(value), value, place)
        known = self._recent.get(key)
        if known is None:
            if len(self._recent) > _MOST_SHARED:
                self._recent.clear()
            known = self._recent[key] = Known(value, sys.intern(place))
        return known


def _snapshot_data(snapshot: Snapshot) -> dict[str, object]:
    return {
        "format": snapshot.format,
        "target": snapshot.target,
        "place": snapshot.place,
        "labels": dict(snapshot.labels),
        "baselines": [str(reference) for reference in snapshot.baselines],
        "parameters": {check: dict(values) for check, values in snapshot.parameters.items()},
        "time": snapshot.time,
        "duration_ms": snapshot.duration_ms,
        "target_time": _encode_time(snapshot.target_time),
        "plan_digest": snapshot.plan_digest,
        "tool_version": snapshot.tool_version,
        "content_digest": snapshot.content_digest,
        "platform": {
            "os": _encode_facet(snapshot.platform.os),
            "directory": _encode_facet(snapshot.platform.directory),
        },
        "privileges": _fields(snapshot.privileges),
        "endpoints": [
            {**_fields(endpoint), "connection": encode_evidence(endpoint.connection)} for endpoint in snapshot.endpoints
        ],
        "steps": [_fields(step) for step in snapshot.steps],
        "evidence": [],  # written piece by piece
    }


def _read_snapshot(document: dict[str, Any]) -> Snapshot:
    return Snapshot(
        format=document["format"],
        target=document["target"],
        place=document["place"],
        labels=document["labels"],
        baselines=tuple(BaselineReference.parse(text) for text in document["baselines"]),
        parameters=_read_parameters(document["parameters"]),
        time=document["time"],
        duration_ms=document["duration_ms"],
        target_time=_read_time(document["target_time"]),
        plan_digest=document["plan_digest"],
        tool_version=document["tool_version"],
        content_digest=document["content_digest"],
        platform=Platform(
            os=_read_system(document["platform"]["os"]),
            # Snapshots of before there were directories do not name them.
            directory=_read_directory(document["platform"].get("directory", {"absent": True})),
        ),
        privileges=Privileges(**document["privileges"]),
        endpoints=tuple(
            EndpointRecord(**{**endpoint, "connection": decode_evidence(endpoint["connection"])})
            for endpoint in document["endpoints"]
        ),
        steps=tuple(StepRecord(**step) for step in document["steps"]),
        evidence={_read_probe(entry["probe"]): decode_evidence(entry["fields"]) for entry in document["evidence"]},
    )


def _fields(value: EndpointRecord | Privileges | StepRecord) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}


def _encode_time(time: int | Absent | Unreadable) -> object:
    match time:
        case Unreadable(reason):
            return {"unreadable": reason}
        case Absent():
            return {"absent": True}
        case int():
            return time


def _read_time(data: object) -> int | Absent | Unreadable:
    if isinstance(data, dict):
        return Unreadable(str(data["unreadable"])) if "unreadable" in data else ABSENT
    if not isinstance(data, int):
        msg = "target_time is not a number"
        raise TypeError(msg)
    return data


def _encode_facet(facet: OperatingSystem | Directory | Absent | Unreadable) -> object:
    match facet:
        case Unreadable(reason):
            return {"unreadable": reason}
        case Absent():
            return {"absent": True}
        case OperatingSystem() | Directory():
            return {name: getattr(facet, name) for name in facet.__slots__}


def _read_system(data: dict[str, Any]) -> OperatingSystem | Absent | Unreadable:
    if "unreadable" in data:
        return Unreadable(str(data["unreadable"]))
    if "absent" in data:
        return ABSENT
    return OperatingSystem(**{**data, "like": tuple(data["like"])})


def _read_directory(data: dict[str, Any]) -> Directory | Absent | Unreadable:
    if "unreadable" in data:
        return Unreadable(str(data["unreadable"]))
    if "absent" in data:
        return ABSENT
    return Directory(**{**data, "kind": DirectoryKind(data["kind"])})


def _read_probe(data: dict[str, Any]) -> Probe:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    kind = str(values.pop("kind"))
    return Probe.build(kind, values)


def _read_parameters(data: dict[str, Any]) -> Mapping[str, Mapping[str, Constant]]:
    return {
        check: {
            name: tuple(value) if isinstance(value, list) else cast("Constant", value) for name, value in values.items()
        }
        for check, values in data.items()
    }
