"""A versioned set of requirements that name checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hardening.model.check import Constant
from hardening.model.evidence import ABSENT, Absent
from hardening.model.place import Place
from hardening.model.platform import PlatformCondition
from hardening.model.texts import Texts


class Level(StrEnum):
    """How much of a baseline is asked for; extended holds basic."""

    BASIC = "basic"
    EXTENDED = "extended"

    def includes(self, other: Level) -> bool:
        """Say whether a control of ``other`` belongs to this level."""
        return other is Level.BASIC or self is Level.EXTENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One requirement: checks that settle it, a question for a person, or the reason why nothing does.

    Exactly one of ``checks``, ``manual`` and ``uncovered`` is given; the others are empty or ``Absent()``.
    """

    id: str
    title: Texts
    level: Level
    place: Place
    checks: tuple[str, ...] = ()
    parameters: Mapping[str, Mapping[str, Constant]] = field(default_factory=dict)
    manual: Texts | Absent = ABSENT
    uncovered: Texts | Absent = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline after ``extends``, ``without`` and its own parameters were worked in.

    ``parameters`` is by check id, then parameter name. ``without`` gives the reason why an inherited check is left out.
    """

    id: str
    title: Texts
    version: str
    controls: tuple[Control, ...]
    place: Place
    default_for: tuple[PlatformCondition, ...] = ()
    extends: str = ""
    without: Mapping[str, Texts] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Constant]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class BaselineReference:
    """A baseline and how much of it: ``linux-server:extended``; without a level, basic."""

    id: str
    level: Level = Level.BASIC

    def __str__(self) -> str:
        return self.id if self.level is Level.BASIC else f"{self.id}:{self.level}"

    @classmethod
    def parse(cls, text: str) -> BaselineReference:
        """Return the reference that ``text`` says; raises ``ValueError`` on an unknown level."""
        name, _, level = text.partition(":")
        return cls(name, Level(level) if level else Level.BASIC)


def controls_at(baseline: Baseline, level: Level) -> tuple[Control, ...]:
    """Return the controls of a baseline that a level asks for, in their order."""
    return tuple(control for control in baseline.controls if level.includes(control.level))
