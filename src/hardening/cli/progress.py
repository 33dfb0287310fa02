"""Progress on standard error: live on a terminal, a line a step elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from hardening.model.clean import clean_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Report = "Callable[[str, str], None]"

ENDS = frozenset({"done", "failed"})
"""The stages that a target ends with."""

MOST_IN_DETAIL = 20
"""Targets that each step is told of; of more, only the end of each."""

_FEWEST = 5
_MINUTE = 60
_HOUR = 3600


@contextmanager
def show_progress(total: int, *, quiet: bool) -> Iterator[Callable[[str, str], None]]:
    """Yield what a visit calls with the name of its target and its stage (`connecting`, `asking`, `done`, …)."""
    if quiet:
        yield lambda _target, _stage: None
    elif sys.stderr.isatty():
        # Imported where it is shown: elsewhere it would only delay the first question to a target.
        from hardening.cli.live_progress import LiveProgress  # noqa: PLC0415

        with LiveProgress(total) as live:
            yield live.note
    else:
        yield ProgressLines(total, time.monotonic).note


class Tally:
    """How far a scan is, and how long the rest will take if it goes on as so far."""

    def __init__(self, total: int, ticks: Callable[[], float]) -> None:
        self.total = total
        self.ended = 0
        self.failed = 0
        self._ticks = ticks
        self._began = ticks()

    def note(self, stage: str) -> None:
        """Take in that a target has come to a stage."""
        self.ended += stage in ENDS
        self.failed += stage == "failed"

    @property
    def words(self) -> str:
        """What failed and what is left, as a line ends with; empty while there is nothing to say."""
        failed = f", {self.failed} failed" if self.failed else ""
        left = self.total - self.ended
        if not left or self.ended < _FEWEST:
            return failed
        seconds = (self._ticks() - self._began) / self.ended * left
        return f"{failed}, {tell_time(seconds)} left"


def tell_time(seconds: float) -> str:
    """Return a time as a person estimates it."""
    if seconds < _MINUTE:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"


class ProgressLines:
    """One line a step, for logs and pipes."""

    def __init__(self, total: int, ticks: Callable[[], float]) -> None:
        self._tally = Tally(total, ticks)
        self._lock = threading.Lock()

    def note(self, target: str, stage: str) -> None:
        """Print that a target has come to a stage."""
        with self._lock:
            tally = self._tally
            tally.note(stage)
            if stage in ENDS or tally.total <= MOST_IN_DETAIL:
                text = f"[{tally.ended}/{tally.total}{tally.words}] {clean_line(target, 80)}: {clean_line(stage, 200)}"
                click.echo(text, err=True)
