"""Peers that are no SSH server, or a broken one: a program for one address, with a port for each way of failing.

By hand: `ip netns exec hardening-lab python -m tests.lab.peers 10.77.0.2`. It ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.lab.network import NOBODY, PEERS

BANNER: Final = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"
READY: Final = "ready"
BACKLOG_PORT: Final = 2207

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Peer:
    """Where something waits that fails in its own way."""

    name: str
    address: str
    port: int


async def _stay_silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    linger_zero = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)


async def _greet_then_stay_silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(BANNER)
    await writer.drain()
    await asyncio.Event().wait()


async def _greet_then_close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(BANNER)
    await writer.drain()


async def _speak_http(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def _greet_without_end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"a line before the banner\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


BEHAVIOURS: Final[dict[str, tuple[int, Behaviour]]] = {
    "silent": (2201, _stay_silent),
    "reset": (2202, _reset),
    "greets-then-silent": (2203, _greet_then_stay_silent),
    "greets-then-closes": (2204, _greet_then_close),
    "http": (2205, _speak_http),
    "endless-greeting": (2206, _greet_without_end),
}
PEER_TABLE: Final = {
    **{name: Peer(name, PEERS, port) for name, (port, _) in BEHAVIOURS.items()},
    "full-backlog": Peer("full-backlog", PEERS, BACKLOG_PORT),
    "closed": Peer("closed", PEERS, 2299),
    "nobody": Peer("nobody", NOBODY, 22),
}


async def serve(address: str) -> None:
    """Serve all behaviours at an address until standard input ends."""

    async def answer(behaviour: Behaviour, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):  # the peer, or this program, goes away
            await behaviour(reader, writer)
        writer.close()

    def answering(behaviour: Behaviour) -> Behaviour:
        return lambda reader, writer: answer(behaviour, reader, writer)

    with _full_backlog(address):
        for port, behaviour in BEHAVIOURS.values():
            await asyncio.start_server(answering(behaviour), address, port)
        print(READY, flush=True)  # noqa: T201  # whoever started this program waits for it
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _full_backlog(address: str) -> contextlib.ExitStack:
    """Listen at a port whose queue is full, so that nobody answers the next SYN."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, BACKLOG_PORT))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex((address, BACKLOG_PORT))
        return stack.pop_all()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
