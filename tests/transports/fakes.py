"""A byte channel whose other end is a story, and a clock that only the story moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hardening.model.step import ShellStep
from hardening.transports.bootstrap import Token
from hardening.transports.channel import Broken, Ended, Received
from hardening.transports.session import Limits
from hardening.transports.shell import Batch

WORD, READY, PROMPT = (Token(digit * 32) for digit in "abc")

Event = Received | Ended | Broken


class StoryChannel:
    """Tells its events one by one; what is sent is kept together with how many events had been told by then.

    After the last event there is silence: time passes.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = list(events)
        self._told = 0
        self._now = 0.0
        self.sent: list[tuple[int, bytes]] = []
        self.is_finished = False
        self.is_closed = False

    def ticks(self) -> float:
        """Return the time of the story."""
        return self._now

    def send(self, data: bytes) -> None:
        """Keep what is sent."""
        self.sent.append((self._told, data))

    def finish(self) -> None:
        """Remember that nothing more is sent."""
        self.is_finished = True

    def receive(self, seconds: float) -> Event:
        """Tell the next event, or let the time pass."""
        if self._told == len(self._events):
            self._now += seconds
            return Received()
        self._now += 0.001
        self._told += 1
        return self._events[self._told - 1]

    def close(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True


def build_batch(steps: Sequence[ShellStep], ticks: Callable[[], float], limits: Limits | None = None) -> Batch:
    """Return a batch under the word of these stories."""
    return Batch(steps=steps, word=WORD, limits=limits or Limits(), ticks=ticks)


def stderr(text: str) -> Received:
    """Return the event that this comes on standard error."""
    return Received(stderr=text.encode())


def stdout(text: str) -> Received:
    """Return the event that this comes on standard output."""
    return Received(stdout=text.encode())


READY_LINE = stdout(f"{READY.word}\n")
ASKS = stderr(PROMPT.word)


def answers_for(*outputs: str) -> Received:
    """Return the event that a batch runs to its end with these outputs."""
    out = "".join(
        f"{WORD.word} begin {number}\n{output}{WORD.word} end {number} 0\n" for number, output in enumerate(outputs)
    )
    err = "".join(f"{WORD.word} begin {number}\n{WORD.word} end {number} 0\n" for number in range(len(outputs)))
    return Received(out.encode(), err.encode())
