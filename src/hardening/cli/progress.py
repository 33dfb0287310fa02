"""Progress on standard error: live on a terminal, a line a step elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from hardening.model.clean import clean_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Report = "Callable[[str, str], None]"


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
        yield _Lines(total).note


class _Lines:
    """One line a step, for logs and pipes."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._lock = threading.Lock()

    def note(self, target: str, stage: str) -> None:
        with self._lock:
            self._done += stage in {"done", "failed"}
            text = f"[{self._done}/{self._total}] {clean_line(target, 80)}: {clean_line(stage, 200)}"
            click.echo(text, err=True)
