"""Parameter values that a site or an inventory sets: typed by the checks they are for, every problem at once."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from hardening.documents.words import near_hint
from hardening.errors import ContentError
from hardening.inventory.selector import is_selected
from hardening.model.check import Constant, ParameterType
from hardening.model.place import Problem
from hardening.model.result import Origin, ParameterValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hardening.inventory.load import ParameterRule, RawValue
    from hardening.model.content import Content

_INTEGER = re.compile(r"-?\d{1,18}")
_MODE = re.compile(r"[0-7]{4}")
_TRUTH = {"true": True, "false": False}


class SiteParameters:
    """The parameter rules of a site and of its inventory, checked once; asked for target by target."""

    def __init__(
        self,
        site: Iterable[ParameterRule],
        targets: Iterable[tuple[str, ParameterRule]],
        content: Content,
    ) -> None:
        """Type all values; raises ``ContentError`` for checks, parameters and values that do not exist or fit."""
        problems: list[Problem] = []
        self._site = [(rule, _type_rule(rule, content, problems)) for rule in site]
        self._targets: dict[str, list[tuple[ParameterRule, dict[str, Constant]]]] = defaultdict(list)
        for name, rule in targets:
            self._targets[name].append((rule, _type_rule(rule, content, problems)))
        if problems:
            raise ContentError(problems)

    def site_overrides(self, labels: Mapping[str, str]) -> Mapping[str, Mapping[str, ParameterValue]]:
        """Return what the site sets for a target with these labels, by check, then parameter; later rules win."""
        overrides: dict[str, dict[str, ParameterValue]] = defaultdict(dict)
        for rule, values in self._site:
            if is_selected(rule.selector, labels):
                overrides[rule.check].update(
                    {name: ParameterValue(value, Origin.SITE, str(rule.place)) for name, value in values.items()}
                )
        return overrides

    def target_values(self, target: str) -> Mapping[str, Mapping[str, Constant]]:
        """Return what the inventory sets for one target, by check, then parameter."""
        joined: dict[str, dict[str, Constant]] = defaultdict(dict)
        for rule, values in self._targets.get(target, []):
            joined[rule.check].update(values)
        return joined


def _type_rule(rule: ParameterRule, content: Content, problems: list[Problem]) -> dict[str, Constant]:
    if rule.check not in content.checks:
        hint = near_hint(rule.check, content.checks) if rule.check else ""
        problems.append(Problem(rule.place, f"no check {rule.check!r}", hint or "`hardening checks list` shows them"))
        return {}
    declared = content.checks[rule.check].parameters
    typed: dict[str, Constant] = {}
    for name, raw in rule.values.items():
        if name not in declared:
            problems.append(Problem(rule.place, f"{rule.check} has no parameter {name!r}", near_hint(name, declared)))
            continue
        value = type_value(raw, declared[name].type)
        if value is None:
            problems.append(Problem(rule.place, f"{rule.check}: {name} is not {FORMS[declared[name].type]}"))
        else:
            typed[name] = value
    return typed


FORMS: Mapping[ParameterType, str] = {
    ParameterType.TEXT: "text",
    ParameterType.TEXTS: "a list of text",
    ParameterType.INTEGER: "a whole number",
    ParameterType.BOOLEAN: "true or false",
    ParameterType.MODE: "a mode of four octal digits such as 0640",
}


def type_value(raw: RawValue, wanted: ParameterType) -> Constant | None:
    """Return the text of a site file as a parameter of a type; None if it is none."""
    match wanted, raw:
        case ParameterType.TEXTS, tuple():
            return raw
        case ParameterType.TEXT, str():
            return raw
        case ParameterType.MODE, str() if _MODE.fullmatch(raw):
            return raw
        case ParameterType.INTEGER, str() if _INTEGER.fullmatch(raw):
            return int(raw)
        case ParameterType.BOOLEAN, str():
            return _TRUTH.get(raw)
        case _:
            return None
