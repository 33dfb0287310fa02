"""Work in several processes of this machine, each a copy of this one: what was read and built is at hand in all.

The copies are made by fork, so nothing is packed or read anew; that is safe only while this process has one thread.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

from hardening.errors import HardeningError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.queues import SimpleQueue
    from types import FrameType

MOST_PROCESSES = 4
_NO_MORE = -1


def count_processes(jobs: int) -> int:
    """Return in how many processes so many jobs are best done; 1 means here."""
    if threading.active_count() > 1 or not hasattr(os, "fork"):
        return 1
    return max(1, min(jobs, MOST_PROCESSES, len(os.sched_getaffinity(0))))


def do_side_by_side(jobs: Sequence[Callable[[], None]], processes: int) -> None:
    """Do each job once, in the order in which processes are free; raises the ``HardeningError`` of one that failed.

    The others are not begun then, and those under way are waited for. However this ends, no process is left.
    """
    fork = multiprocessing.get_context("fork")
    waiting: SimpleQueue[int] = fork.SimpleQueue()
    ended: SimpleQueue[HardeningError | None] = fork.SimpleQueue()
    for number in (*range(len(jobs)), *[_NO_MORE] * processes):
        waiting.put(number)
    started = [fork.Process(target=_work, args=(jobs, waiting, ended)) for _ in range(processes)]
    try:
        for process in started:
            process.start()
        for process in started:
            process.join()
    finally:
        for process in started:
            if process.is_alive():
                process.terminate()
                process.join()
    found = []
    while not ended.empty():
        found.append(ended.get())
    for trouble in found:
        if trouble is not None:
            raise trouble
    if len(found) < processes:
        msg = "a process that wrote reports ended before its time"
        raise RuntimeError(msg)


def _work(
    jobs: Sequence[Callable[[], None]], waiting: SimpleQueue[int], ended: SimpleQueue[HardeningError | None]
) -> None:
    """Do jobs until there is none left, and say at the end what went wrong, or that nothing did."""
    # Ended from outside, a process still takes back what it has half written, and says nothing.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    try:
        while (job := waiting.get()) != _NO_MORE:
            jobs[job]()
    except HardeningError as error:
        while waiting.get() != _NO_MORE:
            pass
        ended.put(error)
    else:
        ended.put(None)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    sys.exit(128 + number)
