"""An expectation on evidence: the check language as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hardening.model.evidence import ABSENT, Absent, Evidence
from hardening.model.place import NOWHERE, Place
from hardening.model.platform import PlatformCondition
from hardening.model.probe import Probe
from hardening.model.texts import Texts


class Severity(StrEnum):
    """How much a gap matters; ``weight`` is the risk it counts for (DESIGN: 8, 4, 2, 1, 0)."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def weight(self) -> int:
        """Risk points of one gap."""
        return {"critical": 8, "high": 4, "medium": 2, "low": 1, "info": 0}[self.value]

    @property
    def rank(self) -> int:
        """0 for the most severe, 4 for the least."""
        return list(Severity).index(self)


class Outcome(StrEnum):
    """What became of one check on one target."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    FAIL = "fail"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"


class ParameterType(StrEnum):
    """The types that a check parameter can have."""

    TEXT = "text"
    TEXTS = "texts"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    MODE = "mode"


Scalar = str | int | bool
Constant = Scalar | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A value that a baseline, a site or a target may set, with its default."""

    type: ParameterType
    default: Constant
    description: Texts


@dataclass(frozen=True, slots=True)
class ParameterReference:
    """Stands in a comparison for the value of a parameter."""

    name: str


Operand = Constant | ParameterReference


@dataclass(frozen=True, slots=True)
class FieldReference:
    """``<probe>.<field>``; inside an ``each`` the probe is empty and the field is one of the record's."""

    probe: str
    field: str

    def __str__(self) -> str:
        return f"{self.probe}.{self.field}" if self.probe else self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One field held against one operand. ``when_absent`` overrides the check's own; ``Absent()`` means it does not."""

    field: FieldReference
    operator: str
    operand: Operand
    when_absent: Outcome | Absent = ABSENT
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every node must hold."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one node must hold."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The node must not hold."""

    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """Every record for which ``where`` holds must meet ``expect``; ``key`` names the record in reasons.

    ``where`` is ``Absent()`` when all records count. ``when_empty`` is the outcome when no record is left.
    """

    field: FieldReference
    key: str
    expect: Node
    when_empty: Outcome
    where: Node | Absent = ABSENT
    place: Place = NOWHERE


Node = Comparison | AllOf | AnyOf | Not | Each


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A state with the outcome that the check must reach on it; ``evidence`` is by the check's own probe names."""

    name: str
    evidence: Mapping[str, Evidence]
    outcome: Outcome
    parameters: Mapping[str, Constant] = field(default_factory=dict)
    time: int = 0
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One expectation, with everything that a report says about it.

    ``version`` is the first 12 hexadecimal digits of the SHA-256 of the check's canonical form.
    ``danger`` says what may go wrong when the gap is closed; ``Absent()`` if nothing special may.
    """

    id: str
    title: Texts
    severity: Severity
    rationale: Texts
    applies_to: tuple[PlatformCondition, ...]
    probes: Mapping[str, Probe]
    expect: Node
    remediation: Texts
    action: str
    references: tuple[str, ...]
    samples: tuple[Sample, ...]
    version: str
    place: Place
    parameters: Mapping[str, ParameterSpec] = field(default_factory=dict)
    only_if: Node | Absent = ABSENT
    when_absent: Outcome = Outcome.FAIL
    danger: Texts | Absent = ABSENT


class ActionMeans(StrEnum):
    """How an action is carried out."""

    PACKAGE = "package"
    FILE = "file"
    GROUP_POLICY = "group policy"
    DIRECTORY = "directory"
    DECISION = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What an admin does once to close the gaps of several checks; ``effort`` is 1 (least) to 5.

    ``cost`` is what a site says it costs, in kroner.
    """

    id: str
    title: Texts
    effort: int
    how: ActionMeans
    place: Place
    cost: int | Absent = ABSENT
