"""What goes wrong with one file on a disk: each a clear error, and nothing that was kept is lost."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hardening.errors import StorageError
from hardening.store.history import History
from tests.store.examples import build_scan, build_visit

WRITER = """
import itertools, sys
from hardening.store.history import History
from tests.store.examples import build_scan, build_visit
history = History.open(sys.argv[1])
for number in itertools.count():
    name = f"{sys.argv[2]}-{number}"
    visits = [build_visit(f"web-{each}", snapshot=f"{name} {each}".encode() * 200) for each in range(50)]
    history.keep(build_scan(name), visits)
    print(name, flush=True)
"""


def start_writer(url: str, name: str) -> tuple[subprocess.Popen[str], list[str]]:
    """Start a writer and return it once it has kept a scan, with what it said."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, url, name], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    return writer, [writer.stdout.readline().strip()]


def kill_often(folder: Path, rounds: int) -> None:
    """Let two writers keep scans at once and kill both at random moments: what they said must be there."""
    url = f"sqlite:///{folder}/history.sqlite"
    moments = random.Random(7)  # noqa: S311 - not for secrets
    said: list[str] = []
    for number in range(rounds):
        writers = [start_writer(url, f"{name}{number}") for name in "ab"]
        for writer, first in writers:
            time.sleep(moments.random() / 4)
            writer.send_signal(signal.SIGKILL)
            said += first + writer.communicate()[0].splitlines()
    history = History.open(url)
    kept = {scan.id for scan in history.scans()}
    assert (set(said) - kept, list(history.damaged())) == (set(), [])
    assert {len(history.visits(name)) for name in kept} == {50}
    connection = sqlite3.connect(folder / "history.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_killed_writers_lose_no_scan_that_was_kept(tmp_path: Path) -> None:
    kill_often(tmp_path, 3)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_writers_killed_for_minutes_lose_no_scan_that_was_kept(tmp_path: Path) -> None:
    kill_often(tmp_path, 60)


def test_locked_store_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardening.store.engine.WAIT_SECONDS", 0.1)
    history = History.open(f"sqlite:///{tmp_path}/history.sqlite")
    holder = sqlite3.connect(tmp_path / "history.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match=r"database is locked; another scan is writing"):
        history.keep(build_scan(), [])
    holder.close()


def test_full_disk_says_so_and_keeps_what_was_there(tmp_path: Path) -> None:
    history = History.open(f"sqlite:///{tmp_path}/history.sqlite")
    history.keep(build_scan("s1"), [build_visit()])
    small = sqlite3.connect(tmp_path / "history.sqlite")
    pages = small.execute("PRAGMA page_count").fetchone()[0]
    small.close()

    from sqlalchemy import event  # noqa: PLC0415 - as the store

    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + 2}").close()

    event.listen(history._engine, "connect", limit)
    with pytest.raises(StorageError, match="database or disk is full; free space"):
        history.keep(build_scan("s2"), [build_visit(snapshot=os.urandom(1_000_000))])
    assert [scan.id for scan in history.scans()] == ["s1"]


def test_damaged_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "history.sqlite").write_bytes(b"x" * 5_000)
    with pytest.raises(StorageError, match="file is not a database; it is damaged"):
        History.open(f"sqlite:///{tmp_path}/history.sqlite")


def test_folder_in_place_of_the_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "history.sqlite").mkdir()
    with pytest.raises(StorageError, match="Is a directory"):
        History.open(f"sqlite:///{tmp_path}/history.sqlite")


def test_everything_beside_the_file_is_private(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        history = History.open(f"sqlite:///{tmp_path}/state/history.sqlite")
        with history._engine.connect() as held:
            held.exec_driver_sql("SELECT 1")
            history.keep(build_scan(), [build_visit()])
            modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
    finally:
        os.umask(old)
    assert modes == {"history.sqlite": 0o600, "history.sqlite-wal": 0o600, "history.sqlite-shm": 0o600}
