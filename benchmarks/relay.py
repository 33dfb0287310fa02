"""A relay that makes a distance: it hands on what it gets, each way half the latency later. It ends with its input.

`python benchmarks/relay.py MILLISECONDS LISTEN_ADDRESS PORT=ADDRESS:PORT…`; it says `ready` once it listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from functools import partial

CHUNK = 65_536


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Hand on bytes in their order, each chunk as late as it would be on a long line, however many are on it."""
    loop = asyncio.get_running_loop()
    line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def read() -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await line.put((loop.time() + delay, data))
        await line.put((loop.time() + delay, b""))

    reading = asyncio.create_task(read())
    with contextlib.suppress(OSError):
        while True:
            due, data = await line.get()
            await asyncio.sleep(max(due - loop.time(), 0))
            if not data:
                break
            writer.write(data)
            await writer.drain()
    reading.cancel()
    writer.close()


async def _relay(
    address: str, port: int, delay: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await asyncio.sleep(2 * delay)  # what connecting takes over such a line
    try:
        far_reader, far_writer = await asyncio.open_connection(address, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(_hand_on(reader, far_writer, delay), _hand_on(far_reader, writer, delay))


async def serve(delay: float, listen: str, routes: list[str]) -> None:
    """Relay until standard input ends."""
    for route in routes:
        port, _, where = route.partition("=")
        address, _, far_port = where.rpartition(":")
        await asyncio.start_server(partial(_relay, address, int(far_port), delay), listen, int(port))
    print("ready", flush=True)  # whoever started this program waits for it
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) / 2000, sys.argv[2], sys.argv[3:]))
