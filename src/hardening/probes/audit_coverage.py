"""What a set of audit rules records: which paths for which accesses, which system calls on which architecture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.probes.audit_syntax import EVERY, Clear, Control, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_AT_LEAST = re.compile(r"(\w+)>=([0-9]{1,10})")
# aarch64 has no old calls that newer ones replaced, and programs of 32 bits have no say in what it can run.
_NOT_ON_ARM = frozenset(
    {"open", "creat", "chmod", "chown", "lchown", "unlink", "rename", "rmdir", "mkdir", "mknod", "link", "symlink"}
    | {"utime", "utimes", "futimesat", "create_module", "query_module", "access", "readlink", "time", "fork", "vfork"}
)
_ONLY_32 = frozenset({"stime", "umount"})


@dataclass(slots=True)
class RuleSet:
    """Rules in the order in which they hold, and the numbers that were set beside them."""

    rules: list[Rule]
    numbers: dict[str, tuple[int, str]]


def collect(statements: Iterable[Rule | Control | Clear | None]) -> RuleSet:
    """Return what holds after all statements; a repeated rule counts once."""
    found: dict[str, Rule] = {}
    numbers: dict[str, tuple[int, str]] = {}
    for statement in statements:
        match statement:
            case Rule():
                found.setdefault(statement.text, statement)
            case Control(name=name, value=value, place=place):
                numbers[name] = (value, place)
            case Clear():
                found.clear()
            case None:
                pass
    return RuleSet(list(found.values()), numbers)


def list_arches(machine: str) -> tuple[str, ...]:
    """Return the architectures whose calls a machine serves; where it is unknown, both."""
    return ("b64",) if machine == "aarch64" else ("b64", "b32")


def watch_permissions(rules: Sequence[Rule], path: str, within: Sequence[str], machine: str) -> dict[str, str]:
    """Return the accesses to a path that are recorded whatever program asks, each with the place of its rule."""
    by_arch: list[dict[str, str]] = []
    if _is_silenced(rules):
        return {}
    for arch in list_arches(machine):
        found: dict[str, str] = {}
        ignored: set[str] = set()
        for rule in rules:
            if not (rule.list == "exit" and rule.arch in {"", arch} and rule.syscalls == {EVERY}):
                continue
            if rule.action == "never" and not rule.filters and (not rule.path or _holds(rule.path, path)):
                ignored |= rule.permissions or set("rwxa")
            elif rule.action == "always" and rule.path and _holds(rule.path, path) and _is_within(rule.filters, within):
                for permission in rule.permissions - ignored:
                    found.setdefault(permission, rule.place)
        by_arch.append(found)
    return {name: place for name, place in by_arch[0].items() if all(name in found for found in by_arch)}


def find_recorder(rules: Sequence[Rule], call: str, arch: str, within: Sequence[str], case: str) -> Rule | None:
    """Return the first rule that records a system call; ``case`` is a filter that it may have besides ``within``."""
    if _is_silenced(rules):
        return None
    for rule in rules:
        if rule.list != "exit" or rule.arch not in {"", arch} or rule.path:
            continue
        if call not in rule.syscalls and EVERY not in rule.syscalls:
            continue
        if rule.action == "never" and not rule.filters:
            return None
        allowed = [*within, case, "success=0"] if case else within
        if rule.action == "always" and _is_within(rule.filters, allowed):
            return rule
    return None


def list_calls(calls: Sequence[str], machine: str) -> list[tuple[str, str]]:
    """Return architecture and call for everything that this machine can be asked."""
    return [
        (arch, call)
        for arch in list_arches(machine)
        for call in calls
        if not (machine == "aarch64" and call in _NOT_ON_ARM) and not (arch == "b64" and call in _ONLY_32)
    ]


def _is_silenced(rules: Sequence[Rule]) -> bool:
    """Say whether a rule switches recording off for every task, as the stock rules of Fedora do."""
    return any(rule.action == "never" and rule.list == "task" and not rule.filters for rule in rules)


def _holds(folder: str, path: str) -> bool:
    return folder in {path, "/"} or path.startswith(f"{folder}/")


def _is_within(filters: Iterable[str], within: Sequence[str]) -> bool:
    return all(text in within or _is_wider(text, within) for text in filters)


def _is_wider(text: str, within: Sequence[str]) -> bool:
    """Say whether a lower bound lets through at least what an allowed one does."""
    bound = _AT_LEAST.fullmatch(text)
    if bound is None:
        return False
    allowed = [match for match in map(_AT_LEAST.fullmatch, within) if match is not None]
    return any(match[1] == bound[1] and int(bound[2]) <= int(match[2]) for match in allowed)
