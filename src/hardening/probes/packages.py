"""Which packages are installed, in which version, and whether that version has a fix; dpkg or rpm.

The package database of the distribution decides; a version counts as fixed by the distribution's own number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.model.step import ShellStep, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.os_release import READ_OS_RELEASE, parse_os_release
from hardening.probes.shell import CUT, clean, completed, first_line, quote
from hardening.probes.versions import compare_dpkg, compare_rpm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_STEP = "packages"
_FIELDS = {
    "installed": FieldSpec(FieldType.TEXTS, "which of the names are installed, in the order asked"),
    "version": FieldSpec(FieldType.TEXT, "version of the first of them; absent when none is installed"),
    "patched": FieldSpec(
        FieldType.BOOLEAN,
        "whether all of them have at least the fixed version of this release; absent when none is installed "
        "or no fixed version is given for this release",
    ),
}
_COMPARE: dict[str, Callable[[str, str], int]] = {"dpkg": compare_dpkg, "rpm": compare_rpm}
_ROW = "package"
_TERMS_IN_STATUS = 3
# dpkg(1): the third word of the status; waiting triggers change nothing about what is installed.
_INSTALLED = (["installed"], ["triggers-awaited"], ["triggers-pending"])


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    names = " ".join(quote(name) for name in sorted({name for probe in probes for name in probe.texts("names")}))
    if not names:
        return ()
    script = f"""{READ_OS_RELEASE}
if [ -e /var/lib/dpkg/status ]; then
echo database=dpkg
dpkg-query -W -f='{_ROW}|${{Package}}|${{Status}}|${{Version}}\\n' {names}
echo "status=$?"
elif [ -d /usr/lib/sysimage/rpm ] || [ -d /var/lib/rpm ]; then
echo database=rpm
rpm -q --qf '{_ROW}|%{{NAME}}|%|EPOCH?{{%{{EPOCH}}:}}||%{{VERSION}}-%{{RELEASE}}\\n' {names}
echo "status=$?"
else
echo database=none
fi
"""
    return (ShellStep(name=_STEP, script=script),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(_FIELDS, answer.reason) for probe in probes}
    head, _, text = f"\n{answer.text}".partition("\ndatabase=")
    lines = text.split("\n")
    database = lines[0]
    status = next((line.removeprefix("status=") for line in lines if line.startswith("status=")), "")
    trouble = ""
    if answer.cut:
        trouble = CUT
    elif database not in _COMPARE:
        trouble = "no package database of dpkg or rpm"
    elif not status:
        trouble = f"{database} did not end"
    elif (database == "dpkg" and status not in {"0", "1"}) or "error:" in answer.error_text:
        trouble = first_line(answer.error_text) or f"{database} failed"
    if trouble:
        return {probe: build_unreadable(_FIELDS, trouble) for probe in probes}
    release = parse_os_release(head)
    system = (release.get("ID", ""), release.get("VERSION_ID", ""))
    versions = _parse_rows(lines[1:], database)
    if versions is None:
        return {probe: build_unreadable(_FIELDS, f"{database} answers in a form that is not known") for probe in probes}
    return {probe: _build(probe, database, versions, system) for probe in probes}


def _parse_rows(lines: Sequence[str], database: str) -> dict[str, str] | None:
    """Return installed versions by name; of several versions side by side (kernels) the newest counts.

    A row of another form gives nothing at all: it would be a package that is taken for missing.
    """
    versions: dict[str, str] = {}
    for line in lines:
        row = line.split("|")
        if row[0] != _ROW:
            continue
        if len(row) != _TERMS_IN_STATUS + 1:
            return None
        name, state, version = row[1], row[2], row[3]
        if database == "dpkg" and state.split()[2:] not in _INSTALLED:
            continue
        full = version if database == "dpkg" else state + version
        if name not in versions or _COMPARE[database](versions[name], full) < 0:
            versions[name] = full
    return versions


def _build(probe: Probe, database: str, versions: Mapping[str, str], system: tuple[str, str]) -> Evidence:
    installed = tuple(name for name in probe.texts("names") if name in versions)
    place = f"{database} database"
    version: Field = Known(clean(versions[installed[0]]), f"{place}: {installed[0]}") if installed else Absent(place)
    return {
        "installed": Known(installed, place),
        "version": version,
        "patched": _patched(probe, database, [versions[name] for name in installed], system),
    }


def _patched(probe: Probe, database: str, versions: Sequence[str], system: tuple[str, str]) -> Field:
    fixed = _fixed_version(probe.texts("fixed"), system)
    if not versions or not fixed:
        return Absent(f"{database} database")
    compare = _COMPARE[database]
    return Known(all(compare(version, fixed) >= 0 for version in versions), f"fixed in {fixed}")


def _fixed_version(rows: Sequence[str], system: tuple[str, str]) -> str:
    """Return the version that a release has the fix in: its own row, else that of its major release (9 for 9.4)."""
    distribution, release = system
    by_release = {(row[0], row[1]): row[2] for row in map(str.split, rows) if len(row) == _TERMS_IN_STATUS}
    major = (distribution, release.partition(".")[0])
    return by_release.get(system) or by_release.get(major, "")


KIND = ProbeKind(
    name="packages",
    summary="whether packages are installed, in which version, and whether that version has a fix",
    parameters={
        "names": ProbeParameter(
            type=ProbeParameterType.TEXTS,
            description="package names, of all distributions together",
            pattern=r"[A-Za-z0-9][A-Za-z0-9+._-]*",
        ),
        "fixed": ProbeParameter(
            type=ProbeParameterType.TEXTS,
            description="rows of '<distribution> <version_id> <fixed version>', as in os-release(5); "
            "a release without a row of its own takes that of its major release",
            required=False,
            default=(),
            pattern=r"[a-z0-9._-]+ [A-Za-z0-9._-]+ \S+",
        ),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
