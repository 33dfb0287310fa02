"""The lines that a diagnosis is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Absent, Known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.errors import ConnectError
    from hardening.model.evidence import Field


class State(StrEnum):
    """How a stage is. Trouble that only costs answers, or that a scan survives, is a warning."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One stage of a target: its state, what was seen, what to do, and the line to paste (each may be empty)."""

    stage: str
    state: State
    what: str
    remedy: str = ""
    line: str = ""


def ok(stage: str, what: str) -> Diagnosis:
    """Return that a stage is passed."""
    return Diagnosis(stage=stage, state=State.OK, what=clean_line(what, 500))


def failed(stage: str, failure: ConnectError | Absent, line: str = "") -> Diagnosis:
    """Return that a stage was not passed, and why."""
    reason, remedy = ("", "") if isinstance(failure, Absent) else (failure.reason, failure.remedy)
    return Diagnosis(stage=stage, state=State.FAIL, what=reason, remedy=remedy, line=line)


def text_of(connection: Mapping[str, Field], name: str) -> str:
    """Return a field of the connection for people."""
    field = connection.get(name, ABSENT)
    return str(field.value) if isinstance(field, Known) else "something unknown"
