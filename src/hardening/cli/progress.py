"""Progress on standard error: live on a terminal, a line a step elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from hardening.cli.tally import ENDS, Tally
from hardening.model.clean import clean_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Report = "Callable[[str, str], None]"

MOST_IN_DETAIL = 20
"""Targets that each step is told of; of more, only the end of each."""


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
