"""One walk over the local file systems: files that everybody may change, files of nobody, files that give rights.

Network file systems, pseudo file systems and the storage of containers are left out. A walk that was cut or refused
somewhere gives parts of lists.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, Completed, Privilege, ShellStep, Step
from hardening.probes.file_walk_script import COMPLAINTS, ENTRIES, SECONDS, build_walk_script
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

STEP = ShellStep(
    name="file_walk",
    script=build_walk_script(),
    privilege=Privilege.ROOT,
    output_limit=ENTRIES + 500_000,
    slow=True,
)

FILE: Mapping[str, FieldSpec] = {
    "path": FieldSpec(FieldType.TEXT, "where it is"),
    "type": FieldSpec(FieldType.TEXT, "file, directory, link, socket, fifo, block or character"),
    "mode": FieldSpec(FieldType.MODE, "permission bits with setuid, setgid and sticky"),
    "owner": FieldSpec(FieldType.TEXT, "name of the owner; the number if it has no name"),
    "group": FieldSpec(FieldType.TEXT, "name of the group; the number if it has no name"),
}
PRIVILEGED: Mapping[str, FieldSpec] = {
    **FILE,
    "packaged": FieldSpec(FieldType.BOOLEAN, "whether it came with a package"),
}
CAPABLE: Mapping[str, FieldSpec] = {
    "path": FieldSpec(FieldType.TEXT, "where it is"),
    "capabilities": FieldSpec(FieldType.TEXT, "its capabilities as getcap writes them"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "world_writable": FieldSpec(FieldType.RECORDS, "files that everybody may write", record=FILE),
    "not_sticky": FieldSpec(FieldType.RECORDS, "folders that everybody may write, without sticky bit", record=FILE),
    "unowned": FieldSpec(FieldType.RECORDS, "files whose owner or group has no name", record=FILE),
    "setuid": FieldSpec(FieldType.RECORDS, "files with setuid or setgid", record=PRIVILEGED),
    "capabilities": FieldSpec(FieldType.RECORDS, "programs with capabilities", record=CAPABLE),
    "walked": FieldSpec(FieldType.TEXTS, "mount points that were walked"),
    "skipped": FieldSpec(FieldType.TEXTS, "mount points that were left out"),
}

_LISTS = {"w": "world_writable", "d": "not_sticky", "u": "unowned", "g": "unowned", "s": "setuid"}
_TYPES = {"f": "file", "d": "directory", "l": "link", "s": "socket", "p": "fifo", "b": "block", "c": "character"}
_FILE = re.compile(r"([wdugs])([fdlspbcD]):([0-7]{1,5}):([0-9]{1,10}):([0-9]{1,10}):([^:]*):([^:]*):(/.*)", re.DOTALL)
_END = re.compile(r"=([0-9]{1,3}):(-true|-false)")
_OWNERS = re.compile(r"p(dpkg|rpm|none)\n(.*)=([0-9]{1,3})", re.DOTALL)
_CAPABLE = re.compile(r"(/.*?)(?: =)? ((?:cap_|=)[a-z0-9_,=+\- ]*)")
_REFUSED = re.compile(r"find: '(.*)': .*")
_TIMED_OUT, _CANNOT_RUN = 124, (126, 127)
_FUSE = "fuse"


@dataclass(slots=True)
class _Walk:
    """What the walk brought home; ``owned`` holds the paths of packages, or why there are none."""

    files: dict[str, dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))
    owned: set[str] = field(default_factory=set)
    not_owned: set[str] = field(default_factory=set)
    databases: set[str] = field(default_factory=set)
    trouble: str = ""
    capable: dict[str, str] = field(default_factory=dict)
    unclear: bool = False
    walked: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    end: re.Match[str] | None = None
    is_closed: bool = False


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    walk = _read_walk(answer)
    doubt = _find_doubt(walk, answer)
    if isinstance(doubt, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, doubt.reason))
    return dict.fromkeys(probes, _build_evidence(walk, doubt))


def _read_walk(answer: Completed) -> _Walk:
    walk = _Walk()
    # What follows the last zero byte is nothing, or was cut in the middle.
    pieces = answer.text.split("\0")[:-1]
    if pieces[-1:] == ["."] and not any(map(_END.fullmatch, pieces)):
        # So was the piece that came last where the budget was used up.
        del pieces[-2:-1]
    for piece in pieces:
        if match := _FILE.fullmatch(piece):
            _take_file(walk, match)
        elif piece[:1] == "/":
            _take_capabilities(walk, piece)
        elif piece[:1] == "W":
            walk.walked.append(piece[1:])
        elif piece[:1] == "M":
            fstype, _, path = piece[1:].partition(":")
            walk.skipped.append((fstype, path))
        elif match := _OWNERS.fullmatch(piece):
            _take_owners(walk, match)
        elif match := _END.fullmatch(piece):
            walk.end = match
        elif piece == ".":
            walk.is_closed = True
    return walk


def _take_file(walk: _Walk, match: re.Match[str]) -> None:
    letter, kind, mode, uid, gid, owner, group, path = match.groups()
    walk.files[_LISTS[letter]][path] = {
        "path": Known(clean(path)),
        "type": Known(_TYPES.get(kind, kind)),
        "mode": Known(f"{int(mode, 8) & 0o7777:04o}"),
        "owner": Known(clean(owner) or uid),
        "group": Known(clean(group) or gid),
    }


def _take_capabilities(walk: _Walk, text: str) -> None:
    for line in text.splitlines():
        match = _CAPABLE.fullmatch(line)
        if match is None:
            # A name with a line break could pass for another file.
            walk.unclear = True
        else:
            walk.capable[match[1]] = match[2]


def _take_owners(walk: _Walk, match: re.Match[str]) -> None:
    database, text, status = match.groups()
    walk.databases.add(database)
    if status not in {"0", "1"} and database == "dpkg":
        walk.trouble = "dpkg-query failed"
    for line in text.splitlines():
        if database == "dpkg" and not line.startswith(("diversion by ", "local diversion ")):
            walk.owned.add(line.partition(": ")[2])
        elif line.startswith("file ") and line.endswith(" is not owned by any package"):
            walk.not_owned.add(line.removeprefix("file ").removesuffix(" is not owned by any package"))
        elif database == "rpm" and line.startswith("error:"):
            walk.trouble = clean(line)
        elif database == "rpm":
            walk.owned.add(line)


def _find_doubt(walk: _Walk, answer: Completed) -> str | Unreadable:
    """Return why the lists are not complete, empty if they are; unreadable if there was no walk at all."""
    complaints = [line for line in answer.error_text.splitlines() if line]
    left_out = {path for fstype, path in walk.skipped if fstype.startswith(_FUSE)}
    refused = [match for line in complaints if (match := _REFUSED.fullmatch(line))]
    others = [line for line in complaints if not _REFUSED.fullmatch(line)]
    if walk.end is None and walk.is_closed and not answer.cut and not any("not found" in line for line in others):
        return f"the walk used up its budget of {ENTRIES:,} entries"
    if walk.end is None:
        return (
            CUT if answer.cut and walk.walked else Unreadable(first_line(answer.error_text) or "the walk did not end")
        )
    status = int(walk.end[1])
    if status in _CANNOT_RUN or (others and not refused and status not in {0, _TIMED_OUT}):
        return Unreadable(first_line("\n".join(others)) or "find or timeout is missing")
    if answer.cut:
        return CUT
    if status == _TIMED_OUT:
        return f"the walk took longer than {SECONDS} seconds"
    # Not even root may look at a mount of FUSE; it is left out anyway. A mount that was to be walked may be gone by
    # then, as /run/user/1000 is after somebody's last log-off.
    gone = {f"find: '{path}': No such file or directory" for path in walk.walked if path != "/"}
    serious = [match for match in refused if match[1] not in left_out and match[0] not in gone]
    if status and (serious or others or not refused or len(complaints) >= COMPLAINTS):
        return first_line(serious[0][0] if serious else "\n".join(others)) or "find could not look everywhere"
    return ""


def _build_evidence(walk: _Walk, doubt: str) -> Evidence:
    return {
        **{
            name: _whole(tuple(walk.files[name][path] for path in sorted(walk.files[name])), doubt)
            for name in ("world_writable", "not_sticky", "unowned")
        },
        "setuid": _whole(
            tuple(
                {**record, "packaged": _judge_package(path, walk)}
                for path, record in sorted(walk.files["setuid"].items())
            ),
            doubt,
        ),
        "capabilities": _judge_capabilities(walk, doubt),
        "walked": _whole(tuple(dict.fromkeys(map(clean, walk.walked))), doubt),
        "skipped": _whole(tuple(dict.fromkeys(clean(path) for _, path in walk.skipped)), doubt),
    }


def _whole(items: tuple[Record, ...] | tuple[str, ...], doubt: str) -> Field:
    return Partial(items, doubt) if doubt else Known(items)


def _judge_package(path: str, walk: _Walk) -> Field:
    place = "/".join(sorted(walk.databases)) + " database"
    if walk.trouble:
        return Unreadable(walk.trouble, place)
    # A package may know a file of /usr by its place before /usr was merged.
    if "dpkg" in walk.databases and not {path, path.removeprefix("/usr")}.isdisjoint(walk.owned):
        return Known(value=True, place=place)
    if walk.end is None or int(walk.end[1]) == _TIMED_OUT:
        return Unreadable("the walk ended before its package was asked for")
    if "dpkg" in walk.databases:
        return Known(value=False, place=place)
    if "rpm" in walk.databases:
        return Known(bool(walk.owned) and path not in walk.not_owned, place)
    return Unreadable("no package database of dpkg or rpm", place)


def _judge_capabilities(walk: _Walk, doubt: str) -> Field:
    if walk.end is not None and walk.end[2] == "-false":
        return Unreadable("getcap is not installed")
    records = tuple(
        {"path": Known(clean(path)), "capabilities": Known(clean(text))} for path, text in sorted(walk.capable.items())
    )
    return _whole(records, "a name among them cannot be told from another" if walk.unclear else doubt)


KIND = ProbeKind(
    name="file_walk",
    summary="one walk over the local file systems for files with dangerous permissions",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
