"""What a site reckons for measures and actions, put in the place of what is shipped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from hardening.app.content import load_all_content
from hardening.content.frameworks import RECOMMENDING
from hardening.documents.words import near_hint
from hardening.errors import ContentError
from hardening.model.check import Action
from hardening.model.evidence import Absent
from hardening.model.measure import Measure
from hardening.model.place import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hardening.app.site import Site
    from hardening.inventory.load import Estimate, SiteSettings
    from hardening.model.content import Content
    from hardening.model.measure import Framework

Item = TypeVar("Item", Action, Measure)


def load_site_content(site: Site) -> Content:
    """Return all content with the efforts and costs of the site; raises ``ContentError`` with every problem."""
    return apply_estimates(load_all_content(site.content_folders), site.settings)


def apply_estimates(content: Content, settings: SiteSettings) -> Content:
    """Return content with a site's efforts and costs; raises ``ContentError`` for a measure or action unknown."""
    measures = {_full_name(each.name): each for each in settings.measures}
    actions = {each.name: each for each in settings.actions}
    known = {f"{each.id}/{measure.id}" for each in content.frameworks.values() for measure in each.measures}
    problems = [*_unknown("measure", measures, known), *_unknown("action", actions, content.actions)]
    if problems:
        raise ContentError(sorted(problems))
    return replace(
        content,
        frameworks={name: _estimate_framework(each, measures) for name, each in content.frameworks.items()},
        actions={
            name: _estimate(action, actions[name]) if name in actions else action
            for name, action in content.actions.items()
        },
    )


def describe_estimates(settings: SiteSettings) -> dict[str, str]:
    """Return the site's efforts and costs as they are told beside the command; empty if it reckons none."""
    told = [_describe(each) for each in (*settings.measures, *settings.actions)]
    return {"site.yaml": "; ".join(told)} if told else {}


def _describe(estimate: Estimate) -> str:
    parts = []
    if not isinstance(estimate.effort, Absent):
        parts.append(f"effort {estimate.effort}")
    if not isinstance(estimate.cost, Absent):
        parts.append(f"{estimate.cost} kr")
    return f"{estimate.name}: {', '.join(parts) or '–'}"


def _full_name(name: str) -> str:
    return name if "/" in name else f"{RECOMMENDING}/{name}"


def _unknown(what: str, estimates: Mapping[str, Estimate], known: Collection[str]) -> Iterator[Problem]:
    for name, estimate in estimates.items():
        if name not in known:
            yield Problem(estimate.place, f'no {what} "{estimate.name}"', near_hint(name, known))


def _estimate_framework(framework: Framework, estimates: Mapping[str, Estimate]) -> Framework:
    names = [f"{framework.id}/{measure.id}" for measure in framework.measures]
    if estimates.keys().isdisjoint(names):
        return framework
    pairs = zip(names, framework.measures, strict=True)
    return replace(
        framework,
        measures=tuple(_estimate(item, estimates[name]) if name in estimates else item for name, item in pairs),
    )


def _estimate(item: Item, estimate: Estimate) -> Item:
    effort = item.effort if isinstance(estimate.effort, Absent) else estimate.effort
    return replace(item, effort=effort, cost=estimate.cost)
