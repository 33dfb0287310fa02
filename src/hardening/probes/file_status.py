"""Type, mode, owner and times of files; links are followed. One ``stat`` answers for all paths, and one ``ls``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    Known,
    Unreadable,
    build_absent,
    build_unreadable,
)
from hardening.model.step import Completed, Privilege, ShellStep, Step
from hardening.probes.access_lists import ACL, END, SEPARATOR, Marks
from hardening.probes.access_lists import COMMAND as LIST
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.shell import CUT, completed, first_line, quote
from hardening.probes.stat_output import COMMAND, find_complaints, is_gone, parse_stat
from hardening.probes.stat_output import FIELDS as STAT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.evidence import FieldSpec
    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_STEP = "file_status"
FIELDS: Mapping[str, FieldSpec] = {**STAT_FIELDS, "acl": ACL}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    paths = sorted({probe.text("path") for probe in probes})
    if not paths:
        return ()
    lines = (
        f"set -- {' '.join(map(quote, paths))}",
        f'{COMMAND} "$@"',
        SEPARATOR,
        f'{LIST} "$@" 2>/dev/null',
        END,
    )
    return (ShellStep(name=_STEP, privilege=Privilege.ROOT, script="\n".join(lines) + "\n"),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(FIELDS, answer.reason, probe.text("path")) for probe in probes}
    told, separator, listed = answer.text.rpartition("\0")
    seen, marks = _parse_lines(told if separator else listed), Marks(listed)
    return {
        probe: marks.add_to(seen[path], path, path) if (path := probe.text("path")) in seen else _missing(path, answer)
        for probe in probes
    }


def _parse_lines(text: str) -> dict[str, Evidence]:
    # The last piece has no line end: it is empty, or was cut in the middle of a name.
    seen: dict[str, Evidence] = {}
    for line in text.split("\n")[:-1]:
        found = parse_stat(line)
        if found is not None:
            values, start = found
            path = line[start:]
            seen[path] = {name: Known(value, path) for name, value in values.items()}
    return seen


def _missing(path: str, answer: Completed) -> Evidence:
    """Return why ``path`` has no line: only the words of stat itself make it absent."""
    complaints = find_complaints(path, answer.error_text)
    # Of a name that stat may have quoted, all complaints are returned: where a line may be lost, that proves nothing.
    is_named = any(f"'{path}':" in line for line in complaints)
    if is_gone(complaints) and (is_named or not answer.cut):
        return build_absent(FIELDS, path)
    silence = CUT if answer.cut else first_line(answer.error_text) or "stat said nothing about it"
    return build_unreadable(FIELDS, first_line(complaints[0]) if complaints else silence, path)


KIND = ProbeKind(
    name="file_status",
    summary="type, permissions, owner and times of one file, links followed",
    parameters={
        "path": ProbeParameter(
            type=ProbeParameterType.PATH, description="absolute path of the file", pattern=r"/[^\x00\n]*"
        ),
    },
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
