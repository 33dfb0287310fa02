"""What Windows writes to its security log, by subcategory: the GUID and the number in `auditpol /backup`, no words.

What it writes down for single users beside this is left out.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent, Evidence, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.windows_answers import build_step, is_integer, rows, select, tidy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "audit_subcategory"
_PLACE = "auditpol /backup"
_RIGHT = "needs the right to manage auditing and the security log (SeSecurityPrivilege), as administrators have it"
_SCRIPT = r"""$file = "$folder\audit.csv"
$null = & "$env:SystemRoot\System32\auditpol.exe" /backup "/file:$file"
@{ status = $LASTEXITCODE }
if (Test-Path -LiteralPath $file) { @{ lines = @(Get-Content -LiteralPath $file -ErrorAction Stop | ForEach-Object { "$_" }) } }
"""  # noqa: E501 - lines of PowerShell are not broken
_BACKUP = build_step(_STEP, _SCRIPT, output_limit=1_000_000, writes="auditpol backs up the audit policy to a file")

_TARGET, _GUID, _VALUE, _COLUMNS = 1, 3, 6, 7
_GUID_FORM = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.IGNORECASE)
_SUCCESS, _FAILURE = 1, 2
_FIELDS = {
    "success": FieldSpec(FieldType.BOOLEAN, "whether success is written to the log"),
    "failure": FieldSpec(FieldType.BOOLEAN, "whether failure is written to the log"),
    "number": FieldSpec(FieldType.INTEGER, "0 nothing, 1 success, 2 failure, 3 both"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_BACKUP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    table = _read_table(answers)
    if isinstance(table, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, table.reason, _PLACE))
    return {probe: _build(probe.text("subcategory"), table) for probe in probes}


def _read_table(answers: Mapping[str, Answer]) -> dict[str, str] | Unreadable:
    """Return the last column by GUID."""
    found = rows(answers, _STEP, needs=_RIGHT)
    if isinstance(found, Unreadable):
        return found
    status = next((row["status"] for row in select(found, "status")), None)
    lines = next((row["lines"] for row in select(found, "lines")), None)
    if not is_integer(status):
        return Unreadable("auditpol did not run")
    if status != 0:
        return Unreadable(f"auditpol ended with status {status}: {_RIGHT}")
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return Unreadable("auditpol wrote no file")
    parsed = csv.reader(tidy(line) for line in lines)
    cells = [row for row in parsed if len(row) == _COLUMNS and _GUID_FORM.fullmatch(row[_GUID].strip())]
    # The rows of the computer come first; those of single users name another target.
    table = {
        row[_GUID].strip().strip("{}").lower(): row[_VALUE].strip()
        for row in reversed(cells)
        if row[_TARGET] == cells[0][_TARGET]
    }
    return table or Unreadable("the file that auditpol wrote names no subcategory")


def _build(subcategory: str, table: Mapping[str, str]) -> Evidence:
    guid, place = subcategory.strip("{}").lower(), f"{_PLACE} {{{subcategory.strip('{}').upper()}}}"
    value = table.get(guid)
    if value is None:
        return dict.fromkeys(_FIELDS, Absent(place))
    if value not in {"0", "1", "2", "3"}:
        return build_unreadable(_FIELDS, f"no setting: {clean_line(value, 60)}", place)
    number = int(value)
    return {
        "success": Known(bool(number & _SUCCESS), place),
        "failure": Known(bool(number & _FAILURE), place),
        "number": Known(number, place),
    }


KIND = ProbeKind(
    name="audit_subcategory",
    summary="what Windows writes to its security log of one subcategory of events",
    parameters={
        "subcategory": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="its GUID, such as 0CCE9215-69AE-11D9-BED3-505054503030 for log-on",
            pattern=_GUID_FORM.pattern.replace("a-f", "a-fA-F"),
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
