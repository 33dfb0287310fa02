"""Which target may be visited next: limits for each zone and each jump host, and how fast new logins begin.

A target that must wait holds up no other: whoever may go, goes, zone by zone in turn.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import ABSENT, Absent
from hardening.model.target import SshEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.model.target import Target

ZONE = "zone"
"""The label that says in which zone a target stands."""

Keys = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many targets at a time in a zone and behind a jump host, and how many new visits a second; absent: any."""

    per_zone: int | Absent = ABSENT
    per_jump: int | Absent = ABSENT
    per_second: float | Absent = ABSENT


class Waiting:
    """The targets that wait, and those under way, by what limits them. Not for several threads at once."""

    def __init__(self, targets: Sequence[Target], pace: Pace) -> None:
        self._pace = pace
        self._buckets: dict[Keys, deque[Target]] = {}
        self._turns: deque[Keys] = deque()
        self._under_way: Counter[tuple[str, str]] = Counter()
        self._next_start = 0.0
        self._count = len(targets)
        for target in targets:
            keys = frozenset(self._list_keys(target))
            if keys not in self._buckets:
                self._buckets[keys] = deque()
                self._turns.append(keys)
            self._buckets[keys].append(target)

    def __len__(self) -> int:
        """Return how many targets wait."""
        return self._count

    def _list_keys(self, target: Target) -> Iterator[tuple[str, str]]:
        if not isinstance(self._pace.per_zone, Absent) and ZONE in target.labels:
            yield ZONE, target.labels[ZONE]
        if not isinstance(self._pace.per_jump, Absent):
            for endpoint in target.endpoints:
                at = endpoint.jump if isinstance(endpoint, SshEndpoint) else ABSENT
                while not isinstance(at, Absent):
                    yield "jump", f"{at.address}:{at.port}"
                    at = at.jump

    def take(self, now: float) -> Target | float:
        """Return a target that may be visited now, else in how many seconds one may; infinity if one must end first."""
        for _ in range(len(self._turns)):
            keys = self._turns[0]
            self._turns.rotate(-1)
            if not self._is_free(keys):
                continue
            if now < self._next_start:
                self._turns.rotate(1)
                return self._next_start - now
            return self._start(keys, now)
        return float("inf")

    def _is_free(self, keys: Keys) -> bool:
        limits = {ZONE: self._pace.per_zone, "jump": self._pace.per_jump}
        return all(
            isinstance(limit := limits[kind], Absent) or self._under_way[(kind, name)] < limit for kind, name in keys
        )

    def _start(self, keys: Keys, now: float) -> Target:
        target = self._buckets[keys].popleft()
        if not self._buckets[keys]:
            del self._buckets[keys]
            self._turns.remove(keys)
        self._under_way.update(keys)
        self._count -= 1
        if not isinstance(self._pace.per_second, Absent):
            # Counted from when it was due, not from now, so that the rate is kept; but what was missed is not made up.
            self._next_start = max(self._next_start, now - 1 / self._pace.per_second) + 1 / self._pace.per_second
        return target

    def leave(self, target: Target) -> None:
        """Note that a visit has ended, or was given up."""
        self._under_way.subtract(frozenset(self._list_keys(target)))

    def give_up(self) -> Iterator[Target]:
        """Take out all targets that wait still."""
        for bucket in self._buckets.values():
            yield from bucket
        self._buckets.clear()
        self._turns.clear()
        self._count = 0
