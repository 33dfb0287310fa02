"""The history at the size of a county: keep 1,000 targets, show the trend of 52 weekly scans of 400 targets.

.venv/bin/python benchmarks/store.py
"""

from __future__ import annotations

import gzip
import os
import resource
import tempfile
import time
from pathlib import Path

from hardening.model.check import Severity
from hardening.model.history import KeptScan
from hardening.model.judgement import Counts
from hardening.store.history import History, NewVisit

CHECKS = 200
WEEK = 7 * 86_400
COUNTS = Counts(passed=150, failed=40, errors=5, not_applicable=5)
GAPS = dict.fromkeys(Severity, 8)


def build_scan(number: int, targets: int) -> KeptScan:
    """Return a scan of one week."""
    started = 1_700_000_000 + number * WEEK
    return KeptScan(
        id=f"scan-{number}",
        started=started,
        finished=started + 60,
        kept=started + 61,
        tool_version="0",
        content_digest="c",
        plan_digest="d",
        command="",
        exit_code=10,
        targets=targets,
        unreached=0,
        counts=COUNTS,
        gaps=GAPS,
    )


def build_visits(number: int, targets: int, snapshot_bytes: int) -> list[NewVisit]:
    """Return visits whose snapshots all differ, and of whose results a tenth changes each week."""
    visits = []
    for target in range(targets):
        changed = number if target % 10 == number % 10 else 0
        rows = "".join(f"check-{check} fail {target} {changed}\n" for check in range(CHECKS))
        visits.append(
            NewVisit.build(
                f"web-{target}",
                reached=True,
                counts=COUNTS,
                gaps=GAPS,
                snapshot=os.urandom(snapshot_bytes),
                results=gzip.compress(rows.encode(), mtime=0),
            )
        )
    return visits


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.sqlite"
        history = History.open(f"sqlite:///{file}")
        visits = build_visits(0, 1_000, 30_000)
        began = time.perf_counter()
        history.keep(build_scan(0, 1_000), visits)
        print(f"keep 1,000 targets, snapshots of 30 kB: {time.perf_counter() - began:.2f} s")
        print(f"size: {file.stat().st_size / 1e6:.1f} MB")
        for number in range(1, 53):
            history.keep(build_scan(number, 400), build_visits(number, 400, 300))
        began = time.perf_counter()
        points = history.trend(last=52)
        print(f"trend of {len(points)} scans of 400 targets: {time.perf_counter() - began:.3f} s")
        began = time.perf_counter()
        points = history.trend(target="web-7", last=52)
        print(f"the same of one target ({len(points)} points): {time.perf_counter() - began:.3f} s")
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    main()
