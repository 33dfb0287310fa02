"""What was found elsewhere: servers, groups and keys, each with the place that says so, and the lines they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.documents.writing import write_text
from hardening.model.place import NOWHERE, Place, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTarget:
    """A server, as it would stand in an inventory; a way without settings is this machine (`local: {}`)."""

    name: str
    place: Place
    way: str = "ssh"
    settings: Mapping[str, str] = field(default_factory=dict)
    credential: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    baselines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundGroup:
    """A group: the servers and the groups in it."""

    name: str
    place: Place = NOWHERE
    targets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that one source gave. ``credentials`` are keys by the name of their credential.

    ``notes`` tell what was left out though nothing is wrong; ``problems`` what could not be taken in.
    """

    targets: tuple[FoundTarget, ...] = ()
    groups: tuple[FoundGroup, ...] = ()
    credentials: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()


def render_target(target: FoundTarget, indent: str) -> str:
    """Return the lines of an entry under `targets:`."""
    settings = ", ".join(f"{name}: {_value(value)}" for name, value in target.settings.items())
    lines = [f"- name: {write_text(target.name)}", f"  {target.way}: {{{settings}}}"]
    if target.credential:
        lines.append(f"  credential: {write_text(target.credential)}")
    if target.labels:
        told = ", ".join(f"{write_text(name)}: {write_text(value)}" for name, value in target.labels.items())
        lines.append(f"  labels: {{{told}}}")
    if target.baselines:
        lines.append(f"  baselines: [{_list(target.baselines)}]")
    return "".join(f"{indent}{line}\n" for line in lines)


def render_group(group: FoundGroup, indent: str) -> str:
    """Return the lines of an entry under `groups:`."""
    lines = [f"{write_text(group.name)}:"]
    if group.groups:
        lines.append(f"  groups: [{_list(group.groups)}]")
    if group.targets:
        lines.append(f"  targets: [{_list(group.targets)}]")
    return "".join(f"{indent}{line}\n" for line in lines)


def render_credential(name: str, key: str, indent: str) -> str:
    """Return the line of an entry under `credentials:`."""
    return f"{indent}{write_text(name)}: {{key: {write_text(key)}}}\n"


def _value(text: str) -> str:
    return text if text.isascii() and text.isdigit() else write_text(text)


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(write_text, names))
