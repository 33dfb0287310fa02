"""Connections to jump hosts, each shared by everything that lies behind it.

A hundred targets behind one jump host log in there once. A login that was refused there is not tried again while the
scan lasts, whoever needs it. A connection that broke is made anew, but not without end.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from hardening.errors import ConnectError, SecretError
from hardening.model.evidence import ABSENT, Absent
from hardening.model.target import Become

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hardening.model.target import SshEndpoint
    from hardening.transports.wire import WireTransport

MOST_USERS = 64
"""Targets that use one connection at a time; the others wait."""

MOST_LOGINS = 3
"""How often a connection that broke is made, the first time included."""

_LOG = logging.getLogger(__name__)


class JumpConnection(Protocol):
    """What a connection to a jump host is to those behind it."""

    @property
    def transport(self) -> WireTransport:
        """What forwards."""
        ...

    @property
    def broken_jump(self) -> str:
        """The name of the jump host before this one whose connection broke; empty if none did."""
        ...

    def close(self) -> None:
        """Close the connection. May be called more than once."""
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to use a connection to a jump host until ``release`` is called; calling that twice does no harm."""

    connection: JumpConnection
    release: Callable[[], None]


class Bastions:
    """The connections to jump hosts that are open, by endpoint; for use by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shared: dict[SshEndpoint, _Shared] = {}
        self._holders = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep connections, and refusals, while the block runs; then close them all.

        Without it a connection is closed by the last one who uses it.
        """
        with self._lock:
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                ended = [] if self._holders else list(self._shared.values())
                if not self._holders:
                    self._shared.clear()
            for shared in ended:
                shared.close()

    def lease(self, endpoint: SshEndpoint, connect: Callable[[], JumpConnection]) -> Lease:
        """Return the use of a connection to an endpoint; ``connect`` makes it if there is none.

        Waits while too many use it. Raises ``ConnectError``, also for what others met before.
        """
        # How root rights are reached does not matter: nothing runs there.
        key = replace(endpoint, become=Become.NO)
        with self._lock:
            shared = self._shared.setdefault(key, _Shared())
            shared.users += 1
        with ExitStack() as leaving:
            leaving.callback(self._leave, key, shared)
            shared.places.acquire()
            leaving.callback(shared.places.release)
            connection = shared.connect(connect)
            return Lease(connection, leaving.pop_all().close)

    def _leave(self, key: SshEndpoint, shared: _Shared) -> None:
        with self._lock:
            shared.users -= 1
            is_last = not shared.users and not self._holders
            if is_last and self._shared.get(key) is shared:
                del self._shared[key]
        if is_last:
            shared.close()


@dataclass(slots=True, eq=False)
class _Shared:
    """One jump host: who uses it, the connection, and why there is none."""

    users: int = 0
    places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_USERS))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _logins: int = 0
    _connection: JumpConnection | Absent = ABSENT
    _failure: ConnectError | Absent = ABSENT

    def connect(self, connect: Callable[[], JumpConnection]) -> JumpConnection:
        """Return the connection, made now if need be; one thread makes it, the others wait for it."""
        with self._lock:
            if not isinstance(self._connection, Absent):
                if self._connection.transport.is_active():
                    return self._connection
                self._connection.close()
                self._connection = ABSENT
                if self._logins == MOST_LOGINS:
                    reason = f"the connection broke {MOST_LOGINS} times in this scan"
                    self._failure = ConnectError(reason, "check the jump host, its sshd and what stands in between")
            if not isinstance(self._failure, Absent):
                # A new one each time: an exception carries the traceback of the thread that raised it.
                raise ConnectError(self._failure.reason, self._failure.remedy)
            self._logins += 1
            try:
                self._connection = connect()
            except ConnectError as error:
                self._failure = error
                raise
            except SecretError as error:
                self._failure = ConnectError(str(error), "make the secrets of the jump host's credential resolvable")
                raise self._failure from error
            _LOG.debug("a jump host is connected, time %d", self._logins)
            return self._connection

    def close(self) -> None:
        """Close the connection, and let nobody make a new one."""
        # Without the lock: who holds it may be waiting for the very connection that this ends.
        self._failure = ConnectError("the scan has ended", "")
        connection = self._connection
        if not isinstance(connection, Absent):
            connection.close()
