"""The effective value of one key in a configuration file and its drop-ins, by the daemon's own reading rules.

Only the lines of keys that somebody asks for leave the target, and of keys that look like secrets only the key.
(Files of systemd come whole without comments, because their lines may be continued.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Privilege, ShellStep, Step
from hardening.probes.config_files import build_sources
from hardening.probes.config_value import FIELDS, build_value, is_secret
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.listing import Seen, Source, build_listing, parse_listing, parse_numbered_lines
from hardening.probes.shell import (
    CUT,
    completed,
    first_line,
    quote,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_KEYS = "config_key.keys"
_SYSTEMD = "config_key.systemd"
_SPECIAL = re.compile(r"[\\.\[\]*^$]")
_GREP_MATCHED = 1


def _step_of(probe: Probe) -> str:
    return _SYSTEMD if probe.text("format") == "systemd" else _KEYS


def _sources(probes: Sequence[Probe], step: str) -> tuple[Source, ...]:
    found = {source for probe in probes if _step_of(probe) == step for source in build_sources(probe)}
    return tuple(sorted(found, key=lambda source: (source.text, source.pattern)))


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    steps = []
    keyed = [probe for probe in probes if _step_of(probe) == _KEYS]
    for step, choice in ((_KEYS, f"-o {_expressions(keyed)}"), (_SYSTEMD, r"-v -e '^[[:space:]]*[#;]'")):
        sources = _sources(probes, step)
        if sources:
            listing = build_listing(sources, each='; [ "$seen" != f ] || set -- "$@" "$f"')
            script = f'set --\n{listing}[ $# = 0 ] || grep -a -n {choice} /dev/null "$@" || [ $? = {_GREP_MATCHED} ]\n'
            steps.append(ShellStep(name=step, privilege=Privilege.ROOT, script=script))
    return tuple(steps)


def _expressions(probes: Sequence[Probe]) -> str:
    """Return the arguments that make grep print sections, wanted keys with their values, and secret keys without."""
    expressions = {r"^[[:space:]]*\[.*" for probe in probes if probe.text("format") == "ini"}
    for probe in probes:
        key = _SPECIAL.sub(lambda match: "\\" + match.group(), probe.text("key"))
        if probe.text("case") == "ignore":
            key = re.sub(r"[A-Za-z]", lambda match: f"[{match.group().upper()}{match.group().lower()}]", key)
        tail = "" if is_secret(probe.text("key")) else ".*"
        expressions |= {rf"^[[:space:]]*{key}[[:space:]=#]{tail}", rf"^[[:space:]]*{key}$"}
    return " ".join(f"-e {quote(expression)}" for expression in sorted(expressions))


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    evidence: dict[Probe, Evidence] = {}
    for step in (_KEYS, _SYSTEMD):
        asked = [probe for probe in probes if _step_of(probe) == step]
        if asked:
            evidence.update(_parse_step(asked, step, answers))
    return evidence


def _parse_step(probes: Sequence[Probe], step: str, answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, step)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(FIELDS, answer.reason, probe.text("path")) for probe in probes}
    listing = parse_listing(answer.text, _sources(probes, step))
    trouble = ""
    if answer.cut:
        trouble = CUT
    elif answer.exit_status or not listing.complete:
        trouble = first_line(answer.error_text) or f"the step ended with {answer.exit_status}"
    if trouble:
        return {probe: build_unreadable(FIELDS, trouble, probe.text("path")) for probe in probes}
    names = [entry.name for entries in listing.entries.values() for entry in entries if entry.seen is Seen.FILE]
    lines = parse_numbered_lines(listing.rest, names)
    return {probe: build_value(probe, listing, lines) for probe in probes}


def _choice(description: str, *choices: str) -> ProbeParameter:
    return ProbeParameter(
        type=ProbeParameterType.CHOICE, description=description, required=False, default=choices[0], choices=choices
    )


KIND = ProbeKind(
    name="config_key",
    summary="the effective value of one key in a configuration file and its drop-ins",
    parameters={
        "path": ProbeParameter(
            type=ProbeParameterType.PATH, description="absolute path of the main file", pattern=r"/[^\x00\n]*"
        ),
        "format": _choice("how lines are read", "equals", "words", "ini", "auditd", "systemd"),
        "key": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="the key as the daemon spells it",
            pattern=r"[^\s=\x00](?:[^\n=\x00]*[^\s=\x00])?",
        ),
        "section": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="the section without brackets, in ini and systemd files",
            required=False,
        ),
        "dropins": ProbeParameter(
            type=ProbeParameterType.PATHS,
            description="patterns of further files, each read in byte order of file name; systemd files have their own",
            required=False,
            default=(),
            pattern=r"/[^\x00\n]*",
        ),
        "precedence": _choice("which of several values is effective", "last", "first"),
        "main": _choice("whether the main file is read before its drop-ins or after them", "first", "last"),
        "case": _choice("whether keys and sections must be spelled exactly", "exact", "ignore"),
    },
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
