"""What a named person answers for a measure that no setting can settle."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hardening.model.place import NOWHERE, Place
from hardening.model.waiver import write_day


class Answer(StrEnum):
    """How far the measure is carried out, in the words of the person who answers."""

    DONE = "done"
    PARTLY = "partly"
    MISSING = "missing"


class AttestationState(StrEnum):
    """Whether an attestation counts at a moment, and if not, why."""

    VALID = "valid"
    NOT_STARTED = "not_started"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """An answer about a measure, by whom and on what it rests.

    ``made`` is the first second of its day and ``ends`` the first second after its last day, since 1970-01-01 UTC.
    """

    framework: str
    measure: str
    answer: Answer
    statement: str
    person: str
    evidence: str
    made: int
    ends: int
    place: Place = NOWHERE

    @property
    def name(self) -> str:
        """The measure that it answers for, as ``<framework>/<id>``."""
        return f"{self.framework}/{self.measure}"

    @property
    def last_day(self) -> str:
        """The last day on which it counts, in UTC, as 2026-12-31."""
        return write_day(self.ends - 1)

    def state(self, now: int) -> AttestationState:
        """Say whether it counts at a moment."""
        if now >= self.ends:
            return AttestationState.EXPIRED
        return AttestationState.NOT_STARTED if now < self.made else AttestationState.VALID
