"""Who besides root could put something else in a program's place: the folders on the way to it, through links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_STICKY = 0o1000
_GROUP_WRITES = 0o020
_ALL_WRITE = 0o002
_LINK_DEPTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What stat says of files, links followed, and where links lead to."""

    files: Mapping[str, Mapping[str, str | int]]
    links: Mapping[str, str]

    def steps(self, path: str) -> tuple[str, ...]:
        """Return everything on the way to a path, the path itself last, and the same for what links lead to."""
        found: list[str] = []
        self._collect(path, found, 0)
        return tuple(dict.fromkeys(found))

    def exposed(self, path: str) -> tuple[str, ...]:
        """Return the steps that somebody besides root may change, each with who may."""
        steps = self.steps(path)
        told = [f"{step} ({reason})" for step in steps if (reason := self._reason(step, steps))]
        return tuple(told)

    def _collect(self, path: str, found: list[str], depth: int) -> None:
        parts = [part for part in path.split("/") if part]
        for count in range(len(parts) + 1):
            step = "/" + "/".join(parts[:count])
            found.append(step)
            if step in self.links and depth < _LINK_DEPTH:
                self._collect(self.links[step], found, depth + 1)

    def _reason(self, step: str, steps: tuple[str, ...]) -> str:
        seen = self.files.get(step)
        if seen is None:
            return ""
        mode = int(str(seen["mode"]), 8)
        if seen["uid"] != 0:
            return f"owned by {seen['owner']}"
        writers = ""
        if mode & _ALL_WRITE:
            writers = "written by everybody"
        elif mode & _GROUP_WRITES and seen["gid"] != 0:
            writers = f"written by group {seen['group']}"
        if not writers or seen["type"] == "character":
            return ""
        # With the sticky bit nobody can replace what root owns in the folder; what is not there can be put there.
        if seen["type"] == "directory" and mode & _STICKY:
            below = [other for other in steps if other.rpartition("/")[0] == step.rstrip("/") and other != step]
            if all(other in self.files and self.files[other]["uid"] == 0 for other in below):
                return ""
        return writers
