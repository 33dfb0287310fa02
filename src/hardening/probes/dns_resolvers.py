"""Name servers that this host asks: /etc/resolv.conf, and behind a stub those of systemd-resolved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

_STEP = "dns_resolvers"
_MAIN = "/etc/resolv.conf"
_BEHIND = "/run/systemd/resolve/resolv.conf"
_STUBS = frozenset({"127.0.0.53", "127.0.0.54"})

FIELDS: Mapping[str, FieldSpec] = {
    "servers": FieldSpec(
        FieldType.TEXTS, "addresses of the name servers, behind systemd-resolved those that it asks in its turn"
    ),
    "stub": FieldSpec(FieldType.BOOLEAN, "whether programs ask systemd-resolved"),
}

_SCRIPT = rf"""
for f in {_MAIN} {_BEHIND}; do
  if [ -r "$f" ] && [ -f "$f" ]; then
    printf '=file %s\n' "$f"
    while IFS= read -r line || [ "$line" ]; do printf ' %s\n' "$line"; done <"$f"
  elif [ -e "$f" ]; then printf '=refused %s\n' "$f"
  else printf '=absent %s\n' "$f"
  fi
done
printf '=end\n'
""".lstrip("\n")

# resolv.conf(5): a keyword begins the line, space or tab follows.
_SERVER = re.compile(r" nameserver[ \t]+(\S+)[ \t]*.*")


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, script=_SCRIPT),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    lines = clean(answer.text).split("\n")
    if answer.cut or "=end" not in lines:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    main = _read_servers(lines, _MAIN)
    if isinstance(main, Unreadable | Absent):
        return dict.fromkeys(probes, dict.fromkeys(FIELDS, main))
    is_stub = bool(main) and set(main) <= _STUBS
    servers: Field = Known(main, _MAIN)
    if is_stub:
        behind = _read_servers(lines, _BEHIND)
        servers = (
            Known(behind, _BEHIND)
            if isinstance(behind, tuple)
            else Unreadable("what systemd-resolved asks is not to be seen", _BEHIND)
        )
    evidence: Evidence = {"servers": servers, "stub": Known(is_stub, _MAIN)}
    return dict.fromkeys(probes, evidence)


def _read_servers(lines: Sequence[str], name: str) -> tuple[str, ...] | Unreadable | Absent:
    if f"=refused {name}" in lines:
        return Unreadable("may not be read", name)
    if f"=file {name}" not in lines:
        return Absent(name)
    found: list[str] = []
    for line in lines[lines.index(f"=file {name}") + 1 :]:
        if line.startswith("="):
            break
        match = _SERVER.fullmatch(line)
        if match is not None:
            found.append(match[1].partition("%")[0])
    return tuple(dict.fromkeys(found))


KIND = ProbeKind(
    name="dns_resolvers",
    summary="name servers that this host asks",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
