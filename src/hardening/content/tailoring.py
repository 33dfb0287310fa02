"""Baselines worked together: what one extends, leaves out and sets differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.content.values import build_constant
from hardening.documents.words import near_hint
from hardening.model.baseline import Baseline, Control
from hardening.model.check import Constant
from hardening.model.evidence import ABSENT
from hardening.model.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from hardening.content.baselines import BaselineSource

_Tailoring = Mapping[str, Mapping[str, Constant]]


def resolve_baselines(sources: Mapping[str, BaselineSource], broken: AbstractSet[str]) -> dict[str, Baseline]:
    """Return every baseline with what it extends worked in; notes problems of what they say about each other.

    Whatever extends one of ``broken``, whose files could not be read, is left out, and so is a circle.
    """
    resolved: dict[str, Baseline] = {}
    chains = {name: _chain(name, sources) for name in sources}
    for name in sorted(sources, key=lambda name: len(chains[name])):
        source, chain = sources[name], chains[name]
        parent = resolved.get(source.form.extends or "")
        if parent is not None:
            _inspect_extension(source, parent)
        elif len(chain) > 1 and chain[-1] == name:
            what = f"baselines extend each other: {' → '.join(chain)}"
            source.inspection.refuse(("extends",), what, "cut the circle")
            continue
        elif source.form.extends:
            source.inspection.require_known(("extends",), "baseline", source.form.extends, {*sources, *broken})
            continue
        baseline = _build_baseline(source, parent)
        _inspect_whole(source, baseline)
        resolved[name] = baseline
    return resolved


def _chain(name: str, sources: Mapping[str, BaselineSource]) -> list[str]:
    """Return a baseline, what it extends, and so on; in a circle the first that comes again is the last."""
    chain = [name]
    while (parent := sources[chain[-1]].form.extends) is not None and parent in sources:
        chain.append(parent)
        if parent in chain[:-1]:
            break
    return chain


def _inspect_extension(source: BaselineSource, parent: Baseline) -> None:
    form, inspection = source.form, source.inspection
    inherited = {check for control in parent.controls for check in control.checks}
    for name in form.without.keys() - inherited:
        what = f'{parent.id} has no check "{name}" to leave out'
        inspection.refuse_key(("without", name), what, near_hint(name, inherited))
    controls = {control.id: control for control in parent.controls}
    for index, control in enumerate(form.controls):
        if control.id in controls:
            what = f"{parent.id} already has control {control.id} ({controls[control.id].place})"
            inspection.refuse(("controls", index, "id"), what, "use an id of your own")


def _inspect_whole(source: BaselineSource, baseline: Baseline) -> None:
    checks = {check for control in baseline.controls for check in control.checks}
    for name in source.form.parameters.keys() - checks:
        what = f'no control of this baseline has the check "{name}"'
        source.inspection.refuse_key(("parameters", name), what, near_hint(name, checks))


def _build_baseline(source: BaselineSource, parent: Baseline | None) -> Baseline:
    form = source.form
    own = _build_tailoring(form.parameters)
    without = {check: reason.build() for check, reason in form.without.items()}
    inherited = parent.controls if parent else ()
    whole = _merge(parent.parameters, own) if parent else own
    return Baseline(
        id=form.id,
        title=form.title.build(),
        version=form.version,
        controls=(
            *(_tailor(control, without, own) for control in inherited),
            *(_build_control(source, index, whole) for index in range(len(form.controls))),
        ),
        place=source.inspection.document.place(),
        default_for=tuple(condition.build() for condition in form.default_for),
        extends=form.extends or "",
        without=without,
        parameters=whole,
    )


def _build_control(source: BaselineSource, index: int, whole: _Tailoring) -> Control:
    form = source.form.controls[index]
    checks = tuple(form.checks or ())
    return Control(
        id=form.id,
        title=form.title.build(),
        level=form.level,
        place=source.inspection.document.place("controls", index),
        checks=checks,
        parameters=_merge(_only(whole, checks), _build_tailoring(form.parameters)),
        manual=ABSENT if form.manual is None else form.manual.build(),
        uncovered=ABSENT if form.uncovered is None else form.uncovered.build(),
    )


def _tailor(control: Control, without: Mapping[str, Texts], own: _Tailoring) -> Control:
    """Return an inherited control without the checks left out, and with values that the heir sets."""
    checks = tuple(check for check in control.checks if check not in without)
    if control.checks and not checks:
        reasons = list(dict.fromkeys(without[check] for check in control.checks))
        uncovered = Texts(
            en=" ".join(reason.en for reason in reasons),
            nb=" ".join(reason.nb for reason in reasons),
            nn=" ".join(reason.nn for reason in reasons) if all(reason.nn for reason in reasons) else "",
        )
        return replace(control, checks=(), parameters={}, uncovered=uncovered)
    return replace(control, checks=checks, parameters=_merge(_only(control.parameters, checks), _only(own, checks)))


def _build_tailoring(tailoring: Mapping[str, Mapping[str, object]]) -> _Tailoring:
    return {
        check: {name: build_constant(value) for name, value in values.items()} for check, values in tailoring.items()
    }


def _only(tailoring: _Tailoring, checks: tuple[str, ...]) -> _Tailoring:
    return {check: values for check, values in tailoring.items() if check in checks}


def _merge(first: _Tailoring, second: _Tailoring) -> _Tailoring:
    """Return both; where both set a value, the second wins."""
    return {check: {**first.get(check, {}), **second.get(check, {})} for check in sorted({*first, *second})}
