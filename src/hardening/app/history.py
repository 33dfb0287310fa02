"""The history of scans: what enters it after a scan, and the way back from it to snapshots."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from hardening.errors import StorageError
from hardening.model.check import Outcome
from hardening.model.evidence import Absent
from hardening.model.history import KeptScan
from hardening.snapshots.files import write_atomically
from hardening.snapshots.folder import SUFFIX, ScanFolder, ScanRecord, file_stem
from hardening.store.history import History, NewVisit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hardening.app.state import State
    from hardening.report.target_values import ResultEntry, TargetEntry
    from hardening.report.values import Report

CLOCK_SECONDS = 300
"""How far a scan may begin before the one kept last, by clocks that differ, before we say so."""


def open_history(state: State) -> History:
    """Open the history of a state folder; raises ``StorageError``."""
    return History.open(state.history)


def list_ids(state: State) -> tuple[str, ...]:
    """Return the ids of the scans in the history in the order in which they were kept; none without a history."""
    return tuple(scan.id for scan in open_history(state).scans()) if state.has_history else ()


def keep_scan(report: Report, folder: ScanFolder, state: State, *, now: float) -> tuple[str, ...]:
    """Keep a judged scan in the history; return what is worth a warning. Raises ``StorageError``."""
    history = open_history(state)
    record = folder.read_record()
    info, targets = report.summary.info, report.summary.targets
    before = history.scans(last=1)
    scan = KeptScan(
        id=record.id,
        started=record.started,
        finished=info.finished,
        kept=int(now),
        tool_version=record.tool_version,
        content_digest=info.content_digest,
        plan_digest=info.plan_digest,
        command=info.command,
        exit_code=0 if isinstance(info.gate, Absent) else info.gate.exit_code,
        targets=len(targets),
        unreached=sum(not target.reached for target in targets),
        counts=report.summary.counts,
        gaps={line.severity: line.counts.failed for line in report.summary.severities},
    )
    # Judged anew here where there are many: before the database is held, not while.
    judged = [(target.entry, encode_results(target.results)) for target in report.targets]
    history.keep(scan, (_build_visit(entry, results, folder.path) for entry, results in judged))
    return tuple(
        f"the clock was set back: this scan began before {last.id}, which is older; the history keeps their true order"
        for last in before
        if scan.started < last.started - CLOCK_SECONDS
    )


def lay_out(scan: str, state: State) -> Path:
    """Write the snapshots of a scan into its folder again; raises ``SnapshotError`` or ``StorageError``."""
    history = open_history(state)
    (kept,) = (each for each in history.scans() if each.id == scan)
    visits = history.visits(scan)
    # Every document is read before anything is written, so that a damaged one leaves no half folder behind.
    contents = {visit.target: history.read(visit.snapshot) for visit in visits}
    record = ScanRecord(
        id=kept.id,
        started=kept.started,
        tool_version=kept.tool_version,
        targets=tuple(visit.target for visit in visits),
    )
    folder = ScanFolder.create(state.scans / scan, record)
    for target, content in contents.items():
        write_atomically(folder.path / f"{file_stem(target)}{SUFFIX}", [content])
    return folder.path


def encode_results(results: Sequence[ResultEntry]) -> bytes:
    """Return what the history keeps of the results of a target: the same bytes for the same outcomes."""
    data = [
        {
            "id": result.id,
            "check": result.check,
            "version": result.check_version,
            "outcome": result.outcome,
            "severity": result.severity,
            "keys": sorted({reason.key for reason in result.reasons if reason.decisive and reason.key})
            if result.outcome is Outcome.FAIL
            else [],
        }
        for result in results
    ]
    text = json.dumps(data, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return gzip.compress(text.encode("ascii"), mtime=0)


def decode_results(content: bytes) -> list[dict[str, object]]:
    """Return what `encode_results` wrote."""
    data = json.loads(gzip.decompress(content))
    return list(data)


def _build_visit(entry: TargetEntry, results: bytes, folder: Path) -> NewVisit:
    path = folder / f"{file_stem(entry.name)}{SUFFIX}"
    try:
        snapshot = path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror or error}); it was there when it was judged"
        raise StorageError(msg) from error
    return NewVisit.build(
        entry.name,
        reached=entry.reached,
        counts=entry.counts,
        gaps=entry.gaps,
        snapshot=snapshot,
        results=results,
    )
