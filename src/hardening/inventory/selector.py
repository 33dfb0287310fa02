"""Choosing targets by their labels: `zone=dmz,role!=db`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

GROUP = "group"
"""The label that every group of the inventory gives its targets, with its name as the value."""


@dataclass(frozen=True, slots=True)
class LabelTerm:
    """One comparison of a label; a label that a target lacks equals nothing."""

    label: str
    value: str
    equal: bool

    def holds_for(self, labels: Mapping[str, str], groups: Collection[str] = ()) -> bool:
        """Say whether the labels meet this term; `group` is also met by a group of that name."""
        has = labels.get(self.label) == self.value or (self.label == GROUP and self.value in groups)
        return has is self.equal


Selector = tuple[LabelTerm, ...]


def parse_selector(text: str) -> Selector:
    """Return the terms of a selector, all of which must hold; empty text selects everything. Raises ``UsageError``."""
    terms = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        label, sign, value = part.partition("!=") if "!=" in part else part.partition("=")
        if not sign or not label.strip() or not value.strip():
            msg = f"selector {part!r}: write LABEL=VALUE or LABEL!=VALUE, several joined by commas"
            raise UsageError(msg)
        terms.append(LabelTerm(label.strip(), value.strip(), sign == "="))
    return tuple(terms)


def is_selected(selector: Selector, labels: Mapping[str, str], groups: Collection[str] = ()) -> bool:
    """Say whether all terms hold for a target's labels, and the groups of the inventory that it belongs to."""
    return all(term.holds_for(labels, groups) for term in selector)
