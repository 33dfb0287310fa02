"""The services of Windows as one query tells them, and who may replace the programs that they run.

Names, start and state are the same in every language. Programs below the folder of Windows are Windows' own to guard
and are not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Field, Known, Unreadable
from hardening.probes.sddl import FILE_WRITE, FOLDER_WRITE, find_writers
from hardening.probes.windows_answers import Row, build_step, guard, rows, select, troubles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.step import Answer

_STEP = "windows_services"
_LIST = r"""$services = @(Get-CimInstance -ClassName Win32_Service -ErrorAction Stop)
foreach ($service in $services) {
@{ service = $service.Name; start = $service.StartMode; state = $service.State; path = $service.PathName; account = $service.StartName }
}
"""  # noqa: E501 - lines of PowerShell are not broken
_LISTS = r"""$programs = $services | ForEach-Object {
if ("$($_.PathName)" -match '^"([^"]+)"' -or "$($_.PathName)" -match '^(.+?\.exe)( |$)') { $Matches[1] }
} | Where-Object { $_ -match '^[A-Za-z]:\\' -and $_ -notlike "$env:SystemRoot\*" } | Sort-Object -Unique
foreach ($program in $programs) {
$file = Get-Acl -LiteralPath $program -ErrorAction SilentlyContinue
$parent = Get-Acl -LiteralPath ($program -replace '\\[^\\]*$', '\') -ErrorAction SilentlyContinue
@{ program = $program; file = $file.Sddl; folder = $parent.Sddl }
}
"""
SERVICES = build_step(_STEP, guard("services", _LIST) + guard("programs", _LISTS), output_limit=4_000_000)
"""The step that all questions on services share."""

PLACE = "Win32_Service"

_STARTS = {"boot": "boot", "system": "system", "auto": "automatic", "manual": "manual", "disabled": "disabled"}
_QUOTED = re.compile(r'"([^"]+)"')
_BARE = re.compile(r"(.+?\.exe)(?: |$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WindowsService:
    """One service; ``start`` is boot, system, automatic, manual or disabled."""

    name: str
    start: str
    running: bool
    path: str
    account: str
    writers: Field

    @property
    def is_unquoted(self) -> bool:
        """Whether a space in the path lets Windows look for another program first."""
        bare = _BARE.match(self.path)
        return not self.path.startswith('"') and bare is not None and " " in bare[1]


def read_services(answers: Mapping[str, Answer]) -> Mapping[str, WindowsService] | Unreadable:
    """Return all services by their name in small letters, or why they cannot be told."""
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return found
    trouble = troubles(found)
    if "services" in trouble:
        return Unreadable(trouble["services"], PLACE)
    services = select(found, "service")
    if not services:
        return Unreadable("Windows names no service at all", PLACE)
    lists = {str(row["program"]).lower(): row for row in select(found, "program")}
    lost = trouble.get("programs", "")
    return {str(row["service"]).lower(): _build(row, lists, lost) for row in services}


def _build(row: Row, lists: Mapping[str, Row], lost: str) -> WindowsService:
    path = str(row.get("path") or "")
    start = str(row.get("start") or "").lower()
    return WindowsService(
        name=str(row["service"]),
        start=_STARTS.get(start, start),
        running=str(row.get("state") or "").lower() == "running",
        path=path,
        account=str(row.get("account") or ""),
        writers=_find_writers(path, lists, lost),
    )


def program_of(path: str) -> str:
    """Return the program that a command line begins with; empty where it cannot be told."""
    match = _QUOTED.match(path) or _BARE.match(path)
    return match[1] if match else ""


def _find_writers(path: str, lists: Mapping[str, Row], lost: str) -> Field:
    program = program_of(path)
    if lost:
        return Unreadable(lost, program)
    row = lists.get(program.lower())
    if row is None:
        return Absent(f"{program or path}: below the folder of Windows, or no program")
    return writers_field(row, program)


def writers_field(row: Row, program: str) -> Field:
    """Return who may replace a program or put something beside it, by the lists of its file and its folder."""
    writers: set[str] = set()
    parts: Sequence[tuple[str, int]] = (("file", FILE_WRITE), ("folder", FOLDER_WRITE))
    for member, mask in parts:
        text = row.get(member)
        found = find_writers(text, mask) if isinstance(text, str) and text else None
        if found is None:
            return Unreadable(f"the access list of its {member} could not be read", program)
        writers.update(found)
    return Known(tuple(sorted(writers)), program)
