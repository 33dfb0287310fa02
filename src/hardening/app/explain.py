"""One check in one scan: what was seen and how it was judged. Touches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.report.target_values import ResultEntry
    from hardening.report.values import Report


def find_results(report: Report, check: str, targets: Sequence[str]) -> tuple[ResultEntry, ...]:
    """Return the results of a check in a report, of some targets or of all; raises ``UsageError`` if there are none."""
    known = {target.name for target in report.summary.targets}
    for target in targets:
        if target not in known:
            msg = f"target {target} is not in this scan; it holds {', '.join(sorted(known))}"
            raise UsageError(msg)
    found = tuple(
        result
        for target in report.targets
        if not targets or target.entry.name in targets
        for result in target.results
        if result.check == check
    )
    if not found:
        msg = f"check {check} was not judged in this scan; scan with a baseline that holds it"
        raise UsageError(msg)
    return found
