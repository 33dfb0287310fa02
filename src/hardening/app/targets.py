"""From words on the command line to targets: names from the inventory, addresses, labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hardening.app.content import require_known
from hardening.errors import UsageError
from hardening.inventory.address import AddressOptions, is_address, name_of, parse_address
from hardening.inventory.load import Inventory, load_inventory
from hardening.inventory.selector import is_selected, parse_selector
from hardening.inventory.ssh_config import Surroundings
from hardening.model.evidence import ABSENT, Absent
from hardening.model.target import Become, ContainerEndpoint, Endpoint, LocalEndpoint, SshEndpoint, Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hardening.app.site import Site
    from hardening.inventory.load import ParameterRule


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRequest:
    """What the command line says about targets; without words, every target of the inventory.

    ``around`` is what an ssh_config that the inventory names is read with.
    """

    words: Sequence[str]
    inventory: Path | Absent
    selector: str
    options: AddressOptions
    around: Surroundings


@dataclass(frozen=True, slots=True)
class ChosenTargets:
    """Targets, and what the inventory says of their parameters: still as text, by target name."""

    targets: tuple[Target, ...]
    parameters: tuple[tuple[str, ParameterRule], ...] = ()


def choose_targets(request: TargetRequest, site: Site) -> ChosenTargets:
    """Return the targets that the command line means, sorted by name.

    Raises ``UsageError`` for names that do not exist and selections that are empty, ``ContentError`` for an invalid
    inventory.
    """
    path = request.inventory if not isinstance(request.inventory, Absent) else site.inventory
    words = tuple(dict.fromkeys(request.words))
    names = [word for word in words if not is_address(word)]
    named = [_target_at(word, request.options) for word in words if is_address(word)]
    inventory = Inventory(targets=())
    if not isinstance(path, Absent) and (names or not words):
        inventory = load_inventory(path, request.around)
    elif names:
        msg = f"{names[0]}: no inventory to look it up in; use -i FILE, --site DIR, or an address as ssh://{names[0]}"
        raise UsageError(msg)
    by_name = {target.name: target for target in inventory.targets}
    for name in names:
        require_known(name, by_name, "target", "hardening scan -i INVENTORY")
    chosen = [by_name[name] for name in names] if words else list(inventory.targets)
    chosen = [_with_become(target, request.options.become) for target in chosen]
    selector = parse_selector(request.selector)
    selected = [target for target in (*named, *chosen) if is_selected(selector, target.labels, target.groups)]
    return ChosenTargets(tuple(sorted(selected, key=lambda target: target.name)), inventory.parameters)


def _target_at(word: str, options: AddressOptions) -> Target:
    # Named after what was typed, not after what an ssh_config makes of it.
    name = name_of(parse_address(word, replace(options, ssh_config=ABSENT, jump="")))
    return Target(name=name, endpoints=(parse_address(word, options),))


def _with_become(target: Target, become: Become) -> Target:
    """Return the target with root rights asked for where the command line asks and the inventory does not."""
    return replace(target, endpoints=tuple(_endpoint_with_become(endpoint, become) for endpoint in target.endpoints))


def _endpoint_with_become(endpoint: Endpoint, become: Become) -> Endpoint:
    match endpoint:
        case SshEndpoint() | LocalEndpoint() if become is not Become.NO:
            return replace(endpoint, become=become)
        case ContainerEndpoint() if become is Become.SUDO:
            return replace(endpoint, become=become)
        case _:
            return endpoint
