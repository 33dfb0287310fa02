"""The pool of threads: bounded, one snapshot a target, nothing left open when the caller stops listening."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hardening.collect.executor import NOT_VISITED, Deadlines, ThreadExecutor
from hardening.collect.pacing import Pace
from hardening.model.snapshot import Snapshot
from hardening.model.target import LocalEndpoint, SshEndpoint, Target
from tests.snapshots.states import build_snapshot

TARGETS = tuple(Target(name=f"t{number}", endpoints=(LocalEndpoint(),)) for number in range(12))


def failed(target: Target, reason: str) -> Snapshot:
    return replace(build_snapshot(target.name), place=reason)


def build_executor(
    visit: Callable[[Target], Snapshot],
    workers: int = 3,
    interrupt: Callable[[], None] = lambda: None,
    abandon: Callable[[Target], None] = lambda _: None,
    **more: Any,
) -> ThreadExecutor:
    return ThreadExecutor(
        visit=visit,
        broken=failed,
        late=failed,
        abandon=abandon,
        interrupt=interrupt,
        ticks=time.monotonic,
        workers=workers,
        **more,
    )


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


def names(count: int) -> tuple[str, ...]:
    return tuple(f"t{number}" for number in range(count))


@pytest.mark.timeout(30)
def test_hanging_targets_hold_up_no_other_and_are_given_up() -> None:
    """More hang than there are workers: the others are visited all the same."""
    released = threading.Event()
    closed: list[str] = []

    def visit(target: Target) -> Snapshot:
        if target.name in names(5):
            released.wait(timeout=20)
        return build_snapshot(target.name)

    def abandon(target: Target) -> None:
        closed.append(target.name)

    executor = build_executor(visit, workers=2, abandon=abandon, deadlines=Deadlines(target=0.2))
    began = time.monotonic()
    reasons = {snapshot.target: snapshot.place for snapshot in executor.collect(TARGETS)}
    took = time.monotonic() - began
    released.set()
    late = "the visit took longer than 0.2 s, and was given up"
    assert {name: reason for name, reason in reasons.items() if reason == late} == dict.fromkeys(names(5), late)
    assert (len(reasons), sorted(closed), took < 5) == (12, sorted(names(5)), True)


@pytest.mark.timeout(30)
def test_deadline_of_the_scan_ends_it_whoever_is_left() -> None:
    released = threading.Event()

    def visit(target: Target) -> Snapshot:
        if target.name != "t0":
            released.wait(timeout=20)
        return build_snapshot(target.name)

    executor = build_executor(visit, workers=2, deadlines=Deadlines(scan=0.5))
    began = time.monotonic()
    reasons = {snapshot.target: snapshot.place for snapshot in executor.collect(TARGETS)}
    took = time.monotonic() - began
    released.set()
    cut = "the deadline of the scan (0.5 s) passed while this target was visited"
    assert [name for name, reason in reasons.items() if reason == cut] == ["t1", "t2"]
    assert [name for name, reason in reasons.items() if reason == NOT_VISITED] == list(names(12)[3:])
    assert (len(reasons), took < 5) == (12, True)


@pytest.mark.timeout(30)
def test_what_a_given_up_visit_brings_later_counts_for_nothing() -> None:
    came = threading.Event()

    def visit(target: Target) -> Snapshot:
        if target.name == "t0":
            time.sleep(0.4)
            came.set()
        return build_snapshot(target.name)

    executor = build_executor(visit, workers=1, deadlines=Deadlines(target=0.2))
    found = []
    for snapshot in executor.collect(TARGETS):
        found.append(snapshot.target)
        if len(found) == 6:
            came.wait(timeout=20)
    assert sorted(found) == sorted(target.name for target in TARGETS)


def test_what_arrived_waits_in_small_numbers() -> None:
    """A disk that is slower than the targets must not fill the memory."""
    begun = []

    def visit(target: Target) -> Snapshot:
        begun.append(target.name)
        return build_snapshot(target.name)

    collecting = build_executor(visit, workers=2).collect(TARGETS)
    next(collecting)
    time.sleep(0.3)
    assert len(begun) <= 1 + 2 * 2
    assert len(list(collecting)) == 11


def most_under_way(pace: Pace, targets: tuple[Target, ...], key: Callable[[Target], str]) -> dict[str, int]:
    """Return how many were under way at a time, at most, for each key."""
    now: dict[str, int] = {}
    most: dict[str, int] = {}
    lock = threading.Lock()

    def visit(target: Target) -> Snapshot:
        with lock:
            now[key(target)] = now.get(key(target), 0) + 1
            most[key(target)] = max(most.get(key(target), 0), now[key(target)])
        time.sleep(0.03)
        with lock:
            now[key(target)] -= 1
        return build_snapshot(target.name)

    assert len(list(build_executor(visit, workers=8, pace=pace).collect(targets))) == len(targets)
    return most


def test_no_more_at_a_time_in_a_zone_than_allowed() -> None:
    targets = tuple(
        Target(name=f"t{number}", endpoints=(LocalEndpoint(),), labels={"zone": "dmz" if number < 12 else "office"})
        for number in range(16)
    )
    most = most_under_way(Pace(per_zone=2), targets, lambda target: target.labels["zone"])
    assert most == {"dmz": 2, "office": 2}


def test_no_more_at_a_time_behind_a_jump_host_than_allowed() -> None:
    bastion = SshEndpoint(address="bastion")
    behind = SshEndpoint(address="inner", jump=bastion)
    targets = tuple(
        Target(
            name=f"t{number}", endpoints=(SshEndpoint(address=f"h{number}", jump=behind if number % 2 else bastion),)
        )
        for number in range(12)
    )
    assert most_under_way(Pace(per_jump=3), targets, lambda _: "bastion") == {"bastion": 3}


def test_full_zone_holds_up_no_other() -> None:
    gate = threading.Event()

    def visit(target: Target) -> Snapshot:
        if target.labels["zone"] == "dmz":
            gate.wait(timeout=20)
        return build_snapshot(target.name)

    targets = tuple(
        Target(name=f"t{number}", endpoints=(LocalEndpoint(),), labels={"zone": "dmz" if number < 8 else "office"})
        for number in range(12)
    )
    collecting = build_executor(visit, workers=3, pace=Pace(per_zone=2)).collect(targets)
    first = [next(collecting).target for _ in range(4)]
    gate.set()
    assert (sorted(first), len(list(collecting))) == (["t10", "t11", "t8", "t9"], 8)


def test_visits_begin_no_faster_than_allowed() -> None:
    begun: list[float] = []

    def visit(target: Target) -> Snapshot:
        begun.append(time.monotonic())
        return build_snapshot(target.name)

    assert len(list(build_executor(visit, workers=8, pace=Pace(per_second=40)).collect(TARGETS))) == 12
    in_a_tenth = max(sum(moment <= other < moment + 0.1 for other in begun) for moment in begun)
    assert (begun[-1] - begun[0] >= 11 / 40 - 0.03, in_a_tenth <= 4 + 2) == (True, True)
