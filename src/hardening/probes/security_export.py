"""What `secedit /export` writes: account policy and user rights of a Windows computer, in one export for all questions.

On a domain member the account policy is that of its local accounts; on a domain controller that of the domain. The file
is UTF-16 and has no word of any language in it, but rights may be given to accounts by name: those are turned into SIDs
on the target, where its language mode allows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Unreadable
from hardening.probes.windows_answers import ADMINISTRATOR, build_step, is_integer, rows, select, tidy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.model.step import Answer

_STEP = "security_export"
_SCRIPT = r"""$file = "$folder\policy.inf"
$null = & "$env:SystemRoot\System32\secedit.exe" /export /cfg $file /areas SECURITYPOLICY USER_RIGHTS /log "$folder\policy.log" /quiet
@{ status = $LASTEXITCODE }
if (Test-Path -LiteralPath $file) {
$lines = @(Get-Content -LiteralPath $file -Encoding Unicode -ErrorAction Stop | ForEach-Object { "$_" })
@{ lines = $lines }
$names = $lines | Where-Object { $_ -match '^Se\w+ *= *[^ ]' } | ForEach-Object { ($_ -split '=', 2)[1] -split ',' }
foreach ($name in ($names | ForEach-Object { "$_".Trim() } | Where-Object { $_ -and $_ -notlike '[*]S-1-*' } | Sort-Object -Unique)) {
try { @{ name = $name; sid = ([Security.Principal.NTAccount]$name).Translate([Security.Principal.SecurityIdentifier]).Value } }
catch { @{ name = $name; sid = $null } }
}
}
"""  # noqa: E501 - lines of PowerShell are not broken

EXPORT = build_step(
    _STEP, _SCRIPT, output_limit=2_000_000, writes="secedit exports the security policy to a file and keeps a log"
)
"""The step that all questions on the security policy share."""

PLACE = "secedit /export"

_SECTION = re.compile(r"\[([^\]]+)\]")
_SETTING = re.compile(r"([A-Za-z]+)\s*=\s*(.*)")
_POLICIES = ("System Access", "Event Audit", "Kerberos Policy")
_RIGHTS = "Privilege Rights"


@dataclass(frozen=True, slots=True)
class SecurityExport:
    """The settings of an export by name in small letters; rights with accounts as they stand, ``sids`` by name."""

    policies: Mapping[str, str]
    rights: Mapping[str, tuple[str, ...]]
    sids: Mapping[str, str]


def read_export(answers: Mapping[str, Answer]) -> SecurityExport | Unreadable:
    """Return a whole export, or why there is none."""
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return found
    status = next((row["status"] for row in select(found, "status")), None)
    lines = next((row["lines"] for row in select(found, "lines")), None)
    if not is_integer(status):
        return Unreadable("secedit did not run")
    if status != 0:
        return Unreadable(f"secedit ended with status {status}: {ADMINISTRATOR}")
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return Unreadable(f"secedit wrote no file: {ADMINISTRATOR}")
    sections = _read_sections([tidy(line) for line in lines])
    if not {"System Access", _RIGHTS} <= set(sections):
        return Unreadable("the file that secedit wrote lacks a section that it always has")
    return SecurityExport(
        policies={name: value for section in _POLICIES for name, value in sections.get(section, {}).items()},
        rights={name: _accounts(value) for name, value in sections[_RIGHTS].items()},
        sids={
            str(row["name"]).lower(): str(row["sid"]) for row in select(found, "name") if isinstance(row["sid"], str)
        },
    )


def _read_sections(lines: list[str]) -> dict[str, dict[str, str]]:
    sections: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in lines:
        if header := _SECTION.fullmatch(line.strip().removeprefix("\ufeff")):
            section = sections.setdefault(header[1], {})
        elif setting := _SETTING.fullmatch(line.strip()):
            section[setting[1].lower()] = setting[2].strip().strip('"')
    return sections


def _accounts(value: str) -> tuple[str, ...]:
    return tuple(account for part in value.split(",") if (account := part.strip()))
