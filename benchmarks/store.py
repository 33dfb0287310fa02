"""The history at the size of a county: keep, compare and gate 1,000 targets × 200 checks, show a trend over a year.

.venv/bin/python benchmarks/store.py [TARGETS]

The whole commands run as an admin runs them; each says what it took with its children, and its largest memory. One
visit to this machine stands for all targets; in the later scan a tenth of them has one more gap.
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))  # the lab's way of importing, also as a program

from benchmarks.measure import run_program
from hardening.app.content import load_all_content
from hardening.model.check import Severity
from hardening.model.evidence import Known
from hardening.model.history import KeptScan
from hardening.model.judgement import Counts
from hardening.model.snapshot import Snapshot
from hardening.snapshots.folder import ScanFolder
from hardening.store.history import History, NewVisit

CHECKS: Final = 200
TREND_LIMIT: Final = 2.0
FIRST: Final = "linux-perm-passwd"
PROGRAM: Final = Path(sys.executable).with_name("hardening")
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


def show_trend(folder: Path) -> bool:
    """Keep a year of weekly scans of 400 targets and print how long their trend takes; return whether it is met."""
    history = History.open(f"sqlite:///{folder}/history.sqlite")
    for number in range(52):
        history.keep(build_scan(number, 400), build_visits(number, 400, 300))
    began = time.perf_counter()
    points = history.trend(last=52)
    whole = time.perf_counter() - began
    began = time.perf_counter()
    one = history.trend(target="web-7", last=52)
    alone = time.perf_counter() - began
    print(
        f"trend of {len(points)} scans of 400 targets: {whole:.3f} s; of one target ({len(one)} points): {alone:.3f} s"
    )
    is_met = whole < TREND_LIMIT and alone < TREND_LIMIT
    print(f"{'met    ' if is_met else 'NOT MET'}  trend below {TREND_LIMIT:g} s")
    return is_met


def write_scans(folder: Path, targets: int) -> tuple[Path, Path]:
    """Visit this machine once and write two scans of that many targets."""
    content = load_all_content(())
    named = {check for control in content.baselines["linux-server"].controls for check in control.checks}
    # What a walk over all files finds is this machine's own, and on one where software is built it is much.
    walks = {name for name in named if any(probe.kind == "file_walk" for probe in content.checks[name].probes.values())}
    checks = sorted(named - walks - {FIRST})
    asked = [word for name in [FIRST, *checks][:CHECKS] for word in ("--check", name)]
    visited = folder / "visited"
    run_program(
        [str(PROGRAM), "collect", "local", "-b", "linux-server:extended", *asked, "-q", "--into", str(visited)],
        [0],
        os.environ,
    )
    (seen,) = ScanFolder.open(visited).read_snapshots()
    record = ScanFolder.open(visited).read_record()
    made = []
    for number, name in enumerate(("before", "after")):
        names = tuple(f"srv-{each:05}" for each in range(targets))
        scan = ScanFolder.create(folder / name, replace(record, id=f"{record.id}-{name}", targets=names))
        for snapshot in _repeat(seen, names, opened=bool(number)):
            scan.keep(snapshot)
        made.append(scan.path)
    return made[0], made[1]


def _repeat(seen: Snapshot, names: tuple[str, ...], *, opened: bool) -> Iterator[Snapshot]:
    worse = {
        probe: {**fields, "mode": Known(0o666, "/etc/passwd")}
        if dict(probe.parameters).get("path") == "/etc/passwd"
        else fields
        for probe, fields in seen.evidence.items()
    }
    for number, name in enumerate(names):
        evidence = worse if opened and number % 10 == 0 else seen.evidence
        yield replace(seen, target=name, evidence=evidence, time=seen.time + number)


def run_commands(folder: Path, targets: int) -> None:
    """Print what the commands cost that keep, compare and gate a large scan."""
    before, after = write_scans(folder, targets)
    size = sum(path.stat().st_size for path in before.iterdir()) / 1e6
    print(f"{targets} targets × {CHECKS} checks: snapshots {size:.1f} MB a scan")
    environment = {**os.environ, "STATE_DIRECTORY": str(folder / "state"), "HOME": str(folder)}
    old = folder / "before.json"
    commands: dict[str, list[str | Path]] = {
        "judge, write JSON": ["evaluate", before, "-o", f"json={old}", "-q", "--fail-on", "never"],
        "keep in the history": ["history", "add", before],
        "keep the next one": ["history", "add", after],
        "judge, gate by --new-since": ["evaluate", after, "--new-since", old, "-o", f"json={folder}/after.json", "-q"],
        "diff of two reports": ["diff", old, folder / "after.json", "--json"],
        "trend": ["trend"],
    }
    for name, words in commands.items():
        ended = run_program([str(PROGRAM), *(str(word) for word in words)], [0, 3, 10], environment)
        print(f"{name:28} {ended.wall:6.1f} s  {ended.cpu:6.1f} s CPU  {ended.peak:5.0f} MB")
    history = folder / "state/history.sqlite"
    print(f"JSON report {old.stat().st_size / 1e6:.1f} MB, history of both scans {history.stat().st_size / 1e6:.1f} MB")


def main(targets: int) -> int:
    """Print the figures, and say whether the limit is met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        is_met = show_trend(folder)
        run_commands(folder, targets)
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))
