"""What must hold for the content that comes with the scanner, beyond what any content needs to be loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.content.frameworks import RECOMMENDING
from hardening.model.place import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.model.content import Content
    from hardening.model.place import Place
    from hardening.model.texts import Texts


def lint_shipped(content: Content) -> tuple[Problem, ...]:
    """Return what is missing in shipped content, loaded without any site's, sorted by place.

    Every check has a recommended measure and stands in a baseline; every action is used; what a gap tells an admin to
    do is written in each language.
    """
    in_baselines = {
        check for baseline in content.baselines.values() for control in baseline.controls for check in control.checks
    }
    used = {check.action for check in content.checks.values()}
    problems = [
        Problem(check.place, f"no measure of {RECOMMENDING} names {check.id}", f"add it to {RECOMMENDING}.yaml")
        for check in content.checks.values()
        if check.id not in content.recommended
    ]
    problems += [
        Problem(check.place, f"no baseline names {check.id}", "add it to a control")
        for check in content.checks.values()
        if check.id not in in_baselines
    ]
    problems += [
        Problem(action.place, f"no check names the action {action.id}", "remove it")
        for action in content.actions.values()
        if action.id not in used
    ]
    problems += [
        Problem(place, f"{what} is the same in both languages", "write it in English and in bokmål")
        for place, what, texts in _advice(content)
        if texts.en == texts.nb
    ]
    return tuple(sorted(problems))


def _advice(content: Content) -> Iterator[tuple[Place, str, Texts]]:
    for action in content.actions.values():
        yield action.place, f"the title of {action.id}", action.title
    for check in content.checks.values():
        yield check.place, f"the remediation of {check.id}", check.remediation
