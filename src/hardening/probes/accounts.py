"""Local users and groups, with the state of each password in a word.

Only local files are read; accounts of a directory service are not seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
from hardening.model.step import Answer, Privilege, ShellStep, Step
from hardening.probes.accounts_script import build_script
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import CUT, clean, completed, parse_decimal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hardening.model.probe import Probe

STEP = ShellStep(name="accounts", script=build_script(), privilege=Privilege.ROOT, output_limit=10_000_000)

USER: Mapping[str, FieldSpec] = {
    "name": FieldSpec(FieldType.TEXT, "login name"),
    "uid": FieldSpec(FieldType.INTEGER, "numeric user id"),
    "gid": FieldSpec(FieldType.INTEGER, "numeric id of the primary group"),
    "group": FieldSpec(FieldType.TEXT, "name of the primary group; absent where no group has that id"),
    "home": FieldSpec(FieldType.TEXT, "home folder"),
    "shell": FieldSpec(FieldType.TEXT, "login shell; empty means /bin/sh"),
    "interactive": FieldSpec(FieldType.BOOLEAN, "whether the shell lets somebody work"),
    "shadowed": FieldSpec(FieldType.BOOLEAN, "whether /etc/passwd leaves the password to /etc/shadow"),
    "password": FieldSpec(
        FieldType.TEXT,
        "locked, disabled, empty, yescrypt, gost-yescrypt, sha512, sha256, bcrypt, scrypt, md5, des or unknown;"
        " absent where /etc/shadow has no line",
    ),
    "changed": FieldSpec(FieldType.TIME, "when the password was changed; 1970-01-01 forces a change at next login"),
    "min_days": FieldSpec(FieldType.INTEGER, "days before the password may be changed again"),
    "max_days": FieldSpec(FieldType.INTEGER, "days until the password must be changed"),
    "warn_days": FieldSpec(FieldType.INTEGER, "days of warning before that"),
    "inactive_days": FieldSpec(FieldType.INTEGER, "days from then until the account is locked"),
    "expires": FieldSpec(FieldType.TIME, "when the account ends"),
}
GROUP: Mapping[str, FieldSpec] = {
    "name": FieldSpec(FieldType.TEXT, "group name"),
    "gid": FieldSpec(FieldType.INTEGER, "numeric group id"),
    "members": FieldSpec(FieldType.TEXTS, "everybody in the group: listed, or by primary group"),
    "listed": FieldSpec(FieldType.TEXTS, "members that the group's own line lists"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "users": FieldSpec(FieldType.RECORDS, "local users", record=USER),
    "groups": FieldSpec(FieldType.RECORDS, "local groups", record=GROUP),
    "malformed": FieldSpec(FieldType.TEXTS, "file:line of lines that do not parse, end in CR, or ask for NIS"),
    "duplicate_names": FieldSpec(FieldType.TEXTS, "user names that occur more than once"),
    "duplicate_uids": FieldSpec(FieldType.TEXTS, "user ids that occur more than once"),
    "duplicate_groups": FieldSpec(FieldType.TEXTS, "group names that occur more than once"),
    "duplicate_gids": FieldSpec(FieldType.TEXTS, "group ids that occur more than once"),
}

_PASSWD, _GROUP, _SHADOW = "/etc/passwd", "/etc/group", "/etc/shadow"
_SHADOWED = "x"
_AGES = ("changed", "min_days", "max_days", "warn_days", "inactive_days", "expires")
_DATES = frozenset({"changed", "expires"})
_SECONDS_A_DAY = 86400
_NOT_INTERACTIVE = frozenset({"nologin", "false", "true", "sync", "halt", "shutdown", "null"})
_LENGTHS = {"P": 8, "G": 5, "S": 10}


@dataclass(slots=True)
class _Output:
    """The lines that the script printed, split; ``shadow`` holds the first line of each name."""

    passwd: list[list[str]] = field(default_factory=list)
    group: list[list[str]] = field(default_factory=list)
    shadow: dict[str, list[str]] = field(default_factory=dict)
    malformed: list[str] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    is_complete: bool = False


def is_interactive(shell: str) -> bool:
    """Say whether a login shell lets somebody work; an empty one is /bin/sh."""
    return shell.rsplit("/", 1)[-1] not in _NOT_INTERACTIVE


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    output = _read_output(clean(answer.text), is_cut=answer.cut)
    return dict.fromkeys(probes, _build_evidence(output))


def _read_output(text: str, *, is_cut: bool) -> _Output:
    output = _Output()
    # What follows the last line break is the beginning of a line that was cut.
    for line in text.split("\n")[:-1]:
        mark, *parts = line.split(":")
        if mark == "E":
            output.is_complete = not is_cut
        elif mark == "U":
            output.unreadable.add(":".join(parts))
        elif mark == "B":
            output.malformed.append(":".join(parts))
        elif _LENGTHS.get(mark) == len(parts) + 1 and _has_numbers(mark, parts):
            _take_line(output, mark, parts)
    return output


def _has_numbers(mark: str, parts: Sequence[str]) -> bool:
    numbers = {"P": parts[3:5], "G": parts[2:3], "S": ()}[mark]
    return all(parse_decimal(number) is not None for number in numbers)


def _take_line(output: _Output, mark: str, parts: list[str]) -> None:
    if mark == "P":
        output.passwd.append(parts)
    elif mark == "G":
        output.group.append(parts)
    else:
        output.shadow.setdefault(parts[1], parts)


def _build_evidence(output: _Output) -> Evidence:
    groups_by_gid: dict[str, str] = {}
    for _, name, gid, _ in output.group:
        groups_by_gid.setdefault(gid, name)
    members: dict[str, list[str]] = defaultdict(list)
    for _, name, _, _, gid, *_ in output.passwd:
        members[gid].append(name)
    users = tuple(_build_user(parts, output, groups_by_gid) for parts in output.passwd)
    groups = tuple(_build_group(parts, members, output) for parts in output.group)
    names = [parts[1] for parts in output.passwd]
    return {
        "users": _whole(users, output, _PASSWD),
        "groups": _whole(groups, output, _GROUP),
        "malformed": _judge_malformed(output),
        "duplicate_names": _whole(_find_repeated(names), output, _PASSWD),
        "duplicate_uids": _whole(_find_repeated(str(int(parts[3])) for parts in output.passwd), output, _PASSWD),
        "duplicate_groups": _whole(_find_repeated(parts[1] for parts in output.group), output, _GROUP),
        "duplicate_gids": _whole(_find_repeated(str(int(parts[2])) for parts in output.group), output, _GROUP),
    }


def _whole(items: tuple[str, ...] | tuple[Record, ...], output: _Output, path: str) -> Field:
    if path in output.unreadable:
        return Unreadable("cannot be read", path)
    if not output.is_complete:
        return Partial(items, CUT, path)
    return Known(items, path)


def _judge_malformed(output: _Output) -> Field:
    items = tuple(dict.fromkeys(output.malformed))
    if not output.is_complete:
        return Partial(items, CUT)
    if output.unreadable:
        return Partial(items, f"{', '.join(sorted(output.unreadable))} cannot be read")
    return Known(items)


def _build_user(parts: Sequence[str], output: _Output, groups_by_gid: Mapping[str, str]) -> Record:
    line, name, password, uid, gid, home, shell = parts
    place = f"{_PASSWD}:{line}"
    return {
        "name": Known(name, place),
        "uid": Known(int(uid), place),
        "gid": Known(int(gid), place),
        "group": _name_group(gid, output, groups_by_gid),
        "home": Known(home, place),
        "shell": Known(shell, place),
        "interactive": Known(is_interactive(shell), place),
        "shadowed": Known(password == _SHADOWED, place),
        **_build_password(name, password, place, output),
    }


def _name_group(gid: str, output: _Output, groups_by_gid: Mapping[str, str]) -> Field:
    if gid in groups_by_gid:
        return Known(groups_by_gid[gid], _GROUP)
    if _GROUP in output.unreadable:
        return Unreadable("cannot be read", _GROUP)
    return Absent(_GROUP) if output.is_complete else Unreadable(CUT, _GROUP)


def _build_password(name: str, password: str, place: str, output: _Output) -> Record:
    """Return the password's state and ages; a password that stands in /etc/passwd itself counts before /etc/shadow."""
    shadow = _find_shadow(name, output)
    if password != _SHADOWED:
        return {**shadow, "password": Known(password, place)}
    return shadow


def _find_shadow(name: str, output: _Output) -> Record:
    missing: Field = Absent(_SHADOW)
    if _SHADOW in output.unreadable:
        missing = Unreadable("cannot be read; it takes root", _SHADOW)
    elif not output.is_complete and name not in output.shadow:
        missing = Unreadable(CUT, _SHADOW)
    elif broken := [item for item in output.malformed if item.startswith(f"{_SHADOW}:")]:
        missing = Unreadable(f"its line may be one that is broken: {broken[0]}", _SHADOW)
    if name not in output.shadow:
        return dict.fromkeys(("password", *_AGES), missing)
    line, _, state, *ages = output.shadow[name]
    place = f"{_SHADOW}:{line}"
    return {
        "password": Known(state, place),
        **{key: _build_age(key, age, place) for key, age in zip(_AGES, ages, strict=True)},
    }


def _build_age(key: str, text: str, place: str) -> Field:
    number = parse_decimal(text)
    if number is None:
        return Unreadable("not a number", place) if text else Absent(place)
    if number < 0:
        return Absent(place)
    return Known(number * _SECONDS_A_DAY if key in _DATES else number, place)


def _build_group(parts: Sequence[str], members: Mapping[str, Sequence[str]], output: _Output) -> Record:
    line, name, gid, text = parts
    place = f"{_GROUP}:{line}"
    listed = tuple(member for member in text.split(",") if member)
    everybody = tuple(dict.fromkeys((*listed, *members.get(gid, ()))))
    seen: Field = Known(everybody, place)
    if _PASSWD in output.unreadable:
        seen = Partial(everybody, f"{_PASSWD} cannot be read", place)
    elif not output.is_complete:
        seen = Partial(everybody, CUT, place)
    return {
        "name": Known(name, place),
        "gid": Known(int(gid), place),
        "members": seen,
        "listed": Known(listed, place),
    }


def _find_repeated(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text, count in Counter(texts).items() if count > 1)


KIND = ProbeKind(
    name="accounts",
    summary="local users and groups, with the state of their passwords",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
