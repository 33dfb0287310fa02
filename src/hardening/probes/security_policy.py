"""One setting of the security policy of Windows, by the name that it has in an export in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.security_export import EXPORT, PLACE, SecurityExport, read_export
from hardening.probes.shell import number_field, parse_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_FIELDS = {
    "number": FieldSpec(FieldType.INTEGER, "the setting as a whole number; -1 stands for never or until unlocked"),
    "text": FieldSpec(FieldType.TEXT, "the setting as text, without quotes"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (EXPORT,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    export = read_export(answers)
    if isinstance(export, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, export.reason, PLACE))
    return {probe: _build(probe.text("key"), export) for probe in probes}


def _build(key: str, export: SecurityExport) -> Evidence:
    value, place = export.policies.get(key.lower()), f"{PLACE} {key}"
    if value is None:
        return {"number": Absent(place), "text": Absent(place)}
    return {"number": number_field(parse_decimal(value), value, place), "text": Known(value, place)}


KIND = ProbeKind(
    name="security_policy",
    summary="a setting of the account and security policy of Windows: on members that of the local accounts",
    parameters={
        "key": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="its name in an export, such as MinimumPasswordLength in [System Access]",
            pattern=r"[A-Za-z]{1,64}",
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
