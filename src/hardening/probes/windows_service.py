"""One service of Windows, by the short name that it has in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.windows_answers import tidy
from hardening.probes.windows_service_list import PLACE, SERVICES, WindowsService, read_services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_FIELDS = {
    "installed": FieldSpec(FieldType.BOOLEAN, "whether there is such a service"),
    "start": FieldSpec(FieldType.TEXT, "boot, system, automatic, manual or disabled; absent where there is no service"),
    "running": FieldSpec(FieldType.BOOLEAN, "whether it runs now; absent where there is no service"),
    "account": FieldSpec(FieldType.TEXT, "the account that it runs as, as it is spelled there"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (SERVICES,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    services = read_services(answers)
    if isinstance(services, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, services.reason, PLACE))
    return {probe: _build(probe.text("name"), services) for probe in probes}


def _build(name: str, services: Mapping[str, WindowsService]) -> Evidence:
    service, place = services.get(name.lower()), f"{PLACE} {name}"
    if service is None:
        lacking = Absent(place)
        return {"installed": Known(value=False, place=place), "start": lacking, "running": lacking, "account": lacking}
    return {
        "installed": Known(value=True, place=place),
        "start": Known(service.start, place),
        "running": Known(service.running, place),
        "account": Known(tidy(service.account), place),
    }


KIND = ProbeKind(
    name="windows_service",
    summary="whether a service of Windows is there, starts and runs",
    parameters={
        "name": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="its short name, such as Spooler",
            pattern=r"[A-Za-z0-9_.$@ -]{1,256}",
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
