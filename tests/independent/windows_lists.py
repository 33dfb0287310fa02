"""What public lists ask of Windows beside what our checks ask: docs/agreement-windows.md.

Written by `python -m tests.independent.windows_lists`; a test compares. `windows_lists.tsv` holds what lists ask of
the settings that a check of ours asks about too: facts of public baselines, in a short form.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from hardening.model.check import AllOf, AnyOf, Check, Comparison, Each, Node, Not, ParameterReference
from hardening.model.probe import Probe
from tests.content.shipped import load_shipped

FOLDER: Final = Path(__file__).parent
TABLE: Final = FOLDER / "windows_lists.tsv"
REASONS: Final = FOLDER / "windows_differences.yaml"
PAGE: Final = FOLDER.parents[1] / "docs/agreement-windows.md"
ENOUGH: Final = 2
LISTS: Final = {
    "msft2022": "Microsoft 2022",
    "msft2025": "Microsoft 2025",
    "msft2025dc": "Microsoft 2025 DC",
    "cis2022": "CIS 2022",
    "cis2025": "CIS 2025",
    "hk": "HardeningKitty",
    "stig2022": "STIG 2022",
    "stig2025": "STIG 2025",
}
POLICIES: Final = {
    "MinimumPasswordLength": ("accountpolicy", "Minimum password length"),
    "PasswordHistorySize": ("accountpolicy", "Length of password history maintained"),
    "LockoutBadCount": ("accountpolicy", "Account lockout threshold"),
    "LockoutDuration": ("accountpolicy", "Account lockout duration"),
    "ResetLockoutCount": ("accountpolicy", "Reset account lockout counter"),
}
SIDS: Final = {
    "administrators": "S-1-5-32-544",
    "guests": "S-1-5-32-546",
    "users": "S-1-5-32-545",
    "remote desktop users": "S-1-5-32-555",
    "iis_iusrs": "S-1-5-32-568",
    "service": "S-1-5-6",
    "local service": "S-1-5-19",
    "network service": "S-1-5-20",
    "authenticated users": "S-1-5-11",
    "enterprise domain controllers": "S-1-5-9",
    "local account": "S-1-5-113",
    "local account and member of administrators group": "S-1-5-114",
    "domain admins": "S-1-5-21-*-512",
    "enterprise admins": "S-1-5-21-*-519",
}
_DEFAULT: Final = re.compile(r"\s*\[default.*")
_NUMBER: Final = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Agreement:
    """One check beside the lists: what we ask, which lists ask the same, and what the others ask."""

    check: str
    ours: str
    same: tuple[str, ...]
    others: Mapping[str, str]

    @property
    def is_enough(self) -> bool:
        """Say whether at least two lists ask what we ask, or no list asks anything."""
        return len(self.same) >= ENOUGH or not (self.same or self.others)


def load_reasons() -> dict[str, str]:
    """Read why we ask something else than the lists, by check."""
    data = yaml.safe_load(REASONS.read_text())
    return {str(check): str(reason) for check, reason in data.items()}


def load_table(path: Path = TABLE) -> dict[tuple[str, str], dict[str, str]]:
    """Read what the lists ask, by method and setting in small letters."""
    with path.open(newline="") as file:
        return {
            (row["method"].lower(), row["item"].lower()): {name: row[name] for name in LISTS if row[name]}
            for row in csv.DictReader(file, delimiter="\t")
        }


def name_setting(check: Check) -> tuple[str, str] | None:
    """Return method and setting by which the lists name what a check asks; nothing where they have no word for it."""
    if len(check.probes) != 1:
        return None
    (probe,) = check.probes.values()
    match probe.kind:
        case "registry_value":
            return "registry", _name_value(probe).lower()
        case "security_policy":
            key = probe.text("key")
            method, item = POLICIES.get(key, ("secedit", rf"System Access\{key}"))
            return method, item.lower()
        case "user_right":
            return "accesschk", probe.text("right").lower()
        case "audit_subcategory":
            return "auditpol", probe.text("subcategory").lower()
        case "asr_rule":
            return "mppreferenceasr", probe.text("rule").lower()
        case _:
            return None


def compare(table: Mapping[tuple[str, str], Mapping[str, str]]) -> Iterator[Agreement]:
    """Yield each check that has a counterpart in the lists, by id."""
    checks = load_shipped().checks
    for check in sorted(checks):
        setting = name_setting(checks[check])
        if setting is None or setting not in table:
            continue
        ours = frozenset(_ask(checks[check]))
        cells = {name: _DEFAULT.sub("", cell).strip() for name, cell in table[setting].items()}
        same = {name for name, cell in cells.items() if _is_same(ours, _read(setting[0], cell), setting[0])}
        others = {LISTS[name]: cell or "nobody" for name, cell in cells.items() if name not in same}
        agreeing = tuple(LISTS[name] for name in cells if name in same)
        yield Agreement(check, ", ".join(sorted(ours)) or "nobody", agreeing, others)


def render() -> str:
    """Return the page."""
    reasons = load_reasons()
    rows = list(compare(load_table()))
    lines = [
        "# Windows values held against public lists",
        "",
        "What our checks ask, beside what public lists ask of the same setting.",
        "This page is generated by `python -m tests.independent.windows_lists`, and a test compares it.",
        "Where fewer than two lists ask what we ask, the reason stands in the last column.",
        "The lists disagree among themselves: a list is named on the side on which it stands.",
        "",
        f"{len(rows)} checks have a counterpart; {sum(row.is_enough for row in rows)} ask what at least two lists ask.",
        "",
        "| check | asked | the same | otherwise | why |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        others = "; ".join(f"{name}: {_escape(cell)}" for name, cell in row.others.items())
        cells = (row.check, f"`{_escape(row.ours)}`", ", ".join(row.same), others, reasons.get(row.check, ""))
        lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |"))
    return "\n".join(lines) + "\n"


def _name_value(probe: Probe) -> str:
    path = probe.text("policy") or probe.text("path")
    return f"{path}!{probe.text('policy_name') or probe.text('name')}"


def _ask(check: Check) -> Iterator[str]:
    """Yield what would pass, value by value, in small letters."""
    for comparison in _leaves(check.expect):
        operand = comparison.operand
        value = check.parameters[operand.name].default if isinstance(operand, ParameterReference) else operand
        name = comparison.field.field
        if name in {"success", "failure"}:
            yield name
        elif comparison.operator == "is_empty" or name == "set":
            continue  # nothing there, the lists say
        elif isinstance(value, tuple):
            yield from (str(item).lower() for item in value)
        else:
            yield str(value).lower()


def _leaves(node: Node) -> Iterator[Comparison]:
    match node:
        case Comparison():
            yield node
        case AllOf(nodes) | AnyOf(nodes):
            for each in nodes:
                yield from _leaves(each)
        case Not(inner):
            yield from _leaves(inner)
        case Each():
            yield from _leaves(node.expect)


def _read(method: str, cell: str) -> frozenset[str]:
    """Return what a list asks, value by value, in the words of `_ask`."""
    text = re.sub(r"^(=\|0|<=!0|>=|<=|=|contains)\s*", "", cell)
    text = re.sub(r"^Present (Dword|String|MultiString)\s*", "", text)
    if method == "auditpol":
        return frozenset(word for word in ("success", "failure") if word in text.lower())
    if method == "accesschk":
        names = (name.rsplit("\\", 1)[-1].strip(" .").lower() for name in re.split(r"[;,]", text))
        return frozenset(SIDS.get(name, name).lower() for name in names if name)
    if "{0}" in text:
        return frozenset(_NUMBER.findall(text.replace("{0}", "")))
    return frozenset({text.lower()})


def _is_same(ours: frozenset[str], theirs: frozenset[str], method: str) -> bool:
    """Say whether a list asks what we ask; an expression of ours stands for every text that it matches."""
    if not ours:
        return theirs in ({""}, frozenset())
    if method in {"accesschk", "auditpol"}:
        return ours == theirs
    if method == "mppreferenceasr":
        return theirs == {"1"}
    return bool(ours & theirs) or any(re.fullmatch(each, text) for each in ours for text in theirs if "(" in each)


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(render())
