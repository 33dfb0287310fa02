"""All services of Windows: what they run, whether a space in the path misleads, and who may replace the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, FieldSpec, FieldType, Known, Record, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import tidy
from hardening.probes.windows_service_list import PLACE, SERVICES, WindowsService, read_services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_SERVICE = {
    "name": FieldSpec(FieldType.TEXT, "its short name"),
    "start": FieldSpec(FieldType.TEXT, "boot, system, automatic, manual or disabled"),
    "running": FieldSpec(FieldType.BOOLEAN, "whether it runs now"),
    "account": FieldSpec(FieldType.TEXT, "the account that it runs as, as it is spelled there"),
    "path": FieldSpec(FieldType.TEXT, "the command line that starts it"),
    "unquoted": FieldSpec(
        FieldType.BOOLEAN, "whether the path has a space and no quotes, so that another program may be found first"
    ),
    "writers": FieldSpec(
        FieldType.TEXTS,
        "SIDs beside administrators that may change the program or its folder; absent below the folder of Windows",
    ),
}
_FIELDS = {"services": FieldSpec(FieldType.RECORDS, "services, not drivers, by name", _SERVICE)}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (SERVICES,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    services = read_services(answers)
    if isinstance(services, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, services.reason, PLACE))
    records = tuple(_build(services[name]) for name in sorted(services))
    return {probe: {"services": Known(records, PLACE)} for probe in probes}


def _build(service: WindowsService) -> Record:
    place = f"{PLACE} {service.name}"
    return {
        "name": Known(tidy(service.name), place),
        "start": Known(tidy(service.start), place),
        "running": Known(service.running, place),
        "account": Known(tidy(service.account), place),
        "path": Known(tidy(service.path), place),
        "unquoted": Known(service.is_unquoted, place),
        "writers": service.writers,
    }


KIND = ProbeKind(
    name="windows_services",
    summary="the services of Windows with what they run",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
