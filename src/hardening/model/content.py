"""All content of one run, loaded and cross-referenced: every name in it leads somewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hardening.model.baseline import Baseline
from hardening.model.check import Action, Check
from hardening.model.measure import Framework


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Checks, actions, baselines and frameworks by id, each in sorted order.

    ``digest`` is the SHA-256 of the canonical form of everything in it.
    ``recommended`` gives each check's first measure in the NSM framework (its recommended measure), by check id.
    """

    checks: Mapping[str, Check]
    actions: Mapping[str, Action]
    baselines: Mapping[str, Baseline]
    frameworks: Mapping[str, Framework]
    recommended: Mapping[str, str]
    digest: str
