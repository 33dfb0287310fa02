"""A server behind SSH: connect, check its key, log in, run batches. One connection, one channel a batch."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hardening.model.step import NotRun
from hardening.model.target import Become, SshEndpoint
from hardening.transports.bootstrap import Token, build_command, build_sudo_command, render_command
from hardening.transports.channel import Broken, Ended, Received
from hardening.transports.kit import build_kit_command, run_kit_batch
from hardening.transports.session import BecomeRefused, Opening, ShellWords, Traffic
from hardening.transports.shell import MOST_BEFORE_READY, Batch, run_plain_batch
from hardening.transports.ssh_channel import SshChannel
from hardening.transports.ssh_connection import SshConnection, build_broken_jump, connect, name_endpoint
from hardening.transports.ssh_errors import LIBRARY_ERRORS, translate
from hardening.transports.sudo import build_sudo_gate, run_sudo_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.evidence import Evidence
    from hardening.model.step import Answer, ShellStep
    from hardening.transports.session import Session

# Turns of waiting: channel, command, answers; with sudo or a kit the ready line before them.
_TURNS_A_BATCH = 3
_TURN_TO_BE_READY = 1


def open_ssh(endpoint: SshEndpoint, opening: Opening) -> Session:
    """Return a session on a server, through its jump host if it has one.

    Raises ``ConnectError`` and ``SecretError``.
    """
    return SshSession(endpoint, opening, connect(endpoint, opening))


class SshSession:
    """A session over one SSH connection."""

    def __init__(self, endpoint: SshEndpoint, opening: Opening, connection: SshConnection) -> None:
        self._endpoint = endpoint
        self._opening = opening
        self._connection = connection
        self._channels = 0
        self._round_trips = connection.round_trips

    def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        """Run steps as one batch over a channel of its own.

        Raises ``BecomeRefused``, if ``as_root``, and ``ConnectError`` where another kit is installed.
        """
        answers = self._run_batch(steps, as_root=as_root)
        broken = "" if self._connection.transport.is_active() else self._connection.broken_jump
        if not broken:
            return answers
        failure = build_broken_jump(broken, name_endpoint(self._endpoint))
        return {
            name: NotRun(failure.reason) if isinstance(answer, NotRun) else answer for name, answer in answers.items()
        }

    def _run_batch(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        if as_root and self._endpoint.become is Become.NO:
            reason = "root rights were not asked for"
            raise BecomeRefused(reason, "scan with become: sudo")
        if not self._connection.transport.is_active():
            return {step.name: NotRun("the connection is gone") for step in steps}
        opening = self._opening
        word, ready, prompt = (Token(opening.random_word()) for _ in range(3))
        deadline = opening.limits.deadline_seconds
        is_installed = self._endpoint.become is Become.KIT
        if is_installed:
            command = " ".join(build_kit_command(as_root=as_root))
        elif as_root:
            command = render_command(build_sudo_command(prompt, ready, deadline))
        else:
            command = render_command(build_command(ready, deadline))
        opening.progress(f"running {len(steps)} steps{' as root' if as_root else ''}")
        self._channels += 1
        self._round_trips += _TURNS_A_BATCH + (_TURN_TO_BE_READY if as_root or is_installed else 0)
        try:
            channel = SshChannel(self._connection.transport, command, opening.limits)
        except LIBRARY_ERRORS as error:
            failure = translate(error, name_endpoint(self._endpoint))
            return {step.name: NotRun(failure.reason) for step in steps}
        batch = Batch(steps=steps, word=word, limits=opening.limits, ticks=opening.ticks, is_installed=is_installed)
        with contextlib.closing(channel):
            if is_installed:
                return run_kit_batch(channel, batch, as_root=as_root)
            if not as_root:
                return run_plain_batch(channel, batch)
            return run_sudo_batch(channel, batch, build_sudo_gate(prompt, ready, self._endpoint.credential, opening))

    def listen_to_shell(self) -> ShellWords:
        """Let the account's shell run nothing, over a channel of its own; return what it says all the same."""
        limits = self._opening.limits
        self._channels += 1
        try:
            channel = SshChannel(self._connection.transport, render_command(("/bin/sh", "-c", "exit 0")), limits)
        except LIBRARY_ERRORS as error:
            return ShellWords(translate(error, name_endpoint(self._endpoint)).reason, -1)
        said = bytearray()
        with contextlib.closing(channel):
            channel.finish()
            deadline = self._opening.ticks() + limits.idle_seconds
            while (left := deadline - self._opening.ticks()) > 0 and len(said) < MOST_BEFORE_READY:
                match channel.receive(left):
                    case Received(stdout, stderr):
                        said += stdout + stderr
                    case Ended(status):
                        return ShellWords(said.decode("utf-8", "replace"), status)
                    case Broken(reason):
                        return ShellWords(reason, -1)
        return ShellWords(said.decode("utf-8", "replace"), -1)

    @property
    def connection(self) -> Evidence:
        """What was seen of the connection: offers, agreements, host key, how we were let in."""
        return self._connection.evidence

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far; received bytes are those on the wire from the target itself."""
        return Traffic(
            channels=self._channels,
            round_trips=self._round_trips,
            bytes_received=self._connection.bytes_received,
        )

    def close(self) -> None:
        """Close the connection, and that to the jump host if nobody else needs it."""
        self._connection.close()
