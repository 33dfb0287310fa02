"""Shared folders of Windows with who may do what over the network, by SID. What the file system allows is not asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.sddl import FILE_WRITE, is_trusted, parse_sddl
from hardening.probes.windows_answers import Row, boolean, build_step, rows, select, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "windows_shares"
_PLACE = "Get-SmbShare"
_ANSWER = build_step(
    _STEP,
    r"""Get-SmbShare -ErrorAction Stop | ForEach-Object {
@{ share = $_.Name; path = $_.Path; special = $_.Special; encrypt = $_.EncryptData; sddl = $_.SecurityDescriptor; type = [int]$_.ShareType }
}""",  # noqa: E501 - lines of PowerShell are not broken
    output_limit=2_000_000,
)
_READ = 0x1 | 0x8000_0000 | 0x1000_0000
_TYPES = {0: "folder", 1: "printer", 2: "device", 3: "ipc"}
_SHARE = {
    "name": FieldSpec(FieldType.TEXT, "its name"),
    "path": FieldSpec(FieldType.TEXT, "the folder; absent where it is none"),
    "type": FieldSpec(FieldType.TEXT, "folder, printer, device or ipc"),
    "special": FieldSpec(FieldType.BOOLEAN, "whether Windows shares it of its own accord, such as C$ and IPC$"),
    "encrypted": FieldSpec(FieldType.BOOLEAN, "whether it must be used encrypted"),
    "writers": FieldSpec(
        FieldType.TEXTS, "SIDs beside administrators that may change what is in it; absent for shares that have no list"
    ),
    "readers": FieldSpec(FieldType.TEXTS, "SIDs beside administrators that may read what is in it; absent likewise"),
}
_FIELDS = {"shares": FieldSpec(FieldType.RECORDS, "shares by name", _SHARE)}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_ANSWER,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason, _PLACE))
    shares = sorted(select(found, "share"), key=lambda row: str(row["share"]).lower())
    if not shares:
        return dict.fromkeys(probes, build_unreadable(_FIELDS, "Windows names no share at all, not even IPC$", _PLACE))
    records = tuple(_build(row) for row in shares)
    return {probe: {"shares": Known(records, _PLACE)} for probe in probes}


def _build(row: Row) -> Record:
    place = f"{_PLACE} {row['share']}"
    kind = row.get("type")
    return {
        "name": text(row, "share", place),
        "path": text(row, "path", place),
        "type": Known(_TYPES.get(kind, str(kind)), place) if isinstance(kind, int) else Unreadable("no type", place),
        "special": boolean(row, "special", place),
        "encrypted": boolean(row, "encrypt", place),
        "writers": _find_trustees(row, FILE_WRITE, place),
        "readers": _find_trustees(row, _READ, place),
    }


def _find_trustees(row: Row, mask: int, place: str) -> Field:
    text_of_list = row.get("sddl")
    if text_of_list is None and row.get("special") is True:
        return Absent(f"{place}: a share of Windows' own, without a list")
    entries = parse_sddl(text_of_list) if isinstance(text_of_list, str) and text_of_list else None
    if entries is None:
        return Unreadable("its access list could not be read", place)
    return Known(
        tuple(sorted({entry.sid for entry in entries if entry.mask & mask and not is_trusted(entry.sid)})), place
    )


KIND = ProbeKind(
    name="windows_shares",
    summary="shared folders of Windows and who may use them, by SID",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
