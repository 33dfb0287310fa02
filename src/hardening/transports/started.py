"""Sessions whose batches are commands on this machine that start a shell elsewhere: in a root tree, in a container.

A session is open once such a shell has said that it is ready; the first batch goes to that very shell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Known
from hardening.transports.bootstrap import Token, build_command
from hardening.transports.channel import Broken, ByteChannel, Ended, Received
from hardening.transports.session import BecomeRefused, Opening, Traffic, build_connection
from hardening.transports.shell import MOST_BEFORE_READY, Batch, run_plain_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hardening.model.evidence import Evidence
    from hardening.model.step import Answer, ShellStep

_LONGEST_REASON = 300


class StartedChannel(ByteChannel, Protocol):
    """A command that was started on this machine."""

    @property
    def bytes_received(self) -> int:
        """How much has come."""
        ...

    def kill(self) -> None:
        """End the command; safe from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class NotStarted:
    """What became of a command that started no shell: its exit status, -1 if none, and its last words."""

    status: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where shells are started, and how.

    ``start`` runs a command there, as a channel on this machine; ``explain`` says why there was no shell.
    ``patience`` is how many seconds the first one may take.
    """

    transport: str
    start: Callable[[Sequence[str]], StartedChannel]
    explain: Callable[[NotStarted], ConnectError]
    patience: float
    is_root: bool
    root_remedy: str = ""


class StartedSession:
    """A session in one place; raises ``ConnectError`` if no shell starts there."""

    def __init__(self, place: Place, opening: Opening) -> None:
        self._place = place
        self._opening = opening
        self._traffic = Traffic()
        self._channels: list[StartedChannel] = []
        self._is_closed = False
        self._ready = [self._open_first()]

    def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        """Run steps as one batch; raises ``BecomeRefused``, if ``as_root`` and we are not."""
        if as_root and not self._place.is_root:
            reason = "root rights were not asked for"
            raise BecomeRefused(reason, self._place.root_remedy)
        opening = self._opening
        batch = Batch(steps=steps, word=Token(opening.random_word()), limits=opening.limits, ticks=opening.ticks)
        opening.progress(f"running {len(steps)} steps")
        channel = self._ready.pop() if self._ready else self._start(Token(opening.random_word()))
        try:
            return run_plain_batch(channel, batch, as_root=self._place.is_root)
        finally:
            self._account(channel)

    @property
    def connection(self) -> Evidence:
        """That this is no connection."""
        return build_connection({"transport": Known(self._place.transport)}, ABSENT)

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far."""
        return self._traffic

    def close(self) -> None:
        """End the session and a batch that still runs."""
        self._is_closed = True
        for channel in self._channels:
            channel.kill()
        for channel in self._ready:
            channel.close()

    def _open_first(self) -> StartedChannel:
        ready = Token(self._opening.random_word())
        channel = self._start(ready)
        failure = self._await(channel, ready)
        if failure is None:
            return channel
        channel.close()
        raise self._place.explain(failure)

    def _start(self, ready: Token) -> StartedChannel:
        channel = self._place.start(build_command(ready, self._opening.limits.deadline_seconds))
        self._channels.append(channel)
        if self._is_closed:
            channel.kill()
        return channel

    def _await(self, channel: StartedChannel, ready: Token) -> NotStarted | None:
        """Wait for the shell's ready line; return what came instead, if something did."""
        stdout, stderr = bytearray(), bytearray()
        deadline = self._opening.ticks() + self._place.patience
        while ready.bytes + b"\n" not in stdout:
            left = deadline - self._opening.ticks()
            if left <= 0 or len(stdout) + len(stderr) > MOST_BEFORE_READY:
                return NotStarted(-1, f"no shell was ready within {self._place.patience:g} s")
            match channel.receive(left):
                case Received(stdout=out, stderr=err):
                    stdout += out
                    stderr += err
                case Broken(reason):
                    return NotStarted(-1, reason)
                case Ended(status):
                    words = [
                        line for line in (stderr or stdout).decode("utf-8", "replace").splitlines() if line.strip()
                    ]
                    return NotStarted(status, clean_line(" ".join(words), _LONGEST_REASON))
        return None

    def _account(self, channel: StartedChannel) -> None:
        channel.close()
        self._traffic = Traffic(
            channels=self._traffic.channels + 1,
            round_trips=self._traffic.round_trips + (2 if self._traffic.channels == 0 else 1),
            bytes_received=self._traffic.bytes_received + channel.bytes_received,
        )
