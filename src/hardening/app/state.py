"""Where this tool keeps what must outlive a run: the scans, and nothing that belongs in a site folder."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class State:
    """The state folder; made when something is first kept in it."""

    path: Path
    history_url: str = ""

    @property
    def history(self) -> str:
        """The URL of the database with the history."""
        return self.history_url or f"sqlite:///{self.path / 'history.sqlite'}"

    @property
    def has_history(self) -> bool:
        """Say whether a history was begun; one on a server is asked."""
        return bool(self.history_url) or (self.path / "history.sqlite").exists()

    @property
    def scans(self) -> Path:
        """The folder with a folder for each scan."""
        return self.path / "scans"

    @property
    def chain(self) -> Path:
        """The folder with the manifests of all scans."""
        return self.path / "chain"

    @property
    def accepted_hosts(self) -> Path:
        """The file with the host keys that were accepted because they were new."""
        return self.path / "known_hosts"

    def new_folder(self, started: float) -> Path:
        """Return a folder for a new scan, which does not exist yet."""
        return self.scans / new_scan_id(started)

    def scan_folders(self) -> tuple[Path, ...]:
        """Return the folders of all scans, oldest first."""
        return tuple(sorted(path for path in self.scans.glob("*") if path.is_dir()))


def find_state(environ: Mapping[str, str]) -> State:
    """Return the state folder: ``$STATE_DIRECTORY`` (as systemd sets it), else ``~/.local/state/hardening``."""
    named = environ.get("STATE_DIRECTORY", "").split(":")[0]
    history = environ.get("HARDENING_HISTORY", "")
    if named:
        return State(Path(named), history)
    base = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", "/root")) / ".local/state")
    return State(Path(base) / "hardening", history)


def new_scan_id(started: float) -> str:
    """Return an id that sorts by time and that no two scans share."""
    return f"{datetime.fromtimestamp(started, UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
