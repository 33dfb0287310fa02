"""Files of measures, each measure with the checks that speak to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.measure import CheckLink, Framework, Measure, MeasureGroup

if TYPE_CHECKING:
    from hardening.content.baselines import KnownChecks
    from hardening.content.forms.framework import FrameworkForm
    from hardening.content.inspection import Inspection
    from hardening.documents.places import Document


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


def build_framework(form: FrameworkForm, document: Document) -> Framework:
    """Return a framework that was inspected."""
    return Framework(
        id=form.id,
        title=form.title.build(),
        version=form.version,
        publisher=form.publisher.build(),
        source=form.source,
        groups=tuple(MeasureGroup(group.id, group.title.build()) for group in form.groups),
        measures=tuple(
            Measure(
                id=measure.id,
                group=measure.group,
                title=measure.title.build(),
                carrier=measure.carrier,
                effort=measure.effort,
                checks=tuple(CheckLink(link.id, link.basis) for link in measure.checks),
                place=document.place("measures", index),
            )
            for index, measure in enumerate(form.measures)
        ),
        place=document.place(),
    )
