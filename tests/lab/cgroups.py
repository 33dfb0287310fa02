"""A control group for each host in the hierarchies that systemd uses: v2, or v1's named one, or both."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path


def name_groups(name: str) -> tuple[Path, ...]:
    """Name a group below that of this process in each hierarchy; they are not made yet."""
    return tuple(folder / name for folder in own_groups())


def members(groups: Sequence[Path]) -> tuple[int, ...]:
    """List the pids in the groups and below them: all that was ever started in them and still runs."""
    folders = [Path(folder) for group in groups for folder, _, _ in os.walk(group)]
    return tuple({int(pid) for folder in folders for pid in _read(folder / "cgroup.procs").split()})


def remove_groups(groups: Sequence[Path], patience: float = 5) -> None:
    """Remove the groups and everything below them; their processes have ended."""
    deadline = time.monotonic() + patience
    for group in groups:
        for folder, _, _ in os.walk(group, topdown=False):
            while not _is_removed(Path(folder)) and time.monotonic() < deadline:
                time.sleep(0.01)


def own_groups() -> Iterator[Path]:
    """Yield the folder of this process's group in each hierarchy that systemd uses."""
    mounts = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(maxsplit=2)
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            mounts["" if kind == "cgroup2" else "name=systemd"] = Path(before.split()[4])
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", maxsplit=2)
        if controllers in mounts:
            yield mounts[controllers] / path.lstrip("/")


def _is_removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:  # busy for a moment after its last process
        return False
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the group went meanwhile
        return ""
