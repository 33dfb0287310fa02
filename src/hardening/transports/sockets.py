"""Sockets of our own: prompt, connected to the address of a name that answers, and bounded in time and bytes."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOG = logging.getLogger(__name__)


class PromptSocket(socket.socket):
    """A socket that neither waits to send small packets nor to acknowledge them, and counts what it received.

    Nagle's algorithm against delayed acknowledgement costs 40 ms a turn on any network that is faster than that.
    """

    received = 0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive at once; the kernel forgets this setting, so it is made again each time."""
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        data = super().recv(size, flags)
        self.received += len(data)
        return data


class NoAddressAnswers(OSError):  # noqa: N818 - said of a name, in the words of the class beside it in paramiko
    """Several addresses of a name were tried in vain; ``failures`` says of each why."""

    def __init__(self, failures: Mapping[str, OSError]) -> None:
        self.failures = failures
        super().__init__("no address of the name answers")


def open_socket(address: str, port: int, seconds: float, ticks: Callable[[], float]) -> PromptSocket:
    """Return a connected socket; the addresses of the name, of both families, are tried in turn.

    Each gets an equal share of the time that is left, so that one behind a wall does not cost the others theirs. Raises
    ``OSError``; ``NoAddressAnswers`` if there were several.
    """
    deadline = ticks() + seconds
    failures: dict[str, OSError] = {}
    places = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    for position, (family, kind, protocol, _, place) in enumerate(places):
        try:
            sock = PromptSocket(family, kind, protocol)
        except OSError as error:  # a family that this machine does not know
            failures[str(place[0])] = error
            continue
        try:
            sock.settimeout(max((deadline - ticks()) / (len(places) - position), 0.001))
            sock.connect(place)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            _LOG.info("%s does not answer at %s: %s", address, place[0], error)
            failures[str(place[0])] = error
        else:
            return sock
    if len(failures) == 1:
        raise failures.popitem()[1]
    raise NoAddressAnswers(failures)
