"""A parsed file, and where everything in it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from hardening.model.clean import clean_line
from hardening.model.place import Place, Problem

Data = dict[str, "Data"] | list["Data"] | str | int | bool
PathStep = str | int

_LIMIT = 300


class Position(Protocol):
    """Where something begins, counted from 0, as the parser keeps it."""

    @property
    def line(self) -> int:
        """Line."""

    @property
    def column(self) -> int:
        """Column in characters."""


class Mark(NamedTuple):
    """Where one value begins, and where its key does (in a list: the value itself)."""

    value: Position | None
    key: Position | None
    children: dict[str, Mark] | list[Mark]


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one file and a tree of marks of the same shape; ``file`` is the name that problems carry."""

    file: str
    data: Data
    mark: Mark

    def place(self, *path: PathStep) -> Place:
        """Return where the value at ``path`` begins; of a path that does not exist, the nearest that does."""
        return place_at(self.file, self._find(path).value)

    def key_place(self, *path: PathStep) -> Place:
        """Return where the key at ``path`` begins."""
        return place_at(self.file, self._find(path).key)

    def problem(self, path: tuple[PathStep, ...], what: str, remedy: str = "") -> Problem:
        """Return a problem with the value at ``path``."""
        return located(self.place(*path), what, remedy)

    def key_problem(self, path: tuple[PathStep, ...], what: str, remedy: str = "") -> Problem:
        """Return a problem with the key at ``path``."""
        return located(self.key_place(*path), what, remedy)

    def _find(self, path: tuple[PathStep, ...]) -> Mark:
        mark = self.mark
        for step in path:
            child = child_of(mark, step)
            if child is mark:
                break
            mark = child
        return mark


def place_at(file: str, position: Position | None) -> Place:
    """Return a position as people count, from 1; no position is the whole file."""
    return Place(file, position.line + 1, position.column + 1) if position else Place(file)


def located(place: Place, what: str, remedy: str = "") -> Problem:
    """Return a problem whose words fit one line, whatever text of the file is in them."""
    return Problem(place, clean_line(what, _LIMIT), clean_line(remedy, _LIMIT))


def child_of(mark: Mark, step: PathStep) -> Mark:
    """Return the mark under ``step``, or ``mark`` itself where there is none."""
    children = mark.children
    if isinstance(children, dict):
        return children.get(step, mark) if isinstance(step, str) else mark
    return children[step] if isinstance(step, int) and 0 <= step < len(children) else mark
