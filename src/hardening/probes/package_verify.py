"""Whether the files of some packages are still those that the package brought: dpkg -V or rpm -V.

Files that are meant to be changed do not count, nor does documentation that was never unpacked. The package database
lies on the target: who replaces a program carefully replaces its checksum too, so this finds the careless.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.model.step import Privilege, ShellStep, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.shell import CUT, clean, completed, first_line, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Completed

_STEP = "package_verify"
_FIELDS = {
    "checked": FieldSpec(FieldType.TEXTS, "which of the packages are installed and were compared"),
    "changed": FieldSpec(FieldType.TEXTS, "files whose content is no longer that of their package"),
    "missing": FieldSpec(FieldType.TEXTS, "programs and libraries of the packages that are gone"),
}
# dpkg(1), rpm(8): nine signs, then a letter for what may change (c configuration, d documentation, g ghost …).
_LINE = re.compile(r"([A-Za-z0-9.?]{8,9}|missing) +(?:([a-z]) )?(/.*)")
_DIGEST = 2
_NOT_INSTALLED = re.compile(r"(?:dpkg: )?package '?([^' ]+)'? is not installed")
_PROGRAMS = re.compile(r"/(?:usr/)?(?:local/)?(?:s?bin|lib(?:32|64|x32|exec)?)/.*")
_CALM = frozenset({"0", "1"})


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    names = " ".join(quote(name) for name in sorted({name for probe in probes for name in probe.texts("names")}))
    if not names:
        return ()
    script = f"""if [ -e /var/lib/dpkg/status ]; then
dpkg -V {names}
echo "=dpkg $?"
elif [ -d /usr/lib/sysimage/rpm ] || [ -d /var/lib/rpm ]; then
rpm -V --nodeps {names}
echo "=rpm $?"
else
echo '=none'
fi
"""
    return (ShellStep(name=_STEP, privilege=Privilege.ROOT, script=script, slow=True),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(_FIELDS, answer.reason) for probe in probes}
    lines = clean(answer.text).split("\n")[:-1]
    trouble = _find_trouble(lines, answer)
    if trouble:
        return {probe: build_unreadable(_FIELDS, trouble) for probe in probes}
    gone = {
        match[1]
        for line in (*lines, *clean(answer.error_text).split("\n"))
        if (match := _NOT_INSTALLED.fullmatch(line.strip())) is not None
    }
    found = [match for match in map(_LINE.fullmatch, lines) if match is not None and match[2] is None]
    place = "package database"
    changed = tuple(match[3] for match in found if match[1] != "missing" and match[1][_DIGEST] == "5")
    missing = tuple(match[3] for match in found if match[1] == "missing" and _PROGRAMS.fullmatch(match[3]))
    return {
        probe: {
            "checked": Known(tuple(name for name in probe.texts("names") if name not in gone), place),
            "changed": Known(changed, place),
            "missing": Known(missing, place),
        }
        for probe in probes
    }


def _find_trouble(lines: Sequence[str], answer: Completed) -> str:
    tool, _, status = (lines[-1] if lines else "").partition(" ")
    if answer.cut:
        return CUT
    if tool == "=none":
        return "no package database of dpkg or rpm"
    complaints = [line for line in clean(answer.error_text).split("\n") if line.strip()]
    serious = [line for line in complaints if not _NOT_INSTALLED.fullmatch(line.strip())]
    refused = next((line for line in lines if line.endswith("(Permission denied)")), "")
    if refused or serious:
        return first_line("\n".join([*serious, refused]))
    if (tool == "=dpkg" and status in _CALM) or (tool == "=rpm" and status.isascii() and status.isdigit()):
        return ""
    return "the packages could not be verified"


KIND = ProbeKind(
    name="package_verify",
    summary="whether the files of packages are still those that the package brought",
    parameters={
        "names": ProbeParameter(
            type=ProbeParameterType.TEXTS,
            description="package names, of all distributions together; few, because every file is read",
            pattern=r"[A-Za-z0-9][A-Za-z0-9+._-]*",
        ),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
