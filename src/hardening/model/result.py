"""The outcome of one check on one target, with reasons in data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hardening.model.check import Constant, Outcome
from hardening.model.evidence import ABSENT, Absent, Field, FieldType


class Verdict(StrEnum):
    """What one comparison came to; both kinds of undecided keep their cause."""

    TRUE = "true"
    FALSE = "false"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Told:
    """A field of a record that is told beside its key, whatever is compared."""

    name: str
    type: FieldType
    actual: Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One comparison: what was expected, what was seen and where, and what it came to.

    ``verdict`` is what it came to where it stands: ``negated`` says that a ``not`` around it was worked in.
    ``key`` names the record of an ``each`` (empty elsewhere). ``decisive`` marks the comparisons that made the outcome.
    ``type`` is that of the field, absent where no kind declares it. ``told`` is what else is known of the record.
    """

    field: str
    operator: str
    expected: Constant
    actual: Field
    verdict: Verdict
    key: str = ""
    decisive: bool = True
    negated: bool = False
    type: FieldType | Absent = ABSENT
    told: tuple[Told, ...] = ()


class Origin(StrEnum):
    """Who set a parameter's value; later ones win."""

    CHECK = "check"
    BASELINE = "baseline"
    SITE = "site"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A value in force and who set it; ``source`` names the baseline, the site rule or the target."""

    value: Constant
    origin: Origin
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """(target, check, effective parameters) and what came of it.

    ``id`` is ``<target>/<check>``, with ``@<8 hex>`` of the parameters where they are not the default.
    ``note`` says in one line why there is an error, why the check does not apply, or how many reasons are not listed;
    empty otherwise.
    ``failed_keys`` name the records of an ``each`` that failed, sorted, one that failed twice twice; of very many the
    rest is counted. ``waivers`` are the ids of those that cover a fail; the outcome stays what it is.
    """

    id: str
    target: str
    check: str
    check_version: str
    outcome: Outcome
    reasons: tuple[Reason, ...]
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    note: str = ""
    failed_keys: tuple[str, ...] = ()
    failed_keys_omitted: int = 0
    waivers: tuple[str, ...] = ()
