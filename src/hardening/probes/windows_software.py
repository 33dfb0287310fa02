"""Programs that are installed for everybody on Windows, as both views of the registry name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, FieldSpec, FieldType, Known, Record, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import Row, build_step, rows, select, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "windows_software"
_PLACE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
_ANSWER = build_step(
    _STEP,
    r"""foreach ($view in '', '\WOW6432Node') {
Get-ChildItem -LiteralPath "HKLM:\SOFTWARE$view\Microsoft\Windows\CurrentVersion\Uninstall" -ErrorAction Stop | ForEach-Object {
$known = $null
try { $known = Get-ItemProperty -LiteralPath $_.PSPath -ErrorAction Stop } catch { $known = $null }
if ($known.DisplayName) {
$version = if ($null -ne $known.DisplayVersion) { "$($known.DisplayVersion)" } else { $null }
$publisher = if ($null -ne $known.Publisher) { "$($known.Publisher)" } else { $null }
@{ program = "$($known.DisplayName)"; version = $version; publisher = $publisher }
}
}
@{ read = $view }
}
""",  # noqa: E501 - lines of PowerShell are not broken
    output_limit=2_000_000,
)
_PROGRAM = {
    "name": FieldSpec(FieldType.TEXT, "its name"),
    "version": FieldSpec(FieldType.TEXT, "its version; absent where it does not tell"),
    "publisher": FieldSpec(FieldType.TEXT, "who made it; absent where it does not tell"),
}
_FIELDS = {"programs": FieldSpec(FieldType.RECORDS, "programs by name and version", _PROGRAM)}
_VIEWS = 2


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_ANSWER,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason, _PLACE))
    if len(select(found, "read")) != _VIEWS:
        return dict.fromkeys(probes, build_unreadable(_FIELDS, "the answer does not speak of both views", _PLACE))
    programs = {(str(row["program"]), str(row.get("version") or "")): row for row in select(found, "program")}
    records = tuple(_build(programs[key]) for key in sorted(programs))
    return {probe: {"programs": Known(records, _PLACE)} for probe in probes}


def _build(row: Row) -> Record:
    place = f"{_PLACE}: {row['program']}"
    return {
        "name": text(row, "program", place),
        "version": text(row, "version", place),
        "publisher": text(row, "publisher", place),
    }


KIND = ProbeKind(
    name="windows_software",
    summary="programs that are installed on Windows",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
