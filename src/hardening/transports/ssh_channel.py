"""One command on an SSH server as a byte channel."""

from __future__ import annotations

import contextlib
import logging
import select
import threading
from typing import TYPE_CHECKING

from hardening.transports.channel import Broken, Ended, Received

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.transports.session import Limits
    from hardening.transports.wire import WireTransport

_LOG = logging.getLogger(__name__)
_CHUNK = 256 * 1024
_NO_STATUS = -1


class SshChannel:
    """A command on the server, with its three streams."""

    def __init__(self, transport: WireTransport, command: str, limits: Limits) -> None:
        self._channel = transport.open_session(timeout=limits.idle_seconds)
        self._channel.settimeout(limits.idle_seconds)
        # exec_command waits for its answer without end.
        with _alarm(limits.idle_seconds, transport):
            self._channel.exec_command(command)
        self._poll = select.poll()
        self._poll.register(self._channel.fileno(), select.POLLIN)

    def send(self, data: bytes) -> None:
        """Send to standard input."""
        try:
            self._channel.sendall(data)
        except OSError as error:
            _LOG.debug("the command no longer reads: %s", type(error).__name__)

    def finish(self) -> None:
        """Close standard input."""
        with contextlib.suppress(OSError, EOFError):
            self._channel.shutdown_write()

    def receive(self, seconds: float) -> Received | Ended | Broken:
        """Wait for output, at most so long."""
        arrived = self._take()
        if arrived.stdout or arrived.stderr:
            return arrived
        if self._channel.eof_received or self._channel.closed:
            # What came between the two looks is all that will come; the status may follow later.
            arrived = self._take()
            if arrived.stdout or arrived.stderr:
                return arrived
            if not self._channel.status_event.wait(seconds):
                return Received()
            return self._end()
        self._poll.poll(max(seconds, 0.0) * 1000)
        return self._take()

    def close(self) -> None:
        """Close the channel; the batch ends on the target by its own deadline at the latest."""
        self._channel.close()

    def _take(self) -> Received:
        stdout = self._channel.recv(_CHUNK) if self._channel.recv_ready() else b""
        stderr = self._channel.recv_stderr(_CHUNK) if self._channel.recv_stderr_ready() else b""
        return Received(stdout, stderr)

    def _end(self) -> Ended | Broken:
        status = self._channel.recv_exit_status()
        if status == _NO_STATUS:
            return Broken("the connection broke before the command ended")
        return Ended(status)


@contextlib.contextmanager
def _alarm(seconds: float, transport: WireTransport) -> Iterator[None]:
    """Close the connection if the block takes longer; a waiting call then raises."""
    timer = threading.Timer(seconds, transport.close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
