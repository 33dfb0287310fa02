"""What progress says: what ended, what failed, how long the rest takes; on terminals and in logs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from hardening.cli.live_progress import LiveProgress
from hardening.cli.progress import ProgressLines, show_progress
from hardening.cli.tally import Tally, tell_time


def test_few_targets_are_told_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ProgressLines(2, lambda: 0)
    for target, stage in (("a", "connecting"), ("a", "done"), ("b\x1b[2J", "failed")):
        lines.note(target, stage)
    assert capsys.readouterr().err.splitlines() == [
        "[0/2] a: connecting",
        "[1/2] a: done",
        "[2/2, 1 failed] b\\x1b[2J: failed",
    ]


def test_of_many_targets_only_the_end_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    now = iter([0.0, 600.0])
    lines = ProgressLines(100, lambda: next(now, 600.0))
    for number in range(10):
        lines.note(f"t{number}", "connecting")
        lines.note(f"t{number}", "failed" if number == 3 else "done")
    told = capsys.readouterr().err.splitlines()
    assert (len(told), told[-1]) == (10, "[10/100, 1 failed, 1.5 h left] t9: done")


def test_estimate_waits_for_a_few_ends() -> None:
    tally = Tally(10, iter(range(100)).__next__)
    tally.note("done")
    assert tally.words == ""


@pytest.mark.parametrize(("seconds", "told"), [(0.2, "1 s"), (59, "59 s"), (61, "1 min"), (3600, "1.0 h")])
def test_times_are_told_as_people_estimate(seconds: float, told: str) -> None:
    assert tell_time(seconds) == told


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(1, quiet=True) as note:
        note("a", "done")
    assert capsys.readouterr().err == ""


def test_terminal_shows_what_is_under_way_and_what_failed() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    live = LiveProgress(8, console)
    with live:
        for number in range(6):
            live.note(f"t{number}", "asking")
        live.note("t0", "failed")
        live._progress.refresh()
        shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "t1 asking, t2 asking, t3 asking, t4 asking +1" in shown
    assert "1 failed" in shown
