"""A control group for each host in the hierarchies that systemd uses: v2, or v1's named one, or both."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path


def make_groups(name: str) -> tuple[Path, ...]:
    """Make a group below that of this process in each hierarchy of systemd's."""
    groups = tuple(folder / name for folder in own_groups())
    for group in groups:
        group.mkdir(parents=True, exist_ok=True)
    return groups


def members(name: str) -> tuple[int, ...]:
    """List the pids in the group and below it: all that was ever started in it and still runs."""
    folders = [Path(folder) for top in own_groups() for folder, _, _ in os.walk(top / name)]
    return tuple({int(pid) for folder in folders for pid in _read(folder / "cgroup.procs").split()})


def remove_groups(name: str, patience: float = 5) -> None:
    """Remove the group and everything below it; its processes have ended."""
    deadline = time.monotonic() + patience
    for top in (folder / name for folder in own_groups()):
        for folder, _, _ in os.walk(top, topdown=False):
            while not _is_removed(Path(folder)) and time.monotonic() < deadline:
                time.sleep(0.01)


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
