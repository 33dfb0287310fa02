"""Searches that several questions share: those with one base and scope become one, and its entries are dealt out again.

An entry goes to every question whose filter it fits, as if each had been asked alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from hardening.model.ldap_filter import Filter, find_fitting, is_decidable, join_filters, list_attributes, parse_filter
from hardening.model.secret_attributes import is_reduced, is_secret
from hardening.model.step import Answer, LdapAnswer, LdapStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Search:
    """What is sent, and the questions that it answers."""

    step: LdapStep
    asks: tuple[LdapStep, ...]


def merge_searches(asks: Iterable[LdapStep]) -> tuple[Search, ...]:
    """Return as few searches as answer all questions; the same questions give the same searches.

    Left alone: what only the server can decide. Questions with security descriptors are mixed with others: objects
    share few descriptors, each of which is kept once, and going through a large domain a second time costs more.
    """
    groups: dict[tuple[object, ...], list[LdapStep]] = defaultdict(list)
    for ask in sorted(asks, key=lambda ask: ask.name):
        names = list_attributes(node := parse_filter(ask.filter))
        # Whether somebody has a password, a server tells only those who may look for it: it is not ours to decide.
        shared = is_decidable(node) and not any(is_secret(name) or is_reduced(name) for name in names)
        place = (ask.base.lower(), ask.scope, ask.identity, ask.slow)
        groups[place if shared else (*place, ask.filter)].append(ask)
    return tuple(sorted((_merge(group) for group in groups.values()), key=lambda search: search.step.name))


def _merge(asks: Sequence[LdapStep]) -> Search:
    first = asks[0]
    if len(asks) == 1:
        return Search(first, (first,))
    filters = frozenset(ask.filter for ask in asks)
    needed = [] if len(filters) == 1 else [name for text in filters for name in list_attributes(parse_filter(text))]
    spelt = {name.lower(): name for name in sorted([*needed, *(name for ask in asks for name in ask.attributes)])}
    merged = replace(
        first,
        name=f"{first.name} and {len(asks) - 1} more",
        filter=join_filters(filters),
        attributes=tuple(spelt[name] for name in sorted(spelt)),
        sd_flags=reduce(or_, (ask.sd_flags for ask in asks)),
        page_size=min(ask.page_size for ask in asks),
        entry_limit=max(ask.entry_limit for ask in asks),
        output_limit=max(ask.output_limit for ask in asks),
    )
    return Search(merged, tuple(asks))


def deal_out(searches: Sequence[Search], answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
    """Return the answers by the name of the question; answers to other steps stay as they are."""
    dealt = dict(answers)
    for search in searches:
        if search.step.name not in answers or len(search.asks) == 1:
            continue
        answer = dealt.pop(search.step.name)
        found: dict[Filter, frozenset[int]] = {}
        for ask in search.asks:
            dealt[ask.name] = _deal(answer, ask, found, is_whole=ask.filter == search.step.filter)
    return dealt


def _deal(answer: Answer, ask: LdapStep, found: dict[Filter, frozenset[int]], *, is_whole: bool) -> Answer:
    if not isinstance(answer, LdapAnswer):
        return answer
    entries = answer.entries
    if not is_whole:
        fitting = find_fitting(parse_filter(ask.filter), entries, found)
        entries = tuple(entries[number] for number in sorted(fitting))
    if len(entries) <= ask.entry_limit:
        return replace(answer, entries=entries)
    return replace(answer, entries=entries[: ask.entry_limit], cut=answer.cut or f"more than {ask.entry_limit} entries")
