"""A server behind SSH: connect, check its key, log in, run batches. One connection, one channel a batch."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hardening.model.step import NotRun
from hardening.model.target import Become, SshEndpoint
from hardening.transports.bootstrap import Token, build_command, build_sudo_command, render_command
from hardening.transports.session import BecomeRefused, Opening, Traffic
from hardening.transports.shell import Batch, run_plain_batch
from hardening.transports.ssh_channel import SshChannel
from hardening.transports.ssh_connection import SshConnection, name_endpoint
from hardening.transports.ssh_errors import LIBRARY_ERRORS, translate
from hardening.transports.sudo import build_sudo_gate, run_sudo_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.evidence import Evidence
    from hardening.model.step import Answer, Step
    from hardening.transports.session import Session

# Turns of waiting: channel, command, answers; with sudo the ready line before the script.
_TURNS_A_BATCH = 3
_TURN_FOR_ROOT = 1


def open_ssh(endpoint: SshEndpoint, opening: Opening) -> Session:
    """Return a session on a server, through its jump host if it has one.

    Raises ``ConnectError`` and ``SecretError``.
    """
    with contextlib.ExitStack() as held:
        connection = SshConnection(held)
        connection.open(endpoint, opening)
        kept = held.pop_all()
    return SshSession(endpoint, opening, connection, kept)


class SshSession:
    """A session over one SSH connection."""

    def __init__(
        self, endpoint: SshEndpoint, opening: Opening, connection: SshConnection, held: contextlib.ExitStack
    ) -> None:
        self._endpoint = endpoint
        self._opening = opening
        self._connection = connection
        self._held = held
        self._channels = 0
        self._round_trips = connection.round_trips

    def run(self, steps: Sequence[Step], *, as_root: bool) -> Mapping[str, Answer]:
        """Run steps as one batch over a channel of its own; raises ``BecomeRefused``, if ``as_root``."""
        if as_root and self._endpoint.become is Become.NO:
            reason = "root rights were not asked for"
            raise BecomeRefused(reason, "scan with become: sudo")
        if not self._connection.transport.is_active():
            return {step.name: NotRun("the connection is gone") for step in steps}
        opening = self._opening
        word, ready, prompt = (Token(opening.random_word()) for _ in range(3))
        deadline = opening.limits.deadline_seconds
        arguments = build_sudo_command(prompt, ready, deadline) if as_root else build_command(ready, deadline)
        opening.progress(f"running {len(steps)} steps{' as root' if as_root else ''}")
        self._channels += 1
        self._round_trips += _TURNS_A_BATCH + (_TURN_FOR_ROOT if as_root else 0)
        try:
            channel = SshChannel(self._connection.transport, render_command(arguments), opening.limits)
        except LIBRARY_ERRORS as error:
            failure = translate(error, name_endpoint(self._endpoint))
            return {step.name: NotRun(failure.reason) for step in steps}
        batch = Batch(steps=steps, word=word, limits=opening.limits, ticks=opening.ticks)
        with contextlib.closing(channel):
            if not as_root:
                return run_plain_batch(channel, batch)
            return run_sudo_batch(channel, batch, build_sudo_gate(prompt, ready, self._endpoint.credential, opening))

    @property
    def connection(self) -> Evidence:
        """What was seen of the connection: offers, agreements, host key, how we were let in."""
        return self._connection.evidence

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far; received bytes are those on the wire, jump host included."""
        return Traffic(
            channels=self._channels,
            round_trips=self._round_trips,
            bytes_received=self._connection.bytes_received,
        )

    def close(self) -> None:
        """Close the connection, and that to the jump host."""
        self._held.close()
