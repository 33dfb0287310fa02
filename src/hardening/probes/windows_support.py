"""Until when a build of Windows gets security updates, by a dated table that the question carries.

The table is content: rows in the check, looked up at Microsoft. A build that it does not list is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.os_support import parse_day
from hardening.probes.registry_script import RegistryAnswer, RegistryName, build_registry_script, number_of, text_of
from hardening.probes.windows_answers import build_step, rows
from hardening.probes.windows_state import BUILD, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "windows_support"
_REVISION, _EDITION = RegistryName(VERSION, "UBR"), RegistryName(VERSION, "EditionID")
_FIELDS = {
    "build": FieldSpec(FieldType.INTEGER, "the build, such as 20348 for Server 2022"),
    "revision": FieldSpec(FieldType.INTEGER, "the update of the build (UBR), such as 2700"),
    "edition": FieldSpec(FieldType.TEXT, "its edition, such as ServerStandard"),
    "support_ends": FieldSpec(
        FieldType.TIME, "end of the last day with security updates for everybody; absent when the table has no row"
    ),
    "extended_ends": FieldSpec(FieldType.TIME, "the same with a paid extension; absent when the table has no row"),
    "table": FieldSpec(FieldType.TIME, "the day on which the table was looked up"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (build_step(_STEP, build_registry_script({BUILD, _REVISION, _EDITION})),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason, VERSION))
    answer = RegistryAnswer(found)
    return {probe: _build(probe, answer) for probe in probes}


def _build(probe: Probe, answer: RegistryAnswer) -> Evidence:
    build = number_of(answer.find(BUILD), BUILD.place)
    table = parse_day(probe.text("table"))
    return {
        "build": build,
        "revision": number_of(answer.find(_REVISION), _REVISION.place),
        "edition": text_of(answer.find(_EDITION), _EDITION.place),
        "support_ends": _find_end(probe, "ends", build),
        "extended_ends": _find_end(probe, "extended", build),
        "table": Unreadable(f"no day: {probe.text('table')}") if table is None else Known(table),
    }


def _find_end(probe: Probe, parameter: str, build: Field) -> Field:
    place = f"support table of {probe.text('table')}"
    if not isinstance(build, Known):
        return build
    days = dict(row.split() for row in probe.texts(parameter))
    day = days.get(str(build.value))
    if day is None:
        return Absent(place)
    end = parse_day(day)
    return Unreadable(f"no day: {day}", place) if end is None else Known(end, f"{place}: build {build.value}")


def _rows(description: str) -> ProbeParameter:
    return ProbeParameter(
        type=ProbeParameterType.TEXTS,
        description=f"rows of '<build> <YYYY-MM-DD>': {description}",
        required=False,
        default=(),
        pattern=r"[0-9]{4,6} [0-9]{4}-[0-9]{2}-[0-9]{2}",
    )


KIND = ProbeKind(
    name="windows_support",
    summary="until when a build of Windows gets security updates",
    parameters={
        "ends": _rows("last day with security updates for everybody"),
        "extended": _rows("last day with a paid extension"),
        "table": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="the day on which the rows were looked up, YYYY-MM-DD",
            pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
