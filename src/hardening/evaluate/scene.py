"""What a node is evaluated on, and the tree of what its parts came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from hardening.evaluate.operators import TargetTime
from hardening.model.check import Constant, FieldReference, Operand, Outcome, ParameterReference
from hardening.model.evidence import ABSENT, Absent, Evidence, Field, FieldSpec, FieldType, Record, Unreadable
from hardening.model.result import Told, Verdict

_NO_FIELDS: Mapping[str, FieldSpec] = {}
_NO_EVIDENCE: Evidence = {}
_NOT_ASKED = Unreadable("not asked")
_UNDECIDED = frozenset({Verdict.ABSENT, Verdict.UNREADABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that the value of a node depends on.

    Inside an ``each``, ``evidence`` and ``fields`` hold one record under the empty probe name, ``prefix`` is what
    reasons put before its fields, ``key`` names it, and ``told`` stands beside the key. In a ``guard`` absent
    comparisons stay undecided.
    """

    evidence: Mapping[str, Evidence]
    fields: Mapping[str, Mapping[str, FieldSpec]]
    parameters: Mapping[str, Constant]
    when_absent: Outcome
    time: TargetTime
    guard: bool = False
    prefix: str = ""
    key: str = ""
    told: tuple[Told, ...] = ()

    def look_up(self, reference: FieldReference) -> tuple[FieldSpec | Absent, Field]:
        """Return what a field is declared to be and what was seen; not asked is unreadable."""
        spec = self.fields.get(reference.probe, _NO_FIELDS).get(reference.field, ABSENT)
        return spec, self.evidence.get(reference.probe, _NO_EVIDENCE).get(reference.field, _NOT_ASKED)

    def value_of(self, operand: Operand) -> Constant | Unreadable:
        """Return what a comparison is held against."""
        if isinstance(operand, ParameterReference):
            return self.parameters.get(operand.name, Unreadable(f"there is no parameter {operand.name}"))
        return operand

    def enter(
        self,
        record: Record,
        fields: Mapping[str, Mapping[str, FieldSpec]],
        *,
        prefix: str,
        key: str,
        told: Sequence[tuple[str, FieldType]],
    ) -> Scene:
        """Return the scene of one record of a list.

        ``fields`` are the record's, under the empty probe name; those of ``told`` are told beside its key.
        """
        return Scene(
            evidence={"": record},
            fields=fields,
            parameters=self.parameters,
            when_absent=self.when_absent,
            time=self.time,
            guard=self.guard,
            prefix=prefix,
            key=key,
            told=tuple([Told(name, kind, record.get(name, _NOT_ASKED)) for name, kind in told]),
        )

    def as_guard(self) -> Scene:
        """Return the same scene in which absent comparisons stay undecided."""
        return replace(self, guard=True)

    def absence(self, own: Outcome | Absent = ABSENT) -> Verdict:
        """Return what an absent field counts for; ``own`` is what the comparison itself says about it."""
        if self.guard:
            return Verdict.ABSENT
        return outcome_verdict(self.when_absent if isinstance(own, Absent) else own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One comparison; the fields are those of ``Reason``."""

    verdict: Verdict
    field: str
    operator: str
    expected: Constant
    actual: Field
    key: str = ""
    negated: bool = False
    type: FieldType | Absent = ABSENT
    told: tuple[Told, ...] = ()

    @property
    def is_undecided(self) -> bool:
        """Say whether nobody can tell."""
        return self.verdict in _UNDECIDED


@dataclass(frozen=True, slots=True)
class Branch:
    """Parts joined; those that agree with its verdict made it. ``unlisted`` tells of parts that are not kept.

    ``failed_keys`` name the records of an ``each`` that failed, up to a limit; the rest is counted.
    """

    verdict: Verdict
    parts: tuple[Part, ...]
    unlisted: str = ""
    failed_keys: tuple[str, ...] = ()
    failed_keys_omitted: int = 0

    @property
    def is_undecided(self) -> bool:
        """Say whether nobody can tell."""
        return self.verdict in _UNDECIDED


Part = Leaf | Branch


def as_verdict(*, holds: bool) -> Verdict:
    """Return the decided verdict."""
    return Verdict.TRUE if holds else Verdict.FALSE


def outcome_verdict(outcome: Outcome) -> Verdict:
    """Return what ``when_absent`` or ``when_empty`` makes of nothing: error is undecided, because it is not there."""
    match outcome:
        case Outcome.PASS:
            return Verdict.TRUE
        case Outcome.FAIL:
            return Verdict.FALSE
        case Outcome.ERROR | Outcome.NOT_APPLICABLE:  # pragma: no branch - the last of a closed union
            return Verdict.ABSENT


def strongest(verdicts: AbstractSet[Verdict], decider: Verdict) -> Verdict:
    """Join verdicts: one ``decider`` decides, else unreadable beats absent, else all hold the other way."""
    for verdict in (decider, Verdict.UNREADABLE, Verdict.ABSENT):
        if verdict in verdicts:
            return verdict
    return as_verdict(holds=decider is Verdict.FALSE)
