"""Updates that Windows says it has, and whether it waits for a restart.

The dates of updates have no hour, and are the computer's own. Whether updates are missing is not asked: the search of
Windows Update refuses accounts that come over the network.
"""

from __future__ import annotations

import calendar
import re
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import EPOCH, Row, build_step, guard, is_integer, rows, select, troubles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "windows_updates"
_UPDATES = f"""Get-CimInstance -ClassName Win32_QuickFixEngineering -ErrorAction Stop | ForEach-Object {{
$on = $_.InstalledOn
if ($on -is [datetime]) {{ @{{ update = $_.HotFixID; time = {EPOCH.format("$on")} }} }}
else {{ @{{ update = $_.HotFixID; text = "$on" }} }}
}}
@{{ told = 'updates' }}"""
_WAITING = r"""$software = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion'
$manager = Get-ItemProperty -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager' -ErrorAction Stop
@{
servicing = Test-Path -LiteralPath "$software\Component Based Servicing\RebootPending" -ErrorAction Stop
update = Test-Path -LiteralPath "$software\WindowsUpdate\Auto Update\RebootRequired" -ErrorAction Stop
files = @($manager.PendingFileRenameOperations | Where-Object { $_ }).Count
waiting = $true
}"""
_ANSWER = build_step(_STEP, guard("updates", _UPDATES) + guard("waiting", _WAITING))
_REASONS = {"servicing": "component servicing", "update": "Windows Update"}
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: .*)?", re.ASCII)
_FILETIME = re.compile(r"[0-9A-Fa-f]{16}")
_FILETIME_EPOCH, _TICKS = 116_444_736_000_000_000, 10_000_000
_FIELDS = {
    "updates": FieldSpec(FieldType.TEXTS, "names of the updates, such as KB5031364, sorted"),
    "newest": FieldSpec(FieldType.TIME, "the day on which the newest of them was installed"),
    "reboot_pending": FieldSpec(FieldType.BOOLEAN, "whether servicing or Windows Update waits for a restart"),
    "reboot_reasons": FieldSpec(FieldType.TEXTS, "what waits: component servicing, Windows Update"),
    "files_pending": FieldSpec(FieldType.INTEGER, "files that are to be renamed or removed at the next start"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_ANSWER,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason))
    trouble = troubles(found)
    evidence = {**_read_updates(found, trouble.get("updates", "")), **_read_waiting(found, trouble.get("waiting", ""))}
    return dict.fromkeys(probes, evidence)


def _read_updates(found: Sequence[Row], trouble: str) -> Evidence:
    place = "Win32_QuickFixEngineering"
    # The row about restarts has a member of that name too.
    updates = [row for row in select(found, "update") if "waiting" not in row]
    if trouble or not select(found, "told"):
        reason = trouble or "the answer does not speak of updates"
        return dict.fromkeys(("updates", "newest"), Unreadable(reason, place))
    days = [_day_of(row) for row in updates]
    known = [day for day in days if day is not None]
    newest: Field = Absent(place)
    if known:
        newest = Known(max(known), place)
    elif updates:
        newest = Unreadable("Windows does not tell when any of its updates was installed", place)
    return {"updates": Known(tuple(sorted(str(row["update"]) for row in updates)), place), "newest": newest}


def _day_of(row: Row) -> int | None:
    """Return when an update was installed: seconds, or the day as old updates have it."""
    seconds, text = row.get("time"), str(row.get("text", ""))
    if isinstance(seconds, int) and is_integer(seconds):
        return seconds
    if match := _DAY.fullmatch(text):
        month, day, year = map(int, match.groups())
        return calendar.timegm((year, month, day, 0, 0, 0)) if 1 <= month <= 12 and 1 <= day <= 31 else None  # noqa: PLR2004 - of a calendar
    if _FILETIME.fullmatch(text):
        return (int(text, 16) - _FILETIME_EPOCH) // _TICKS
    return None


def _read_waiting(found: Sequence[Row], trouble: str) -> Evidence:
    place = "registry, what waits for a restart"
    names = ("reboot_pending", "reboot_reasons", "files_pending")
    row = next(iter(select(found, "waiting")), None)
    if trouble or row is None:
        return dict.fromkeys(names, Unreadable(trouble or "the answer does not speak of restarts", place))
    files = row.get("files")
    if not all(isinstance(row.get(member), bool) for member in _REASONS) or not isinstance(files, int):
        return dict.fromkeys(names, Unreadable("the answer about restarts is malformed", place))
    reasons = tuple(reason for member, reason in _REASONS.items() if row[member] is True)
    return {
        "reboot_pending": Known(bool(reasons), place),
        "reboot_reasons": Known(reasons, place),
        "files_pending": Known(files, place),
    }


KIND = ProbeKind(
    name="windows_updates",
    summary="updates that Windows has, and whether it waits for a restart",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
