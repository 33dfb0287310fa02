"""What ``stat -L -c`` says of a file, as GNU coreutils and busybox both print it."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from hardening.model.evidence import FieldSpec, FieldType
from hardening.probes.shell import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Colons cannot stand in account names; the file's name comes last and may hold anything.
COMMAND = "stat -L -c '%f:%u:%g:%h:%s:%Y:%U:%G:%n' --"

FIELDS: Mapping[str, FieldSpec] = {
    "type": FieldSpec(FieldType.TEXT, "file, directory, link, socket, fifo, block or character"),
    "mode": FieldSpec(FieldType.MODE, "permission bits with setuid, setgid and sticky"),
    "owner": FieldSpec(FieldType.TEXT, "name of the owner; the number if it has no name"),
    "group": FieldSpec(FieldType.TEXT, "name of the group; the number if it has no name"),
    "uid": FieldSpec(FieldType.INTEGER, "number of the owner"),
    "gid": FieldSpec(FieldType.INTEGER, "number of the group"),
    "size": FieldSpec(FieldType.INTEGER, "bytes"),
    "links": FieldSpec(FieldType.INTEGER, "hard links"),
    "modified": FieldSpec(FieldType.TIME, "when the content last changed"),
}

_LINE = re.compile(
    r"([0-9a-f]{1,8}):([0-9]{1,10}):([0-9]{1,10}):([0-9]{1,20}):([0-9]{1,20}):(-?[0-9]{1,20})(?:\.[0-9]*)?:([^:\n]*):([^:\n]*):"
)
_PLAIN = re.compile(r"[A-Za-z0-9_./,:@%+=-]+")
_NOT_THERE = ("No such file or directory", "Not a directory")
_TYPES = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISLNK, "link"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISBLK, "block"),
    (stat.S_ISCHR, "character"),
)


def parse_stat(text: str, position: int = 0) -> tuple[Mapping[str, str | int], int] | None:
    """Read the fields in front of a file's name at ``position``; also returns where the name begins."""
    match = _LINE.match(text, position)
    if match is None:
        return None
    raw = int(match[1], 16)
    kind = next((name for is_kind, name in _TYPES if is_kind(raw)), "")
    if not kind:
        return None
    uid, gid = int(match[2]), int(match[3])
    values: dict[str, str | int] = {
        "type": kind,
        "mode": f"{stat.S_IMODE(raw):04o}",
        "owner": _name(match[7], uid),
        "group": _name(match[8], gid),
        "uid": uid,
        "gid": gid,
        "size": int(match[5]),
        "links": int(match[4]),
        "modified": int(match[6]),
    }
    return values, match.end()


def parse_stat_lines(text: str) -> list[tuple[str, Mapping[str, str | int]]]:
    """Read lines of ``COMMAND`` with the names they end in; a name may hold line breaks, so lines must begin right."""
    found = []
    position = 0
    while (parsed := parse_stat(text, position)) is not None:
        values, start = parsed
        stop = text.find("\n", start)
        while stop >= 0 and stop + 1 < len(text) and parse_stat(text, stop + 1) is None:
            stop = text.find("\n", stop + 1)
        if stop < 0:
            break
        found.append((text[start:stop], values))
        position = stop + 1
    return found


def find_complaints(path: str, errors: str) -> list[str]:
    """Return what stat said about one path; of a name that stat may have quoted in a way of its own, all it said."""
    lines = errors.splitlines()
    return [line for line in lines if f"'{path}':" in line] if _PLAIN.fullmatch(path) else lines


def is_gone(complaints: Sequence[str]) -> bool:
    """Say whether complaints mean that there is no such file; silence does not."""
    return bool(complaints) and all(line.endswith(_NOT_THERE) for line in complaints)


def _name(name: str, number: int) -> str:
    return str(number) if name in {"", "UNKNOWN"} else clean(name)
