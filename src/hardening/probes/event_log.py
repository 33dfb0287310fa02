"""Event logs of Windows: whether they are on, their size, what becomes of old events, and who reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.sddl import is_trusted, parse_sddl
from hardening.probes.windows_answers import Row, build_step, guard, quote_list, rows, select, troubles
from hardening.probes.windows_fields import Reading, field_specs, read_members

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "event_log"
_RIGHT = "needs an administrator, or a member of Event Log Readers"
_ONE_LOG = r"""$known = Get-WinEvent -ListLog $log -ErrorAction Stop
@{
log = $log
enabled = $known.IsEnabled
mode = [int]$known.LogMode
size = [long]$known.MaximumSizeInBytes
file = [long]$known.FileSize
records = if ($null -ne $known.RecordCount) { [long]$known.RecordCount } else { $null }
sddl = $known.SecurityDescriptor
}"""
_MODES = {0: "overwrite", 1: "archive", 2: "keep"}
_READ = 0x1 | 0x8000_0000 | 0x1000_0000
_READINGS = {
    "enabled": Reading(FieldType.BOOLEAN, "enabled", "whether events are written"),
    "max_bytes": Reading(FieldType.INTEGER, "size", "how large it may grow, in bytes"),
    "bytes": Reading(FieldType.INTEGER, "file", "how large it is, in bytes"),
}
_FIELDS = {
    **field_specs(_READINGS),
    "retention": FieldSpec(
        FieldType.TEXT, "what becomes of a full log: overwrite old events, archive it, or keep old ones and lose new"
    ),
    "readers": FieldSpec(FieldType.TEXTS, "SIDs beside administrators that may read it, sorted"),
}
_NOT_FOUND = 13


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    logs = sorted({probe.text("log") for probe in probes})
    script = f"foreach ($log in {quote_list(logs)}) {{\n{guard('LOG', _ONE_LOG)}}}\n"
    return (build_step(_STEP, script.replace("'LOG'", "$log")),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP, needs=_RIGHT)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason))
    return {probe: _build(probe.text("log"), found) for probe in probes}


def _build(log: str, found: Sequence[Row]) -> Evidence:
    place = f"event log {log}"
    if any(row.get("trouble") == log and row.get("category") == _NOT_FOUND for row in found):
        return dict.fromkeys(_FIELDS, Absent(place))
    row = next((row for row in select(found, "log") if row["log"] == log), None)
    if row is None:
        reason = troubles(found, needs=_RIGHT).get(log, "the answer does not speak of this log")
        return build_unreadable(_FIELDS, reason, place)
    return {
        **read_members(row, _READINGS, place),
        "retention": _retention(row, place),
        "readers": _readers(row, place),
    }


def _retention(row: Row, place: str) -> Field:
    mode = row.get("mode")
    return Known(_MODES[mode], place) if isinstance(mode, int) and mode in _MODES else Unreadable("no mode", place)


def _readers(row: Row, place: str) -> Field:
    text = row.get("sddl")
    entries = parse_sddl(text) if isinstance(text, str) and text else None
    if entries is None:
        return Unreadable("the access list of the log could not be read", place)
    readers = {entry.sid for entry in entries if entry.mask & _READ and not is_trusted(entry.sid)}
    return Known(tuple(sorted(readers)), place)


KIND = ProbeKind(
    name="event_log",
    summary="size, retention and readers of an event log of Windows",
    parameters={
        "log": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="its name, such as Security or Microsoft-Windows-PowerShell/Operational",
            pattern=r"[A-Za-z0-9_ /.-]{1,200}",
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
