"""How far a scan is: what ended, what failed, how long the rest takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ENDS = frozenset({"done", "failed"})
"""The stages that a target ends with."""

_FEWEST = 5
_MINUTE = 60
_HOUR = 3600


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
