"""Measures how long 500 check files take to load and validate: `python benchmarks/load_checks.py [COUNT]`."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from hardening.app.content import load_all_content
from hardening.content.load import load_content
from hardening.content.shipped import find_shipped
from hardening.probes import KINDS

LIMIT = 1.0
RUNS = 5


def write_content(folder: Path, count: int) -> None:
    """Write a content folder with the shipped checks over and over, under ids of their own."""
    shipped = find_shipped()
    shutil.copytree(shipped / "checks", folder / "checks")
    originals = sorted((shipped / "checks" / "linux").rglob("*.yaml"))
    for number in range(count - len(originals)):
        original = originals[number % len(originals)]
        name = f"{original.stem}-copy{number}"
        path = folder / "checks" / original.relative_to(shipped / "checks").with_name(f"{name}.yaml")
        path.write_text(original.read_text("utf-8").replace(f"id: {original.stem}\n", f"id: {name}\n", 1), "utf-8")


def main(count: int) -> int:
    """Load, print the median, and say whether the limit is met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_content(folder, count)
        seconds = []
        for _ in range(RUNS):
            began = time.perf_counter()
            content = load_content(folder, kinds=KINDS)
            seconds.append(time.perf_counter() - began)
    is_met = median(seconds) < LIMIT
    began = time.perf_counter()
    shipped = len(load_all_content(()).checks)
    alone = time.perf_counter() - began
    print(f"{len(content.checks)} checks: median {median(seconds):.2f} s of {RUNS} runs, first {seconds[0]:.2f} s")
    print(f"{shipped} shipped checks with baselines and measures: {alone:.2f} s")
    print(f"{'met    ' if is_met else 'NOT MET'}  {count} check files load and validate in < {LIMIT:g} s")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
