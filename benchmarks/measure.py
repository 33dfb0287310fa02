"""Measuring one way of asking: time and processor here, processor there, bytes, round trips, programs started."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.lab.hosts import Host

TICKS: Final = os.sysconf("SC_CLK_TCK")
ALL_PROTOCOLS: Final = 3
HEADERS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a program cost on this machine; `parts` are its own figures, if it prints any."""

    wall: float
    cpu: float
    peak: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one way of asking costs: medians of all runs, and counts of one more run that is watched."""

    wall: float
    cpu: float
    target_cpu: float
    peak: float
    programs: int
    received: int
    sent: int
    turns: int
    parts: Mapping[str, float]


def run_program(argv: Sequence[str], statuses: Sequence[int], environment: Mapping[str, str]) -> Ended:
    """Run a program and return what it cost, its children included; raises if it ends in any other way."""
    # Files and no pipes: a connection that ssh keeps open in the background would hold a pipe open.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        program = subprocess.Popen([*argv], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        _, status, usage = os.wait4(program.pid, 0)
        wall = time.perf_counter() - began
        program.returncode = os.waitstatus_to_exitcode(status)
        texts = [_read(stream) for stream in (output, errors)]
    if program.returncode not in statuses:
        message = f"{argv[0]} ended with {program.returncode}: {''.join(texts)[-2000:]}"
        raise RuntimeError(message)
    return Ended(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=usage.ru_maxrss / 1024,
        parts=_read_parts(texts[1]),
    )


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")


def _read_parts(errors: str) -> Mapping[str, float]:
    lines = [line for line in errors.splitlines() if line.startswith('{"status"')]
    parts: Mapping[str, float] = json.loads(lines[-1])["parts"] if lines else {}
    return parts


def measure(host: Host, ask: Callable[[], Ended], *, runs: int, folder: Path, link: str) -> Cost:
    """Ask some times and once more under watch; `link` is this end of the wire to the host."""
    ask()
    before = read_cpu(host)
    ended = [ask() for _ in range(runs)]
    target_cpu = (read_cpu(host) - before) / runs
    with _counting_programs(host, folder / "strace") as programs, _counting_packets(link) as packets:
        ask()
    return Cost(
        wall=median(each.wall for each in ended),
        cpu=median(each.cpu for each in ended),
        target_cpu=target_cpu,
        peak=max(each.peak for each in ended),
        programs=programs[0],
        received=packets.received,
        sent=packets.sent,
        turns=packets.turns,
        parts={name: median(each.parts[name] for each in ended) for name in ended[0].parts},
    )


def read_cpu(host: Host) -> float:
    """Add up the processor seconds of a host: of what runs, and of what ended and was waited for."""
    namespace = Path(f"/proc/{host.leader.pid}/ns/pid").readlink()
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if (place / "ns" / "pid").readlink() == namespace:
                total += sum(int(text) for text in (place / "stat").read_text().rpartition(")")[2].split()[11:15])
        except OSError:  # it ended meanwhile, and counts with its parent
            continue
    return total / TICKS


@contextmanager
def _counting_programs(host: Host, log: Path) -> Iterator[list[int]]:
    """Count the programs that the sshd of a host starts, and what those start."""
    argv = ("strace", "-f", "-e", "trace=execve", "-e", "signal=none", "-o", str(log), "-p", str(host.sshd_pid))
    counted = [0]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as tracer:
        if tracer.stderr is None or "attached" not in tracer.stderr.readline():
            message = "strace cannot attach to the sshd of the host"
            raise RuntimeError(message)
        yield counted
        tracer.terminate()
    counted[0] = len(re.findall(r"execve.* = 0$", log.read_text(errors="replace"), re.MULTILINE))


@dataclass(slots=True)
class Packets:
    """What passed over a wire: bytes with headers each way, and how often payload changed its direction."""

    received: int = 0
    sent: int = 0
    turns: int = 0
    was_ours: bool = False


@contextmanager
def _counting_packets(link: str) -> Iterator[Packets]:
    """Count the packets of port 22 on a network interface while the block runs."""
    packets = Packets()
    stopped = threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS)) as listener:
        listener.bind((link, 0))
        listener.settimeout(0.1)
        thread = threading.Thread(target=_count, args=(listener, packets, stopped))
        thread.start()
        try:
            yield packets
            time.sleep(0.2)
        finally:
            stopped.set()
            thread.join()


def _count(listener: socket.socket, packets: Packets, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            frame = listener.recv(1 << 16)
        except TimeoutError:
            continue
        header = frame[HEADERS:]
        if frame[12:14] != b"\x08\x00" or header[9] != socket.IPPROTO_TCP:
            continue
        begin = (header[0] & 15) * 4
        source, destination = struct.unpack("!HH", header[begin : begin + 4])
        if 22 not in {source, destination}:
            continue
        is_ours = destination == 22
        if is_ours:
            packets.sent += len(frame)
        else:
            packets.received += len(frame)
        payload = struct.unpack("!H", header[2:4])[0] - begin - (header[begin + 12] >> 4) * 4
        if payload > 0:
            packets.turns += is_ours and not packets.was_ours
            packets.was_ours = is_ours
