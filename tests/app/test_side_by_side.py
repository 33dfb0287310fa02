"""Reports written side by side: the same as one after another, and a failure is the failure of the command."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import threading
from datetime import UTC
from functools import partial
from pathlib import Path

import pytest

from hardening.app import report as app_report
from hardening.app.report import Destination, render_options, write_reports
from hardening.app.side_by_side import count_processes, do_side_by_side
from hardening.errors import StorageError
from hardening.model.texts import Language
from tests.report.rendering import small_example


def write(path: Path) -> None:
    path.write_text(str(os.getpid()), "utf-8")


def fail() -> None:
    msg = "the disk is full"
    raise StorageError(msg)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def break_down() -> None:
    raise ZeroDivisionError


def test_each_job_is_done_once_by_another_process(tmp_path: Path) -> None:
    jobs = [partial(write, tmp_path / str(number)) for number in range(5)]
    do_side_by_side(jobs, 2)
    written = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}

    assert sorted(written) == list("01234")
    assert str(os.getpid()) not in written.values()
    assert multiprocessing.active_children() == []


def test_failure_of_a_job_is_raised_here() -> None:
    with pytest.raises(StorageError, match="the disk is full"):
        do_side_by_side([fail, fail, fail], 2)

    assert multiprocessing.active_children() == []


@pytest.mark.filterwarnings("ignore")
def test_defect_in_a_job_is_not_passed_over(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="ended before its time"):
        do_side_by_side([break_down, break_down], 2)

    assert "ZeroDivisionError" in capfd.readouterr().err


def test_process_that_is_killed_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended before its time"):
        do_side_by_side([die, partial(write, tmp_path / "other")], 2)

    assert (tmp_path / "other").exists()


def test_process_with_threads_makes_no_copies_of_itself() -> None:
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    try:
        assert count_processes(8) == 1
    finally:
        release.set()
        thread.join()


def test_reports_are_the_same_as_one_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = render_options(Language.NB, UTC)
    formats = ("html", "json", "md", "csv", "sarif")
    for folder, processes in (("alone", 1), ("together", 2)):
        (tmp_path / folder).mkdir()
        monkeypatch.setattr(app_report, "MOST_IN_ONE_PAGE", 2)
        monkeypatch.setattr(app_report, "count_processes", lambda _, number=processes: number)
        destinations = [Destination(name, str(tmp_path / folder / name), "") for name in formats]
        out = io.BytesIO()
        write_reports(small_example(), [*destinations, Destination("junit", "-")], options, out)
        (tmp_path / folder / "out").write_bytes(out.getvalue())
    alone, together = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("alone", "together")
    )

    assert alone == together
    assert len(alone["out"]) > 100


def test_report_that_cannot_be_written_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_report, "MOST_IN_ONE_PAGE", 2)
    monkeypatch.setattr(app_report, "count_processes", lambda _: 2)
    destinations = [Destination("md", str(tmp_path / "nowhere" / "a.md")), Destination("csv", str(tmp_path / "a.csv"))]

    with pytest.raises(StorageError):
        write_reports(small_example(), destinations, render_options(Language.NB, UTC), io.BytesIO())
