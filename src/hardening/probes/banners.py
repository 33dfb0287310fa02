r"""The texts shown before and after log-on, and whether they give away what the system is.

/etc/issue and /etc/issue.d are written by agetty(8), which puts facts in place of ``\r`` and the like; /etc/issue.net
and /etc/motd are shown as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.os_release import READ_OS_RELEASE, parse_os_release
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

_STEP = "banners"
_MOST_LINES = 200

BANNER: Mapping[str, FieldSpec] = {
    "path": FieldSpec(FieldType.TEXT, "the file"),
    "empty": FieldSpec(FieldType.BOOLEAN, "whether it shows nothing"),
    "leaks": FieldSpec(FieldType.TEXTS, "what in it gives away the system: escapes of agetty, names, releases"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "banners": FieldSpec(FieldType.RECORDS, "one record for each file that is there", record=BANNER),
}

_SCRIPT = rf"""release=
[ ! -r /proc/sys/kernel/osrelease ] || IFS= read -r release </proc/sys/kernel/osrelease
printf 'release=%s\n' "$release"
{READ_OS_RELEASE}
for f in /etc/issue /etc/issue.d/*.issue /etc/issue.net /etc/motd; do
[ -f "$f" ] || continue
if [ ! -r "$f" ]; then printf '\0refused:%s\n' "$f"; continue; fi
printf '\0file:%s\n' "$f"
n=0
while IFS= read -r line || [ "$line" ]; do
n=$((n + 1))
[ $n -le {_MOST_LINES} ] || {{ printf '\0long:\n'; break; }}
printf '%s\n' "$line"
done <"$f"
done
printf '\0end:\n'
"""

# agetty(8): kernel, architecture, release and version of the system, and what os-release says.
_ESCAPE = re.compile(r"\\(?:[mrsv]|S(?:\{[A-Z_]*\})?)")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{2,}")
# Words in the name of a system that say nothing about it.
_COMMON = frozenset({"gnu", "linux", "server", "enterprise", "hat", "stream", "the", "lts", "leap"})


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, script=_SCRIPT, output_limit=200_000),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(FIELDS, answer.reason) for probe in probes}
    head, *pieces = clean(answer.text).split("\0")
    if answer.cut or not pieces or pieces[-1] != "end:\n":
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return {probe: build_unreadable(FIELDS, reason) for probe in probes}
    names = _find_names(head)
    records: list[Record] = []
    doubts: list[str] = []
    for piece in pieces[:-1]:
        first, _, text = piece.partition("\n")
        mark, _, path = first.partition(":")
        if mark == "file":
            records.append(_build_record(path, text, names))
        elif mark == "refused":
            doubts.append(f"{path}: may not be read")
        else:
            doubts.append(f"only the first {_MOST_LINES} lines of a file were read")
    banners = Partial(tuple(records), doubts[0]) if doubts else Known(tuple(records))
    return {probe: {"banners": banners} for probe in probes}


def _find_names(head: str) -> tuple[str, ...]:
    """Return the words that name this system, in lower case: its distribution, release and kernel."""
    release = parse_os_release(head)
    kernel = next((line.removeprefix("release=") for line in head.split("\n") if line.startswith("release=")), "")
    words = {word.lower() for word in _WORD.findall(f"{release.get('ID', '')} {release.get('PRETTY_NAME', '')}")}
    return tuple(sorted((words - _COMMON) | ({kernel.lower()} - {""})))


def _build_record(path: str, text: str, names: Sequence[str]) -> Record:
    escapes = _ESCAPE.findall(text) if "/issue" in path and not path.endswith(".net") else []
    low = text.lower()
    named = [name for name in names if re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", low)]
    return {
        "path": Known(path, path),
        "empty": Known(not text.strip(), path),
        "leaks": Known(tuple(dict.fromkeys((*escapes, *named))), path),
    }


KIND = ProbeKind(
    name="banners",
    summary="texts shown at log-on, and whether they give away what the system is",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
