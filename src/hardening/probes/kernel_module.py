"""Kernel modules: whether they are there, loaded, or kept from loading, now and after the next boot.

A module that is built into the kernel cannot be loaded or kept away, and one that no kernel has cannot be loaded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, Completed, Privilege, ShellStep, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.listing import Seen, build_listing, parse_listing, parse_numbered_lines
from hardening.probes.module_config import FOLDERS, ModuleConfig, normalize_module, read_module_config
from hardening.probes.shell import CUT, clean, completed, first_line, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

_STEP = "kernel_module"

STATE: Mapping[str, FieldSpec] = {
    "when": FieldSpec(FieldType.TEXT, "now, or boot"),
    "loadable": FieldSpec(FieldType.BOOLEAN, "whether it is loaded or a request would load it"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "available": FieldSpec(FieldType.BOOLEAN, "whether some installed kernel has it, as a file or built in"),
    "builtin": FieldSpec(FieldType.BOOLEAN, "whether it is part of the running kernel, or of one installed"),
    "loaded": FieldSpec(FieldType.BOOLEAN, "whether it is loaded now; unreadable where no kernel runs"),
    "blocked": FieldSpec(FieldType.BOOLEAN, "whether modprobe runs true or false in its place"),
    "blacklisted": FieldSpec(FieldType.BOOLEAN, "whether no alias loads it; its name still does"),
    "states": FieldSpec(FieldType.RECORDS, "whether it can be loaded, now and after the next boot", record=STATE),
}

# /proc/modules names modules at the start of a line, the lists of a kernel name files; both are read by one grep.
_FIND = r"""
running= release=
if [ -d "/proc/sys/kernel$hardening_at_rest" ]; then
running=yes
IFS= read -r release </proc/sys/kernel/osrelease
fi
disabled=
[ ! -r /proc/sys/kernel/modules_disabled ] || IFS= read -r disabled </proc/sys/kernel/modules_disabled
printf 'running=%s\nrelease=%s\ndisabled=%s\n' "$running" "$release" "$disabled"
[ ! -d /lib/modules ] || { [ -r /lib/modules ] && [ -x /lib/modules ]; } || printf 'refused=/lib/modules\n'
set --
[ ! -r /proc/modules ] || set -- /proc/modules
for f in /lib/modules/*; do
[ -d "$f" ] || continue
printf 'kernel=%s\n' "${f##*/}"
if [ -r "$f/modules.dep" ]; then set -- "$@" "$f/modules.dep"
elif [ -d "$f/kernel" ] || [ ! -x "$f" ]; then printf 'refused=%s\n' "$f/modules.dep"
fi
[ ! -r "$f/modules.builtin" ] || set -- "$@" "$f/modules.builtin"
done
if [ $# = 0 ] || grep -a -E -o {pattern} /dev/null "$@" || [ $? = 1 ]; then echo '=end'; fi
"""


@dataclass(slots=True)
class _Seen:
    """What was seen of kernels: where each module is, by its name, and what could not be looked at."""

    config: ModuleConfig
    loaded: set[str] = field(default_factory=set)
    files: dict[str, set[str]] = field(default_factory=dict)
    builtin: dict[str, set[str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    release: str = ""
    is_running: bool = False
    is_disabled: bool = False


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    names = sorted({normalize_module(probe.text("name")) for probe in probes})
    if not names:
        return ()
    either = "|".join(name.replace("_", "[_-]") for name in names)
    pattern = rf"^({either}) |^[^:]*/({either})\.ko"
    script = f"""set --
{build_listing(FOLDERS, each='; [ "$seen" != f ] || set -- "$@" "$f"')}[ $# = 0 ] || grep -a -n '' /dev/null "$@"
echo '=end of files'{_FIND.replace("{pattern}", quote(pattern))}"""
    return (ShellStep(name=_STEP, privilege=Privilege.ROOT, script=script),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    seen = answer if isinstance(answer, Unreadable) else _read_answer(answer)
    if isinstance(seen, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, seen.reason))
    return {probe: _build_evidence(normalize_module(probe.text("name")), seen) for probe in probes}


def _read_answer(answer: Completed) -> _Seen | Unreadable:
    listing = parse_listing(answer.text, FOLDERS)
    text, between, found = listing.rest.partition("=end of files\n")
    if answer.cut or not (listing.complete and between and found.endswith("=end\n")):
        return Unreadable(CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete")
    names = [entry.name for entries in listing.entries.values() for entry in entries if entry.seen is Seen.FILE]
    seen = _Seen(read_module_config(listing, parse_numbered_lines(text, names)))
    for line in found.split("\n"):
        _take_line(seen, line)
    return seen


_MATCH = re.compile(r"(/proc/modules|/lib/modules/([^/:]+)/modules\.(?:dep|builtin)):(.*)")


def _take_line(seen: _Seen, line: str) -> None:
    match = _MATCH.fullmatch(line)
    if match is None:
        key, _, value = line.partition("=")
        if key == "refused":
            seen.refused.append(clean(value))
        elif key == "running":
            seen.is_running = value == "yes"
        elif key == "release":
            seen.release = value
        elif key == "disabled":
            seen.is_disabled = value == "1"
        return
    file, kernel, content = match.groups()
    name = normalize_module(content.strip().rpartition("/")[2].removesuffix(".ko"))
    if file == "/proc/modules":
        seen.loaded.add(name)
    else:
        table = seen.files if file.endswith(".dep") else seen.builtin
        table.setdefault(name, set()).add(kernel)


def _build_evidence(name: str, seen: _Seen) -> Evidence:
    command = seen.config.find_command(name)
    blacklist = seen.config.find_blacklist(name)
    kernels = seen.files.get(name, set())
    builtin = seen.builtin.get(name, set())
    blocked: Field = Known(command is not None and command.refuses, command.place if command else "modprobe.d")
    blacklisted: Field = Known(bool(blacklist), blacklist or "modprobe.d")
    if seen.config.problems:
        doubt = Unreadable("; ".join(seen.config.problems[:3]))
        # Of install lines the first one counts, and it may stand in a file that may not be read.
        blocked = doubt
        blacklisted = blacklisted if blacklist else doubt
    is_loaded = name in seen.loaded
    here = {seen.release} if seen.is_running else builtin
    states = [_build_state("now", name, seen, blocked)] if seen.is_running else []
    return {
        "available": _judge_available(kernels | builtin, seen),
        "builtin": Known(bool(builtin & here), "/lib/modules/*/modules.builtin"),
        "loaded": Known(is_loaded, "/proc/modules") if seen.is_running else Unreadable("no kernel runs"),
        "blocked": blocked,
        "blacklisted": blacklisted,
        "states": Known((*states, _build_state("boot", name, seen, blocked))),
    }


def _judge_available(kernels: set[str], seen: _Seen) -> Field:
    if seen.refused and not kernels:
        return Unreadable(f"{seen.refused[0]}: may not be read, or is missing")
    return Known(bool(kernels), "/lib/modules")


def _build_state(when: str, name: str, seen: _Seen, blocked: Field) -> Record:
    return {"when": Known(when), "loadable": _judge_loadable(when, name, seen, blocked)}


def _judge_loadable(when: str, name: str, seen: _Seen, blocked: Field) -> Field:
    kernels = seen.files.get(name, set())
    if when == "now":
        if name in seen.loaded:
            return Known(value=True, place="/proc/modules")
        if seen.is_disabled:
            return Known(value=False, place="/proc/sys/kernel/modules_disabled")
        kernels = kernels & {seen.release}
    if isinstance(blocked, Known) and blocked.value is True:
        return Known(value=False, place=blocked.place)
    if not kernels:
        return (
            Unreadable(f"{seen.refused[0]}: may not be read, or is missing")
            if seen.refused
            else Known(value=False, place="/lib/modules")
        )
    return blocked if isinstance(blocked, Unreadable) else Known(value=True, place=f"/lib/modules/{max(kernels)}")


KIND = ProbeKind(
    name="kernel_module",
    summary="whether a kernel module is there, loaded, or kept from loading",
    parameters={
        "name": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="name of the module; hyphens and underscores are the same",
            pattern=r"[A-Za-z0-9_-]+",
        ),
    },
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
