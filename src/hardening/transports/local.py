"""The machine that the scanner runs on: the same batches, in a shell of our own."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.model.evidence import ABSENT, Evidence, Known
from hardening.model.target import Become, LocalEndpoint
from hardening.transports.bootstrap import Token, build_command, build_sudo_command
from hardening.transports.channel import Broken, Ended, Received
from hardening.transports.kit import build_kit_command, run_kit_batch
from hardening.transports.session import BecomeRefused, Opening, Traffic, build_connection
from hardening.transports.shell import Batch, run_plain_batch
from hardening.transports.sudo import build_sudo_gate, run_sudo_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.step import Answer, ShellStep
    from hardening.transports.session import Session

_LOG = logging.getLogger(__name__)
_CHUNK = 256 * 1024
_LAST_SECONDS = 1
_SIGNALLED = 128
# Not the rest of our environment: it may hold secrets, or functions and options for the shell.
_ENVIRONMENT = ("HOME", "LOGNAME", "PATH", "USER")


def open_local(endpoint: LocalEndpoint, opening: Opening) -> Session:
    """Return a session on this machine."""
    return LocalSession(endpoint, opening)


class LocalSession:
    """A session whose batches are processes of our own."""

    def __init__(self, endpoint: LocalEndpoint, opening: Opening) -> None:
        self._endpoint = endpoint
        self._opening = opening
        self._traffic = Traffic()
        self._channels: list[LocalChannel] = []
        self._is_closed = False

    def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        """Run steps as one batch; raises ``BecomeRefused``, if ``as_root``."""
        opening = self._opening
        word, ready = Token(opening.random_word()), Token(opening.random_word())
        batch = Batch(steps=steps, word=word, limits=opening.limits, ticks=opening.ticks)
        deadline = opening.limits.deadline_seconds
        needs_sudo = as_root and os.geteuid() != 0
        if needs_sudo and self._endpoint.become is Become.NO:
            reason = "root rights were not asked for"
            raise BecomeRefused(reason, "run the scan as root, or with become: sudo")
        opening.progress(f"running {len(steps)} steps{' as root' if as_root else ''}")
        if self._endpoint.become is Become.KIT:
            channel = self._start(build_kit_command(as_root=as_root))
            try:
                return run_kit_batch(channel, replace(batch, is_installed=True), as_root=as_root)
            finally:
                self._account(channel, round_trips=2)
        if not needs_sudo:
            channel = self._start(build_command(ready, deadline))
            try:
                return run_plain_batch(channel, batch, as_root=as_root)
            finally:
                self._account(channel, round_trips=1)
        prompt = Token(opening.random_word())
        channel = self._start(build_sudo_command(prompt, ready, deadline))
        gate = build_sudo_gate(prompt, ready, self._endpoint.credential, opening)
        try:
            return run_sudo_batch(channel, batch, gate)
        finally:
            self._account(channel, round_trips=2)

    @property
    def connection(self) -> Evidence:
        """That this is no connection."""
        return build_connection({"transport": Known("local")}, ABSENT)

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far."""
        return self._traffic

    def close(self) -> None:
        """End the session and a batch that still runs."""
        self._is_closed = True
        for channel in self._channels:
            channel.kill()

    def _start(self, arguments: Sequence[str]) -> LocalChannel:
        channel = LocalChannel(arguments)
        self._channels.append(channel)
        if self._is_closed:
            channel.kill()
        return channel

    def _account(self, channel: LocalChannel, *, round_trips: int) -> None:
        channel.close()
        self._traffic = Traffic(
            channels=self._traffic.channels + 1,
            round_trips=self._traffic.round_trips + round_trips,
            bytes_received=self._traffic.bytes_received + channel.bytes_received,
        )


class LocalChannel:
    """A process in a session and process group of its own, so that all of it can be ended."""

    def __init__(self, arguments: Sequence[str], environment: Sequence[str] = _ENVIRONMENT) -> None:
        """Start a program that sees those variables of our environment which are named."""
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env={name: os.environ[name] for name in environment if name in os.environ},
            start_new_session=True,
        )
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._pipes = [pipe for pipe in pipes if pipe is not None]
        self._stdin, self._stdout, self._stderr = (pipe.fileno() for pipe in self._pipes)
        os.set_blocking(self._stdin, False)
        self._waiting = bytearray()
        self._is_finishing = False
        self._poll = select.poll()
        self._open = {self._stdout, self._stderr}
        for descriptor in self._open:
            self._poll.register(descriptor, select.POLLIN)
        self._is_killed = False
        self.bytes_received = 0

    def send(self, data: bytes) -> None:
        """Put data in line for standard input; it leaves while ``receive`` waits."""
        self._waiting += data
        self._write()

    def finish(self) -> None:
        """Close standard input once everything in line has left."""
        self._is_finishing = True
        self._write()

    def receive(self, seconds: float) -> Received | Ended | Broken:
        """Wait for output, at most so long."""
        if not self._open:
            return self._reap(seconds)
        arrived = {self._stdout: b"", self._stderr: b""}
        for descriptor, _ in self._poll.poll(max(seconds, 0.0) * 1000):
            if descriptor == self._stdin:
                self._write()
                continue
            arrived[descriptor] = data = os.read(descriptor, _CHUNK)
            self.bytes_received += len(data)
            if not data:
                self._poll.unregister(descriptor)
                self._open.discard(descriptor)
        return Received(arrived[self._stdout], arrived[self._stderr])

    def kill(self) -> None:
        """End the whole process group; safe from any thread. What sudo started ends when its input does."""
        self._is_killed = True
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process group and give back the pipes; for the thread that reads."""
        self.kill()
        for pipe in self._pipes:
            pipe.close()
        self._open.clear()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_SECONDS)

    def _write(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: os.write(self._stdin, self._waiting[:_CHUNK])]
        except BlockingIOError:
            self._poll.register(self._stdin, select.POLLOUT)
            return
        except BrokenPipeError:
            _LOG.debug("the shell no longer reads")
            self._waiting.clear()
        with contextlib.suppress(KeyError):
            self._poll.unregister(self._stdin)
        if self._is_finishing:
            self._pipes[0].close()

    def _reap(self, seconds: float) -> Received | Ended | Broken:
        try:
            status = self._process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            return Received()
        if self._is_killed:
            return Broken("the session was closed")
        return Ended(status if status >= 0 else _SIGNALLED - status)
