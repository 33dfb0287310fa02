"""Collecting everything that is wrong in one file."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from hardening.documents.places import Document, PathStep
from hardening.documents.words import near_hint
from hardening.model.place import Problem

Path = tuple[PathStep, ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """A document under inspection, and the problems found in it so far."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, path: Path, what: str, remedy: str = "") -> None:
        """Note a problem with the value at ``path``."""
        self.problems.append(self.document.problem(path, what, remedy))

    def refuse_key(self, path: Path, what: str, remedy: str = "") -> None:
        """Note a problem with the key at ``path``."""
        self.problems.append(self.document.key_problem(path, what, remedy))

    def require_stem(self, name: str, stem: str) -> None:
        """Note a problem if the id of the file's content is not the name of the file."""
        if name != stem:
            self.refuse(("id",), f'the id is "{name}" in a file called {stem}.yaml', "make them equal")

    def require_known(self, path: Path, what: str, name: str, known: Collection[str]) -> bool:
        """Say whether ``name``, which stands as value at ``path``, is known; note a problem if it is not."""
        if name not in known:
            self.refuse(path, f'unknown {what} "{name}"', near_hint(name, known))
        return name in known

    def require_unique(self, entries: Iterable[tuple[Path, str]], what: str) -> None:
        """Note a problem for each name that stands more than once."""
        first: dict[str, int] = {}
        for path, name in entries:
            line = self.document.place(*path).line
            if name in first:
                self.refuse(path, f'{what} "{name}" stands twice, first in line {first[name]}', "keep one of them")
            first.setdefault(name, line)
