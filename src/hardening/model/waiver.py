"""A dated decision of an owner to live with a failing check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from hardening.model.check import Constant
from hardening.model.place import NOWHERE, Place

DAY = 86_400
SOON_DAYS = 30
LONGEST_DAYS = 365


class WaiverState(StrEnum):
    """Whether a waiver counts on a day, and if not, why; the first reason is told."""

    VALID = "valid"
    UNAPPROVED = "unapproved"
    TOO_LONG = "too_long"
    NOT_STARTED = "not_started"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class LabelCondition:
    """A label that a target must have, or must not have (``equal`` is false)."""

    label: str
    value: str
    equal: bool = True


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted of one field: a comparison that must hold on what is seen; of one record if ``key`` is given.

    ``field`` is as in reasons: ``<probe>.<field>``, of records ``<probe>.<records>.<field>``.
    """

    field: str
    operator: str
    operand: Constant
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """``targets`` by name or ``labels`` that all must fit say where it counts, ``keys`` for which records of an `each`.

    ``starts`` is the first second and ``ends`` the first second after the last day, since 1970-01-01 UTC.
    """

    id: str
    check: str
    targets: tuple[str, ...] = ()
    labels: tuple[LabelCondition, ...] = ()
    keys: tuple[str, ...] = ()
    holds: tuple[Accepted, ...]
    reason: str
    owner: str
    approver: str = ""
    ticket: str
    compensating: str
    starts: int
    ends: int
    place: Place = NOWHERE

    @property
    def days(self) -> int:
        """How many days it is meant to count."""
        return (self.ends - self.starts) // DAY

    def state(self, now: int, longest_days: int) -> WaiverState:
        """Say whether it counts at a moment."""
        if not self.approver or self.approver.casefold() == self.owner.casefold():
            return WaiverState.UNAPPROVED
        if self.days > longest_days:
            return WaiverState.TOO_LONG
        if now >= self.ends:
            return WaiverState.EXPIRED
        return WaiverState.NOT_STARTED if now < self.starts else WaiverState.VALID

    def is_for(self, target: str, labels: Mapping[str, str]) -> bool:
        """Say whether a target lies in its scope."""
        if self.targets:
            return target in self.targets
        return all((labels.get(term.label) == term.value) is term.equal for term in self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waivers:
    """All waivers of a site, and how long one may be."""

    waivers: tuple[Waiver, ...] = ()
    longest_days: int = LONGEST_DAYS


def write_day(seconds: int) -> str:
    """Return the day of a moment in UTC, as 2026-12-31."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
