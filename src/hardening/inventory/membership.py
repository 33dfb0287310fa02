"""Which targets belong to which groups: by name, by labels, and through groups that stand inside others."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from hardening.documents.words import near_hint
from hardening.errors import ContentError, UsageError
from hardening.inventory.selector import is_selected, parse_selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hardening.documents.places import Document, PathStep
    from hardening.inventory.models import GroupDocument
    from hardening.inventory.selector import Selector
    from hardening.model.place import Problem

MOST_HINTS = 20
"""Names that a near one is looked for; in a large inventory each look takes as long as reading a hundred lines."""


class Groups:
    """The groups of one inventory, held together once."""

    def __init__(self, document: Document, forms: Mapping[str, GroupDocument], targets: Iterable[str]) -> None:
        """Take in the groups; raises ``ContentError`` with every name that leads nowhere and every circle."""
        self.forms = forms
        self.numbers = {name: number for number, name in enumerate(forms)}
        self._document = document
        self._problems: list[Problem] = []
        known = frozenset(targets)
        self._named: dict[str, list[str]] = defaultdict(list)
        self._around: dict[str, list[str]] = {name: [] for name in forms}
        self._selectors: list[tuple[str, Selector]] = []
        for name, form in forms.items():
            self._take_in(name, form, known)
        self._find_circle()
        if self._problems:
            raise ContentError(self._problems)
        self._ancestors: dict[str, frozenset[str]] = {}

    def _take_in(self, name: str, form: GroupDocument, known: frozenset[str]) -> None:
        for number, target in enumerate(form.targets):
            if target in known:
                self._named[target].append(name)
            else:
                self._refuse_name(("groups", name, "targets", number), "target", target, known)
        for number, inner in enumerate(form.groups):
            if inner in self._around:
                self._around[inner].append(name)
            else:
                self._refuse_name(("groups", name, "groups", number), "group", inner, self.forms)
        if form.select is not None:
            try:
                self._selectors.append((name, parse_selector(form.select)))
            except UsageError as error:
                self._problems.append(self._document.problem(("groups", name, "select"), str(error)))

    def _refuse_name(self, path: tuple[PathStep, ...], what: str, name: str, known: Iterable[str]) -> None:
        hint = near_hint(name, known) if len(self._problems) < MOST_HINTS else ""
        remedy = hint or f"add it under `{what}s:`, or take it out here"
        self._problems.append(self._document.problem(path, f'no {what} is named "{name}"', remedy))

    def _find_circle(self) -> None:
        """Refuse groups that contain each other; walked without recursion, however deep they stand."""
        done: set[str] = set()
        for start in self.forms:
            trail: dict[str, None] = {}
            waiting = [(start, False)]
            while waiting:
                name, is_left = waiting.pop()
                if is_left:
                    trail.pop(name)
                    done.add(name)
                elif name in trail:
                    names = list(trail)
                    circle = " → ".join((*names[names.index(name) :], name))
                    remedy = "take one of them out of `groups:`"
                    at = ("groups", names[-1], "groups")
                    self._problems.append(
                        self._document.problem(at, f"the groups contain each other: {circle}", remedy)
                    )
                    return
                elif name not in done:
                    trail[name] = None
                    waiting.append((name, True))
                    waiting.extend((inner, False) for inner in self.forms[name].groups if inner in self.forms)

    def named(self, target: str) -> frozenset[str]:
        """Return the groups that name a target, with all that these stand in."""
        return self._with_ancestors(self._named.get(target, ()))

    def selecting(self, labels: Mapping[str, str], named: frozenset[str]) -> frozenset[str]:
        """Return the groups that choose these labels, with all that these stand in and those that ``named`` are."""
        chosen = [name for name, selector in self._selectors if is_selected(selector, labels, named)]
        return named | self._with_ancestors(chosen) if chosen else named

    def _with_ancestors(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(names).union(*(self.ancestors(name) for name in names))

    def ancestors(self, name: str) -> frozenset[str]:
        """Return all groups that a group stands in."""
        if name not in self._ancestors:
            found: set[str] = set()
            waiting = [name]
            while waiting:
                around = self._around[waiting.pop()]
                waiting.extend(each for each in around if each not in found)
                found.update(around)
            self._ancestors[name] = frozenset(found)
        return self._ancestors[name]

    @cached_property
    def outermost(self) -> tuple[str, ...]:
        """The groups that stand in no other one, as the file has them."""
        return tuple(name for name, around in self._around.items() if not around)
