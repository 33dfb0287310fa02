"""The attestations of a site: each held against the measures there are, every problem at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.content.frameworks import RECOMMENDING
from hardening.documents.words import near_hint
from hardening.errors import ContentError
from hardening.inventory.attestations import load_attestations_file
from hardening.model.evidence import Absent
from hardening.model.place import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hardening.app.site import Site
    from hardening.model.attestation import Attestation
    from hardening.model.content import Content
    from hardening.model.measure import Measure

FILE = "attestations.yaml"


def load_attestations(site: Site, content: Content) -> tuple[Attestation, ...]:
    """Return the attestations of a site; raises ``ContentError`` with every problem, before anything is touched."""
    if isinstance(site.folder, Absent) or not (site.folder / FILE).exists():
        return ()
    attestations = tuple(_name_fully(each) for each in load_attestations_file(site.folder / FILE))
    known = {f"{each.id}/{measure.id}": measure for each in content.frameworks.values() for measure in each.measures}
    problems = [*_find_trouble(attestations, known)]
    if problems:
        raise ContentError(problems)
    return attestations


def _name_fully(attestation: Attestation) -> Attestation:
    framework, sign, measure = attestation.measure.partition("/")
    if not sign:
        framework, measure = RECOMMENDING, attestation.measure
    return replace(attestation, framework=framework, measure=measure)


def _find_trouble(attestations: Sequence[Attestation], known: Mapping[str, Measure]) -> Iterator[Problem]:
    counts = Counter(each.name for each in attestations)
    for each in attestations:
        if each.name not in known:
            hint = near_hint(each.name, known) or "`hardening measures list` shows them"
            yield Problem(each.place, f'no measure "{each.name}"', hint)
        elif known[each.name].verifiable:
            what = f"{each.name} is examined by checks, so nobody can attest it"
            yield Problem(each.place, what, "take it out; a gap that you live with is a waiver")
        elif counts[each.name] > 1:
            yield Problem(each.place, f"{each.name} is attested twice", "keep the answer that counts")
