"""Files of measures, each measure with the checks that speak to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hardening.model.evidence import ABSENT
from hardening.model.measure import Basis, CheckLink, Framework, Measure, MeasureGroup

if TYPE_CHECKING:
    from hardening.content.baselines import KnownChecks
    from hardening.content.forms.framework import FrameworkForm, MeasureForm
    from hardening.content.inspection import Inspection
    from hardening.documents.places import Document

RECOMMENDING = "nsm-gp-ikt-2.1"
"""The framework whose first measure for a check is the recommended one, and that others may follow."""


@dataclass(frozen=True, slots=True)
class FrameworkSource:
    """A file of measures under inspection, not yet tied to the framework that it follows."""

    form: FrameworkForm
    inspection: Inspection


def inspect_framework(form: FrameworkForm, known: KnownChecks, inspection: Inspection, *, stem: str) -> None:
    """Note every problem of a framework that stands in ``stem``.yaml."""
    inspection.require_stem(form.id, stem)
    groups = {group.id for group in form.groups}
    inspection.require_unique(
        [(("groups", index, "id"), group.id) for index, group in enumerate(form.groups)], "the group"
    )
    inspection.require_unique(
        [(("measures", index, "id"), measure.id) for index, measure in enumerate(form.measures)], "the measure"
    )
    for index, measure in enumerate(form.measures):
        inspection.require_known(("measures", index, "group"), "group", measure.group, groups)
        links = [(("measures", index, "checks", at, "id"), link.id) for at, link in enumerate(measure.checks)]
        inspection.require_unique(links, "the check")
        for path, check in links:
            known.require(path, check, inspection)
        if measure.follows and form.id == RECOMMENDING:
            inspection.refuse_key(("measures", index, "follows"), f"{RECOMMENDING} follows no other", "name checks")


def inspect_follows(source: FrameworkSource, followed: Collection[str]) -> None:
    """Note a problem for each followed measure that does not exist; ``followed`` are those there are."""
    for index, measure in enumerate(source.form.measures):
        for at, name in enumerate(measure.follows.measures if measure.follows else ()):
            path = ("measures", index, "follows", "measures", at)
            source.inspection.require_known(path, f"measure of {RECOMMENDING}", name, followed)


def build_framework(form: FrameworkForm, document: Document) -> Framework:
    """Return a framework that was inspected, with the checks that it names itself."""
    return Framework(
        id=form.id,
        title=form.title.build(),
        version=form.version,
        publisher=form.publisher.build(),
        source=form.source,
        note=form.note.build() if form.note else ABSENT,
        groups=tuple(MeasureGroup(group.id, group.title.build()) for group in form.groups),
        measures=tuple(_build_measure(measure, document, index) for index, measure in enumerate(form.measures)),
        place=document.place(),
    )


def _build_measure(measure: MeasureForm, document: Document, index: int) -> Measure:
    return Measure(
        id=measure.id,
        group=measure.group,
        title=measure.title.build(),
        carrier=measure.carrier,
        effort=measure.effort,
        checks=tuple(CheckLink(link.id, link.basis) for link in measure.checks),
        place=document.place("measures", index),
        helped_by=tuple(measure.helped_by),
        note=measure.note.build() if measure.note else ABSENT,
        follows=tuple(measure.follows.measures) if measure.follows else (),
    )


def follow(framework: Framework, source: FrameworkSource, followed: Mapping[str, Measure]) -> Framework:
    """Return a framework with the checks of the measures that it follows; what it names itself stands first."""
    bases = [form.follows.basis if form.follows else Basis.JUDGEMENT for form in source.form.measures]
    measures = tuple(
        replace(measure, checks=(*measure.checks, *_followed_links(measure, basis, followed)))
        for measure, basis in zip(framework.measures, bases, strict=True)
    )
    return replace(framework, measures=measures)


def _followed_links(measure: Measure, basis: Basis, followed: Mapping[str, Measure]) -> Iterator[CheckLink]:
    named = {link.check for link in measure.checks}
    for name in measure.follows:
        for link in followed[name].checks if name in followed else ():
            if link.check not in named:
                named.add(link.check)
                yield CheckLink(link.check, basis.weaker(link.basis))
