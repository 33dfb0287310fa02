"""Which baselines, and so which checks, each target is to be asked about. Offline, before anything is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.app.content import require_known
from hardening.collect.plan import Plan, build_plan
from hardening.errors import UsageError
from hardening.model.baseline import BaselineReference, controls_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.model.check import Check
    from hardening.model.content import Content
    from hardening.model.target import Target


def assign_baselines(
    targets: Sequence[Target], named: Sequence[BaselineReference], content: Content
) -> tuple[Target, ...]:
    """Return the targets, each with the baselines it is to be judged by.

    Baselines named on the command line win over those of the inventory; a target with neither gets the ones that
    are the default for some platform. Raises ``UsageError`` if a target names a baseline that does not exist.
    """
    assigned = []
    for target in targets:
        for reference in target.baselines:
            require_known(reference.id, content.baselines, "baseline", "hardening baselines list")
        references = tuple(named) or target.baselines or default_references(content)
        assigned.append(replace(target, baselines=references))
    return tuple(assigned)


def default_references(content: Content) -> tuple[BaselineReference, ...]:
    """Return the baselines that are meant for a platform when nobody names one."""
    return tuple(BaselineReference(baseline.id) for baseline in content.baselines.values() if baseline.default_for)


def select_checks(references: Sequence[BaselineReference], content: Content, only: frozenset[str]) -> tuple[Check, ...]:
    """Return the checks of some baselines, sorted by id; ``only`` narrows them, empty means all.

    Raises ``UsageError`` if ``only`` names a check that does not exist or that none of the baselines holds.
    """
    named = {
        check
        for reference in references
        for control in controls_at(content.baselines[reference.id], reference.level)
        for check in control.checks
    }
    for check in sorted(only):
        require_known(check, content.checks, "check", "hardening checks list")
        if check not in named:
            held = sorted(
                f"{baseline.id}:{control.level}"
                for baseline in content.baselines.values()
                for control in baseline.controls
                if check in control.checks
            )
            hint = f"it is in {', '.join(held)}" if held else "no baseline holds it"
            msg = f"check {check} is not in {', '.join(map(str, references))}; {hint}"
            raise UsageError(msg)
    return tuple(content.checks[check] for check in sorted(only or named))


class Plans:
    """Plans by what is asked, built once each."""

    def __init__(self, content: Content, only: frozenset[str]) -> None:
        self._content = content
        self._only = only
        self._built: dict[tuple[BaselineReference, ...], Plan] = {}

    @property
    def content_digest(self) -> str:
        """The digest of the content that the plans are made from."""
        return self._content.digest

    def plan_for(self, references: Sequence[BaselineReference]) -> Plan:
        """Return the plan of some baselines; raises ``UsageError`` as ``select_checks`` does."""
        key = tuple(sorted(references))
        if key not in self._built:
            self._built[key] = build_plan(select_checks(key, self._content, self._only))
        return self._built[key]
