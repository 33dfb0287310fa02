"""Two scans side by side: what stands in each, and what changed from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hardening.model.check import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One result as far as it is compared.

    ``parameters`` are the values in force as one text. ``keys`` name what failed: records of an `each`, or an empty
    name for what is no record; ``keys_omitted`` counts records whose names are not kept. ``seen`` is what was seen by
    the comparisons that failed.
    """

    id: str
    check: str
    version: str
    parameters: str
    outcome: Outcome
    severity: Severity
    is_waived: bool = False
    keys: tuple[str, ...] = ()
    keys_omitted: int = 0
    seen: tuple[str, ...] = ()

    @property
    def is_gap(self) -> bool:
        """Say whether it failed and no waiver covers it."""
        return self.outcome is Outcome.FAIL and not self.is_waived

    @property
    def words(self) -> str:
        """The outcome in one word; ``waived`` for a fail that a waiver covers."""
        return "waived" if self.is_waived else self.outcome.value


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStanding:
    """One target in one scan, with its results by id; ``channels`` are the endpoints that answered."""

    name: str
    reached: bool
    root: bool
    channels: frozenset[str]
    results: Mapping[str, Standing]


Standings = Mapping[str, TargetStanding]
"""All targets of one scan, by name."""


class ChangeKind(StrEnum):
    """What became of something between two scans."""

    OPENED = "opened"
    CLOSED = "closed"
    CHANGED_VALUE = "changed_value"
    APPEARED = "appeared"
    VANISHED = "vanished"
    BY_CONTENT = "by_content"
    NOT_COMPARABLE = "not_comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change; without ``check`` it is of a target as a whole, without ``key`` of a result as a whole.

    ``severity`` is that of the check, info where there is none. ``before`` and ``after`` say what it was and is.
    """

    kind: ChangeKind
    target: str
    check: str = ""
    key: str = ""
    severity: Severity = Severity.INFO
    before: str = ""
    after: str = ""
