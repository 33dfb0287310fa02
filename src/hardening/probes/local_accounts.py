"""Local accounts of Windows, by SID. A domain controller has none: its accounts are the domain's."""

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
from hardening.probes.windows_answers import Row, boolean, build_step, rows, select, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "local_accounts"
_PLACE = "Win32_UserAccount"
# Without the filter, and on a domain controller with it, every account of the domain would be read.
_ACCOUNTS = build_step(
    _STEP,
    r"""$role = [int](Get-CimInstance -ClassName Win32_ComputerSystem -Property DomainRole -ErrorAction Stop).DomainRole
@{ role = $role }
if ($role -lt 4) {
Get-CimInstance -ClassName Win32_UserAccount -Filter 'LocalAccount = TRUE' -ErrorAction Stop | ForEach-Object {
@{
name = $_.Name
sid = $_.SID
disabled = $_.Disabled
locked = $_.Lockout
password_required = $_.PasswordRequired
password_expires = $_.PasswordExpires
}
}
}""",
)
_CONTROLLERS = (4, 5)
_ACCOUNT = {
    "name": FieldSpec(FieldType.TEXT, "its name, as somebody may have changed it"),
    "sid": FieldSpec(FieldType.TEXT, "its SID"),
    "rid": FieldSpec(FieldType.INTEGER, "the last part of its SID: 500 administrator, 501 guest, 1000 and up others"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether it can log on"),
    "locked": FieldSpec(FieldType.BOOLEAN, "whether it is locked out"),
    "password_required": FieldSpec(FieldType.BOOLEAN, "whether it must have a password"),
    "password_expires": FieldSpec(FieldType.BOOLEAN, "whether its password must be changed from time to time"),
}
_FIELDS = {
    "accounts": FieldSpec(FieldType.RECORDS, "local accounts by SID; absent on a domain controller", _ACCOUNT),
    "guest_enabled": FieldSpec(
        FieldType.BOOLEAN, "whether the guest (RID 501) can log on; absent where there is none, or none of its own"
    ),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_ACCOUNTS,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    return dict.fromkeys(probes, _build(answers))


def _build(answers: Mapping[str, Answer]) -> Evidence:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return build_unreadable(_FIELDS, found.reason, _PLACE)
    role = next((row["role"] for row in select(found, "role")), None)
    if role in _CONTROLLERS:
        return dict.fromkeys(_FIELDS, Absent("a domain controller has no local accounts"))
    records = tuple(sorted((_build_record(row) for row in select(found, "sid")), key=lambda record: str(record["sid"])))
    if not records:
        return build_unreadable(_FIELDS, "Windows names no local account at all", _PLACE)
    guest: Field = next((record["enabled"] for record in records if _is_guest(record)), Absent(_PLACE))
    return {"accounts": Known(records, _PLACE), "guest_enabled": guest}


def _is_guest(record: Record) -> bool:
    rid = record["rid"]
    return isinstance(rid, Known) and rid.value == 501  # noqa: PLR2004 - DOMAIN_USER_RID_GUEST


def _build_record(row: Row) -> Record:
    sid = str(row["sid"])
    place, last = f"{_PLACE} {sid}", sid.rpartition("-")[2]
    disabled = boolean(row, "disabled", place)
    return {
        "name": text(row, "name", place),
        "sid": text(row, "sid", place),
        "rid": Known(int(last), place) if last.isascii() and last.isdigit() else Unreadable("no SID", place),
        "enabled": Known(not disabled.value, place) if isinstance(disabled, Known) else disabled,
        "locked": boolean(row, "locked", place),
        "password_required": boolean(row, "password_required", place),
        "password_expires": boolean(row, "password_expires", place),
    }


KIND = ProbeKind(
    name="local_accounts",
    summary="local accounts of a Windows computer, by SID",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
