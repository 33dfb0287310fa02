"""Running one batch over a byte channel: send the script, read until the last marker, say why it did not come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import ABSENT, Absent
from hardening.transports.channel import Broken, Ended, Received
from hardening.transports.framing import BatchReader, render_batch
from hardening.transports.session import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hardening.model.step import Answer, ShellStep
    from hardening.transports.bootstrap import Token
    from hardening.transports.channel import ByteChannel

MOST_BEFORE_READY = 256 * 1024
_TIMED_OUT_ON_TARGET = frozenset({124, 137})


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Steps to run together, under which word, within which limits.

    ``is_installed`` tells that the target holds the script already and wants the word alone.
    """

    steps: Sequence[ShellStep]
    word: Token
    limits: Limits
    ticks: Callable[[], float]
    is_installed: bool = False

    @property
    def input(self) -> bytes:
        """What the shell that runs it is to read: the word on a line, then the script."""
        if self.is_installed:
            return b"%s\n" % self.word.bytes
        return b"%s\n%s" % (self.word.bytes, render_batch(self.steps).encode("utf-8", "surrogateescape"))


def run_plain_batch(channel: ByteChannel, batch: Batch, *, as_root: bool = False) -> dict[str, Answer]:
    """Run a batch with the rights of the account, ``as_root`` if that is root; return an answer for every step."""
    exchange = Exchange(channel, batch, as_root=as_root)
    return exchange.run_script()


class Exchange:
    """One batch under way: what was heard, and for how long there was silence.

    ``stdout`` and ``stderr`` are what came before the script began, ``ended`` what became of the command.
    """

    def __init__(self, channel: ByteChannel, batch: Batch, *, as_root: bool) -> None:
        self.channel = channel
        self.limits = batch.limits
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.ended: Ended | Broken | Absent = ABSENT
        self._batch = batch
        self._reader = BatchReader(
            batch.steps, batch.word.word, output_bytes=batch.limits.output_bytes, as_root=as_root
        )
        self._heard = batch.ticks()
        self._deadline = self._heard + batch.limits.deadline_seconds

    def run_script(self) -> dict[str, Answer]:
        """Send the script, read until its last marker, and close the channel."""
        self.channel.send(self._batch.input)
        self.channel.finish()
        reason = ""
        while not self._reader.is_done and not reason:
            reason = self.listen() or self._why_ended()
        return self.give_up(reason)

    def give_up(self, reason: str) -> dict[str, Answer]:
        """Close the channel and return the answers that came; the others were not run for this reason."""
        self.channel.close()
        return self._reader.answers(reason)

    def listen(self) -> str:
        """Take in what comes next; return why to stop waiting, or nothing."""
        now = self._batch.ticks()
        patience = self._deadline
        if not self._reader.is_in_slow_step:
            patience = min(patience, self._heard + self.limits.idle_seconds)
        if now >= patience:
            return self._why_impatient(now)
        match self.channel.receive(patience - now):
            case Received(stdout=b"", stderr=b""):
                pass
            case Received(stdout=stdout, stderr=stderr):
                self._heard = self._batch.ticks()
                self._keep(stdout, stderr)
                self._reader.feed(stdout, stderr, self._heard)
            case Ended() | Broken() as end:
                self.ended = end
        return "output limit reached" if self._reader.is_full else ""

    def _keep(self, stdout: bytes, stderr: bytes) -> None:
        if not self._reader.is_started:
            self.stdout += stdout[: MOST_BEFORE_READY - len(self.stdout)]
            self.stderr += stderr[: MOST_BEFORE_READY - len(self.stderr)]

    def _why_impatient(self, now: float) -> str:
        if now >= self._deadline:
            return f"the batch did not end within {self.limits.deadline_seconds:g} s"
        return f"nothing came from the target for {self.limits.idle_seconds:g} s"

    def _why_ended(self) -> str:
        match self.ended:
            case Absent():
                return ""
            case Broken(reason):
                return reason
            case Ended(status) if self._reader.is_started and status in _TIMED_OUT_ON_TARGET:
                return f"the batch was ended on the target after {self.limits.deadline_seconds:g} s"
            case Ended(status) if self._reader.is_started:
                return f"the shell ended in mid-batch with exit status {status}"
            case Ended(status):
                said = self._reader.first_words
                return f"the account's shell did not run the batch (exit status {status}){': ' if said else ''}{said}"
