"""The folder of a scan: nothing half-written, nothing readable by others, no name that breaks out."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.errors import SnapshotError, StorageError
from hardening.snapshots.files import write_atomically
from hardening.snapshots.folder import ScanFolder, ScanRecord, file_stem
from tests.snapshots.states import build_snapshot

RECORD = ScanRecord(id="20260101T000000Z-abcdef", started=1_767_225_600, tool_version="0.1.0", targets=("web-01",))


def test_kept_snapshots_are_read_back_by_name(tmp_path: Path) -> None:
    folder = ScanFolder.create(tmp_path / "scan", RECORD)
    folder.keep(build_snapshot("b"))
    folder.keep(build_snapshot("a"))
    assert [snapshot.target for snapshot in folder.read_snapshots()] == ["a", "b"]


def test_record_survives(tmp_path: Path) -> None:
    assert ScanFolder.create(tmp_path / "scan", RECORD).read_record() == RECORD


def test_everything_kept_is_private(tmp_path: Path) -> None:
    folder = ScanFolder.create(tmp_path / "scan", RECORD)
    kept = folder.keep(build_snapshot())
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder.path, kept, folder.path / "scan.json")]
    assert modes == [0o700, 0o600, 0o600]


def test_folder_of_another_scan_is_not_reused(tmp_path: Path) -> None:
    ScanFolder.create(tmp_path / "scan", RECORD)
    with pytest.raises(StorageError, match="holds a scan already"):
        ScanFolder.create(tmp_path / "scan", RECORD)


@pytest.mark.parametrize("name", ["missing", "."])
def test_folder_without_snapshots_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SnapshotError, match="snapshot"):
        ScanFolder.open(tmp_path / name)


@given(st.text(min_size=1))
def test_no_target_name_leaves_the_folder(name: str) -> None:
    stem = file_stem(name)
    assert (Path("/scan") / f"{stem}.x").parent == Path("/scan")
    assert not stem.startswith(".")


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_targets_have_different_files(one: str, other: str) -> None:
    assert (file_stem(one) == file_stem(other)) == (one == other)


def test_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_atomically(path, [b"new"])
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("report.html", b"old")]


def test_chunks_that_fail_leave_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"old")

    def broken() -> object:
        yield b"half"
        msg = "broken half-way"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="broken half-way"):
        write_atomically(path, broken())  # type: ignore[arg-type] # a generator that breaks half-way
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("report.html", b"old")]
