"""Renders a large scan in every format: 400 targets by default, each judged by the whole extended baseline.

Prints for each format the seconds, the megabytes written and the largest memory of its own process. One snapshot of
this machine stands for all targets. Usage: `python benchmarks/reports.py [TARGETS]`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.app.content import load_all_content
from hardening.app.evaluate import EvaluateRequest, assess, open_snapshots
from hardening.app.parameters import SiteParameters
from hardening.app.report import Destination, render_options, write_reports
from hardening.model.texts import Language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.model.snapshot import Snapshot

OUTPUTS = (*("html:summary", "html:actions", "html:evidence", "pdf:summary", "pdf:actions", "xlsx", "json"),)


def render_one(output: str, scan: Path, targets: int, out: Path) -> None:
    """Render one output in this process and print what it took."""
    content = load_all_content(())
    (snapshot,) = open_snapshots([scan])()

    def many() -> Iterator[Snapshot]:
        return (replace(snapshot, target=f"srv-{number:04}") for number in range(targets))

    request = EvaluateRequest(parameters=SiteParameters((), (), content))
    begin = time.perf_counter()
    report = assess(many, request, content, tool_version="bench").report
    judged = time.perf_counter()
    name, _, view = output.partition(":")
    path = out / f"{name}-{view or 'all'}"
    write_reports(report, [Destination(name, str(path), view)], render_options(Language.NB, UTC), sys.stdout.buffer)
    seconds = time.perf_counter() - judged
    files = [path] if path.is_file() else list(path.iterdir())
    size = sum(file.stat().st_size for file in files) / 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    took = f"judge {judged - begin:5.1f} s  render {seconds:5.1f} s"
    print(f"{output:14} {took}  {size:7.2f} MB  {len(files):4} files  {memory:4.0f} MB")


def main() -> None:
    """Scan this machine once, then render each output in a process of its own."""
    if len(sys.argv) == 5:
        render_one(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
        return
    targets = sys.argv[1] if len(sys.argv) > 1 else "400"
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder) / "scan"
        command = ["-m", "hardening", "collect", "local", "-b", "linux-server:extended", "-q", "--into", str(scan)]
        program = Path(sys.executable).with_name("hardening")
        subprocess.run([program, *command[2:]], check=True)
        for output in OUTPUTS:
            subprocess.run([sys.executable, __file__, output, str(scan), targets, folder], check=True)


if __name__ == "__main__":
    main()
