"""The history as one file: gzip of JSON lines, each document before the first scan that has it."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hardening.errors import SnapshotError
from hardening.model.check import Severity
from hardening.model.history import KeptScan, KeptVisit
from hardening.model.judgement import Counts
from hardening.snapshots.files import write_atomically
from hardening.store.history import NewVisit, digest_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hardening.store.history import History

FORMAT = 1
_LARGEST_LINE = 400_000_000


def export_history(history: History, path: Path) -> int:
    """Write all scans into a file; return how many. Raises ``StorageError`` or ``SnapshotError``."""
    kept = history.scans()
    write_atomically(path, _compress(_export_lines(history, kept)))
    return len(kept)


def import_history(history: History, path: Path) -> tuple[int, int]:
    """Keep the scans of a file that are not there yet; return how many were kept and how many were there.

    Each scan is kept as a whole. Raises ``SnapshotError`` if the file is damaged; what came before is kept.
    """
    known = {scan.id for scan in history.scans()}
    added, passed_over = 0, 0
    contents: dict[str, bytes] = {}
    for line in _read_lines(path):
        try:
            if "digest" in line:
                content = base64.b64decode(str(line["content"]), validate=True)
                contents[_require_digest(content, str(line["digest"]))] = content
                continue
            scan, visits = _decode_scan(line["scan"]), [_decode_visit(each) for each in line["visits"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(path, error) from error
        if scan.id in known:
            passed_over += 1
            continue
        # What an earlier scan of the file had is in the history by now, and not held.
        history.keep(scan, [NewVisit(each, *_find(each, contents, history)) for each in visits])
        contents.clear()
        added += 1
    return added, passed_over


def _export_lines(history: History, kept: tuple[KeptScan, ...]) -> Iterator[object]:
    yield {"format": FORMAT}
    written: set[str] = set()
    for scan in kept:
        visits = history.visits(scan.id)
        for digest in (digest for visit in visits for digest in (visit.snapshot, visit.results)):
            if digest not in written:
                written.add(digest)
                yield {"digest": digest, "content": base64.b64encode(history.read(digest)).decode("ascii")}
        yield {"scan": asdict(scan), "visits": [asdict(visit) for visit in visits]}


def _compress(lines: Iterator[object]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    for line in lines:
        yield packer.compress(json.dumps(line, sort_keys=True).encode("ascii") + b"\n")
    yield packer.flush()


def _find(visit: KeptVisit, contents: Mapping[str, bytes], history: History) -> Iterator[bytes]:
    for digest in (visit.snapshot, visit.results):
        yield contents[digest] if digest in contents else history.read(digest)


def _require_digest(content: bytes, digest: str) -> str:
    if digest_document(content) != digest:
        msg = f"document {digest[:12]} is not what its digest says"
        raise ValueError(msg)
    return digest


def _read_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with gzip.open(path, "rb") as stream:
            first = json.loads(stream.readline(_LARGEST_LINE))
            if first != {"format": FORMAT}:
                raise _damaged(path, ValueError("not an export of this version"))
            while line := stream.readline(_LARGEST_LINE):
                yield json.loads(line)
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> SnapshotError:
    return SnapshotError(f"{path}: not an export of a history, or damaged ({error}); export it again")


def _decode_scan(data: object) -> KeptScan:
    return KeptScan(**_with_numbers(data))


def _decode_visit(data: object) -> KeptVisit:
    return KeptVisit(**_with_numbers(data))


def _with_numbers(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        msg = "an object is expected"
        raise TypeError(msg)
    gaps = {Severity(name): int(number) for name, number in data["gaps"].items()}
    return {**data, "counts": Counts(**data["counts"]), "gaps": gaps}
