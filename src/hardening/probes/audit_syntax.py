"""How auditctl reads a rule, and one form for all spellings of the same rule (auditctl(8)).

`-w PATH -p wa -k K` is `-a always,exit -F path=PATH -F perm=wa -F key=K`, syscalls may stand in any order, and a user
who never logged in is `unset`, `-1` and `4294967295`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FILTER = re.compile(r"([a-z0-9_]+)(!=|>=|<=|&=|=|>|<|&)(.*)", re.IGNORECASE)
_UNSET = frozenset({"-1", "4294967295", "unset"})
_USERS = frozenset({"auid", "loginuid", "uid", "euid", "suid", "fsuid", "obj_uid", "sauid"})
_ARCHES = {"x86_64": "b64", "aarch64": "b64", "ppc64le": "b64", "s390x": "b64", "i386": "b32", "i686": "b32"}
_ERRORS = {"-13": "-EACCES", "-1": "-EPERM", "-2": "-ENOENT", "-22": "-EINVAL", "-30": "-EROFS"}
_PERMISSIONS = frozenset("rwxa")
EVERY = "all"
_CONTROLS = {"-e": "enabled", "-f": "failure", "-b": "backlog_limit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule in its one form; a watch has a path, ``permissions`` are of ``rwxa``, ``filters`` narrow it."""

    action: str
    list: str
    arch: str = ""
    path: str = ""
    permissions: frozenset[str] = frozenset()
    syscalls: frozenset[str] = frozenset({EVERY})
    filters: frozenset[str] = frozenset()
    key: str = ""
    place: str = ""

    @property
    def text(self) -> str:
        """The rule in its one form, without its place: what two spellings of the same rule share."""
        parts = [f"-a {self.action},{self.list}"]
        if self.arch:
            parts.append(f"-F arch={self.arch}")
        if self.syscalls != {EVERY} or not self.path:
            parts.append(f"-S {','.join(sorted(self.syscalls))}")
        if self.path:
            parts += [f"-F path={self.path}", f"-F perm={''.join(sorted(self.permissions))}"]
        parts += [f"-F {text}" for text in sorted(self.filters)]
        if self.key:
            parts.append(f"-k {self.key}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Control:
    """A line that sets a number of the audit system: enabled, failure or backlog_limit."""

    name: str
    value: int
    place: str


@dataclass(frozen=True, slots=True)
class Clear:
    """`-D`: every rule before it is gone."""


def parse_line(line: str, place: str) -> Rule | Control | Clear | None:
    """Return what a line says, or ``None`` for comments and what says nothing about rules."""
    words = line.split()
    if not words or words[0].startswith("#"):
        return None
    if words[0] in _CONTROLS and len(words) > 1 and words[1].isascii() and words[1].isdigit():
        return Control(_CONTROLS[words[0]], int(words[1][:9]), place)
    if words == ["-D"]:
        return Clear()
    return _parse_rule(words, place)


@dataclass(slots=True)
class _Draft:
    """A rule while its options are read."""

    action: str = ""
    list: str = ""
    arch: str = ""
    path: str = ""
    key: str = ""
    permissions: frozenset[str] = _PERMISSIONS
    syscalls: set[str] = field(default_factory=set)
    filters: set[str] = field(default_factory=set)

    def take_option(self, option: str, value: str) -> None:
        """Take one option with its value."""
        match option:
            case "-a" | "-A":
                first, _, second = value.partition(",")
                is_swapped = second in {"always", "never", "possible"}
                self.action, self.list = (second, first) if is_swapped else (first, second)
            case "-w":
                self.action, self.list, self.path = "always", "exit", clean_path(value)
            case "-p":
                self.permissions = frozenset(value) & _PERMISSIONS
            case "-k":
                self.key = value
            case "-S":
                self.syscalls |= set(value.split(","))
            case _:
                self.take_filter(*_normalise(value))

    def take_filter(self, name: str, text: str) -> None:
        """Take what stands behind -F or -C: what to watch, or what narrows."""
        match name:
            case "arch":
                self.arch = text
            case "path" | "dir":
                self.path = clean_path(text)
            case "perm":
                self.permissions = frozenset(text) & _PERMISSIONS
            case "key":
                self.key = text
            case _:
                self.filters.add(text)


def _parse_rule(words: Sequence[str], place: str) -> Rule | None:
    draft = _Draft()
    for option, value in _pair(words):
        draft.take_option(option, value)
    if not (draft.action and draft.list):
        return None
    return Rule(
        action=draft.action,
        list=draft.list,
        arch=draft.arch,
        path=draft.path,
        permissions=draft.permissions if draft.path else frozenset(),
        syscalls=frozenset(draft.syscalls) or frozenset({EVERY}),
        filters=frozenset(draft.filters),
        key=draft.key,
        place=place,
    )


def _pair(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return options with their values, which may stand in the same word or the next."""
    pairs = []
    waiting = ""
    for word in words:
        if waiting:
            pairs.append((waiting, word.strip("\"'")))
            waiting = ""
        elif word in {"-a", "-A", "-w", "-p", "-k", "-S", "-F", "-C"}:
            waiting = word
        elif word[:2] in {"-a", "-w", "-p", "-k", "-S", "-F", "-C"} and not word.startswith("--"):
            pairs.append((word[:2], word[2:]))
    return pairs


def _normalise(text: str) -> tuple[str, str]:
    """Return a filter's name, and its value where it says what to watch, else the whole filter in its one form."""
    match = _FILTER.fullmatch(text)
    if match is None:
        return "", text
    name, operator, value = match[1].lower(), match[2], match[3].strip("\"'")
    name = "auid" if name == "loginuid" else name
    if operator == "=" and name in {"path", "dir", "perm", "key"}:
        return name, value
    if operator == "=" and name == "arch":
        return name, _ARCHES.get(value, value)
    if name in _USERS and value in _USERS:
        first, second = sorted((name, value))
        return name, f"{first}{operator}{second}"
    if name in _USERS or name == "gid":
        value = "unset" if value in _UNSET else {"root": "0"}.get(value, value)
    if name == "exit":
        value = _ERRORS.get(value, value)
    if name == "success":
        value = {"yes": "1", "no": "0"}.get(value, value)
    return name, f"{name}{operator}{value}"


def clean_path(path: str) -> str:
    """Return a path in one form: no slash at its end, and /run for its old name."""
    path = path.rstrip("/") or "/"
    return path.removeprefix("/var") if path.startswith("/var/run/") else path
