"""One snapshot as bytes: gzip of canonical JSON, the same bytes for the same snapshot."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hardening.errors import SnapshotError
from hardening.model.baseline import BaselineReference
from hardening.model.encoding import decode_evidence, encode_evidence
from hardening.model.evidence import ABSENT, Absent, Unreadable
from hardening.model.platform import Directory, DirectoryKind, OperatingSystem, Platform
from hardening.model.probe import Probe
from hardening.model.snapshot import SNAPSHOT_FORMAT, EndpointRecord, Privileges, Snapshot, StepRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hardening.model.check import Constant

Read = TypeVar("Read")

# A target's evidence is some hundred kilobytes; a file that inflates past this is not one of ours.
MAXIMUM_BYTES = 200_000_000


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Return the snapshot as gzip with a modification time of zero."""
    text = json.dumps(_snapshot_data(snapshot), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return gzip.compress(text.encode("ascii"), mtime=0)


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
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            text = stream.read(MAXIMUM_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{source}: not a snapshot, or damaged ({error}); collect again"
        raise SnapshotError(msg) from error
    if len(text) > MAXIMUM_BYTES:
        msg = f"{source}: larger than {MAXIMUM_BYTES // 1_000_000} MB when inflated; refused"
        raise SnapshotError(msg)
    try:
        document = json.loads(text)
        number = document["format"]
        if number != SNAPSHOT_FORMAT:
            msg = f"{source}: snapshot format {number}, read here is {SNAPSHOT_FORMAT}; use the version that wrote it"
            raise SnapshotError(msg)
        return read(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        msg = f"{source}: not a snapshot, or damaged ({type(error).__name__}: {error}); collect again"
        raise SnapshotError(msg) from error


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
        "evidence": [
            {"probe": {"kind": probe.kind, **dict(probe.parameters)}, "fields": encode_evidence(evidence)}
            for probe, evidence in sorted(snapshot.evidence.items())
        ],
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
