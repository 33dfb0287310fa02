"""What is wrong with an inventory, and what is likely not meant, each with its line and what to do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.app.assign import assign_baselines
from hardening.app.parameters import SiteParameters
from hardening.errors import ContentError, UsageError
from hardening.inventory.load import load_merged
from hardening.inventory.merge import WAYS
from hardening.inventory.ssh_route import NONE
from hardening.model.evidence import ABSENT, Absent
from hardening.model.place import Place, Problem
from hardening.model.target import Credential, LdapEndpoint, SshEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hardening.app.site import Site
    from hardening.inventory.load import MergedInventory
    from hardening.inventory.ssh_config import Surroundings
    from hardening.model.content import Content
    from hardening.model.target import Target


@dataclass(frozen=True, slots=True)
class Linted:
    """The size of an inventory, what makes it invalid, and what is likely not meant."""

    targets: int
    groups: int
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()


def lint_inventory(path: Path, around: Surroundings, site: Site, content: Content) -> Linted:
    """Return every problem of an inventory: those that stop a scan, and those that only make it another one."""
    try:
        loaded = load_merged(path, around)
        SiteParameters(site.settings.parameters, loaded.inventory.parameters, content)
    except ContentError as error:
        return Linted(0, 0, error.problems)
    size = (len(loaded.merged), len(loaded.groups.forms))
    errors = []
    for target in loaded.inventory.targets:
        try:
            assign_baselines([target], (), content)
        except UsageError as error:
            errors.append(Problem(_place(target), f"{target.name}: {error}"))
    return Linted(*size, tuple(errors), tuple(sorted(_find_warnings(loaded))))


def _find_warnings(loaded: MergedInventory) -> Iterator[Problem]:
    yield from _find_empty_groups(loaded)
    yield from _find_unused_credentials(loaded)
    yield from _find_unproven(loaded)
    yield from _find_same_places(loaded)


def _find_empty_groups(loaded: MergedInventory) -> Iterator[Problem]:
    used = {group for target in loaded.inventory.targets for group in target.groups}
    for name in loaded.groups.forms:
        if name not in used:
            place = loaded.document.key_place("groups", name)
            yield Problem(
                place, f"group {name} has no target", "give it `targets:`, `select:` or `groups:`, or remove it"
            )


def _find_unused_credentials(loaded: MergedInventory) -> Iterator[Problem]:
    named = {merged.entry.credential for merged in loaded.merged}
    for merged in loaded.merged:
        named.update(way.credential for name in WAYS if (way := getattr(merged.entry, name)) is not None)
    for name in loaded.form.credentials:
        if name not in named:
            place = loaded.document.key_place("credentials", name)
            yield Problem(
                place, f'no target uses the credential "{name}"', "remove it, or name it at a group or target"
            )


def _find_unproven(loaded: MergedInventory) -> Iterator[Problem]:
    """Yield one problem a group, and one a target without group, of servers that are logged in to with our own keys."""
    by_group: dict[str, list[str]] = defaultdict(list)
    for number, (target, merged) in enumerate(zip(loaded.inventory.targets, loaded.merged, strict=True)):
        if merged.entry.credential == NONE or not any(_is_unproven(endpoint) for endpoint in target.endpoints):
            continue
        if merged.entry.ssh is not None and merged.entry.ssh.credential == NONE:
            continue
        if not target.groups:
            place = loaded.document.place("targets", number)
            yield Problem(place, f"{target.name} has no credential: {_OWN_KEYS}", _NAME_ONE)
        for group in target.groups:
            by_group[group].append(target.name)
    for group, names in by_group.items():
        if not any(other in by_group and group in loaded.groups.ancestors(other) for other in by_group):
            place = loaded.document.key_place("groups", group)
            count = f"{len(names)} of its targets are" if len(names) > 1 else f"{names[0]} is"
            what = f"group {group} has no credential: {count} logged in to with the keys of whoever scans"
            yield Problem(place, what, _NAME_ONE)


_OWN_KEYS = "it is logged in to with the keys of whoever scans"
_NAME_ONE = "write `credential: NAME`, or `credential: none` if that is meant"


def _is_unproven(endpoint: object) -> bool:
    return isinstance(endpoint, SshEndpoint) and endpoint.credential == Credential()


def _find_same_places(loaded: MergedInventory) -> Iterator[Problem]:
    """Yield targets that lead to the same place under two names: they would be counted twice."""
    first: dict[tuple[str, str, int, SshEndpoint | Absent], str] = {}
    for target in loaded.inventory.targets:
        for endpoint in target.endpoints:
            match endpoint:
                case SshEndpoint(address=host, port=port, jump=jump):
                    key, address = ("ssh", host, port, jump), f"{host}:{port}"
                case LdapEndpoint(address=host, port=port):
                    key, address = ("ldap", host, port, ABSENT), f"{host}:{port}"
                case _:
                    continue
            other = first.setdefault(key, target.name)
            if other != target.name:
                what = f"{target.name} and {other} are both at {address}"
                yield Problem(_place(target), what, "keep one of them, or they are counted twice")


def _place(target: Target) -> Place:
    file, line, column = target.place.rsplit(":", 2)
    return Place(file, int(line), int(column))
