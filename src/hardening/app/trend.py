"""The numbers of scans beside one another, and what makes two of them hard to compare."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from hardening.model.history import TrendPoint


def describe_trend(points: Sequence[TrendPoint]) -> dict[str, object]:
    """Return the trend as JSON data."""
    return {
        "points": [
            {
                "scan": point.scan,
                "started": point.started,
                "content_digest": point.content_digest,
                "targets": point.targets,
                "unreached": point.unreached,
                "passed": point.counts.passed,
                "failed": point.counts.failed,
                "errors": point.counts.errors,
                "not_applicable": point.counts.not_applicable,
                "compliance": _number(point.counts.compliance),
                "coverage": _number(point.counts.coverage),
                "gaps": {severity.value: number for severity, number in point.gaps.items()},
            }
            for point in points
        ],
        "notes": [{"scan": scan, "note": note} for scan, note in find_breaks(points)],
    }


def find_breaks(points: Sequence[TrendPoint]) -> Iterator[tuple[str, str]]:
    """Yield scans that differ from the one before in more than what was found."""
    for before, point in pairwise(points):
        if before.content_digest != point.content_digest:
            yield point.scan, "judged by other content than the scan before"
        if before.targets != point.targets:
            yield point.scan, f"{before.targets} targets before, {point.targets} now"


def format_share(share: Fraction | Absent) -> str:
    """Return a share with one decimal, cut and not rounded."""
    if isinstance(share, Absent):
        return "     –"
    tenths = share.numerator * 1000 // share.denominator
    return f"{tenths // 10:>3}.{tenths % 10}%"


def _number(share: Fraction | Absent) -> float | None:
    return None if isinstance(share, Absent) else round(float(share), 6)
