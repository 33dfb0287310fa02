"""The plan on its own: what would run, for a reader, a program or an approver. Touches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.app.assign import Plans, default_references, select_checks
from hardening.app.collect import require_targets
from hardening.app.content import load_all_content, parse_references
from hardening.collect.plan import Plan, build_plan, describe_step
from hardening.errors import UsageError
from hardening.model.step import Privilege
from hardening.transports.framing import render_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.app.site import Site
    from hardening.model.content import Content
    from hardening.model.target import Target


def plan_for(site: Site, baselines: Sequence[str], only: frozenset[str]) -> Plan:
    """Return the plan of some baselines, or of the default ones; raises ``UsageError`` or ``ContentError``."""
    return plan_content(load_all_content(site.content_folders), baselines, only)


def plan_content(content: Content, baselines: Sequence[str], only: frozenset[str]) -> Plan:
    """Return the plan of some baselines of content that is loaded; raises ``UsageError``."""
    references = parse_references(baselines, content) or default_references(content)
    return build_plan(select_checks(references, content, only))


def plan_for_targets(targets: Sequence[Target], content: Content, only: frozenset[str]) -> Plan:
    """Return the plan that some targets share; raises ``UsageError`` if they are asked different things."""
    require_targets(targets)
    plans = Plans(content, only)
    first, *others = targets
    plan = plans.plan_for(first.baselines)
    for other in others:
        if plans.plan_for(other.baselines).digest != plan.digest:
            msg = f"{first.name} and {other.name} are asked different things; name targets with the same baselines"
            raise UsageError(msg)
    return plan


def describe_plan(plan: Plan) -> dict[str, object]:
    """Return the plan as data: its digest, and the steps that the digest is made from."""
    return {
        "digest": plan.digest,
        "probes": [{"kind": probe.kind, **dict(probe.parameters)} for probe in plan.probes],
        "steps": [describe_step(step) for step in plan.steps],
    }


def render_scripts(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each batch that a scan may send: its name and its text.

    An account that reaches root sends the two separate ones; any other sends the one with all steps.
    """
    yield "all steps, one account", render_batch(plan.steps)
    yield "what needs root", render_batch(plan.steps_as(Privilege.ROOT))
    yield "what needs no rights", render_batch(plan.steps_as(Privilege.ANY))
