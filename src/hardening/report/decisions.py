"""What people decided and answered, as a report shows it: waivers of gaps, attestations of measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.attestation import AttestationState
from hardening.model.waiver import DAY, SOON_DAYS, WaiverState
from hardening.report.values import AttestationLine, WaiverLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hardening.model.attestation import Attestation
    from hardening.model.content import Content
    from hardening.model.waiver import Waivers


def build_waiver_lines(waivers: Waivers, now: int, uses: Mapping[str, int]) -> Iterator[WaiverLine]:
    """Yield each waiver, those that end first at the top; ``uses`` counts the results that each covers."""
    for waiver in sorted(waivers.waivers, key=lambda waiver: (waiver.ends, waiver.id)):
        state = waiver.state(now, waivers.longest_days)
        yield WaiverLine(
            id=waiver.id,
            check=waiver.check,
            state=state,
            reason=waiver.reason,
            owner=waiver.owner,
            approver=waiver.approver,
            ticket=waiver.ticket,
            compensating=waiver.compensating,
            starts=waiver.starts,
            ends=waiver.ends,
            ends_soon=state is WaiverState.VALID and waiver.ends - now <= SOON_DAYS * DAY,
            results=uses.get(waiver.id, 0),
        )


def build_attestation_lines(
    attestations: Iterable[Attestation], content: Content, now: int
) -> Iterator[AttestationLine]:
    """Yield each attestation in the order of the frameworks and their measures."""
    given = {each.name: each for each in attestations}
    for framework in content.frameworks.values():
        for measure in framework.measures:
            if (attestation := given.get(f"{framework.id}/{measure.id}")) is None:
                continue
            state = attestation.state(now)
            yield AttestationLine(
                framework=framework.id,
                measure=measure.id,
                title=measure.title,
                state=state,
                answer=attestation.answer,
                statement=attestation.statement,
                person=attestation.person,
                evidence=attestation.evidence,
                made=attestation.made,
                ends=attestation.ends,
                ends_soon=state is AttestationState.VALID and attestation.ends - now <= SOON_DAYS * DAY,
            )
