"""Recordings: what passed over a session, kept in one file so that `recorded:` can replay it.

The file is gzip of JSON: `format`, `time` (whole seconds since 1970-01-01 UTC), `connection` (evidence), `refused` (why
root rights were not given; empty if they were, or were not asked for) with its `remedy`, and `answers`; `directory` is
true where a directory gave them, `powershell` where PowerShell did. An answer has the digest of its step, the step's
name for people, `as_root`, and either `not_run`, or of a shell or of PowerShell `exit`, `ms`, `cut`, `stdout` and
`stderr` (base64), or of a directory `result`, `message`, `ms`, `cut`, `bytes` and `entries` (values in base64). Equal
recordings are equal bytes.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import io
import json
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from hardening.errors import SnapshotError
from hardening.model.encoding import Json, decode_evidence, encode_evidence
from hardening.model.step import (
    Answer,
    Completed,
    LdapAnswer,
    LdapBindStep,
    LdapEntry,
    LdapNtlmStep,
    LdapStep,
    LdapTlsStep,
    NotRun,
    PowerShellStep,
    ShellStep,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hardening.model.evidence import Evidence
    from hardening.model.step import Step

_Kind = TypeVar("_Kind")

RECORDING_FORMAT = 1


class RecordedOf(StrEnum):
    """What kind of session gave the answers in a recording."""

    SHELL = "shell"
    POWERSHELL = "powershell"
    DIRECTORY = "directory"


_LARGEST_FILE = 200_000_000
_LARGEST_CONTENT = 400_000_000


@dataclass(frozen=True, slots=True)
class StepKey:
    """Names an answer: which step, and whether root gave it."""

    digest: str
    as_root: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What passed over one session. ``names`` says which step a digest stands for."""

    connection: Evidence
    answers: Mapping[StepKey, Answer]
    names: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    remedy: str = ""
    time: int = 0
    source: RecordedOf = RecordedOf.SHELL


def digest_step(step: Step) -> str:
    """Return the SHA-256, in hexadecimal, of everything that decides what a step does; its name does not."""
    content: dict[str, Json]
    match step:
        case ShellStep():
            content = {
                "channel": "shell",
                "privilege": step.privilege.value,
                "script": step.script,
                "output_limit": step.output_limit,
                "unbounded": step.unbounded,
                "slow": step.slow,
            }
        case PowerShellStep():
            content = {
                "channel": "powershell",
                "script": step.script,
                "output_limit": step.output_limit,
                "writes": step.writes,
            }
        case LdapStep():
            content = {
                "channel": "ldap",
                "base": step.base,
                "scope": step.scope.value,
                "filter": step.filter,
                "attributes": list(step.attributes),
                "sd_flags": step.sd_flags,
                "identity": step.identity.value,
                "page_size": step.page_size,
                "entry_limit": step.entry_limit,
                "output_limit": step.output_limit,
            }
        case LdapBindStep():
            content = {"channel": "ldap", "bind": "made-up"}
        case LdapTlsStep():
            content = {"channel": "ldap", "handshake": step.version.value}
        case LdapNtlmStep():
            content = {"channel": "ldap", "bind": "made-up", "security": "ntlm"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def encode_recording(recording: Recording) -> bytes:
    """Return a recording as the bytes of its file."""
    content: dict[str, Json] = {
        "format": RECORDING_FORMAT,
        "time": recording.time,
        **({} if recording.source is RecordedOf.SHELL else {recording.source.value: True}),
        "connection": encode_evidence(recording.connection),
        "refused": recording.refused,
        "remedy": recording.remedy,
        "answers": [
            {
                "step": key.digest,
                "name": recording.names.get(key.digest, ""),
                "as_root": key.as_root,
                **_encode_answer(answer),
            }
            for key, answer in sorted(recording.answers.items(), key=lambda item: (item[0].digest, item[0].as_root))
        ],
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return gzip.compress(text.encode("ascii"), mtime=0)


def load_recording(path: Path) -> Recording:
    """Return the recording in a file; raises ``SnapshotError``."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        msg = f"{path}: the recording cannot be read ({error.strerror}); check the path"
        raise SnapshotError(msg) from error
    return decode_recording(data, str(path))


def decode_recording(data: bytes, source: str) -> Recording:
    """Return the recording in the bytes of a file; ``source`` names it in errors. Raises ``SnapshotError``."""
    if len(data) > _LARGEST_FILE:
        raise _too_large(source, _LARGEST_FILE)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            text = stream.read(_LARGEST_CONTENT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(source, error) from error
    if len(text) > _LARGEST_CONTENT:
        raise _too_large(source, _LARGEST_CONTENT)
    try:
        document = json.loads(text)
        number = document["format"]
        if number == RECORDING_FORMAT:
            return _decode(document)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(source, error) from error
    msg = f"{source}: recording format {number}, this version reads {RECORDING_FORMAT}; use the version that wrote it"
    raise SnapshotError(msg)


def _decode(document: Mapping[str, object]) -> Recording:
    answers: dict[StepKey, Answer] = {}
    names: dict[str, str] = {}
    for entry in _require(document["answers"], list):
        fields = _require(entry, dict)
        digest = _require(fields["step"], str)
        names[digest] = _require(fields["name"], str)
        as_root = _require(fields["as_root"], bool)
        answers[StepKey(digest, as_root)] = _decode_answer(fields, as_root=as_root)
    return Recording(
        connection=decode_evidence(document["connection"]),
        answers=answers,
        names=names,
        refused=_require(document["refused"], str),
        remedy=_require(document["remedy"], str),
        time=_require(document["time"], int),
        source=next((source for source in RecordedOf if document.get(source.value) is True), RecordedOf.SHELL),
    )


def _encode_answer(answer: Answer) -> dict[str, Json]:
    match answer:
        case NotRun(reason):
            return {"not_run": reason}
        case LdapAnswer():
            return {
                "result": answer.result,
                "message": answer.message,
                "ms": answer.milliseconds,
                "cut": answer.cut,
                "bytes": answer.bytes,
                "entries": [_encode_entry(entry) for entry in answer.entries],
            }
        case Completed():
            return {
                "exit": answer.exit_status,
                "ms": answer.milliseconds,
                "cut": answer.cut,
                "stdout": base64.b64encode(answer.stdout).decode("ascii"),
                "stderr": base64.b64encode(answer.stderr).decode("ascii"),
            }


def _encode_entry(entry: LdapEntry) -> dict[str, Json]:
    attributes: dict[str, Json] = {
        name: [base64.b64encode(value).decode("ascii") for value in values] for name, values in entry.attributes.items()
    }
    return {"dn": entry.dn, "attributes": attributes}


def _decode_entry(data: object) -> LdapEntry:
    fields = _require(data, dict)
    attributes = _require(fields["attributes"], dict)
    return LdapEntry(
        _require(fields["dn"], str),
        {
            _require(name, str): tuple(_decode_bytes(value) for value in _require(values, list))
            for name, values in attributes.items()
        },
    )


def _decode_answer(fields: Mapping[str, object], *, as_root: bool) -> Answer:
    if "not_run" in fields:
        return NotRun(_require(fields["not_run"], str))
    if "entries" in fields:
        return LdapAnswer(
            entries=tuple(_decode_entry(entry) for entry in _require(fields["entries"], list)),
            result=_require(fields["result"], int),
            message=_require(fields["message"], str),
            cut=_require(fields["cut"], str),
            milliseconds=_require(fields["ms"], int),
            bytes=_require(fields["bytes"], int),
        )
    return Completed(
        exit_status=_require(fields["exit"], int),
        stdout=_decode_bytes(fields["stdout"]),
        stderr=_decode_bytes(fields["stderr"]),
        milliseconds=_require(fields["ms"], int),
        cut=_require(fields["cut"], bool),
        as_root=as_root,
    )


def _decode_bytes(data: object) -> bytes:
    try:
        return base64.b64decode(_require(data, str), validate=True)
    except binascii.Error as error:
        msg = "output is not base64"
        raise ValueError(msg) from error


def _require(value: object, kind: type[_Kind]) -> _Kind:
    if not isinstance(value, kind):
        msg = f"{kind.__name__} expected, {type(value).__name__} found"
        raise TypeError(msg)
    return value


def _damaged(source: str, error: Exception) -> SnapshotError:
    return SnapshotError(f"{source}: not a recording, or damaged ({type(error).__name__}: {error}); record again")


def _too_large(source: str, limit: int) -> SnapshotError:
    return SnapshotError(f"{source}: larger than {limit // 1_000_000} MB; refused")
