"""Progress on standard error: live on a terminal, a line a step elsewhere, nothing when quiet."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hardening.model.clean import clean_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Report = "Callable[[str, str], None]"
_SHOWN_NAMES = 4


@contextmanager
def show_progress(total: int, *, quiet: bool) -> Iterator[Callable[[str, str], None]]:
    """Yield what a visit calls with the name of its target and its stage (`connecting`, `asking`, `done`, …)."""
    console = Console(stderr=True, highlight=False)
    if quiet:
        yield lambda _target, _stage: None
    elif console.is_terminal:
        with _Live(console, total) as live:
            yield live.note
    else:
        yield _Lines(console, total).note


class _Lines:
    """One line a step, for logs and pipes."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        self._lock = threading.Lock()

    def note(self, target: str, stage: str) -> None:
        with self._lock:
            self._done += stage in {"done", "failed"}
            text = f"[{self._done}/{self._total}] {clean_line(target, 80)}: {clean_line(stage, 200)}"
            self._console.print(text, markup=False, soft_wrap=True)


class _Live:
    """A bar with the targets that are under way."""

    def __init__(self, console: Console, total: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("connecting", total=total)
        self._stages: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def note(self, target: str, stage: str) -> None:
        with self._lock:
            if stage in {"done", "failed"}:
                self._stages.pop(target, None)
                self._progress.advance(self._task)
            else:
                self._stages[target] = stage
            shown = [f"{clean_line(name, 30)} {clean_line(at, 30)}" for name, at in list(self._stages.items())]
            more = f" +{len(shown) - _SHOWN_NAMES}" if len(shown) > _SHOWN_NAMES else ""
            self._progress.update(self._task, description=", ".join(shown[:_SHOWN_NAMES]) + more)
