"""The central flow: plan, visit, keep, judge, report, gate. Start reading here.

    targets + baselines + checks → plan → visit → snapshot ═ judge → report → gate
                                        touches targets   ║   pure, offline, repeatable

`collect` stops at the line, `evaluate` starts at it, `scan` does both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hardening.app.collect import CollectContext, CollectRequest, collect, open_scan_folder, plan_collection
from hardening.app.evaluate import Assessment, EvaluateRequest, assess
from hardening.app.resume import resume
from hardening.snapshots.folder import ScanFolder

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.model.content import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What to visit, how to judge it, and the folder that the snapshots go to.

    It is made, unless the scan goes on with one that was interrupted.
    """

    collect: CollectRequest
    evaluate: EvaluateRequest
    folder: Path
    is_resumed: bool = False


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan that came to its end: what it found, and where its snapshots are."""

    assessment: Assessment
    folder: ScanFolder


def resume_scan(request: ScanRequest, content: Content, path: Path) -> ScanRequest:
    """Return the request that goes on with the scan in a folder; raises ``UsageError`` if it asks something else."""
    left = resume(request.collect, plan_collection(request.collect, content), path)
    return replace(request, collect=left, folder=path, is_resumed=True)


def scan(request: ScanRequest, content: Content, context: CollectContext) -> Scanned:
    """Visit all targets, keep every snapshot, judge them.

    Raises ``UsageError`` before anything is touched, ``StorageError`` when a snapshot cannot be kept. An interrupt
    passes through; the snapshots kept by then can be judged with `hardening evaluate`.
    """
    plans = plan_collection(request.collect, content)
    folder = (
        ScanFolder.open(request.folder)
        if request.is_resumed
        else open_scan_folder(request.folder, request.collect, context)
    )
    for _ in collect(request.collect, plans, folder, context):
        # Kept by now, and read again to be judged, so that memory stays flat however many targets there are.
        pass
    assessment = assess(folder.read_snapshots, request.evaluate, content, tool_version=context.tool_version)
    return Scanned(assessment, folder)
