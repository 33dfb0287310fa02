"""The folder of one scan: `scan.json` says what was asked for, one file a target holds what came back."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import SnapshotError, StorageError
from hardening.model.snapshot import Snapshot
from hardening.snapshots.codec import MAXIMUM_BYTES, decode_snapshot, decode_target, encode_snapshot
from hardening.snapshots.files import make_private_folder, write_atomically
from hardening.transports.recording import RecordedOf

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".snapshot.json.gz"
_RECORDINGS = {RecordedOf.SHELL: "", RecordedOf.POWERSHELL: "", RecordedOf.DIRECTORY: ".ldap"}
_SCAN = "scan.json"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRecord:
    """What a scan was: its id, when it began (seconds since 1970-01-01 UTC) and the names it was to visit."""

    id: str
    started: int
    tool_version: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScanFolder:
    """Snapshots of one scan, kept as they arrive and read back in the order of target names."""

    path: Path

    @classmethod
    def create(cls, path: Path, record: ScanRecord) -> ScanFolder:
        """Make the folder (0700) and write what the scan is; raises ``StorageError``, also where a scan is already."""
        make_private_folder(path)
        if (path / _SCAN).exists():
            msg = f"{path}: holds a scan already; name a new folder"
            raise StorageError(msg)
        data = {"id": record.id, "started": record.started, "tool_version": record.tool_version}
        text = json.dumps({**data, "targets": list(record.targets)}, indent=1) + "\n"
        write_atomically(path / _SCAN, [text.encode()])
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> ScanFolder:
        """Return the folder of an earlier scan; raises ``SnapshotError`` if there is none."""
        if not path.is_dir():
            msg = f"{path}: no such snapshot folder; name a folder that `hardening collect` or `scan` wrote"
            raise SnapshotError(msg)
        if not (path / _SCAN).exists() and not any(path.glob(f"*{SUFFIX}")):
            msg = f"{path}: holds no snapshots; name a folder that `hardening collect` or `scan` wrote"
            raise SnapshotError(msg)
        return cls(path)

    def keep(self, snapshot: Snapshot) -> Path:
        """Write one snapshot and return its file; raises ``StorageError``."""
        path = self.path / f"{file_stem(snapshot.target)}{SUFFIX}"
        write_atomically(path, [encode_snapshot(snapshot)])
        return path

    def recording_path(self, target: str, source: RecordedOf = RecordedOf.SHELL) -> Path:
        """Return where the recording of a target belongs: that of its shell, or that of its directory."""
        return self.path / f"{file_stem(target)}{_RECORDINGS[source]}.recording.json.gz"

    def snapshot_paths(self) -> tuple[Path, ...]:
        """Return the files of all snapshots, by name."""
        return tuple(sorted(self.path.glob(f"*{SUFFIX}")))

    def read_snapshots(self) -> Iterator[Snapshot]:
        """Yield every snapshot, one held at a time, by file name; raises ``SnapshotError``."""
        for path in self.snapshot_paths():
            yield read_snapshot(path)

    def read_record(self) -> ScanRecord:
        """Return what the scan was; raises ``SnapshotError``."""
        path = self.path / _SCAN
        try:
            data = json.loads(path.read_bytes())
            return ScanRecord(
                id=str(data["id"]),
                started=int(data["started"]),
                tool_version=str(data["tool_version"]),
                targets=tuple(str(name) for name in data["targets"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{path}: cannot be read ({error}); name the folder of a scan"
            raise SnapshotError(msg) from error


def read_snapshot(path: Path) -> Snapshot:
    """Return the snapshot in a file; raises ``SnapshotError``."""
    return decode_snapshot(_read_bytes(path), str(path))


def read_target(path: Path) -> str:
    """Return the name of the target that the snapshot in a file is of; raises ``SnapshotError``."""
    return decode_target(_read_bytes(path), str(path))


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            msg = f"{path}: larger than {MAXIMUM_BYTES // 1_000_000} MB; refused"
            raise SnapshotError(msg)
        return path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror or error})"
        raise SnapshotError(msg) from error


def file_stem(target: str) -> str:
    """Return a file name for a target that no name can break out of; differs for any two names."""
    plain = _UNSAFE.sub("_", target).strip(".")[:80] or "target"
    if plain == target:
        return plain
    return f"{plain}-{hashlib.sha256(target.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
