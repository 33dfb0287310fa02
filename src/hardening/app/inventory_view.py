"""An inventory as it counts: each target's values with who said them, the groups as a tree, the ways through others."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.app.assign import channels_of, default_references
from hardening.app.content import require_known
from hardening.app.parameters import SiteParameters
from hardening.inventory.merge import own_values
from hardening.inventory.selector import is_selected, parse_selector
from hardening.inventory.ssh_route import SSH_PORT
from hardening.model.evidence import Absent
from hardening.model.target import SshEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hardening.inventory.load import MergedInventory, SiteSettings
    from hardening.inventory.merge import Merged, Said, Source
    from hardening.inventory.models import GroupDocument
    from hardening.model.check import Constant
    from hardening.model.content import Content
    from hardening.model.target import Target


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One value of a target: its name (`ssh.user`), who said it, and where; no line says it if ``place`` is empty."""

    name: str
    value: Said | Constant
    who: str
    place: str


@dataclass(frozen=True, slots=True)
class TargetView:
    """A target with all that is said about it."""

    name: str
    place: str
    groups: tuple[str, ...]
    values: tuple[ValueLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """A group: the groups in it, its own targets (not theirs), and how those were found."""

    name: str
    place: str
    groups: tuple[str, ...]
    targets: tuple[str, ...]
    select: str
    credential: str


@dataclass(frozen=True, slots=True)
class InventoryGraph:
    """The groups of an inventory, those that stand in no other first, and what lies behind which jump hosts."""

    outermost: tuple[str, ...]
    groups: Mapping[str, GroupView]
    ungrouped: tuple[str, ...]
    jumps: Mapping[tuple[str, ...], tuple[str, ...]]


def view_targets(
    loaded: MergedInventory, settings: SiteSettings, content: Content, names: Sequence[str], selector: str
) -> Iterator[TargetView]:
    """Yield the targets that are named, or all, as far as the selector chooses them.

    Raises ``UsageError`` for a name or a selector that is wrong, ``ContentError`` for parameters that are.
    """
    known = {merged.entry.name: number for number, merged in enumerate(loaded.merged)}
    for name in names:
        require_known(name, known, "target", "hardening inventory show")
    terms = parse_selector(selector)
    parameters = SiteParameters(settings.parameters, loaded.inventory.parameters, content)
    for number in (known[name] for name in names) if names else range(len(loaded.merged)):
        target = loaded.inventory.targets[number]
        if is_selected(terms, target.labels, target.groups):
            yield TargetView(
                target.name,
                target.place,
                tuple(sorted(target.groups)),
                tuple(_list_values(loaded, number, target, parameters, content)),
            )


def _list_values(
    loaded: MergedInventory, number: int, target: Target, parameters: SiteParameters, content: Content
) -> Iterator[ValueLine]:
    merged = loaded.merged[number]
    sources: dict[tuple[str, ...], Source] = dict(own_values(merged.written, number)) | dict(merged.inherited)
    said = {
        ".".join(path): ValueLine(".".join(path), source.value, source.who, str(loaded.document.place(*source.at)))
        for path, source in sources.items()
    }
    for line in (*_list_ssh_config(merged, target), *_list_baselines(target, content)):
        said[line.name] = line
    for check, values in parameters.site_overrides(target.labels).items():
        for name, value in values.items():
            path = f"parameters.{check}.{name}"
            said.setdefault(path, ValueLine(path, value.value, "site.yaml", value.source))
    yield from (said[name] for name in sorted(said))


def _list_ssh_config(merged: Merged, target: Target) -> Iterator[ValueLine]:
    """Yield what an ssh_config adds to what the inventory says, or makes of it."""
    ssh = merged.entry.ssh
    for endpoint in target.endpoints:
        if ssh is None or not isinstance(endpoint, SshEndpoint):
            continue
        if endpoint.address != ssh.address:
            yield ValueLine("ssh.address", endpoint.address, "ssh_config", "")
        if not ssh.port and endpoint.port != SSH_PORT:
            yield ValueLine("ssh.port", endpoint.port, "ssh_config", "")
        if not ssh.user and endpoint.user:
            yield ValueLine("ssh.user", endpoint.user, "ssh_config", "")
        if not ssh.jump and not isinstance(endpoint.jump, Absent):
            yield ValueLine("ssh.jump", ",".join(_name_hops(endpoint)), "ssh_config", "")
        if endpoint.credential.key and not (ssh.credential or merged.entry.credential):
            yield ValueLine("ssh.key", endpoint.credential.key, "ssh_config", "")


def _list_baselines(target: Target, content: Content) -> Iterator[ValueLine]:
    if not target.baselines:
        names = [str(reference) for reference in default_references(content, channels_of(target))]
        yield ValueLine("baselines", names, "default of the platform", "")


def build_graph(loaded: MergedInventory) -> InventoryGraph:
    """Return the groups with their targets, and the ways through jump hosts."""
    inside: dict[str, list[str]] = defaultdict(list)
    ungrouped = []
    jumps: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for target in loaded.inventory.targets:
        for group in target.groups:
            if not any(group in loaded.groups.ancestors(other) for other in target.groups):
                inside[group].append(target.name)
        if not target.groups:
            ungrouped.append(target.name)
        for endpoint in target.endpoints:
            if isinstance(endpoint, SshEndpoint) and (hops := _name_hops(endpoint)):
                jumps[hops].append(target.name)
    groups = {name: _view_group(loaded, name, form, tuple(inside[name])) for name, form in loaded.groups.forms.items()}
    return InventoryGraph(
        loaded.groups.outermost,
        groups,
        tuple(ungrouped),
        {hops: tuple(names) for hops, names in sorted(jumps.items())},
    )


def _view_group(loaded: MergedInventory, name: str, form: GroupDocument, targets: tuple[str, ...]) -> GroupView:
    return GroupView(
        name=name,
        place=str(loaded.document.key_place("groups", name)),
        groups=tuple(form.groups),
        targets=targets,
        select=form.select or "",
        credential=form.credential or "",
    )


def _name_hops(endpoint: SshEndpoint) -> tuple[str, ...]:
    """Return the jump hosts on the way to a server, the one nearest to us first."""
    hops: list[str] = []
    at = endpoint.jump
    while not isinstance(at, Absent):
        hops.insert(0, at.address if at.port == SSH_PORT else f"{at.address}:{at.port}")
        at = at.jump
    return tuple(hops)
