"""Scheduled tasks of Windows: as whom they run, what they start, and who may replace it.

Programs below the folder of Windows, and those without a path, are not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import Row, build_step, guard, rows, select, text, texts, troubles
from hardening.probes.windows_service_list import writers_field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "windows_tasks"
_PLACE = "Get-ScheduledTask"
_TASKS = r"""$tasks = @(Get-ScheduledTask -ErrorAction Stop)
foreach ($task in $tasks) {
@{
task = "$($task.TaskPath)$($task.TaskName)"
state = [int]$task.State
user = "$($task.Principal.UserId)"
group = "$($task.Principal.GroupId)"
logon = [int]$task.Principal.LogonType
level = [int]$task.Principal.RunLevel
programs = @($task.Actions | ForEach-Object { "$($_.Execute)".Trim('"') } | Where-Object { $_ })
}
}"""
_LISTS = r"""$programs = $tasks | ForEach-Object { $_.Actions } | ForEach-Object { "$($_.Execute)".Trim('"') } | Where-Object { $_ } |
Sort-Object -Unique
foreach ($program in $programs) {
$path = $program -replace '%SystemRoot%|%windir%', $env:SystemRoot -replace '%ProgramFiles%', $env:ProgramFiles `
-replace '%ProgramData%', $env:ProgramData -replace '%SystemDrive%', $env:SystemDrive
if ($path -notmatch '^[A-Za-z]:\\' -or $path -like "$env:SystemRoot\*") { continue }
$file = Get-Acl -LiteralPath $path -ErrorAction SilentlyContinue
$parent = Get-Acl -LiteralPath ($path -replace '\\[^\\]*$', '\') -ErrorAction SilentlyContinue
@{ program = $program; file = $file.Sddl; folder = $parent.Sddl }
}"""  # noqa: E501 - lines of PowerShell are not broken
_ANSWER = build_step(_STEP, guard("tasks", _TASKS) + guard("programs", _LISTS), output_limit=4_000_000, slow=True)
_SYSTEM = frozenset({"SYSTEM", "S-1-5-18", "NT AUTHORITY\\SYSTEM", "LOCALSYSTEM"})
_DISABLED, _HIGHEST = 1, 1
_TASK = {
    "task": FieldSpec(FieldType.TEXT, "its folder and name"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether it may run"),
    "account": FieldSpec(FieldType.TEXT, "account or group that it runs as, as it is spelled there"),
    "as_system": FieldSpec(FieldType.BOOLEAN, "whether it runs as SYSTEM"),
    "highest": FieldSpec(FieldType.BOOLEAN, "whether it runs with all rights that its account has"),
    "programs": FieldSpec(FieldType.TEXTS, "programs that it starts"),
    "writers": FieldSpec(
        FieldType.TEXTS,
        "SIDs beside administrators that may change one of the programs or its folder; absent if none was looked at",
    ),
}
_FIELDS = {"tasks": FieldSpec(FieldType.RECORDS, "tasks by folder and name", _TASK)}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_ANSWER,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason, _PLACE))
    return {probe: {"tasks": _build(found)} for probe in probes}


def _build(found: Sequence[Row]) -> Field:
    trouble = troubles(found)
    tasks = sorted(select(found, "task"), key=lambda row: str(row["task"]).lower())
    lists = {str(row["program"]).lower(): row for row in select(found, "program")}
    records = tuple(_build_record(row, lists, trouble.get("programs", "")) for row in tasks)
    if "tasks" in trouble:
        return Partial(records, trouble["tasks"], _PLACE) if records else Unreadable(trouble["tasks"], _PLACE)
    # Every Windows has tasks of its own: none at all is what an account sees that may see none.
    return Known(records, _PLACE) if records else Unreadable("the account is shown no task at all", _PLACE)


def _build_record(row: Row, lists: Mapping[str, Row], lost: str) -> Record:
    place = f"{_PLACE} {row['task']}"
    state, level = row.get("state"), row.get("level")
    account = str(row.get("user") or row.get("group") or "")
    return {
        "task": text(row, "task", place),
        "enabled": Known(state != _DISABLED, place) if isinstance(state, int) else Unreadable("no state", place),
        "account": Known(account, place),
        "as_system": Known(account.upper() in _SYSTEM, place),
        "highest": Known(level == _HIGHEST, place) if isinstance(level, int) else Unreadable("no level", place),
        "programs": texts(row, "programs", place),
        "writers": _find_writers(row, lists, lost, place),
    }


def _find_writers(row: Row, lists: Mapping[str, Row], lost: str, place: str) -> Field:
    if lost:
        return Unreadable(lost, place)
    programs = texts(row, "programs", place)
    names = programs.value if isinstance(programs, Known) and isinstance(programs.value, tuple) else ()
    looked_at = [str(name) for name in names if str(name).lower() in lists]
    if not looked_at:
        return Absent(place)
    fields = [writers_field(lists[name.lower()], name) for name in looked_at]
    unread = next((field for field in fields if isinstance(field, Unreadable)), None)
    writers = {
        str(sid)
        for field in fields
        if isinstance(field, Known) and isinstance(field.value, tuple)
        for sid in field.value
    }
    return unread or Known(tuple(sorted(writers)), "; ".join(looked_at))


KIND = ProbeKind(
    name="windows_tasks",
    summary="scheduled tasks of Windows, as whom they run and who may replace what they start",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
