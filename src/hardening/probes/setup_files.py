"""Answer files of Windows setup that were left behind, and whether one holds a password; the password stays there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import ERROR, Row, boolean, build_step, rows, select, text, troubles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "setup_files"
# Setup writes *SENSITIVE*DATA*DELETED* over a password that it has used.
_ANSWER = build_step(
    _STEP,
    r"""$root = $env:SystemRoot
foreach ($file in "$root\Panther\Unattend.xml", "$root\Panther\unattended.xml", "$root\Panther\Unattend\Unattend.xml",
"$root\Panther\Unattend\Unattended.xml", "$root\System32\Sysprep\unattend.xml", "$root\System32\Sysprep\sysprep.xml",
"$root\System32\Sysprep\Panther\unattend.xml", "$env:SystemDrive\unattend.xml", "$env:SystemDrive\autounattend.xml",
"$env:SystemDrive\sysprep\sysprep.xml", "$env:SystemDrive\sysprep.inf", "$env:SystemDrive\sysprep\sysprep.inf") {
try {
if (Test-Path -LiteralPath $file -ErrorAction Stop) {
$content = "$(Get-Content -LiteralPath $file -TotalCount 5000 -ErrorAction Stop)"
$held = $content -match '<(AdministratorPassword|Password)>\s*(<Value>)?\s*[^<\s*]' -or $content -match 'AdminPassword\s*=\s*[^*\s]'
@{ file = $file; password = $held }
}
} catch { @{ trouble = $file; ERROR } }
}
""".replace("ERROR", ERROR.format("$_")),  # noqa: E501 - lines of PowerShell are not broken
)
_FILE = {
    "file": FieldSpec(FieldType.TEXT, "its path"),
    "has_password": FieldSpec(FieldType.BOOLEAN, "whether a password stands in it"),
}
_FIELDS = {"files": FieldSpec(FieldType.RECORDS, "answer files that are there", _FILE)}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_ANSWER,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason))
    records = tuple(map(_build, select(found, "file")))
    lost = "; ".join(f"{name}: {why}" for name, why in sorted(troubles(found).items())[:3])
    if not lost:
        return {probe: {"files": Known(records, "places of answer files")} for probe in probes}
    return {probe: {"files": Partial(records, lost) if records else Unreadable(lost)} for probe in probes}


def _build(row: Row) -> Record:
    place = str(row["file"])
    return {"file": text(row, "file", place), "has_password": boolean(row, "password", place)}


KIND = ProbeKind(
    name="setup_files",
    summary="answer files of Windows setup that were left behind",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
