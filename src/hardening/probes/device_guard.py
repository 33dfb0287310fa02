"""What runs in the isolated part of Windows now: Credential Guard, memory integrity, and control of applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import Row, build_step, is_integer, rows, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "device_guard"
_PLACE = "Win32_DeviceGuard"
_ANSWER = build_step(
    _STEP,
    r"""$g = Get-CimInstance -Namespace root/Microsoft/Windows/DeviceGuard -ClassName Win32_DeviceGuard -ErrorAction Stop
@{
status = $g.VirtualizationBasedSecurityStatus
configured = @($g.SecurityServicesConfigured | Where-Object { $null -ne $_ } | ForEach-Object { [int]$_ })
running = @($g.SecurityServicesRunning | Where-Object { $null -ne $_ } | ForEach-Object { [int]$_ })
integrity = $g.CodeIntegrityPolicyEnforcementStatus
available = @($g.AvailableSecurityProperties | Where-Object { $null -ne $_ } | ForEach-Object { [int]$_ })
}""",  # noqa: E501 - lines of PowerShell are not broken
)
_STATES = {0: "off", 1: "configured", 2: "running"}
_ENFORCED = {0: "off", 1: "audit", 2: "enforced"}
_CREDENTIAL_GUARD, _MEMORY_INTEGRITY, _SECURE_BOOT = 1, 2, 2
_FIELDS = {
    "virtualization_based_security": FieldSpec(FieldType.TEXT, "off, configured (from the next start) or running"),
    "credential_guard": FieldSpec(FieldType.BOOLEAN, "whether Credential Guard runs"),
    "memory_integrity": FieldSpec(FieldType.BOOLEAN, "whether memory integrity (HVCI) runs"),
    "credential_guard_configured": FieldSpec(FieldType.BOOLEAN, "whether Credential Guard is set to run"),
    "memory_integrity_configured": FieldSpec(FieldType.BOOLEAN, "whether memory integrity is set to run"),
    "application_control": FieldSpec(FieldType.TEXT, "control of applications (WDAC): off, audit or enforced"),
    "secure_boot_available": FieldSpec(FieldType.BOOLEAN, "whether the hardware has Secure Boot, and it is on"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_ANSWER,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason, _PLACE))
    row = next(iter(select(found, "status")), {})
    evidence: Evidence = {
        "virtualization_based_security": _state(row, "status", _STATES),
        "credential_guard": _has(row, "running", _CREDENTIAL_GUARD),
        "memory_integrity": _has(row, "running", _MEMORY_INTEGRITY),
        "credential_guard_configured": _has(row, "configured", _CREDENTIAL_GUARD),
        "memory_integrity_configured": _has(row, "configured", _MEMORY_INTEGRITY),
        "application_control": _state(row, "integrity", _ENFORCED),
        "secure_boot_available": _has(row, "available", _SECURE_BOOT),
    }
    return dict.fromkeys(probes, evidence)


def _state(row: Row, member: str, table: Mapping[int, str]) -> Field:
    value = row.get(member)
    if isinstance(value, int) and is_integer(value) and value in table:
        return Known(table[value], _PLACE)
    return Unreadable(f"Windows does not tell {member}", _PLACE)


def _has(row: Row, member: str, number: int) -> Field:
    value = row.get(member)
    items = [value] if is_integer(value) else value
    if isinstance(items, list) and all(is_integer(item) for item in items):
        return Known(number in items, _PLACE)
    return Unreadable(f"Windows does not tell {member}", _PLACE)


KIND = ProbeKind(
    name="device_guard",
    summary="whether Credential Guard, memory integrity and control of applications run",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
