"""The waivers of a site: held against the content, typed by the fields that they name, every problem at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.app.evaluate import KIND_FIELDS
from hardening.app.parameters import FORMS, type_value
from hardening.documents.words import near_hint
from hardening.errors import ContentError
from hardening.inventory.waivers import load_waivers_file
from hardening.model.evidence import ABSENT, Absent, FieldSpec, FieldType
from hardening.model.operators import OPERATORS
from hardening.model.place import Problem
from hardening.model.waiver import Accepted, Waivers

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.app.site import Site
    from hardening.inventory.waivers import RawAccepted, RawWaiver
    from hardening.model.check import Check
    from hardening.model.content import Content
    from hardening.model.waiver import Waiver

FILE = "waivers.yaml"


def find_waivers_file(site: Site) -> Path | Absent:
    """Return the waivers of the site folder; absent if it has none."""
    if isinstance(site.folder, Absent) or not (site.folder / FILE).exists():
        return ABSENT
    return site.folder / FILE


def load_waivers(site: Site, content: Content) -> Waivers:
    """Return the waivers of a site; raises ``ContentError`` with every problem, before anything is touched."""
    longest = site.settings.longest_waiver_days
    path = find_waivers_file(site)
    if isinstance(path, Absent):
        return Waivers(longest_days=longest)
    problems: list[Problem] = []
    waivers = tuple(_type_waiver(raw, content, problems) for raw in load_waivers_file(path))
    if problems:
        raise ContentError(problems)
    return Waivers(waivers=waivers, longest_days=longest)


def _type_waiver(raw: RawWaiver, content: Content, problems: list[Problem]) -> Waiver:
    check = content.checks.get(raw.waiver.check)
    if check is None:
        hint = near_hint(raw.waiver.check, content.checks)
        what = f'{raw.waiver.id}: no check is named "{raw.waiver.check}"'
        problems.append(Problem(raw.waiver.place, what, hint or "`hardening checks list` shows them"))
        return raw.waiver
    holds = [_type_accepted(accepted, check, problems) for accepted in raw.holds]
    return replace(raw.waiver, holds=tuple(accepted for accepted in holds if not isinstance(accepted, Absent)))


def _type_accepted(raw: RawAccepted, check: Check, problems: list[Problem]) -> Accepted | Absent:
    fields = list_fields(check)
    if raw.field not in fields:
        problems.append(Problem(raw.place, f'{check.id} has no field "{raw.field}"', near_hint(raw.field, fields)))
        return ABSENT
    if raw.operator not in OPERATORS:
        hint = near_hint(raw.operator, OPERATORS)
        problems.append(Problem(raw.place, f'unknown operator "{raw.operator}"', hint))
        return ABSENT
    kind = fields[raw.field].type
    reading = OPERATORS[raw.operator].readings.get(kind)
    if reading is None:
        fitting = ", ".join(other.name for other in OPERATORS.values() if kind in other.readings)
        problems.append(
            Problem(raw.place, f"{raw.operator} cannot read {raw.field}, which is {kind}", f"use {fitting}")
        )
        return ABSENT
    wanted = reading.operand.parameter
    value = type_value(raw.operand, wanted)
    if value is None:
        problems.append(Problem(raw.place, f"{raw.operator} of {raw.field} takes {FORMS[wanted]}"))
        return ABSENT
    return Accepted(raw.field, raw.operator, value, raw.key)


def list_fields(check: Check) -> dict[str, FieldSpec]:
    """Return the fields that a waiver of a check may name, those of records behind the name of their list."""
    found: dict[str, FieldSpec] = {}
    for name, probe in check.probes.items():
        for field, spec in KIND_FIELDS[probe.kind].items():
            found[f"{name}.{field}"] = spec
            if spec.type is FieldType.RECORDS:
                found.update({f"{name}.{field}.{inner}": inside for inner, inside in spec.record.items()})
    return found
