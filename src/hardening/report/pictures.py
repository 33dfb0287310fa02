"""Where things stand in the pictures of a report: numbers that templates draw, and nothing that they need to reckon."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.check import Severity
from hardening.model.evidence import Absent
from hardening.model.judgement import Counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hardening.report.target_values import TargetEntry
    from hardening.report.values import PrincipleLine, Summary, Trend, TrendEntry
    from hardening.report.views import MeasureCard

MOST_BARS = 12
MOST_ROWS = 30
MOST_POINTS = 14
SHADES = 5
"""Steps from no gaps to only gaps, beside none."""

MOST_SCANS = 24
TREND_LEFT = 46
TREND_TOP = 20
TREND_WIDTH = 648
TREND_HEIGHT = 140
TREND_WIDEST = 40
BAR_WIDTH = 560
SPREAD_HEIGHT = 340
SPREAD_COLUMN = 170
LABEL_HEIGHT = 20


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a bar for one severity."""

    severity: Severity
    gaps: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class SeverityBar:
    """The gaps of one measure by severity."""

    card: MeasureCard
    segments: tuple[Segment, ...]
    end: float


@dataclass(frozen=True, slots=True)
class Point:
    """A measure by its effort and by the risk that it removes; its label stands at ``label_y``."""

    card: MeasureCard
    x: float
    y: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Spread:
    """All points, and the risk at the top of the picture."""

    points: tuple[Point, ...]
    top: int
    left_out: int
    base: int = SPREAD_HEIGHT

    @property
    def height(self) -> float:
        """How far down the picture reaches: to its base, or to the last label."""
        return max([self.base, *(point.label_y for point in self.points)])


@dataclass(frozen=True, slots=True)
class Cell:
    """One target and one principle; ``shade`` is 0 without gaps, up to ``SHADES``."""

    counts: Counts
    shade: int

    @property
    def examined(self) -> int:
        """How many results say something."""
        return self.counts.passed + self.counts.failed


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One target."""

    target: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Targets by principle, those with most gaps first, and how many targets are left out."""

    principles: tuple[PrincipleLine, ...]
    rows: tuple[HeatRow, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One scan: its gaps as a bar of height ``bar``, its compliance at ``y``."""

    entry: TrendEntry
    gaps: int
    x: float
    bar: float
    y: float


@dataclass(frozen=True, slots=True)
class TrendPicture:
    """The last scans; ``line`` are those that have a compliance, ``top`` the gaps of the highest bar."""

    points: tuple[TrendPoint, ...]
    line: tuple[TrendPoint, ...]
    top: int
    width: float


def build_trend(trend: Trend) -> TrendPicture:
    """Return the last scans side by side, each as far from the next, whatever time lies between them."""
    shown = trend.points[-MOST_SCANS:]
    gaps = [sum(entry.gaps.values()) for entry in shown]
    top = max([*gaps, 1])
    step = TREND_WIDTH / len(shown)
    points = tuple(
        TrendPoint(
            entry=entry,
            gaps=number,
            x=TREND_LEFT + step * (index + 0.5),
            bar=TREND_HEIGHT * number / top,
            y=TREND_TOP
            + TREND_HEIGHT * (1 - (0.0 if isinstance(share := entry.counts.compliance, Absent) else float(share))),
        )
        for index, (entry, number) in enumerate(zip(shown, gaps, strict=True))
    )
    line = tuple(point for point in points if not isinstance(point.entry.counts.compliance, Absent))
    return TrendPicture(points, line, top, min(step * 0.6, TREND_WIDEST))


def build_severity_bars(cards: Sequence[MeasureCard]) -> tuple[SeverityBar, ...]:
    """Return a bar for each of the first measures."""
    shown = cards[:MOST_BARS]
    most = max((len(card.line.gaps) for card in shown), default=1)
    return tuple(_build_bar(card, BAR_WIDTH / most) for card in shown)


def _build_bar(card: MeasureCard, scale: float) -> SeverityBar:
    segments, start = [], 0.0
    for severity, gaps in card.severities:
        segments.append(Segment(severity, gaps, start, gaps * scale))
        start += gaps * scale
    return SeverityBar(card, tuple(segments), start)


def build_spread(cards: Sequence[MeasureCard]) -> Spread:
    """Return the first measures by effort (across) and risk removed (up, by its square root)."""
    shown = sorted(cards[:MOST_POINTS], key=lambda card: (card.line.effort, -card.line.risk, card.label))
    top = max((card.line.risk for card in shown), default=1) or 1
    points: list[Point] = []
    lowest: dict[int, float] = {}
    for card in shown:
        effort = card.line.effort
        y = SPREAD_HEIGHT * (1 - math.sqrt(card.line.risk / top))
        label_y = max(y, lowest.get(effort, -LABEL_HEIGHT) + LABEL_HEIGHT)
        lowest[effort] = label_y
        points.append(Point(card, (effort - 1) * SPREAD_COLUMN, y, label_y))
    return Spread(tuple(points), top, len(cards) - len(shown))


def build_heat_map(summary: Summary) -> HeatMap:
    """Return the targets that were reached by the principles that anything was asked about."""
    principles = tuple(
        line for line in summary.principles if line.counts.passed + line.counts.failed + line.counts.errors
    )
    reached = [target for target in summary.targets if target.reached]
    shown = sorted(reached, key=lambda target: (-target.counts.failed, target.name))[:MOST_ROWS]
    rows = tuple(HeatRow(target.name, tuple(_build_cells(target, principles))) for target in shown)
    return HeatMap(principles, rows, len(reached) - len(shown))


def _build_cells(target: TargetEntry, principles: Iterable[PrincipleLine]) -> Iterable[Cell]:
    for line in principles:
        counts = target.principles.get(line.id, Counts())
        examined = counts.passed + counts.failed
        yield Cell(counts, math.ceil(SHADES * counts.failed / examined) if examined else 0)
