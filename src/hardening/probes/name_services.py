"""Where the C library looks up names: the databases of /etc/nsswitch.conf and their sources. No process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, FieldSpec, FieldType, Known, Record, Unreadable, build_unreadable
from hardening.model.step import ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_FILE = "/etc/nsswitch.conf"
_DATABASE: Mapping[str, FieldSpec] = {
    "database": FieldSpec(FieldType.TEXT, "passwd, group, shadow, hosts and so on"),
    "sources": FieldSpec(
        FieldType.TEXTS, "sources in the order in which they are asked, without the actions in brackets"
    ),
}
_FIELDS: Mapping[str, FieldSpec] = {
    "databases": FieldSpec(FieldType.RECORDS, "the databases that the file names", _DATABASE)
}
_SCRIPT = f"""n=0
if [ -f {_FILE} ] && [ -r {_FILE} ]; then
while IFS= read -r line || [ "$line" ]; do
n=$((n + 1))
printf '%s:%s\\n' "$n" "$line"
done <{_FILE}
printf '=there\\n'
elif [ -e {_FILE} ] || [ -L {_FILE} ] || [ ! -x /etc ]; then printf '=unreadable\\n'
else printf '=missing\\n'
fi
"""
_LINE = re.compile(r"([0-9]{1,9}):\s*([a-z_]+)\s*:(.*)")


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name="name_services", script=_SCRIPT),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, "name_services")
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason, _FILE))
    *lines, end = answer.text.removesuffix("\n").split("\n")
    if answer.cut or end not in {"=there", "=missing"}:
        reason = CUT if answer.cut else first_line(answer.error_text) or "may not be read"
        return dict.fromkeys(probes, build_unreadable(_FIELDS, reason, _FILE))
    records = tuple(record for line in lines if (record := _build_record(line)) is not None)
    return {probe: {"databases": Known(records, _FILE)} for probe in probes}


def _build_record(line: str) -> Record | None:
    match = _LINE.fullmatch(line.partition("#")[0])
    if match is None:
        return None
    place = f"{_FILE}:{match[1]}"
    sources = re.sub(r"\[[^\]]*\]?", " ", match[3]).split()
    return {
        "database": Known(match[2], place),
        "sources": Known(tuple(clean(source) for source in sources), place),
    }


KIND = ProbeKind(
    name="name_services",
    summary="where the C library looks up names",
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
