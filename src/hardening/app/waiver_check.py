"""What is wrong with the waivers of a site: those that do not count, and those that nothing needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import ABSENT, Absent
from hardening.model.place import Problem
from hardening.model.waiver import WaiverState, write_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.model.waiver import Waiver, Waivers
    from hardening.report.values import Report


def find_trouble(waivers: Waivers, now: int, scan: Report | Absent) -> tuple[Problem, ...]:
    """Return one problem for each waiver that does not count at ``now`` or that covers nothing in ``scan``."""
    uses = ABSENT if isinstance(scan, Absent) else count_uses(scan)
    return tuple(problem for waiver in waivers.waivers for problem in _find(waiver, waivers.longest_days, now, uses))


def count_uses(scan: Report) -> Mapping[str, int]:
    """Return how many results of a scan each waiver covers."""
    return {line.id: line.results for line in scan.summary.waivers}


def _find(waiver: Waiver, longest: int, now: int, uses: Mapping[str, int] | Absent) -> Iterator[Problem]:
    match waiver.state(now, longest):
        case WaiverState.UNAPPROVED:
            what = "nobody approved it" if not waiver.approver else f"{waiver.approver} owns it and approved it"
            yield Problem(waiver.place, f"{waiver.id}: {what}", "have it approved by somebody else than its owner")
        case WaiverState.TOO_LONG:
            what = f"{waiver.id}: it is meant for {waiver.days} days, and the site allows {longest}"
            yield Problem(waiver.place, what, "shorten it, or change waivers.longest_days in site.yaml")
        case WaiverState.EXPIRED:
            what = f"{waiver.id}: it ended on {write_day(waiver.ends - 1)}"
            yield Problem(waiver.place, what, "close the gap, decide anew, or remove it")
        case WaiverState.NOT_STARTED:
            pass
        case WaiverState.VALID:
            if not isinstance(uses, Absent) and not uses.get(waiver.id):
                what = f"{waiver.id}: it covers nothing in this scan"
                remedy = "remove it, or see with `hardening explain` what differs from what it accepts"
                yield Problem(waiver.place, what, remedy)
