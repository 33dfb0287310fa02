"""Many visits at once on this machine: a bounded pool of threads that yields snapshots as they arrive.

A visit that takes longer than it may is given up and reported as failed: its sessions are closed, a fresh thread takes
its place, and whatever it brings later counts for nothing. So no slow or dead target ever holds up another.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hardening.collect.pacing import Pace, Waiting
from hardening.model.evidence import ABSENT, Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hardening.model.snapshot import Snapshot
    from hardening.model.target import Target

log = logging.getLogger(__name__)

NOT_VISITED = "the deadline of the scan passed before this target was visited"
"""Why a target has no answers that the scan never came to; it is visited when what was collected is gone on with."""


class Executor(Protocol):
    """Something that visits targets and yields what it brought home, in any order."""

    def collect(self, targets: Sequence[Target]) -> Iterator[Snapshot]:
        """Yield one snapshot a target; a visit that broke is a snapshot that says so."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How many seconds the visit of one target, and the scan as a whole, may take; absent: as long as it takes."""

    target: float | Absent = ABSENT
    scan: float | Absent = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadExecutor:
    """Visits ``workers`` targets at a time.

    ``visit`` must not raise; if it does, ``broken`` makes the snapshot. ``late`` makes that of a target which was given
    up, and ``abandon`` closes what is open to it. ``interrupt`` closes everything: it is called when the caller stops
    listening before all targets are done, so that nothing is left running on a target.
    """

    visit: Callable[[Target], Snapshot]
    broken: Callable[[Target, str], Snapshot]
    late: Callable[[Target, str], Snapshot]
    abandon: Callable[[Target], None]
    interrupt: Callable[[], None]
    ticks: Callable[[], float]
    workers: int
    pace: Pace = field(default_factory=Pace)
    deadlines: Deadlines = field(default_factory=Deadlines)

    def collect(self, targets: Sequence[Target]) -> Iterator[Snapshot]:
        """Yield one snapshot a target, as they arrive."""
        pool = _Pool(self, targets)
        for number in range(min(self.workers, len(targets))):
            pool.hire(f"visit-{number}")
        try:
            for _ in targets:
                yield pool.receive()
        finally:
            pool.stop()
            self.interrupt()


class _Pool:
    """The threads of one collection and what they share, under one lock."""

    def __init__(self, executor: ThreadExecutor, targets: Sequence[Target]) -> None:
        self._executor = executor
        self._changed = threading.Condition()
        self._waiting = Waiting(targets, executor.pace)
        self._under_way: dict[str, tuple[Target, float]] = {}
        self._arrived: deque[Snapshot] = deque()
        self._lost: deque[tuple[Target, str]] = deque()
        self._is_stopped = False
        self._is_over = False
        self._ends = _later(executor.ticks(), executor.deadlines.scan)

    def hire(self, name: str) -> None:
        # Daemon threads: an interrupted scan ends now and not when the slowest target does.
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def receive(self) -> Snapshot:
        """Return the next snapshot; while nothing comes, give up whoever is late."""
        with self._changed:
            while not self._arrived and not self._lost:
                self._give_up_late()
                if not self._lost:
                    self._changed.wait(self._next_deadline())
            if self._arrived:
                snapshot = self._arrived.popleft()
                self._changed.notify_all()
                return snapshot
            target, reason = self._lost.popleft()
        return self._executor.late(target, reason)

    def _give_up_late(self) -> None:
        now = self._executor.ticks()
        if now >= self._ends and not self._is_over:
            self._is_over = True
            self._lost.extend((target, NOT_VISITED) for target in self._waiting.give_up())
        for target, started in list(self._under_way.values()):
            if now >= self._ends:
                allowed = self._executor.deadlines.scan
                reason = f"the deadline of the scan ({_tell(allowed)}) passed while this target was visited"
            elif now >= _later(started, self._executor.deadlines.target):
                reason = f"the visit took longer than {_tell(self._executor.deadlines.target)}, and was given up"
            else:
                continue
            del self._under_way[target.name]
            self._waiting.leave(target)
            self._lost.append((target, reason))
            # Closing a connection may take a while; a thread that hangs all the same is one more, and never in the way.
            threading.Thread(target=self._executor.abandon, args=(target,), name="give-up", daemon=True).start()
            self.hire("visit-instead")
        self._changed.notify_all()

    def _next_deadline(self) -> float | None:
        ends = [self._ends] if not self._is_over else []
        ends += [_later(started, self._executor.deadlines.target) for _, started in self._under_way.values()]
        nearest = min(ends, default=float("inf"))
        return None if nearest == float("inf") else max(nearest - self._executor.ticks(), 0)

    def _work(self) -> None:
        while (target := self._next_target()) is not None:
            try:
                snapshot = self._executor.visit(target)
            except Exception as error:  # one target must not cost the others their scan
                log.exception("%s: the visit failed", target.name)
                snapshot = self._executor.broken(target, f"the visit failed ({type(error).__name__}: {error})")
            if not self._deliver(target, snapshot):
                return

    def _next_target(self) -> Target | None:
        with self._changed:
            while not self._is_stopped and len(self._waiting):
                # What arrived waits in memory until it is kept: who brings more than can be written waits too.
                if len(self._arrived) >= self._executor.workers:
                    self._changed.wait()
                    continue
                now = self._executor.ticks()
                found = self._waiting.take(now)
                if not isinstance(found, float):
                    self._under_way[found.name] = (found, now)
                    self._changed.notify_all()
                    return found
                self._changed.wait(None if found == float("inf") else found)
        return None

    def _deliver(self, target: Target, snapshot: Snapshot) -> bool:
        """Hand over a snapshot; false if the target was given up, and another thread is in this one's place."""
        with self._changed:
            if target.name not in self._under_way:
                return False
            del self._under_way[target.name]
            self._waiting.leave(target)
            self._arrived.append(snapshot)
            self._changed.notify_all()
            return True


def _later(moment: float, seconds: float | Absent) -> float:
    return float("inf") if isinstance(seconds, Absent) else moment + seconds


def _tell(seconds: float | Absent) -> str:
    return "any time" if isinstance(seconds, Absent) else f"{seconds:g} s"
