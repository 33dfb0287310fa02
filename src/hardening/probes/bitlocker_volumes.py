"""Volumes that BitLocker knows, and whether they are protected; absent where it is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Record, Unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import (
    NOT_OFFERED,
    Row,
    build_step,
    guard,
    is_integer,
    rows,
    select,
    text,
    troubles,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "bitlocker_volumes"
_PLACE = "Win32_EncryptableVolume"
_VOLUMES = r"""Get-CimInstance -Namespace root/CIMV2/Security/MicrosoftVolumeEncryption -ClassName Win32_EncryptableVolume -ErrorAction Stop | ForEach-Object {
@{
drive = $_.DriveLetter
type = $_.VolumeType
system = $_.DriveLetter -eq $env:SystemDrive
protection = $_.ProtectionStatus
conversion = $_.ConversionStatus
method = $_.EncryptionMethod
}
}"""  # noqa: E501 - lines of PowerShell are not broken
_ANSWER = build_step(_STEP, guard("volumes", _VOLUMES))
_TYPES = {0: "system", 1: "fixed", 2: "removable"}
_METHODS = {0: "none", 1: "aes-128-diffuser", 2: "aes-256-diffuser", 3: "aes-128", 4: "aes-256", 5: "hardware"}
_METHODS |= {6: "xts-aes-128", 7: "xts-aes-256"}
_PROTECTED = {0: False, 1: True}
_VOLUME = {
    "drive": FieldSpec(FieldType.TEXT, "its letter, such as C:; absent where it has none"),
    "type": FieldSpec(FieldType.TEXT, "system, fixed or removable"),
    "protected": FieldSpec(FieldType.BOOLEAN, "whether it is encrypted and its key protected; unreadable while locked"),
    "encrypted": FieldSpec(FieldType.BOOLEAN, "whether it is encrypted wholly; absent on versions that do not say"),
    "method": FieldSpec(FieldType.TEXT, "xts-aes-256, aes-128 …, none; absent on versions that do not say"),
}
_FIELDS = {
    "installed": FieldSpec(FieldType.BOOLEAN, "whether Windows has BitLocker"),
    "volumes": FieldSpec(FieldType.RECORDS, "volumes; absent without BitLocker", _VOLUME),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_ANSWER,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    return dict.fromkeys(probes, _read(answers))


def _read(answers: Mapping[str, Answer]) -> Evidence:
    found = rows(answers, _STEP)
    reason = found.reason if isinstance(found, Unreadable) else troubles(found).get("volumes", "")
    if reason.startswith(NOT_OFFERED):
        return {"installed": Known(value=False, place=_PLACE), "volumes": Absent("BitLocker is not installed")}
    if isinstance(found, Unreadable) or reason:
        return dict.fromkeys(_FIELDS, Unreadable(reason, _PLACE))
    records = tuple(sorted(map(_build, select(found, "drive")), key=lambda record: str(record["drive"])))
    if not records:
        return dict.fromkeys(_FIELDS, Unreadable("BitLocker names no volume at all", _PLACE))
    return {"installed": Known(value=True, place=_PLACE), "volumes": Known(records, _PLACE)}


def _build(row: Row) -> Record:
    place = f"{_PLACE} {row['drive']}"
    conversion = row.get("conversion")
    return {
        "drive": text(row, "drive", place),
        "type": _find_type(row, place),
        "protected": _look_up(row, "protection", _PROTECTED, place),
        "encrypted": Known(conversion == 1, place) if is_integer(conversion) else Absent(place),
        "method": _look_up(row, "method", _METHODS, place),
    }


def _find_type(row: Row, place: str) -> Field:
    """Return what a volume is for; old versions tell no type, but which drive they started from."""
    if row.get("type") is None and row.get("system") is True:
        return Known(_TYPES[0], place)
    return _look_up(row, "type", _TYPES, place)


def _look_up(row: Row, member: str, table: Mapping[int, str] | Mapping[int, bool], place: str) -> Field:
    value = row.get(member)
    if value is None:
        return Absent(place)
    if isinstance(value, int) and value in table:
        return Known(table[value], place)
    return Unreadable(f"{member} is not known to Windows", place)


KIND = ProbeKind(
    name="bitlocker_volumes",
    summary="whether BitLocker protects the volumes of a Windows computer",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
