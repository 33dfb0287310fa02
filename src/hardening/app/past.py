"""The past of a report, from the history: since when each gap has stood open, and the scans before."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from hardening.app.history import decode_results, open_history
from hardening.model.evidence import ABSENT, Absent
from hardening.model.judgement import Counts
from hardening.report.past import Past, with_past
from hardening.report.values import TrendEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.app.state import State
    from hardening.model.check import Severity
    from hardening.model.history import LoggedVisit
    from hardening.report.values import Report, Summary
    from hardening.store.history import History

MOST_SCANS = 400
"""Scans that are looked back on: more than a year of one a day."""

SHARE = 2
"""A scan stands in the row if it visited at least one of so many of the report's targets: half of them."""


def add_past(report: Report, state: State) -> Report:
    """Return the report with what earlier scans tell; the same if none is kept. Raises ``StorageError``."""
    return with_past(report, read_past(report.summary, state))


def read_past(summary: Summary, state: State) -> Past | Absent:
    """Return the past of the targets of a report, before its scan began; absent if no scan of them is kept."""
    if not state.has_history:
        return ABSENT
    history = open_history(state)
    names = {target.name for target in summary.targets}
    open_gaps: dict[str, set[str]] = defaultdict(set)
    for gap in summary.gaps:
        open_gaps[gap.target].add(gap.result)
    looking = _Looking(history, open_gaps)
    found: list[tuple[str, TrendEntry]] = []
    left_out = 0
    logged = history.visits_before(summary.info.started, last=MOST_SCANS)
    for _, group in groupby(logged, key=lambda visit: visit.scan):
        visits = [visit for visit in group if visit.target in names]
        for visit in visits:
            looking.look(visit)
        if len(visits) * SHARE >= len(names) and visits:
            found.append((visits[0].content_digest, _build_point(visits)))
        else:
            left_out += 1
    if not found and not looking.first_seen:
        return ABSENT
    digests = [digest for digest, _ in reversed(found)]
    points = [point for _, point in reversed(found)]
    return Past(
        points=tuple(_mark_breaks(points, digests)),
        left_out=left_out,
        first_seen=looking.first_seen,
        last_content=digests[-1] if digests else "",
    )


class _Looking:
    """Looks back from scan to scan, for each gap as long as it stood open."""

    def __init__(self, history: History, open_gaps: Mapping[str, set[str]]) -> None:
        self._history = history
        self._open = {target: set(gaps) for target, gaps in open_gaps.items()}
        self._read: dict[str, tuple[str, Mapping[str, object]]] = {}
        self.first_seen: dict[str, int] = {}

    def look(self, visit: LoggedVisit) -> None:
        """Take in the next earlier visit of a target.

        A gap that could not be examined then may have been there: it is looked for further back, and that scan is
        passed over. One that was not there then ends the search.
        """
        waiting = self._open.get(visit.target)
        if not waiting or not visit.reached:
            return
        outcomes = self._outcomes(visit)
        for gap in tuple(waiting):
            match outcomes.get(gap):
                case "fail":
                    self.first_seen[gap] = visit.started
                case "error" | None:
                    pass
                case _:
                    waiting.discard(gap)

    def _outcomes(self, visit: LoggedVisit) -> Mapping[str, object]:
        """Return the outcomes of a visit by result id; the same document is read once in a row."""
        digest, outcomes = self._read.get(visit.target, ("", {}))
        if digest != visit.results:
            results = decode_results(self._history.read(visit.results))
            outcomes = {str(result["id"]): result["outcome"] for result in results}
            self._read[visit.target] = (visit.results, outcomes)
        return outcomes


def _build_point(visits: Sequence[LoggedVisit]) -> TrendEntry:
    gaps: Counter[Severity] = Counter()
    for visit in visits:
        gaps.update(visit.gaps)
    return TrendEntry(
        scan=visits[0].scan,
        started=visits[0].started,
        targets=len(visits),
        counts=sum((visit.counts for visit in visits), Counts()),
        gaps=dict(gaps),
        other_content=False,
    )


def _mark_breaks(points: Sequence[TrendEntry], digests: Sequence[str]) -> list[TrendEntry]:
    """Return the points, each with whether it was judged by other content than the one before."""
    before = ["", *digests]
    return [
        replace(point, other_content=bool(old) and old != new)
        for point, old, new in zip(points, before, digests, strict=False)
    ]
