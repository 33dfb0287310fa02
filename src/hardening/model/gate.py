"""What the gate says of a whole scan: an exit status and the lines that explain it, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from hardening.model.check import Severity
from hardening.model.evidence import ABSENT, Absent
from hardening.model.texts import Texts


class GateCause(StrEnum):
    """Why the gate does not simply open; reports word it."""

    GAPS = "gaps"
    NEW_GAPS = "new_gaps"
    COMPLIANCE = "compliance"
    ERRORS = "errors"
    NOT_REACHED = "not_reached"
    PROBLEMS = "problems"
    COVERAGE = "coverage"
    NOTHING_EXAMINED = "nothing_examined"
    NOT_COMPARABLE = "not_comparable"
    BY_CONTENT = "by_content"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLine:
    """One cause. ``exit_code`` is what it asks for, also when ``--on-incomplete warn`` lets it pass.

    ``count`` is of gaps, errors or targets. ``level`` is the least severity that counted. ``actual`` and ``minimum``
    are shares of 1; ``actual`` is absent when there was nothing to take a share of.
    """

    cause: GateCause
    exit_code: int
    count: int = 0
    level: Severity | Absent = ABSENT
    actual: Fraction | Absent = ABSENT
    minimum: Fraction | Absent = ABSENT

    @property
    def wording(self) -> Texts:
        """The line in words."""
        words = _ONE.get(self.cause, _WORDS[self.cause]) if self.count == 1 else _WORDS[self.cause]
        return Texts(
            en=words.en.format(
                count=self.count,
                level=_in_english(self.level),
                actual=_percent(self.actual, ".", "unknown"),
                minimum=_percent(self.minimum, ".", "unknown"),
            ),
            nb=words.nb.format(
                count=self.count,
                level=_in_bokmal(self.level),
                actual=_percent(self.actual, ",", "ukjent"),
                minimum=_percent(self.minimum, ",", "ukjent"),
            ),
            nn=words.nn.format(
                count=self.count,
                level=_in_nynorsk(self.level),
                actual=_percent(self.actual, ",", "ukjend"),
                minimum=_percent(self.minimum, ",", "ukjend"),
            ),
        )


@dataclass(frozen=True, slots=True)
class Gate:
    """The exit status of a scan with every cause, the graver first; no lines when all is well."""

    exit_code: int
    lines: tuple[GateLine, ...]


_WORDS = {
    GateCause.GAPS: Texts(
        en="{count} gaps of severity {level}",
        nb="{count} avvik med alvorlighet {level}",
        nn="{count} avvik med alvor {level}",
    ),
    GateCause.NEW_GAPS: Texts(
        en="{count} new gaps of severity {level}",
        nb="{count} nye avvik med alvorlighet {level}",
        nn="{count} nye avvik med alvor {level}",
    ),
    GateCause.NOT_COMPARABLE: Texts(
        en="{count} targets or results were examined with less than before and cannot be compared",
        nb="{count} systemer eller resultater er undersøkt mindre enn før og kan ikke sammenlignes",
        nn="{count} system eller resultat er undersøkte mindre enn før og kan ikkje samanliknast",
    ),
    GateCause.BY_CONTENT: Texts(
        en="{count} results changed by content: the check or its parameters are not those of before",
        nb="{count} resultater er endret av innholdet: sjekken eller parameterne er ikke de samme som før",
        nn="{count} resultat er endra av innhaldet: sjekken eller parametrane er ikkje dei same som før",
    ),
    GateCause.COMPLIANCE: Texts(
        en="compliance is {actual}, at least {minimum} is asked for",
        nb="etterlevelsen er {actual}, minst {minimum} kreves",
        nn="etterlevinga er {actual}, minst {minimum} er kravd",
    ),
    GateCause.ERRORS: Texts(
        en="{count} results of severity {level} could not be examined",
        nb="{count} resultater med alvorlighet {level} kunne ikke undersøkes",
        nn="{count} resultat med alvor {level} kunne ikkje undersøkjast",
    ),
    GateCause.NOT_REACHED: Texts(
        en="{count} targets were not reached", nb="{count} systemer ble ikke nådd", nn="{count} system vart ikkje nådde"
    ),
    GateCause.PROBLEMS: Texts(
        en="{count} targets could not be assessed as a whole",
        nb="{count} systemer kunne ikke vurderes som helhet",
        nn="{count} system kunne ikkje vurderast som heilskap",
    ),
    GateCause.COVERAGE: Texts(
        en="coverage is {actual}, at least {minimum} is asked for",
        nb="dekningen er {actual}, minst {minimum} kreves",
        nn="dekninga er {actual}, minst {minimum} er kravd",
    ),
    GateCause.NOTHING_EXAMINED: Texts(
        en="nothing was examined", nb="ingenting ble undersøkt", nn="ingenting vart undersøkt"
    ),
}
_ONE = {
    GateCause.GAPS: Texts(
        en="1 gap of severity {level}", nb="1 avvik med alvorlighet {level}", nn="1 avvik med alvor {level}"
    ),
    GateCause.NEW_GAPS: Texts(
        en="1 new gap of severity {level}",
        nb="1 nytt avvik med alvorlighet {level}",
        nn="1 nytt avvik med alvor {level}",
    ),
    GateCause.NOT_COMPARABLE: Texts(
        en="1 target or result was examined with less than before and cannot be compared",
        nb="1 system eller resultat er undersøkt mindre enn før og kan ikke sammenlignes",
        nn="1 system eller resultat er undersøkt mindre enn før og kan ikkje samanliknast",
    ),
    GateCause.BY_CONTENT: Texts(
        en="1 result changed by content: the check or its parameters are not those of before",
        nb="1 resultat er endret av innholdet: sjekken eller parameterne er ikke de samme som før",
        nn="1 resultat er endra av innhaldet: sjekken eller parametrane er ikkje dei same som før",
    ),
    GateCause.ERRORS: Texts(
        en="1 result of severity {level} could not be examined",
        nb="1 resultat med alvorlighet {level} kunne ikke undersøkes",
        nn="1 resultat med alvor {level} kunne ikkje undersøkjast",
    ),
    GateCause.NOT_REACHED: Texts(
        en="1 target was not reached", nb="1 system ble ikke nådd", nn="1 system vart ikkje nådd"
    ),
    GateCause.PROBLEMS: Texts(
        en="1 target could not be assessed as a whole",
        nb="1 system kunne ikke vurderes som helhet",
        nn="1 system kunne ikkje vurderast som heilskap",
    ),
}
_BOKMAL = {
    Severity.CRITICAL: "kritisk",
    Severity.HIGH: "høy",
    Severity.MEDIUM: "middels",
    Severity.LOW: "lav",
    Severity.INFO: "info",
}

_NYNORSK = {**_BOKMAL, Severity.HIGH: "høg", Severity.LOW: "låg"}


def _in_english(level: Severity | Absent) -> str:
    if isinstance(level, Absent):
        return ""
    return level.value if level is Severity.CRITICAL else f"{level.value} or above"


def _in_bokmal(level: Severity | Absent) -> str:
    if isinstance(level, Absent):
        return ""
    return _BOKMAL[level] if level is Severity.CRITICAL else f"{_BOKMAL[level]} eller høyere"


def _in_nynorsk(level: Severity | Absent) -> str:
    if isinstance(level, Absent):
        return ""
    return _NYNORSK[level] if level is Severity.CRITICAL else f"{_NYNORSK[level]} eller høgare"


def _percent(share: Fraction | Absent, mark: str, unknown: str) -> str:
    """Return a share with one decimal, cut and not rounded: what is below a minimum never looks equal to it."""
    if isinstance(share, Absent):
        return unknown
    tenths = share.numerator * 1000 // share.denominator
    return f"{tenths // 10}{mark}{tenths % 10} %"
