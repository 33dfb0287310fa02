"""Many visits at once on this machine: a bounded pool of threads that yields snapshots as they arrive."""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hardening.model.snapshot import Snapshot
    from hardening.model.target import Target

log = logging.getLogger(__name__)


class Executor(Protocol):
    """Something that visits targets and yields what it brought home, in any order."""

    def collect(self, targets: Sequence[Target]) -> Iterator[Snapshot]:
        """Yield one snapshot a target; a visit that broke is a snapshot that says so."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadExecutor:
    """Visits ``workers`` targets at a time.

    ``visit`` must not raise; if it does, ``failed`` makes the snapshot. ``interrupt`` closes what is open: it is called
    when the caller stops listening before all targets are done, so that nothing is left running on a target.
    """

    visit: Callable[[Target], Snapshot]
    failed: Callable[[Target, str], Snapshot]
    interrupt: Callable[[], None]
    workers: int

    def collect(self, targets: Sequence[Target]) -> Iterator[Snapshot]:
        """Yield one snapshot a target, as they arrive."""
        waiting: queue.SimpleQueue[Target] = queue.SimpleQueue()
        arrived: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()
        stopped = threading.Event()
        for target in targets:
            waiting.put(target)
        for number in range(min(self.workers, len(targets))):
            # Daemon threads: an interrupted scan ends now and not when the slowest target does.
            threading.Thread(
                target=self._work, args=(waiting, arrived, stopped), name=f"visit-{number}", daemon=True
            ).start()
        try:
            for _ in targets:
                yield arrived.get()
        finally:
            stopped.set()
            self.interrupt()

    def _work(
        self,
        waiting: queue.SimpleQueue[Target],
        arrived: queue.SimpleQueue[Snapshot],
        stopped: threading.Event,
    ) -> None:
        while not stopped.is_set():
            try:
                target = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                snapshot = self.visit(target)
            except Exception as error:  # one target must not cost the others their scan
                log.exception("%s: the visit failed", target.name)
                snapshot = self.failed(target, f"the visit failed ({type(error).__name__}: {error})")
            arrived.put(snapshot)
