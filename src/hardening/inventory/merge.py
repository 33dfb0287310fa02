"""What a target is told by its own entry, its groups and the defaults, made one; each value knows where it came from.

The target wins over its groups, a group over those that it stands in, and any of them over the defaults. Two groups of
which neither stands in the other must agree, or the target must say it: nothing depends on the order of a file.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from hardening.documents.words import show
from hardening.inventory.membership import Groups
from hardening.inventory.models import TargetDocument

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hardening.documents.places import Document, PathStep
    from hardening.documents.validate import Form
    from hardening.inventory.models import InventoryDocument, SharedDocument
    from hardening.model.place import Place, Problem

WAYS = ("ssh", "winrm", "ldap", "local")
"""The ways to a target that groups and defaults may speak about."""

Said = str | int | list[str]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One value and who said it: ``target``, ``group NAME`` or ``defaults``; ``at`` is its path in the document."""

    value: Said
    who: str
    at: tuple[PathStep, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """A target as it counts; ``inherited`` are the values that its own entry, ``written``, does not say, by path."""

    written: TargetDocument
    entry: TargetDocument
    groups: frozenset[str]
    inherited: Mapping[Path, Source]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What one set of groups says together; ``disputed`` has every group that says a value, where they disagree."""

    sources: dict[Path, Source] = field(default_factory=dict)
    disputed: dict[Path, tuple[Source, ...]] = field(default_factory=dict)


class Merger:
    """Merges the entries of one inventory. What a set of groups comes to is found once, however many targets it has."""

    def __init__(self, document: Document, form: InventoryDocument) -> None:
        """Take in defaults and groups; raises ``ContentError`` for groups that lead nowhere or in circles."""
        self.groups = Groups(document, form.groups, (entry.name for entry in form.targets))
        self.problems: list[Problem] = []
        self._document = document
        self._defaults = dict(_flatten(form.defaults, "defaults", ("defaults",))) if form.defaults else {}
        self._by_group = {
            name: dict(_flatten(group, f"group {name}", ("groups", name))) for name, group in form.groups.items()
        }
        self._shared: dict[frozenset[str], _Shared] = {}
        self._told: set[tuple[Path, tuple[str, ...]]] = set()

    def merge(self, number: int, entry: TargetDocument) -> Merged:
        """Return an entry with what its groups and the defaults say; where they disagree is added to ``problems``."""
        named = self.groups.named(entry.name)
        sources = self._find(named).sources
        labels = {path[1]: str(source.value) for path, source in sources.items() if path[0] == "labels"}
        groups = self.groups.selecting({**labels, **entry.labels}, named)
        shared = self._find(groups)
        inherited = {path: source for path, source in shared.sources.items() if _is_open(entry, path, source)}
        for path in inherited.keys() & shared.disputed.keys():
            self._refuse(number, entry.name, path, shared.disputed[path])
        return Merged(entry, _fill(entry, inherited), groups, inherited)

    def _find(self, groups: frozenset[str]) -> _Shared:
        if groups not in self._shared:
            self._shared[groups] = self._join(groups)
        return self._shared[groups]

    def _join(self, groups: frozenset[str]) -> _Shared:
        saying: dict[Path, list[str]] = defaultdict(list)
        for name in sorted(groups, key=self.groups.numbers.__getitem__):
            for path in self._by_group[name]:
                saying[path].append(name)
        shared = _Shared(dict(self._defaults))
        for path, names in saying.items():
            beaten = frozenset().union(*(self.groups.ancestors(name) for name in names))
            sources = tuple(self._by_group[name][path] for name in names if name not in beaten)
            if path == ("baselines",):
                shared.sources[path] = _join_lists(sources)
                continue
            shared.sources[path] = sources[0]
            if any(source.value != sources[0].value for source in sources):
                shared.disputed[path] = sources
        return shared

    def _refuse(self, number: int, target: str, path: Path, sources: Sequence[Source]) -> None:
        key = (path, tuple(source.who for source in sources))
        if key in self._told:
            return
        self._told.add(key)
        said = " and ".join(f"{source.who} says {show(source.value)}" for source in sources)
        what = f"{'.'.join(path)} of {target}: {said}"
        remedy = f"say it at {target}, or let one of the groups stand in the other"
        self.problems.append(self._document.problem(("targets", number), what, remedy))

    def place_of(self, source: Source) -> Place:
        """Return where a value stands."""
        return self._document.place(*source.at)


def _join_lists(sources: Sequence[Source]) -> Source:
    """Return all baselines of groups that stand beside each other."""
    names = dict.fromkeys(name for source in sources for name in cast("list[str]", source.value))
    return Source(list(names), " and ".join(source.who for source in sources), sources[0].at)


def own_values(entry: TargetDocument, number: int) -> Iterator[tuple[Path, Source]]:
    """Yield what an entry says itself, but for its name."""
    at = ("targets", number)
    for way in TargetDocument.model_fields:
        value = getattr(entry, way)
        if way in {*WAYS, "name", "credential", "labels", "baselines", "parameters"}:
            continue
        if isinstance(value, str | list):
            yield (way,), Source(value, "target", (*at, way))
        elif value is not None:
            yield from _flatten_form(value, way, "target", at)
    yield from _flatten(entry, "target", at)


def _flatten(
    form: SharedDocument | TargetDocument, who: str, at: tuple[PathStep, ...]
) -> Iterator[tuple[Path, Source]]:
    for way in WAYS:
        inner = getattr(form, way)
        if inner is not None:
            yield from _flatten_form(inner, way, who, at)
    if form.credential is not None:
        yield ("credential",), Source(form.credential, who, (*at, "credential"))
    for label, text in form.labels.items():
        yield ("labels", label), Source(text, who, (*at, "labels", label))
    if form.baselines:
        yield ("baselines",), Source(list(form.baselines), who, (*at, "baselines"))
    for check, values in form.parameters.items():
        for name, raw in values.items():
            yield ("parameters", check, name), Source(raw, who, (*at, "parameters", check, name))


def _flatten_form(form: Form, way: str, who: str, at: tuple[PathStep, ...]) -> Iterator[tuple[Path, Source]]:
    for key in type(form).model_fields:
        value = getattr(form, key)
        if key in form.model_fields_set and value is not None:
            yield (way, key), Source(value, who, (*at, way, key))


def _is_open(entry: TargetDocument, path: Path, source: Source) -> bool:
    """Say whether a value that is shared counts for an entry: one that has such a way, and does not say it itself."""
    first, *rest = path
    if first in WAYS:
        way, key = getattr(entry, first), rest[0]
        # A jump host does not jump through itself, though it belongs to the group that does.
        is_itself = key == "jump" and source.value == entry.name
        is_said = key == "credential" and entry.credential is not None
        return way is not None and key not in way.model_fields_set and not is_itself and not is_said
    match path:
        case ("labels", label):
            return label not in entry.labels
        case ("parameters", check, name):
            return name not in entry.parameters.get(check, {})
        case ("credential",):
            return entry.credential is None
        case _:
            return not entry.baselines


def _fill(entry: TargetDocument, inherited: Mapping[Path, Source]) -> TargetDocument:
    if not inherited:
        return entry
    ways: dict[str, dict[str, Said]] = defaultdict(dict)
    labels, parameters = dict(entry.labels), {check: dict(values) for check, values in entry.parameters.items()}
    plain: dict[str, object] = {}
    for path, source in inherited.items():
        match path:
            case ("labels", label):
                labels[label] = str(source.value)
            case ("parameters", check, name):
                parameters.setdefault(check, {})[name] = cast("str | list[str]", source.value)
            case (way, key):
                ways[way][key] = source.value
            case _:
                plain[path[0]] = source.value
    filled = {way: getattr(entry, way).model_copy(update=values) for way, values in ways.items()}
    return entry.model_copy(update={**plain, **filled, "labels": labels, "parameters": parameters})
