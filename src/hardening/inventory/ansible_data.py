"""Ansible inventories that are trees already: YAML files, folders of variables, and what `ansible-inventory` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hardening.documents.parse import parse_document
from hardening.documents.scalars import Dialect
from hardening.errors import ContentError
from hardening.inventory.ansible_ini import MOST_HOSTS, expand
from hardening.inventory.ansible_tree import ALL
from hardening.model.place import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.documents.places import Document, PathStep
    from hardening.inventory.ansible_tree import AnsibleTree, Variables

_VAULT = "$ANSIBLE_VAULT"
_ASK = "ask Ansible with `hardening inventory import ansible-inventory`"


def read_yaml(text: str, file: str, tree: AnsibleTree) -> None:
    """Add what a YAML inventory says to a tree; raises ``ContentError`` if it is no YAML that we read."""
    document = parse_document(text, file, Dialect.FOREIGN)
    data = document.data
    if not isinstance(data, dict):
        raise ContentError([Problem(Place(file), "this is no inventory of groups", "name another file")])
    if "plugin" in data:
        raise ContentError([document.key_problem(("plugin",), "this inventory is made by a program", _ASK)])
    for name in data:
        _read_group(document, (name,), name, tree)


def _read_group(document: Document, path: tuple[PathStep, ...], name: str, tree: AnsibleTree) -> None:
    group = tree.group(name, document.key_place(*path))
    body = _mapping(document, path, tree)
    for key in body.keys() - {"hosts", "children", "vars"}:
        tree.problems.append(document.key_problem((*path, key), f'"{key}" is no part of a group', "see `hosts:`"))
    for host in _mapping(document, (*path, "hosts"), tree):
        at = (*path, "hosts", host)
        variables, place = _texts(_mapping(document, at, tree)), document.key_place(*at)
        try:
            for each in expand(host, MOST_HOSTS - len(tree.hosts)):
                tree.add_host(each, name, place, variables)
        except ValueError as error:
            tree.problems.append(Problem(place, f"{host}: {error}", "write FIRST:LAST, as [01:20] or [a:f]"))
    group.variables.update(_texts(_mapping(document, (*path, "vars"), tree)))
    for child in _mapping(document, (*path, "children"), tree):
        at = (*path, "children", child)
        group.children.setdefault(child, document.key_place(*at))
        _read_group(document, at, child, tree)


def _mapping(document: Document, path: tuple[PathStep, ...], tree: AnsibleTree) -> dict[str, object]:
    """Return the mapping at a path; nothing at all is an empty one."""
    data: object = document.data
    for step in path:
        data = data.get(str(step)) if isinstance(data, dict) else None
    if isinstance(data, dict):
        return dict(data)
    if data is not None and not (isinstance(data, str) and data in {"", "null", "~"}):
        tree.problems.append(document.problem(path, "this must be a mapping of keys and values", "end it with a colon"))
    return {}


def read_variables(text: str, file: str, tree: AnsibleTree) -> Variables:
    """Return the variables in a file of `group_vars` or `host_vars`; one that is encrypted has none, and is told."""
    if text.startswith(_VAULT):
        tree.notes[Problem(Place(file), "is encrypted and not read", "name its secrets in credentials")] = None
        return {}
    if not text.replace("---", "").strip():
        return {}
    try:
        data = parse_document(text, file, Dialect.FOREIGN).data
    except ContentError as error:
        tree.problems.extend(Problem(each.place, each.what, _ASK) for each in error.problems[:1])
        return {}
    return _texts(dict(data)) if isinstance(data, dict) else {}


def read_listing(text: str, source: str, tree: AnsibleTree) -> None:
    """Add what `ansible-inventory --list` or an inventory script printed; raises ``ContentError`` if it is not that."""
    place = Place(source)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise ContentError([Problem(place, "what it printed is no JSON of an inventory", "run it by hand")])
    meta = data.pop("_meta", {})
    known = meta.get("hostvars", {}) if isinstance(meta, dict) else {}
    for name, body in data.items():
        group = tree.group(name, place)
        inside = body if isinstance(body, dict) else {"hosts": body}
        for host in _strings(inside.get("hosts")):
            values = known.get(host, {}) if isinstance(known, dict) else {}
            tree.add_host(host, name, place, _texts(values if isinstance(values, dict) else {}))
        group.children.update(dict.fromkeys(_strings(inside.get("children")), place))
        values = inside.get("vars")
        group.variables.update(_texts(values if isinstance(values, dict) else {}))
    # It names no group that is empty, but may name one among the children of another.
    for child in [child for group in tree.groups.values() for child in group.children]:
        tree.group(child, place)
    tree.group(ALL, place)


def _strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _texts(values: Mapping[str, object]) -> Variables:
    """Return the variables that are a text, a number or a truth value: no other means anything to us."""
    return {name: _text(value) for name, value in values.items() if isinstance(value, str | int | bool)}


def _text(value: str | int | bool) -> str:  # noqa: FBT001 - it is one of the values that JSON has
    return str(value).lower() if isinstance(value, bool) else str(value)
