"""From snapshots on disk to every report format: 400 targets by 200 checks by default, as one command does it.

One visit of this machine is made into many targets: each has its own name, and a third of what was asked lies at a
place of its own on each, so that a third of the results differ from target to target. Prints the seconds, the CPU
seconds and the largest process of `hardening evaluate` with all formats at once, then of each format alone, and how
long a headless Chromium takes to open and filter the pages (needs playwright). Usage:

    python benchmarks/reports.py [--targets N] [--checks N] [--each] [--browser] [--into FOLDER]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.app.content import load_all_content
from hardening.app.evaluate import open_snapshots
from hardening.report import FORMATS
from hardening.snapshots.folder import ScanFolder, ScanRecord

if TYPE_CHECKING:
    from hardening.model.evidence import Evidence, Field
    from hardening.model.probe import Probe
    from hardening.model.snapshot import Snapshot

BASELINE = "linux-server:extended"
OUTPUTS = tuple(
    f"{name}:{view}" if view else name for name, known in FORMATS.items() for view in (known.views or ("",))
)
PROGRAM = Path(sys.executable).with_name("hardening")


def main() -> None:
    """Make the targets, then judge and render them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--targets", type=int, default=400)
    options.add_argument("--checks", type=int, default=200)
    options.add_argument("--each", action="store_true", help="also each format alone")
    options.add_argument("--browser", action="store_true", help="also open and filter the pages in Chromium")
    options.add_argument("--into", type=Path, help="keep snapshots and reports here")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="hardening-bench-") as name:
        folder = asked.into or Path(name)
        checks = make_targets(folder, asked.targets, asked.checks)
        print(f"{asked.targets} targets, {len(checks)} checks, {len(OUTPUTS)} outputs")
        run(folder, checks, OUTPUTS)
        for output in OUTPUTS if asked.each else ():
            run(folder, checks, (output,))
        if asked.browser:
            browse(folder)


def make_targets(folder: Path, targets: int, most: int) -> tuple[str, ...]:
    """Visit this machine once, keep it under many names, and return the checks to judge."""
    visit = folder / "visit"
    subprocess.run([PROGRAM, "collect", "local", "-b", BASELINE, "-q", "--into", visit], check=True)
    (seen,) = open_snapshots([visit])()
    names = tuple(f"srv-{number:04}" for number in range(targets))
    kept = ScanFolder.create(folder / "scan", ScanRecord(id="scan", started=seen.time, tool_version="", targets=names))
    for name in names:
        kept.keep(make_different(seen, name))
    baseline = load_all_content(()).baselines[BASELINE.partition(":")[0]]
    return tuple(dict.fromkeys(check for control in baseline.controls for check in control.checks))[:most]


def make_different(snapshot: Snapshot, name: str) -> Snapshot:
    """Return the visit under another name, with a third of what was seen at places of its own."""
    evidence: dict[Probe, Evidence] = {
        probe: {field: move(seen, name) for field, seen in fields.items()} if index % 3 == 0 else fields
        for index, (probe, fields) in enumerate(snapshot.evidence.items())
    }
    return replace(snapshot, target=name, evidence=evidence)


def move(seen: Field, name: str) -> Field:
    """Return what was seen at a place that no other target has."""
    return replace(seen, place=f"{seen.place} ({name})")


def run(folder: Path, checks: tuple[str, ...], outputs: tuple[str, ...]) -> None:
    """Run one `hardening evaluate` and print what it took."""
    reports = folder / "reports"
    reports.mkdir(exist_ok=True)
    words = [word for output in outputs for word in ("-o", f"{output}={reports / output.replace(':', '.')}")]
    chosen = [word for check in checks for word in ("--check", check)]
    command = [PROGRAM, "evaluate", folder / "scan", "-b", BASELINE, "--fail-on", "never", "-q", *chosen, *words]
    begin = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command])
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    if os.waitstatus_to_exitcode(status) not in {0, 3}:
        sys.exit(f"exit status {os.waitstatus_to_exitcode(status)}")
    name = outputs[0] if len(outputs) == 1 else "all"
    size = sum(file.stat().st_size for output in outputs for file in list_files(reports / output.replace(":", ".")))
    print(
        f"{name:14} {seconds:6.1f} s  CPU {used.ru_utime + used.ru_stime:6.1f} s  "
        f"{used.ru_maxrss / 1e3:4.0f} MB memory  {size / 1e6:7.2f} MB written",
        flush=True,
    )


def list_files(path: Path) -> list[Path]:
    """Return a report's file, or the files of its folder."""
    return [path] if path.is_file() else list(path.iterdir())


def browse(folder: Path) -> None:
    """Open and filter the pages in a headless Chromium and print what each takes."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only for --browser

    pages = ("html.summary", "html.actions", "html.evidence/index.html", "html.evidence/target-srv-0000.html")
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in pages:
            page = browser.new_page()
            file = folder / "reports" / name
            if file.is_file() and not file.suffix:
                file = file.rename(file.with_suffix(file.suffix + ".html"))
            begin = time.perf_counter()
            page.goto(file.absolute().as_uri())
            page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            opened = time.perf_counter() - begin
            finder = page.locator("[data-finder] input").first
            filtered = "–"
            if finder.count():
                begin = time.perf_counter()
                finder.fill("srv-0001")
                page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
                filtered = f"{time.perf_counter() - begin:.2f} s"
            print(f"{file.relative_to(folder / 'reports')!s:38} open {opened:.2f} s  filter {filtered}", flush=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
