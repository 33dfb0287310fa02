"""Taking servers in from elsewhere: read, held against what is there already, and added without touching that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from hardening.app.inventory_sources import SourceKind, read_source
from hardening.app.inventory_writing import add_sections
from hardening.inventory.imported import Found, FoundGroup, FoundTarget, render_credential, render_group, render_target
from hardening.inventory.insertion import render_new
from hardening.inventory.load import load_merged
from hardening.model.place import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from hardening.inventory.load import MergedInventory
    from hardening.inventory.ssh_config import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What to read, and what every new target gets besides; ``into`` is the inventory that is added to."""

    kind: SourceKind
    sources: Sequence[Path]
    into: Path | None
    credential: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    baselines: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What came of it: the lines to add (empty if there are none), how many targets they are and how many were there.

    ``notes`` tell what was left out on purpose, ``problems`` what disagrees or cannot be read; the rest goes on.
    """

    text: str
    added: int
    known: int
    notes: tuple[Problem, ...]
    problems: tuple[Problem, ...]


def import_targets(request: ImportRequest, around: Surroundings) -> Import:
    """Read sources, and write what is new into the inventory that is named, if one is.

    Raises ``UsageError`` and ``ContentError`` if nothing can be read, or nothing be written so that the inventory
    stays valid, ``StorageError``.
    """
    into = None if request.into is None else request.into.resolve()
    there = load_merged(into, around) if into is not None and into.exists() else None
    found = _join([read_source(request.kind, source, into) for source in request.sources])
    problems, notes = list(found.problems), list(found.notes)
    fresh, known = _sort(found.targets, there, problems)
    keys, renamed = _name_credentials(found, there)
    targets = [
        _complete(replace(target, credential=renamed.get(target.credential, target.credential)), request)
        for target in fresh
    ]
    used = {target.credential for target in targets}
    credentials = {name: key for name, key in keys.items() if name in used}
    groups = _find_groups(found, targets, there, notes)
    sections: dict[str, Callable[[str], str]] = {}
    if credentials:
        sections["credentials"] = partial(
            _render_all, [partial(render_credential, *each) for each in credentials.items()]
        )
    if groups:
        sections["groups"] = partial(_render_all, [partial(render_group, each) for each in groups])
    if targets:
        sections["targets"] = partial(_render_all, [partial(render_target, each) for each in targets])
        if into is not None:
            add_sections(into, there, sections, around)
    return Import(
        text=render_new(sections) if targets else "",
        added=len(targets),
        known=known,
        notes=tuple(notes),
        problems=tuple(problems),
    )


def _render_all(parts: Sequence[Callable[[str], str]], indent: str) -> str:
    return "".join(part(indent) for part in parts)


def _join(parts: Sequence[Found]) -> Found:
    """Return what all sources gave. Groups of one name are one; servers of one name must be the same."""
    if len(parts) == 1:
        return parts[0]
    targets: list[FoundTarget] = [target for part in parts for target in part.targets]
    groups: dict[str, list[Found]] = {}
    for part in parts:
        for group in part.groups:
            groups.setdefault(group.name, []).append(replace(part, groups=(group,)))
    credentials: dict[str, str] = {}
    problems = [problem for part in parts for problem in part.problems]
    for part in parts:
        for name, key in part.credentials.items():
            if credentials.setdefault(name, key) != key:
                what = f'the credential "{name}" is {credentials[name]} in one source and {key} in another'
                problems.append(Problem(Place(name), what, "import them one after the other"))
    return Found(
        targets=tuple(targets),
        groups=tuple(
            replace(
                found[0].groups[0],
                targets=tuple(dict.fromkeys(name for each in found for name in each.groups[0].targets)),
                groups=tuple(dict.fromkeys(name for each in found for name in each.groups[0].groups)),
            )
            for found in groups.values()
        ),
        credentials=credentials,
        notes=tuple(note for part in parts for note in part.notes),
        problems=tuple(problems),
    )


def _sort(
    targets: Sequence[FoundTarget], there: MergedInventory | None, problems: list[Problem]
) -> tuple[list[FoundTarget], int]:
    """Return the targets that are new, and how many are known; what two sources tell differently is neither."""
    by_name: dict[str, FoundTarget] = {}
    refused: set[str] = set()
    for target in targets:
        other = by_name.setdefault(target.name, target)
        if other is not target and _differ(target.settings, other.settings):
            refused.add(target.name)
            what = f"{target.name}: this says {_tell(target)}, and {other.place} says {_tell(other)}"
            problems.append(Problem(target.place, what, "correct one of them; neither is taken"))
    known = 0
    entries = {merged.entry.name: (number, merged) for number, merged in enumerate(there.merged)} if there else {}
    fresh = []
    for name, target in by_name.items():
        if name in refused:
            continue
        if name not in entries:
            fresh.append(target)
            continue
        known += 1
        number, merged = entries[name]
        way = getattr(merged.entry, target.way)
        said = {} if way is None else {word: str(getattr(way, word) or "") for word in target.settings}
        if way is None or _differ(target.settings, said):
            place = there.document.place("targets", number) if there else target.place
            told = f"{target.way} {_say(said)}" if said else f"no {target.way}"
            what = f"{name}: {target.place} says {_tell(target)}, and this says {told}"
            problems.append(Problem(place, what, "correct one of them; the inventory stays as it is"))
    return fresh, known


def _differ(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return any(one.get(word, "") != other.get(word, "") for word in ("address", "port") if word in one or word in other)


def _tell(target: FoundTarget) -> str:
    return f"{target.way} {_say(target.settings)}"


def _say(settings: Mapping[str, str]) -> str:
    return " ".join(f"{word} {settings[word]}" for word in ("address", "port") if settings.get(word))


def _complete(target: FoundTarget, request: ImportRequest) -> FoundTarget:
    return replace(
        target,
        credential=target.credential or request.credential,
        labels={**request.labels, **target.labels},
        baselines=target.baselines or tuple(request.baselines),
    )


def _find_groups(
    found: Found, targets: Sequence[FoundTarget], there: MergedInventory | None, notes: list[Problem]
) -> list[FoundGroup]:
    """Return the groups that are new and have a target in them; what a group that is there lacks, becomes a note."""
    names = {target.name for target in targets} | {merged.entry.name for merged in (there.merged if there else ())}
    held: dict[str, FoundGroup] = {}
    waiting = {group.name: group for group in found.groups}
    known = dict(there.groups.forms) if there else {}
    while waiting:
        full = {name: kept for name, group in waiting.items() if (kept := _cut(group, names, {*held, *known}))}
        if not full:
            break
        held.update(full)
        waiting = {name: group for name, group in waiting.items() if name not in full}
    # Once more, as groups may stand in others that were looked at before them.
    whole = [_cut(group, names, {*held, *known}) for group in found.groups if group.name in held]
    fresh = []
    for group in filter(None, whole):
        if group.name not in known:
            fresh.append(group)
            continue
        form = known[group.name]
        lacking = [*({*group.targets} - {*form.targets}), *({*group.groups} - {*form.groups})]
        if lacking and there:
            place = there.document.key_place("groups", group.name)
            remedy = f"add {', '.join(sorted(lacking))} to it"
            notes.append(Problem(place, f"group {group.name} is there already, and stays as it is", remedy))
    return fresh


def _cut(group: FoundGroup, targets: Collection[str], groups: Collection[str]) -> FoundGroup | None:
    """Return a group with what there is of it; ``None`` if there is nothing."""
    kept = replace(
        group,
        targets=tuple(name for name in group.targets if name in targets),
        groups=tuple(name for name in group.groups if name in groups),
    )
    return kept if kept.targets or kept.groups else None


def _name_credentials(found: Found, there: MergedInventory | None) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the keys that are new by the name of their credential, and the names that had to change."""
    known = dict(there.form.credentials) if there else {}
    fresh: dict[str, str] = {}
    renamed: dict[str, str] = {}
    for name, key in found.credentials.items():
        free, number = name, 1
        while free in known and known[free].key != key:
            number += 1
            free = f"{name}-{number}"
        renamed[name] = free
        if free not in known:
            fresh[free] = key
    return fresh, renamed
