"""`attestations.yaml` as people write it, and as it is read: dates as times, measures still as they were named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from hardening.documents.parse import load_document
from hardening.documents.scalars import Dialect
from hardening.documents.validate import Form, validate
from hardening.errors import ContentError
from hardening.inventory.days import Day, parse_day
from hardening.inventory.load import require_unshared
from hardening.model.attestation import Answer, Attestation
from hardening.model.waiver import DAY

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.documents.places import Document, PathStep
    from hardening.model.place import Problem

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class AttestationForm(Form):
    """The answer of a named person about a measure that no setting can settle."""

    measure: Text = Field(description="an id of NSM's, or FRAMEWORK/ID")
    answer: Literal["done", "partly", "missing"]
    statement: Text = Field(description="what is in place, in a sentence or two")
    person: Text = Field(description="who answers: name and role")
    evidence: Text = Field(description="what it rests on and where that lies, such as a case number")
    date: Day = Field(description="when it was answered")
    expires: Day = Field(description="the last day on which it counts, in UTC")


class AttestationsDocument(Form):
    """`attestations.yaml`."""

    attestations: list[AttestationForm] = Field(default_factory=list)


def load_attestations_file(path: Path) -> tuple[Attestation, ...]:
    """Return the attestations of a file, each with its measure as written and no framework.

    Raises ``ContentError`` with every problem of its form.
    """
    require_unshared(path)
    document = load_document(path, Dialect.SITE)
    form = validate(AttestationsDocument, document)
    problems: list[Problem] = []
    read = []
    for number, each in enumerate(form.attestations):
        at: tuple[PathStep, ...] = ("attestations", number)
        read.append(_read(each, document, at, problems))
    if problems:
        raise ContentError(problems)
    return tuple(read)


def _read(form: AttestationForm, document: Document, at: tuple[PathStep, ...], problems: list[Problem]) -> Attestation:
    made, ends = parse_day(form.date), parse_day(form.expires) + DAY
    if ends <= made:
        what = f"the attestation of {form.measure} ends before it is made"
        problems.append(document.problem((*at, "expires"), what, "correct the days"))
    return Attestation(
        framework="",
        measure=form.measure,
        answer=Answer(form.answer),
        statement=form.statement,
        person=form.person,
        evidence=form.evidence,
        made=made,
        ends=ends,
        place=document.place(*at, "measure"),
    )
