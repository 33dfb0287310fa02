"""Whole scans of two processes, killed at random moments: what a scan said it kept is there, and can be verified."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Command

PROGRAM = Path(sys.executable).parent / "hardening"
ROUNDS = 8
SLOWEST = 60


@dataclass(frozen=True, slots=True)
class Pair:
    """Starts two scans at once into one state folder."""

    recording: Path
    folder: Path

    def start(self) -> list[subprocess.Popen[str]]:
        """Start both."""
        words = [str(PROGRAM), "scan", f"recorded:{self.recording}"]
        return [
            subprocess.Popen(
                [*words, "--fail-on", "never", "-o", f"json={self.folder}/{name}.json"],
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in "ab"
        ]


def end(scan: subprocess.Popen[str], seconds: float) -> str:
    """Wait so long, then kill; return what the scan said."""
    try:
        return scan.communicate(timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        scan.send_signal(signal.SIGKILL)
        return scan.communicate()[1]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_scans_lose_none_that_was_finished_and_leave_all_that_can_be_read(
    hardening: Command, recording: Path, tmp_path: Path
) -> None:
    moments = random.Random(11)  # noqa: S311 - not for secrets
    pair = Pair(recording, tmp_path)
    finished: set[str] = set()
    whole = 0.0
    begun = time.monotonic()
    seconds: list[float] = [SLOWEST, SLOWEST]
    for number in range(ROUNDS):
        for scan, most in zip(pair.start(), seconds, strict=True):
            said = end(scan, most)
            if scan.returncode == 0:
                finished |= set(re.findall(r"^snapshots: .*/([^/\n]+)$", said, re.MULTILINE))
        whole = (time.monotonic() - begun) if not number else whole
        seconds = [moments.uniform(0.2, 0.9) * whole for _ in "ab"]
    assert len(finished) > 2

    kept = {scan["id"] for scan in hardening("history", "--json").report["scans"]}
    assert finished - kept == set()
    assert hardening("history", "check").status == 0
    assert {hardening("report", name, "-q", "-o", "json=-").status for name in sorted(kept)} == {0}
    chain = [line for line in hardening("verify").out.splitlines() if not line.startswith("not signed: ")]
    assert chain == []
    reports = [path for path in tmp_path.glob("?.json") if path.stat().st_size]
    assert [hardening("report", path, "-q").status for path in reports] == [0] * len(reports)
