"""Progress on a terminal: a bar, what failed and how long it will take, and what the targets under way are doing."""

from __future__ import annotations

import threading
import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hardening.cli.tally import ENDS, Tally
from hardening.model.clean import clean_line

_SHOWN_NAMES = 4


class LiveProgress:
    """A bar with the targets that are under way."""

    def __init__(self, total: int, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            TimeElapsedColumn(),
            console=console or Console(stderr=True, highlight=False),
            transient=True,
        )
        self._task = self._progress.add_task("connecting", total=total, words="")
        self._tally = Tally(total, time.monotonic)
        self._stages: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def note(self, target: str, stage: str) -> None:
        """Show that a target has come to a stage."""
        with self._lock:
            self._tally.note(stage)
            if stage in ENDS:
                self._stages.pop(target, None)
                self._progress.advance(self._task)
            else:
                self._stages[target] = stage
            shown = [
                f"{clean_line(name, 30)} {clean_line(at, 30)}" for name, at in list(self._stages.items())[:_SHOWN_NAMES]
            ]
            more = f" +{len(self._stages) - _SHOWN_NAMES}" if len(self._stages) > _SHOWN_NAMES else ""
            words = self._tally.words.removeprefix(", ")
            self._progress.update(self._task, description=", ".join(shown) + more, words=words)
