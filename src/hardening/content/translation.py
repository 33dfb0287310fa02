"""Which texts of the content lack a language: they are shown in the next one, and somebody may want to write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent
from hardening.model.place import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.model.content import Content
    from hardening.model.place import Place
    from hardening.model.texts import Language, Texts


def find_untranslated(content: Content, language: Language) -> tuple[Problem, ...]:
    """Return one problem for each check, action, control, measure or framework with texts that lack a language."""
    problems = []
    for place, name, texts in _list_texts(content):
        missing = [
            what for what, text in texts.items() if not isinstance(text, Absent) and not getattr(text, language.value)
        ]
        if missing:
            problems.append(Problem(place, f"{name} lacks {language.value}: {', '.join(missing)}"))
    return tuple(sorted(problems))


def _list_texts(content: Content) -> Iterator[tuple[Place, str, Mapping[str, Texts | Absent]]]:
    for check in content.checks.values():
        own = {"title": check.title, "rationale": check.rationale, "remediation": check.remediation}
        described = {f"parameters.{name}": spec.description for name, spec in check.parameters.items()}
        yield check.place, check.id, {**own, "danger": check.danger, **described}
    for action in content.actions.values():
        yield action.place, action.id, {"title": action.title}
    for baseline in content.baselines.values():
        yield baseline.place, baseline.id, {"title": baseline.title}
        for control in baseline.controls:
            texts = {"title": control.title, "manual": control.manual, "uncovered": control.uncovered}
            yield control.place, f"{baseline.id} {control.id}", texts
    for framework in content.frameworks.values():
        heads = {"title": framework.title, "publisher": framework.publisher, "note": framework.note}
        groups = {f"groups.{group.id}": group.title for group in framework.groups}
        yield framework.place, framework.id, {**heads, **groups}
        for measure in framework.measures:
            yield measure.place, f"{framework.id} {measure.id}", {"title": measure.title, "note": measure.note}
