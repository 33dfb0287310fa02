"""Home folders of local users and files in them, whose they are and who may write them.

Links are followed. Users of a directory service are not seen, as their homes cannot be listed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hardening.model.evidence import (
    Absent,
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
from hardening.model.probe import Probe
from hardening.model.step import Answer, Privilege, ShellStep, Step
from hardening.probes.accounts import is_interactive
from hardening.probes.home_script import MOST_FILES, build_home_script
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.shell import CUT, clean, completed, first_line
from hardening.probes.stat_output import FIELDS as STAT_FIELDS
from hardening.probes.stat_output import find_complaints, is_gone, parse_stat

_STEP = "home_files"
_PASSWD = "/etc/passwd"  # noqa: S105 - a path
_SHOWN = ("type", "mode", "owner", "group", "uid", "gid")
_USER: Mapping[str, FieldSpec] = {
    "user": FieldSpec(FieldType.TEXT, "login name"),
    "user_id": FieldSpec(FieldType.INTEGER, "the user's number"),
    "interactive": FieldSpec(FieldType.BOOLEAN, "whether the user's shell lets somebody work"),
}
_FILE: Mapping[str, FieldSpec] = {
    "path": FieldSpec(FieldType.TEXT, "where the file is"),
    **_USER,
    "name": FieldSpec(FieldType.TEXT, "the file's own name"),
    "own": FieldSpec(FieldType.BOOLEAN, "whether it belongs to the user or to root"),
    **{name: STAT_FIELDS[name] for name in _SHOWN},
    "modified": STAT_FIELDS["modified"],
    "size": STAT_FIELDS["size"],
}
_HOME: Mapping[str, FieldSpec] = {
    **_USER,
    "path": FieldSpec(FieldType.TEXT, "where the home folder should be"),
    "exists": FieldSpec(FieldType.BOOLEAN, "whether it is a folder"),
    "own": FieldSpec(FieldType.BOOLEAN, "whether it belongs to the user"),
    **{name: STAT_FIELDS[name] for name in _SHOWN},
}
_FIELDS: Mapping[str, FieldSpec] = {
    "files": FieldSpec(FieldType.RECORDS, "the files that match, user by user", _FILE),
    "homes": FieldSpec(FieldType.RECORDS, "the home folder of each local user", _HOME),
}
_PERSON = re.compile(r"([0-9]+):([0-9]{1,10}):([0-9]{1,10}):([^:]*):(.*):([^:]*)", re.DOTALL)
_FOUND = re.compile(r"([0-9]{1,4}):(.*)", re.DOTALL)


@dataclass(slots=True)
class _User:
    """A line of /etc/passwd and what stands in the home folder it names."""

    line: int
    number: int
    name: str
    shell: str
    home: str
    state: str = ""
    found: list[tuple[int, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    many: bool = False


@dataclass(slots=True)
class _Seen:
    """Everything that the step brought home; ``status`` by user and path."""

    users: list[_User]
    status: dict[tuple[int, str], Mapping[str, str | int]]
    lost: list[str]


def _patterns(probes: Sequence[Probe]) -> tuple[str, ...]:
    return tuple(sorted({text for probe in probes for text in probe.texts("names")}))


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    script = build_home_script(_patterns(probes))
    return (ShellStep(name=_STEP, script=script, privilege=Privilege.ROOT, output_limit=10_000_000, unbounded=True),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    head, found, rest = f"\0{answer.text}".partition("\0=\0")
    records = head[1:].split("\0")
    if not found or "u" in records:
        reason = CUT if answer.cut else first_line(answer.error_text) or f"{_PASSWD} may not be read"
        return dict.fromkeys(probes, build_unreadable(_FIELDS, reason, _PASSWD))
    users = _parse_users(records)
    status = _parse_status(users, rest)
    lost = [CUT] if answer.cut else _find_losses(users, status, answer.error_text)
    seen = _Seen(users, status, lost)
    return {probe: _build_evidence(probe, _patterns(probes), seen) for probe in probes}


def _parse_users(records: Sequence[str]) -> list[_User]:
    users: list[_User] = []
    for record in records:
        letter, text = record[:1], record[1:]
        person = _PERSON.fullmatch(text) if letter == "p" else None
        if person is not None:
            line, uid, _, name, shell, home = person.groups()
            users.append(_User(int(line[:9]), int(uid), name, shell, home))
        elif users:
            _take_record(users[-1], letter, text)
    return users


def _take_record(user: _User, letter: str, text: str) -> None:
    found = _FOUND.fullmatch(text)
    if letter in {"h", "n"}:
        user.state = letter
    elif letter == "r":
        user.refused.append(text)
    elif letter == "m":
        user.many = True
    elif letter == "f" and found is not None:
        user.found.append((int(found[1]), found[2]))


def _parse_status(users: Sequence[_User], text: str) -> dict[tuple[int, str], Mapping[str, str | int]]:
    """Walk the lines of stat beside the names that the shell found: any byte may stand in a name, so they must fit."""
    status: dict[tuple[int, str], Mapping[str, str | int]] = {}
    position = 0
    for user in users:
        names = [user.home, *(path for _, path in user.found)] if user.state == "h" else []
        for name in names:
            seen = parse_stat(text, position)
            if seen is not None and text.startswith(f"{name}\n", seen[1]):
                status[user.line, name] = seen[0]
                position = seen[1] + len(name) + 1
    return status


def _find_losses(
    users: Sequence[_User], status: Mapping[tuple[int, str], Mapping[str, str | int]], errors: str
) -> list[str]:
    """Return why files have no line of stat; those that vanished are no loss."""
    expected = [
        (user.line, name)
        for user in users
        if user.state == "h"
        for name in (user.home, *(path for _, path in user.found))
    ]
    missing = [(name, find_complaints(name, errors)) for line, name in expected if (line, name) not in status]
    return [
        f"{clean(name)}: {first_line(complaints[0] if complaints else errors) or 'no answer'}"
        for name, complaints in missing
        if not is_gone(complaints)
    ]


def _build_evidence(probe: Probe, patterns: Sequence[str], seen: _Seen) -> Evidence:
    wanted = {patterns.index(text) for text in probe.texts("names")}
    files: list[Record] = []
    for user in seen.users:
        paths = dict.fromkeys(path for index, path in user.found if index in wanted)
        files += [
            _build_file(user, path, seen.status[user.line, path]) for path in paths if (user.line, path) in seen.status
        ]
    refused = [name for user in seen.users for name in user.refused]
    many = [user.home for user in seen.users if user.many]
    reasons = [f"{clean(name)}: folder refused" for name in dict.fromkeys(refused)]
    reasons += [f"{clean(name)}: more than {MOST_FILES} files" for name in many] + seen.lost
    unknown = [f"{clean(user.home)}: folder refused" for user in seen.users if not user.state]
    return {
        "files": _whole(files, reasons),
        "homes": _whole([_build_home(user, seen) for user in seen.users if user.state], unknown + seen.lost),
    }


def _whole(items: Sequence[Record], reasons: Sequence[str]) -> Field:
    return Partial(tuple(items), "; ".join(reasons[:3]), _PASSWD) if reasons else Known(tuple(items), _PASSWD)


def _build_user(user: _User) -> dict[str, Field]:
    place = f"{_PASSWD}:{user.line}"
    return {
        "user": Known(clean(user.name), place),
        "user_id": Known(user.number, place),
        "interactive": Known(is_interactive(user.shell), place),
    }


def _build_file(user: _User, path: str, status: Mapping[str, str | int]) -> Record:
    place = clean(path)
    return {
        **_build_user(user),
        "path": Known(place, place),
        "name": Known(clean(path.rpartition("/")[2]), place),
        "own": Known(status["uid"] in {0, user.number}, place),
        **{name: Known(status[name], place) for name in (*_SHOWN, "modified", "size")},
    }


def _build_home(user: _User, seen: _Seen) -> Record:
    place = clean(user.home)
    status = seen.status.get((user.line, user.home))
    missing: Field = Unreadable("no answer", place) if user.state == "h" else Absent(place)
    return {
        **_build_user(user),
        "path": Known(place, f"{_PASSWD}:{user.line}"),
        "exists": Known(user.state == "h", place),
        "own": missing if status is None else Known(status["uid"] == user.number, place),
        **{name: missing if status is None else Known(status[name], place) for name in _SHOWN},
    }


KIND = ProbeKind(
    name="home_files",
    summary="home folders of local users and files in them",
    parameters={
        "names": ProbeParameter(
            type=ProbeParameterType.TEXTS,
            description="names relative to the home folder; * ? and [..] match as in the shell, never a leading dot",
            pattern=r"[^/\x00\n][^\x00\n]*",
        ),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
