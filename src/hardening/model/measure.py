"""Measures of laws and frameworks, and the checks that speak to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hardening.model.evidence import ABSENT, Absent
from hardening.model.place import Place
from hardening.model.texts import Texts


class Basis(StrEnum):
    """On what a link between a measure and a check rests."""

    SOURCE = "source"
    THIRD_PARTY = "third-party"
    JUDGEMENT = "judgement"

    def weaker(self, other: Basis) -> Basis:
        """Return what a chain of two links rests on."""
        return max(self, other, key=list(Basis).index)


@dataclass(frozen=True, slots=True)
class CheckLink:
    """A check that speaks to a measure."""

    check: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """An item of a law or framework.

    ``group`` is the id of the principle or chapter it belongs to; ``carrier`` is who carries it out
    (municipality, regional or national), ``helped_by`` who can help; ``effort`` is 1 (least) to 5.
    ``follows`` are measures of the framework that recommends, whose checks are already among ``checks``.
    ``cost`` is what a site says it costs, in kroner.
    """

    id: str
    group: str
    title: Texts
    carrier: str
    effort: int
    checks: tuple[CheckLink, ...]
    place: Place
    helped_by: tuple[str, ...] = ()
    note: Texts | Absent = ABSENT
    follows: tuple[str, ...] = ()
    cost: int | Absent = ABSENT

    @property
    def verifiable(self) -> bool:
        """Say whether any check speaks to this measure."""
        return bool(self.checks)


@dataclass(frozen=True, slots=True)
class MeasureGroup:
    """A principle or chapter that holds measures."""

    id: str
    title: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A catalogue of measures, in the order of its source."""

    id: str
    title: Texts
    version: str
    publisher: Texts
    source: str
    groups: tuple[MeasureGroup, ...]
    measures: tuple[Measure, ...]
    place: Place
    note: Texts | Absent = ABSENT
