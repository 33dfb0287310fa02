"""What a batch needs of the way to a shell: bytes in, two streams of bytes out, an end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Received:
    """What came; nothing at all means that waiting was in vain."""

    stdout: bytes = b""
    stderr: bytes = b""


@dataclass(frozen=True, slots=True)
class Ended:
    """The command came to its end and nothing more will come."""

    exit_status: int


@dataclass(frozen=True, slots=True)
class Broken:
    """The way to the command broke; what became of it is not known."""

    reason: str


class ByteChannel(Protocol):
    """A command that runs somewhere, with its three streams."""

    def send(self, data: bytes) -> None:
        """Send to standard input. A peer that no longer reads is no error here: ``receive`` tells what became of it."""
        ...

    def finish(self) -> None:
        """Close standard input once all that was sent is on its way."""
        ...

    def receive(self, seconds: float) -> Received | Ended | Broken:
        """Wait for something to come, at most so long."""
        ...

    def close(self) -> None:
        """Give up the command; it is ended as far as that is possible from here. May be called more than once."""
        ...
