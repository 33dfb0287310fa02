"""Ansible's INI inventories: sections are groups, lines are servers with `key=value`, or variables, or groups."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from hardening.model.place import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.inventory.ansible_tree import AnsibleTree

MOST_HOSTS = 200_000
"""Servers that ranges may come to in one inventory."""

_SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:[#;].*)?")
_RANGE = re.compile(r"\[([0-9]+|[A-Za-z]):([0-9]+|[A-Za-z])(?::([0-9]+))?\]")
_BRACKETS = re.compile(r"\[[^\]]*\]")


def read_ini(text: str, file: str, tree: AnsibleTree) -> None:
    """Add what a file says to a tree; what cannot be read is among its problems."""
    section, kind = "ungrouped", "hosts"
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        place = Place(file, number, 1)
        if not line or line[0] in "#;":
            continue
        if line.startswith("[") and (found := _SECTION.fullmatch(line)):
            section, kind = found[1], found[2] or "hosts"
            if kind not in {"hosts", "vars", "children"}:
                what = f"a section is [GROUP], [GROUP:vars] or [GROUP:children], not [{section}:{kind}]"
                tree.problems.append(Problem(place, what, "correct the word"))
            tree.group(section, place)
        elif kind == "vars":
            key, sign, value = line.partition("=")
            if not sign:
                tree.problems.append(Problem(place, "a variable without a value", "write NAME=VALUE"))
            tree.group(section, place).variables[key.strip()] = _bare(value.strip())
        elif kind == "children":
            tree.group(section, place).children.setdefault(line.partition("#")[0].strip(), place)
        else:
            _read_hosts(line, section, place, tree)


def _read_hosts(line: str, section: str, place: Place, tree: AnsibleTree) -> None:
    try:
        pattern, *pairs = shlex.split(line, comments=True)
    except ValueError:
        tree.problems.append(Problem(place, "a quotation does not end", "close the quotation mark"))
        return
    variables = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign:
            tree.problems.append(Problem(place, f"{pair} is no variable", "write NAME=VALUE, without spaces around ="))
        variables[key] = _bare(value)
    # Of several colons outside brackets none is before a port: it is an IPv6 address.
    if _BRACKETS.sub("", pattern).count(":") == 1:
        pattern, _, port = pattern.rpartition(":")
        variables.setdefault("ansible_port", port)
    try:
        for name in expand(pattern, MOST_HOSTS - len(tree.hosts)):
            tree.add_host(name, section, place, variables)
    except ValueError as error:
        tree.problems.append(Problem(place, f"{pattern}: {error}", "write FIRST:LAST, as [01:20] or [a:f]"))


def expand(pattern: str, most: int) -> Iterator[str]:
    """Yield the names that a pattern with ranges means; raises ``ValueError`` if one is wrong, or if they are more."""
    found = _RANGE.search(pattern)
    if not found:
        if most <= 0:
            msg = f"there are more than {MOST_HOSTS} servers"
            raise ValueError(msg)
        yield pattern.strip("[]")
        return
    first, last, step = found[1], found[2], int(found[3] or 1)
    before, after = pattern[: found.start()], pattern[found.end() :]
    for part in _list_range(first, last, step, most):
        for name in expand(f"{before}{part}{after}", most):
            yield name
            most -= 1


def _list_range(first: str, last: str, step: int, most: int) -> Iterator[str]:
    if first.isdigit() != last.isdigit() or not step:
        msg = "the ends of a range are two numbers or two letters"
        raise ValueError(msg)
    begin, end = (int(first), int(last)) if first.isdigit() else (ord(first), ord(last))
    width = len(first) if first.startswith("0") else 0
    if begin > end:
        msg = "the range ends before it begins"
        raise ValueError(msg)
    if (end - begin) // step >= max(most, 1):
        msg = f"there are more than {MOST_HOSTS} servers"
        raise ValueError(msg)
    for number in range(begin, end + 1, step):
        yield f"{number:0{width}d}" if first.isdigit() else chr(number)


def _bare(value: str) -> str:
    """Return a value without the quotes around all of it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value
