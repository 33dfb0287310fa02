"""Baseline files, each inspected by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.content.checks import inspect_condition
from hardening.content.nodes import parameter_uses
from hardening.content.values import find_fault, find_use_fault
from hardening.documents.words import near_hint
from hardening.model.check import Check

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from hardening.content.forms.baseline import BaselineForm, ControlForm
    from hardening.content.inspection import Inspection, Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineSource:
    """A baseline as it is written in its file, with what was found wrong so far."""

    form: BaselineForm
    inspection: Inspection
    stem: str


@dataclass(frozen=True, slots=True)
class KnownChecks:
    """The checks that may be named; those in ``broken`` exist too, with problems of their own."""

    checks: Mapping[str, Check]
    broken: AbstractSet[str]

    def require(self, path: Path, name: str, inspection: Inspection) -> None:
        """Note a problem unless the check that stands as value at ``path`` exists."""
        if name not in self.broken:
            inspection.require_known(path, "check", name, self.checks)


def inspect_baseline(source: BaselineSource, known: KnownChecks) -> None:
    """Note every problem of a baseline file by itself."""
    form, inspection = source.form, source.inspection
    inspection.require_stem(form.id, source.stem)
    for index, condition in enumerate(form.default_for):
        inspect_condition(condition, ("default_for", index), inspection)
    inspection.require_unique(
        [(("controls", index, "id"), control.id) for index, control in enumerate(form.controls)], "the control"
    )
    for index, control in enumerate(form.controls):
        _inspect_control(control, ("controls", index), form, known, inspection)
    _inspect_tailoring(form.parameters, ("parameters",), known, inspection)
    if not form.extends and not form.controls:
        inspection.refuse((), "this baseline has no controls", "add at least one")
    if not form.extends and form.without:
        inspection.refuse_key(
            ("without",), "without says what to leave out of a baseline that is extended", "add extends"
        )


def _inspect_control(
    control: ControlForm, path: Path, form: BaselineForm, known: KnownChecks, inspection: Inspection
) -> None:
    kinds = [name for name in ("checks", "manual", "uncovered") if getattr(control, name) is not None]
    if len(kinds) != 1:
        found = f"has {' and '.join(kinds)}" if kinds else "is settled by nothing"
        inspection.refuse(path, f"control {control.id} {found}", "give it one of checks, manual, uncovered")
    names = control.checks or []
    entries: list[tuple[Path, str]] = [((*path, "checks", index), name) for index, name in enumerate(names)]
    inspection.require_unique(entries, "the check")
    for at, name in entries:
        known.require(at, name, inspection)
    for check, values in control.parameters.items():
        at = (*path, "parameters", check)
        if check not in names:
            inspection.refuse_key(at, f'control {control.id} has no check "{check}"', near_hint(check, names))
        for name in values.keys() & form.parameters.get(check, {}).keys():
            inspection.refuse_key((*at, name), f'the baseline as a whole also sets "{name}"', "keep one of them")
    _inspect_tailoring(control.parameters, (*path, "parameters"), known, inspection)


def _inspect_tailoring(
    tailoring: Mapping[str, Mapping[str, object]], path: Path, known: KnownChecks, inspection: Inspection
) -> None:
    """Note the problems of parameter values, as far as the checks that they are for are known."""
    for name, values in tailoring.items():
        check = known.checks.get(name)
        if check is None:
            continue
        uses: dict[str, set[str]] = {}
        for parameter, operator in parameter_uses(check.expect, check.only_if):
            uses.setdefault(parameter, set()).add(operator)
        for parameter, value in values.items():
            at = (*path, name, parameter)
            if parameter not in check.parameters:
                hint = near_hint(parameter, check.parameters)
                inspection.refuse_key(at, f'check {name} has no parameter "{parameter}"', hint)
                continue
            fault = find_fault(value, check.parameters[parameter].type)
            if fault := fault or find_use_fault(value, uses[parameter]):
                inspection.refuse(at, fault)
