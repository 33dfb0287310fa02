"""What earlier scans add to a report: how old each gap is, and how the numbers developed. Nothing is judged again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hardening.model.evidence import Absent
from hardening.model.judgement import Gap
from hardening.report.values import Report, Trend, TrendEntry


@dataclass(frozen=True, slots=True)
class Past:
    """Earlier scans of the targets of a report, oldest first, and since when its gaps stood open, by result id.

    ``left_out`` counts the scans that visited too few of the targets to stand beside it; ``last_content`` is the
    content digest of the last scan.
    """

    points: tuple[TrendEntry, ...]
    left_out: int
    first_seen: Mapping[str, int]
    last_content: str


def with_past(report: Report, past: Past | Absent) -> Report:
    """Return the report with the age of each gap and the trend; the same report where no earlier scan is kept."""
    if isinstance(past, Absent):
        return report
    summary = report.summary
    info = summary.info
    now = TrendEntry(
        scan="",
        started=info.started,
        targets=len(summary.targets),
        counts=summary.counts,
        gaps={line.severity: line.counts.gaps for line in summary.severities},
        other_content=past.last_content != info.content_digest,
    )

    def age(gap: Gap) -> Gap:
        return replace(gap, first_seen=past.first_seen.get(gap.result, info.started))

    return Report(
        replace(
            summary,
            gaps=tuple(age(gap) for gap in summary.gaps),
            trend=Trend((*past.points, now), past.left_out),
        ),
        report.targets,
    )
