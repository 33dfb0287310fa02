"""Where a gap stands, for formats that want a file and a line: the image's file, else the line of the inventory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from hardening.report.target_values import ResultEntry, TargetEntry

_FILE_AND_LINE = re.compile(r"(?P<path>.+?):(?P<line>\d{1,7})(?::\d+)?")
_AT_REST = frozenset({"chroot", "podman-image", "docker-image"})


@dataclass(frozen=True, slots=True)
class Location:
    """A file as a relative URI reference (RFC 3986) and a line, from 1."""

    uri: str
    line: int


def locate(target: TargetEntry, result: ResultEntry) -> Location:
    """Return where a result stands.

    In a root tree or an image that is the file in which the decisive value was seen; a running system has no file in
    the repository but the inventory that names it; a target named by its address alone stands as a name.
    """
    if target.endpoints and target.endpoints[0].channel in _AT_REST:
        for reason in result.reasons:
            if reason.decisive and reason.seen.place.startswith("/"):
                return _read_place(reason.seen.place)
    if target.place:
        return _read_place(target.place)
    return Location(f"targets/{_quote(target.name)}", 1)


def _read_place(place: str) -> Location:
    found = _FILE_AND_LINE.fullmatch(place)
    path, line = (found["path"], int(found["line"])) if found else (place, 1)
    return Location(_quote(path.lstrip("/")) or "-", max(1, line))


def _quote(text: str) -> str:
    """Return text as a path that cannot leave its folder and has no control characters."""
    parts = [part for part in text.encode("utf-8", "replace").decode().split("/") if part not in {"", ".", ".."}]
    return "/".join(quote(part, safe="") for part in parts)
