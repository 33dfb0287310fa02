"""`waivers.yaml` as people write it, and as it is read: dates as times, operands still as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field, StringConstraints

from hardening.documents.parse import load_document
from hardening.documents.scalars import Dialect
from hardening.documents.validate import Form, validate
from hardening.errors import ContentError, UsageError
from hardening.inventory.days import Day, parse_day
from hardening.inventory.load import require_unshared
from hardening.inventory.selector import parse_selector
from hardening.model.place import Place
from hardening.model.waiver import LabelCondition, Waiver

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.documents.places import Document, PathStep
    from hardening.inventory.load import RawValue
    from hardening.model.place import Problem


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class AcceptedForm(Form):
    """What was accepted of one field: the operator is the key of the operand, as in a check."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, str | list[str]]

    field: Text = Field(description="<probe>.<field>; of records <probe>.<records>.<field>")
    key: Text | None = Field(None, description="only this record of an each")


class WaiverForm(Form):
    """A dated decision of an owner to live with a failing check."""

    id: Text
    check: Text
    targets: Annotated[list[Text], Field(min_length=1)] | None = Field(None, description="names of targets")
    select: Text | None = Field(None, description="labels instead of names, as zone=dmz,role!=db")
    keys: list[Text] = Field(default_factory=list, description="records of an each that it is for")
    holds: Annotated[list[AcceptedForm], Field(min_length=1)]
    reason: Text
    owner: Text = Field(description="who carries the risk")
    approver: Text | None = Field(None, description="who approved it, somebody else; without one it does not count")
    ticket: Text
    compensating: Text = Field(description="what is done instead")
    starts: Day
    expires: Day = Field(description="the last day on which it counts, in UTC")


class WaiversDocument(Form):
    """`waivers.yaml`."""

    waivers: list[WaiverForm] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RawAccepted:
    """A comparison whose operand is still as it stands in the file."""

    field: str
    operator: str
    operand: RawValue
    key: str
    place: Place


@dataclass(frozen=True, slots=True)
class RawWaiver:
    """A waiver without its comparisons, and these."""

    waiver: Waiver
    holds: tuple[RawAccepted, ...]


def load_waivers_file(path: Path) -> tuple[RawWaiver, ...]:
    """Return the waivers of a file; raises ``ContentError`` with every problem of its form."""
    require_unshared(path)
    document = load_document(path, Dialect.SITE)
    form = validate(WaiversDocument, document)
    problems: list[Problem] = []
    counts = Counter(waiver.id for waiver in form.waivers)
    read = []
    for number, waiver in enumerate(form.waivers):
        at: tuple[PathStep, ...] = ("waivers", number)
        if counts[waiver.id] > 1:
            problems.append(document.problem((*at, "id"), f"two waivers are named {waiver.id}", "rename one"))
        read.append(_read(waiver, document, at, problems))
    if problems:
        raise ContentError(problems)
    return tuple(read)


def _read(form: WaiverForm, document: Document, at: tuple[PathStep, ...], problems: list[Problem]) -> RawWaiver:
    if (form.targets is None) is (form.select is None):
        problems.append(document.problem(at, f"{form.id} does not say where it counts", "give `targets` or `select`"))
    labels: tuple[LabelCondition, ...] = ()
    if form.select is not None:
        try:
            labels = tuple(LabelCondition(term.label, term.value, term.equal) for term in parse_selector(form.select))
        except UsageError as error:
            problems.append(document.problem((*at, "select"), str(error)))
    starts, ends = parse_day(form.starts), parse_day(form.expires) + int(timedelta(days=1).total_seconds())
    if ends <= starts:
        problems.append(document.problem((*at, "expires"), f"{form.id} ends before it starts", "correct the days"))
    holds = []
    for number, accepted in enumerate(form.holds):
        here = (*at, "holds", number)
        operators = list(accepted.__pydantic_extra__.items())
        if len(operators) != 1:
            what = "this names no operator" if not operators else "this names two operators"
            problems.append(document.problem(here, what, "write one operator with its operand, as in a check"))
            continue
        ((operator, raw),) = operators
        if accepted.key is not None and accepted.key not in form.keys:
            problems.append(document.problem((*here, "key"), f"{accepted.key} is not among the keys", "add it there"))
        operand = tuple(raw) if isinstance(raw, list) else raw
        holds.append(RawAccepted(accepted.field, operator, operand, accepted.key or "", document.place(*here)))
    waiver = Waiver(
        id=form.id,
        check=form.check,
        targets=tuple(form.targets or ()),
        labels=labels,
        keys=tuple(form.keys),
        holds=(),
        reason=form.reason,
        owner=form.owner,
        approver=form.approver or "",
        ticket=form.ticket,
        compensating=form.compensating,
        starts=starts,
        ends=ends,
        place=document.place(*at),
    )
    return RawWaiver(waiver, tuple(holds))
