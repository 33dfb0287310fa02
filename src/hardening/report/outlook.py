"""What would be if: measures taken as done, and the best work for a budget of effort. Nothing is judged again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.errors import UsageError
from hardening.model.judgement import effort_points
from hardening.report.values import Outlook, Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.report.values import ActionLine, MeasureLine, Summary


def with_outlook(report: Report, assumed: Sequence[str], budget: int) -> Report:
    """Return a report that also tells what would be with some measures done, then the best work for ``budget`` points.

    ``assumed`` are ids of measures, as ``2.6.4`` or ``lov/EFF-15``; raises ``UsageError`` for one that is unknown.
    """
    summary = report.summary
    done = [_find_measure(summary, name) for name in dict.fromkeys(assumed)]
    risks = {gap.result: gap.risk for gap in summary.gaps}
    closed = {gap for line in done for gap in line.gaps}
    chosen = choose_actions(summary.actions, {gap: risk for gap, risk in risks.items() if gap not in closed}, budget)
    closed.update(gap for action in chosen for gap in action.gaps)
    counts = summary.counts
    outlook = Outlook(
        measures=tuple(f"{line.framework}/{line.id}" for line in done),
        budget=budget,
        points=sum(effort_points(action.effort) for action in chosen),
        actions=tuple(action.id for action in chosen),
        closed=len(closed),
        counts=replace(counts, passed=counts.passed + len(closed), failed=counts.failed - len(closed)),
        risk_before=sum(risks.values()),
        risk_after=sum(risk for gap, risk in risks.items() if gap not in closed),
    )
    return Report(replace(summary, outlook=outlook), report.targets)


def choose_actions(actions: Sequence[ActionLine], risks: Mapping[str, int], budget: int) -> tuple[ActionLine, ...]:
    """Return the actions that together remove most risk for at most ``budget`` effort points, the most useful first.

    Exact, by dynamic programming: each gap stands under one action, so what actions remove adds up. Among equals
    fewer points win.
    """
    best: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())] * (budget + 1)
    for index, action in enumerate(actions):
        points = effort_points(action.effort)
        gain = sum(risks.get(gap, 0) for gap in action.gaps)
        if not gain:
            continue
        for room in range(budget, points - 1, -1):
            risk, spared, chosen = best[room - points]
            candidate = (risk + gain, spared - points, (*chosen, index))
            if candidate[:2] > best[room][:2]:
                best[room] = candidate
    return tuple(actions[index] for index in best[budget][2])


def _find_measure(summary: Summary, name: str) -> MeasureLine:
    wanted = name if "/" in name else f"{summary.recommended}/{name}"
    for line in summary.measures:
        if f"{line.framework}/{line.id}" == wanted:
            return line
    msg = f"no measure {name!r} in this report; `hardening measures list` shows what there is"
    raise UsageError(msg)
