"""The pool of threads: bounded, one snapshot a target, nothing left open when the caller stops listening."""

from __future__ import annotations

import threading
from dataclasses import replace

from hardening.collect.executor import ThreadExecutor
from hardening.model.snapshot import Snapshot
from hardening.model.target import LocalEndpoint, Target
from tests.snapshots.states import build_snapshot

TARGETS = tuple(Target(name=f"t{number}", endpoints=(LocalEndpoint(),)) for number in range(12))


def failed(target: Target, reason: str) -> Snapshot:
    return replace(build_snapshot(target.name), place=reason)


def build_executor(visit: object, workers: int = 3, interrupt: object = lambda: None) -> ThreadExecutor:
    return ThreadExecutor(visit=visit, failed=failed, interrupt=interrupt, workers=workers)  # type: ignore[arg-type]


def test_every_target_gives_one_snapshot() -> None:
    executor = build_executor(lambda target: build_snapshot(target.name))
    assert sorted(snapshot.target for snapshot in executor.collect(TARGETS)) == sorted(
        target.name for target in TARGETS
    )


def test_no_more_visits_at_a_time_than_workers() -> None:
    running, most, lock = 0, 0, threading.Lock()
    gate = threading.Barrier(3)

    def visit(target: Target) -> Snapshot:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(timeout=20)
        with lock:
            running -= 1
        return build_snapshot(target.name)

    assert (len(list(build_executor(visit).collect(TARGETS))), most) == (12, 3)


def test_broken_visit_is_a_snapshot_that_says_so() -> None:
    def visit(target: Target) -> Snapshot:
        if target.name == "t3":
            msg = "unforeseen"
            raise ZeroDivisionError(msg)
        return build_snapshot(target.name)

    snapshots = {snapshot.target: snapshot for snapshot in build_executor(visit).collect(TARGETS)}
    assert (len(snapshots), snapshots["t3"].place) == (12, "the visit failed (ZeroDivisionError: unforeseen)")


def test_caller_that_stops_listening_interrupts_the_rest() -> None:
    interrupted: list[bool] = []
    hanging = threading.Event()

    def visit(target: Target) -> Snapshot:
        if target.name != "t0":
            hanging.wait(timeout=20)
        return build_snapshot(target.name)

    def interrupt() -> None:
        interrupted.append(True)
        hanging.set()

    collecting = build_executor(visit, interrupt=interrupt).collect(TARGETS)
    first = next(collecting).target
    collecting.close()  # type: ignore[attr-defined] # it is a generator
    assert (first, interrupted) == ("t0", [True])
