"""Scans made by hand."""

from __future__ import annotations

from hardening.model.check import Severity
from hardening.model.history import KeptScan
from hardening.model.judgement import Counts
from hardening.store.history import NewVisit

COUNTS = Counts(passed=7, failed=2, errors=1)


def build_scan(name: str = "s1", started: int = 1_767_225_600, targets: int = 1) -> KeptScan:
    return KeptScan(
        id=name,
        started=started,
        finished=started + 60,
        kept=started + 61,
        tool_version="0.1.0",
        content_digest="c" * 64,
        plan_digest="d" * 64,
        command="hardening scan",
        exit_code=10,
        targets=targets,
        unreached=0,
        counts=COUNTS,
        gaps=dict.fromkeys(Severity, 0) | {Severity.HIGH: 2},
    )


def build_visit(target: str = "web-01", snapshot: bytes = b"snapshot", results: bytes = b"results") -> NewVisit:
    gaps = dict.fromkeys(Severity, 0) | {Severity.HIGH: 2}
    return NewVisit.build(target, reached=True, counts=COUNTS, gaps=gaps, snapshot=snapshot, results=results)
