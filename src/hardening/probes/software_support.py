"""Installed software whose makers have stopped fixing it, by a dated table that the question carries.

What a distribution keeps fixing itself is supported as long as the distribution is: rows of ``carried`` say which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Known, Record, Unreadable, build_unreadable
from hardening.model.step import ShellStep, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.os_release import READ_OS_RELEASE, parse_os_release
from hardening.probes.os_support import parse_day
from hardening.probes.shell import CUT, clean, completed, first_line, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_STEP = "software_support"
_RECORD = {
    "package": FieldSpec(FieldType.TEXT, "name of the package"),
    "version": FieldSpec(FieldType.TEXT, "installed version"),
    "support_ends": FieldSpec(FieldType.TIME, "end of the last day on which its makers fix it", by_calendar=True),
}
_FIELDS = {
    "software": FieldSpec(
        FieldType.RECORDS, "installed packages of the table that the distribution does not keep fixing", _RECORD
    ),
}
_TERMS = 4
_ROW_TERMS = 3


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    names = " ".join(
        quote(name) for name in sorted({row.split()[0] for probe in probes for row in probe.texts("ends")})
    )
    if not names:
        return ()
    script = f"""{READ_OS_RELEASE}
if [ -e /var/lib/dpkg/status ]; then
dpkg-query -W -f='package|${{Package}}|${{Status}}|${{Version}}\\n' {names} 2>/dev/null
echo "=dpkg $?"
elif [ -d /usr/lib/sysimage/rpm ] || [ -d /var/lib/rpm ]; then
rpm -q --qf 'package|%{{NAME}}|install ok installed|%{{VERSION}}\\n' {names}
echo "=rpm $?"
else
echo '=none'
fi
"""
    return (ShellStep(name=_STEP, script=script),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(_FIELDS, answer.reason) for probe in probes}
    lines = clean(answer.text).split("\n")[:-1]
    end = lines[-1] if lines else ""
    trouble = ""
    if answer.cut:
        trouble = CUT
    elif end == "=none":
        trouble = "no package database of dpkg or rpm"
    elif end not in {"=dpkg 0", "=dpkg 1"} and (not end.startswith("=rpm ") or "error:" in answer.error_text):
        trouble = first_line(answer.error_text) or "the package database did not answer"
    if trouble:
        return {probe: build_unreadable(_FIELDS, trouble) for probe in probes}
    installed = _read_installed(lines)
    release = parse_os_release(answer.text)
    system = (release.get("ID", ""), release.get("VERSION_ID", ""))
    return {probe: {"software": _build(probe, installed, system)} for probe in probes}


def _read_installed(lines: Sequence[str]) -> list[tuple[str, str]]:
    rows = [line.split("|") for line in lines if line.startswith("package|")]
    return sorted({(row[1], row[3]) for row in rows if len(row) == _TERMS and row[2].endswith(" installed")})


def _build(probe: Probe, installed: Sequence[tuple[str, str]], system: tuple[str, str]) -> Field:
    distribution, version = system
    releases = {(distribution, version), (distribution, version.partition(".")[0])}
    carried = {row[2] for row in map(str.split, probe.texts("carried")) if (row[0], row[1]) in releases}
    rows = [row for row in map(str.split, probe.texts("ends")) if len(row) == _ROW_TERMS]
    place = f"support table of {probe.text('table')}"
    records: list[Record] = []
    for name, found in installed:
        for package, prefix, day in rows:
            if package == name and name not in carried and _begins(found, prefix):
                end = parse_day(day)
                ends: Field = Unreadable(f"no day: {day}", place) if end is None else Known(end, place)
                records.append({"package": Known(name), "version": Known(found), "support_ends": ends})
    return Known(tuple(records), place)


def _begins(version: str, prefix: str) -> bool:
    """Say whether a version is of a series: ``18`` for ``18.20``, never for ``180``; ``*`` for all."""
    upstream = version.partition(":")[2] or version
    rest = upstream.removeprefix(prefix)
    return prefix == "*" or (rest != upstream and not rest[:1].isdigit())


KIND = ProbeKind(
    name="software_support",
    summary="installed software whose makers stop fixing it, with the day",
    parameters={
        "ends": ProbeParameter(
            type=ProbeParameterType.TEXTS,
            description="rows of '<package> <series or *> <YYYY-MM-DD>': the last day on which its makers fix it",
            pattern=r"[A-Za-z0-9][A-Za-z0-9+._-]* \S+ [0-9]{4}-[0-9]{2}-[0-9]{2}",
        ),
        "carried": ProbeParameter(
            type=ProbeParameterType.TEXTS,
            description="rows of '<distribution> <version_id> <package>' that the distribution keeps fixing itself",
            required=False,
            default=(),
            pattern=r"[a-z0-9._-]+ [A-Za-z0-9._-]+ \S+",
        ),
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
