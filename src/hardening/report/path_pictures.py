"""Where the boxes and lines of the ways to the administrators stand: goals to the right, each account in a row."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.report.paths import ControlPath, ControlPaths

MOST_ROWS = 24
"""Rows of one picture; the table beside it lists more."""

MOST_BESIDE = 5
"""Accounts drawn one by one that take the same step; more are drawn as one box."""

MOST_COLUMNS = 7
BOX_WIDTH, BOX_HEIGHT = 172, 42
GAP, ROW = 36, 52
MARGIN = 8
_NAME_LENGTH, _ABOVE_LENGTH = 18, 24
_PART = re.compile(r"((?:[^,\\]|\\.)+)(?:,|$)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One object. ``title`` is its whole name, ``above`` what it lies in; ``edge`` is its step to the next one.

    ``more`` counts the accounts that it stands for beside the first.
    """

    title: str
    name: str
    above: str
    edge: str
    x: int
    y: float
    is_goal: bool
    account: ControlPath | None
    more: int = 0

    @property
    def middle(self) -> float:
        """The height at which lines reach it."""
        return self.y + BOX_HEIGHT / 2


@dataclass(frozen=True, slots=True)
class Line:
    """One step: from the right side of a box to the left side of the one that it leads to."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def middle(self) -> float:
        """Where its curve turns."""
        return (self.x1 + self.x2) / 2


@dataclass(frozen=True, slots=True)
class PathPicture:
    """A picture and its size; ``left_out`` counts the accounts that are not in it."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: int
    height: int
    left_out: int


@dataclass(slots=True)
class _Node:
    dn: str
    title: str = ""
    edge: str = ""
    sources: dict[tuple[str, str], _Node] = field(default_factory=dict)
    accounts: list[ControlPath] = field(default_factory=list)


def build_path_picture(paths: ControlPaths) -> PathPicture:
    """Return the picture of one target's ways; those that share their end share its boxes."""
    roots: dict[str, _Node] = {}
    drawn = [path for path in paths.paths if 0 < len(path.steps) < MOST_COLUMNS]
    depth = max((len(path.steps) for path in drawn), default=0)
    rows = 0
    shown = 0
    for path in drawn:
        node = _follow(roots, path)
        fresh = len(node.accounts) <= MOST_BESIDE
        if rows + fresh > MOST_ROWS:
            break
        rows += fresh
        shown += 1
        node.accounts.append(path)
    plan = _Plan(depth)
    for root in roots.values():
        if _is_used(root):
            plan.place(root, depth, is_goal=True)
    return PathPicture(
        boxes=tuple(plan.boxes),
        lines=tuple(plan.lines),
        width=2 * MARGIN + depth * (BOX_WIDTH + GAP) + BOX_WIDTH,
        height=round(2 * MARGIN + max(plan.rows, 1) * ROW),
        left_out=len(paths.paths) - shown + paths.omitted,
    )


def _follow(roots: dict[str, _Node], path: ControlPath) -> _Node:
    """Return the node that a way's first step leads to, made with all behind it if it is new."""
    *inner, goal = path.steps
    node = roots.setdefault(goal.to, _Node(goal.to, goal.title))
    for step, following in zip(reversed(inner), reversed(path.steps), strict=False):
        node = node.sources.setdefault((following.edge, step.to), _Node(step.to, step.title, following.edge))
    return node


@dataclass(slots=True)
class _Plan:
    depth: int
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    rows: int = 0

    def place(self, node: _Node, column: int, *, is_goal: bool = False) -> Box:
        """Put a node in the middle of what leads to it, and return its box."""
        used = [source for source in node.sources.values() if _is_used(source)]
        before = [self.place(source, column - 1) for source in used]
        before += [self._place_account(path, column - 1, more) for path, more in _list_rows(node)]
        y = (before[0].y + before[-1].y) / 2
        box = self._draw(node.dn, column, y, edge=node.edge, is_goal=is_goal, title=node.title)
        self.lines += [Line(source.x + BOX_WIDTH, source.middle, box.x, box.middle) for source in before]
        return box

    def _place_account(self, path: ControlPath, column: int, more: int) -> Box:
        y = MARGIN + self.rows * ROW
        self.rows += 1
        return self._draw(path.account, column, y, edge=path.steps[0].edge, account=path, more=more)

    def _draw(
        self,
        dn: str,
        column: int,
        y: float,
        *,
        edge: str,
        is_goal: bool = False,
        account: ControlPath | None = None,
        title: str = "",
        more: int = 0,
    ) -> Box:
        name, above = split_name(dn)
        name = title or name
        box = Box(
            title=dn,
            name=f"{_fit(name, _NAME_LENGTH - 6)} + {more}" if more else _fit(name, _NAME_LENGTH),
            above=_fit(above, _ABOVE_LENGTH),
            edge=edge,
            x=MARGIN + column * (BOX_WIDTH + GAP),
            y=y,
            is_goal=is_goal,
            account=account,
            more=more,
        )
        self.boxes.append(box)
        return box


def _is_used(node: _Node) -> bool:
    return bool(node.accounts) or any(map(_is_used, node.sources.values()))


def _list_rows(node: _Node) -> Iterator[tuple[ControlPath, int]]:
    """Yield the accounts that are drawn one by one, and one that stands for all the rest."""
    yield from ((path, 0) for path in node.accounts[:MOST_BESIDE])
    if rest := node.accounts[MOST_BESIDE:]:
        yield rest[0], len(rest) - 1


def split_name(dn: str) -> tuple[str, str]:
    """Return the first name of a distinguished name as people read it, and the names above without their types."""
    parts = split_parts(dn)
    names = [part.partition("=")[2] or part for part in parts]
    domain = ".".join(name for name, part in zip(names, parts, strict=True) if part[:3].upper() == "DC=")
    if not names[1:] or parts[0][:3].upper() == "DC=":
        return domain or _unescape(names[0]), ""
    return _unescape(names[0]), _unescape(names[1]) if parts[1][:3].upper() != "DC=" else domain


def split_parts(dn: str) -> Sequence[str]:
    """Return the parts of a distinguished name; a text that is none is one part."""
    return [match[1] for match in _PART.finditer(dn)] or [dn]


def _unescape(name: str) -> str:
    return "".join(sign for at, sign in enumerate(name) if sign != "\\" or (at and name[at - 1] == "\\"))


def _fit(name: str, length: int) -> str:
    shown = clean_line(name, 2 * length)
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"
