"""Until when the release of the distribution gets security updates, by a dated table that the question carries.

The table is content, not code: rows in the check, looked up at the vendors. A release that it does not list is
unknown, never supported or unsupported.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.model.step import ShellStep, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.os_release import READ_OS_RELEASE, parse_os_release
from hardening.probes.shell import CUT, completed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_STEP = "os_support"
_END = "=end"
_PLACE = "os-release"
_TERMS = 3
_FIELDS = {
    "distribution": FieldSpec(FieldType.TEXT, "ID of os-release(5)"),
    "version": FieldSpec(FieldType.TEXT, "VERSION_ID of os-release(5); absent on rolling and unreleased versions"),
    "support_ends": FieldSpec(
        FieldType.TIME,
        "end of the last day with security updates for everybody; absent when the table has no row",
        by_calendar=True,
    ),
    "extended_ends": FieldSpec(
        FieldType.TIME,
        "the same with a paid or registered extension; absent when the table has no row",
        by_calendar=True,
    ),
    "table": FieldSpec(FieldType.TIME, "the day on which the table was looked up", by_calendar=True),
}


def parse_day(text: str) -> int | None:
    """Return the last second of a day given as ``YYYY-MM-DD``, or ``None`` where there is no such day."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return (day.toordinal() - dt.date(1970, 1, 1).toordinal() + 1) * 86400 - 1


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, script=f"{READ_OS_RELEASE}\necho {_END}\n"),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(_FIELDS, answer.reason) for probe in probes}
    lines = answer.text.split("\n")
    release = parse_os_release(answer.text)
    trouble = ""
    if answer.cut or _END not in lines:
        trouble = CUT
    elif not release.get("ID"):
        trouble = "no os-release file says which distribution this is"
    if trouble:
        return {probe: build_unreadable(_FIELDS, trouble) for probe in probes}
    return {probe: _build(probe, release["ID"], release.get("VERSION_ID", "")) for probe in probes}


def _build(probe: Probe, distribution: str, version: str) -> Evidence:
    table = parse_day(probe.text("table"))
    return {
        "distribution": Known(distribution, _PLACE),
        "version": Known(version, _PLACE) if version else Absent(_PLACE),
        "support_ends": _find_end(probe, "ends", distribution, version),
        "extended_ends": _find_end(probe, "extended", distribution, version),
        "table": Unreadable(f"no day: {probe.text('table')}") if table is None else Known(table),
    }


def _find_end(probe: Probe, rows: str, distribution: str, version: str) -> Field:
    """Return the day of the release's own row, else of its major release (9 for 9.4)."""
    place = f"support table of {probe.text('table')}"
    by_release = {(row[0], row[1]): row[2] for row in map(str.split, probe.texts(rows)) if len(row) == _TERMS}
    major = version.partition(".")[0]
    day = by_release.get((distribution, version)) or by_release.get((distribution, major))
    if not version or day is None:
        return Absent(place)
    end = parse_day(day)
    return Unreadable(f"no day: {day}", place) if end is None else Known(end, f"{place}: {distribution} {version}")


def _rows(description: str) -> ProbeParameter:
    return ProbeParameter(
        type=ProbeParameterType.TEXTS,
        description=f"rows of '<distribution> <version_id> <YYYY-MM-DD>', as in os-release(5): {description}; "
        "a release without a row of its own takes that of its major release",
        required=False,
        default=(),
        pattern=r"[a-z0-9._-]+ [A-Za-z0-9._-]+ [0-9]{4}-[0-9]{2}-[0-9]{2}",
    )


KIND = ProbeKind(
    name="os_support",
    summary="until when the release of the distribution gets security updates",
    parameters={
        "ends": _rows("last day with security updates for everybody"),
        "extended": _rows("last day with a paid or registered extension"),
        "table": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="the day on which the rows were looked up, YYYY-MM-DD",
            pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
        ),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
