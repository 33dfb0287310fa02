"""Processes of this machine: who is whose child, who still lives, and ending one by its recorded identity."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab.commands import LabError

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process by pid and start time, so that a pid that came round again is not mistaken for it."""

    pid: int
    started: int

    def is_alive(self) -> bool:
        """Tell whether it still runs; a zombie does not."""
        state, _, started = _stat(self.pid)
        return state not in ("", "Z") and started == self.started

    def children(self) -> tuple[Process, ...]:
        """List the processes whose parent this is."""
        return tuple(Process(pid, started) for pid, parent, started in _all() if parent == self.pid)

    def command(self) -> str:
        """Name the program that it runs, as the kernel does; empty if it is gone."""
        try:
            return (PROC / str(self.pid) / "comm").read_text().strip()
        except OSError:
            return ""

    def end(self, patience: float = 10) -> None:
        """Kill it and wait until it is gone."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.wait(patience)

    def wait(self, patience: float = 10) -> None:
        """Wait until it is gone, and collect it if it is a child of ours."""
        deadline = time.monotonic() + patience
        while self.is_alive():
            if time.monotonic() > deadline:
                message = f"lab: process {self.pid} ({self.command()}) does not end"
                raise LabError(message)
            time.sleep(0.005)
        if _stat(self.pid)[2] == self.started:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


def load_process(pid: int) -> Process:
    """Identify the process that has this pid now; one that is gone has the start time 0."""
    return Process(pid, _stat(pid)[2])


def _all() -> Iterator[tuple[int, int, int]]:
    for path in PROC.iterdir():
        if path.name.isdigit():
            state, parent, started = _stat(int(path.name))
            if state:
                yield int(path.name), parent, started


def _stat(pid: int) -> tuple[str, int, int]:
    """Read state, parent and start time; the program's name, which may hold anything, ends at the last bracket."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", 0, 0
    return fields[0], int(fields[1]), int(fields[19])
