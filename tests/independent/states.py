"""The states: read from the file that is shared beside the checkout, laid over a stock tree. Judges nothing."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.cache import build_once
from tests.lab.catalogue import SUITE
from tests.lab.commands import run
from tests.lab.packages import apt_sources

STATES = Path(__file__).parents[3] / "shared/independent/linux-scenarios.jsonl"
PACKAGES = (
    "auditd",
    "chrony",
    "cron",
    "grub-common",
    "kmod",
    "libpam-pwquality",
    "linux-base",
    "openssh-server",
    "procps",
    "rsyslog",
    "sudo",
    "systemd",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a judge was shown, and what it said; ``is_refused`` where sshd refuses its configuration."""

    rule: str
    scenario: str
    verdict: str
    is_refused: bool
    delta: Mapping[str, Mapping[str, Any]]

    @property
    def name(self) -> str:
        """The rule and the scenario, which no other state has."""
        return f"{self.rule}/{self.scenario}"


def load_states(path: Path = STATES) -> tuple[State, ...]:
    """Return all states in the order of the file."""
    return tuple(_parse_state(json.loads(line)) for line in path.read_text("utf-8").splitlines())


def _parse_state(row: Mapping[str, Any]) -> State:
    return State(
        rule=row["rule"],
        scenario=row["scenario"],
        verdict=row["judge"],
        is_refused=row.get("sshd_T_rc", 0) != 0,
        delta=row["delta"],
    )


def build_stock(cache: Path) -> Path:
    """Return the tree that all states are laid over: a minimal Debian with the packages that the rules are about."""

    def build(folder: Path) -> None:
        options = ("--quiet", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}")
        run("mmdebstrap", *options, SUITE, str(folder), *apt_sources(SUITE))

    return build_once(cache / "trees" / f"{SUITE}-independent", build)


@contextmanager
def laid_over(stock: Path, state: State, folder: Path) -> Iterator[Path]:
    """Lay a state over the stock tree; what is yielded is the tree as the judge saw it."""
    upper, work, tree = (folder / name for name in ("upper", "work", "tree"))
    for path in (upper, work, tree):
        path.mkdir(parents=True)
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={stock},upperdir={upper},workdir={work}", str(tree))
    try:
        for name, entry in sorted(state.delta.items()):
            _lay(tree / name, entry)
        yield tree
    finally:
        run("umount", str(tree))
        shutil.rmtree(folder)


def _lay(path: Path, entry: Mapping[str, Any]) -> None:
    kind = entry["type"]
    keeps = entry.get("same_content") or (kind == "dir" and path.is_dir() and not path.is_symlink())
    if not keeps:
        _remove(path)
    if kind == "deleted":
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "dir":
            path.mkdir(exist_ok=True)
        case "symlink":
            path.symlink_to(entry["target"])
        case "file" if not keeps:
            path.write_bytes(base64.b64decode(entry["b64"]) if "b64" in entry else entry["text"].encode())
    os.chown(path, entry["uid"], entry["gid"], follow_symlinks=False)
    if kind != "symlink":
        path.chmod(int(entry["mode"], 8))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
