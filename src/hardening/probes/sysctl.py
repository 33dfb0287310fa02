"""Kernel parameters: what holds now, from /proc/sys, and what the files will set at the next boot.

``boot`` follows systemd-sysctl where it is installed, else procps, which reads /etc/sysctl.conf last. An enabled ufw
applies a file of its own after that. A key that the running kernel does not have has no state at all. Interfaces that
take over the value of ``default`` are not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Partial, Record, Unreadable
from hardening.model.step import Privilege, ShellStep, Step
from hardening.probes.config_lines import NumberedLines
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.listing import Listing, Seen, Source, build_listing, parse_listing, parse_numbered_lines
from hardening.probes.shell import CUT, clean, completed, first_line, number_field, parse_c_integer
from hardening.probes.sysctl_boot import (
    BootSettings,
    dotted,
    is_glob,
    kernel_default,
    normalize,
    read_boot_settings,
    tidy,
)
from hardening.probes.sysctl_files import SOURCES, FilesSeen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_STEP = "sysctl"
_PROC = "/proc/sys/"
_FIELDS = {
    "states": FieldSpec(
        FieldType.RECORDS,
        "one record for each key and each state that it has",
        {
            "when": FieldSpec(FieldType.TEXT, "now, or boot"),
            "key": FieldSpec(FieldType.TEXT, "the key with dots"),
            "value": FieldSpec(FieldType.TEXT, "the value; several numbers are parted by single spaces"),
            "number": FieldSpec(FieldType.INTEGER, "the value as a whole number"),
        },
    )
}


@dataclass(frozen=True, slots=True)
class _Seen:
    """Everything that the step brought home."""

    listing: Listing
    lines: Mapping[str, NumberedLines]
    boot: tuple[BootSettings, ...]
    running: bool


def _sources(probes: Sequence[Probe]) -> tuple[Source, ...]:
    paths = sorted({normalize(probe.text("key")) for probe in probes})
    return (*(Source(_PROC + path, pattern=True) for path in paths), *SOURCES)


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    # The kernel answers a whole read only: the shell's own read, byte by byte, would see one digit.
    script = f"""set --
{build_listing(_sources(probes), each='; [ "$seen" != f ] || set -- "$@" "$f"')}systemd= running=
for f in /usr/lib/systemd/systemd-sysctl /lib/systemd/systemd-sysctl; do [ -x "$f" ] && systemd=yes; done
[ -d "/proc/sys/kernel$hardening_at_rest" ] && running=yes
printf 'systemd=%s\\nrunning=%s\\n' "$systemd" "$running"
[ $# = 0 ] || grep -a -n '' /dev/null "$@" || [ $? = 1 ]
"""
    return (ShellStep(name=_STEP, privilege=Privilege.ROOT, script=script),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: {"states": answer} for probe in probes}
    listing = parse_listing(answer.text, _sources(probes))
    if answer.cut or not listing.complete:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the listing did not end"
        return {probe: {"states": Unreadable(reason)} for probe in probes}
    names = [entry.name for entries in listing.entries.values() for entry in entries if entry.seen is Seen.FILE]
    lines = parse_numbered_lines(listing.rest, names)
    head = listing.rest.split("\n", 2)[:2]
    lost = first_line(answer.error_text) or "could not be read"
    files = FilesSeen(listing=listing, lines=lines, lost=lost if answer.exit_status else "")
    order = (files.order_ufw(), files.order_boot(systemd="systemd=yes" in head))
    boot = tuple(read_boot_settings(found, lines) for found in order)
    seen = _Seen(listing, lines, boot, "running=yes" in head)
    return {probe: {"states": _states(probe, seen)} for probe in probes}


def _states(probe: Probe, seen: _Seen) -> Field:
    source = Source(_PROC + normalize(probe.text("key")), pattern=True)
    records = _build_records(normalize(probe.text("key")), source, seen)
    refused = "; ".join(f"{clean(name)}: folder refused" for name in seen.listing.refused.get(source, ())[:3])
    if not refused:
        return Known(records)
    return Partial(records, refused) if records else Unreadable(refused)


def _build_records(pattern: str, source: Source, seen: _Seen) -> tuple[Record, ...]:
    listed = seen.listing.entries.get(source, ()) if seen.running else ()
    now = {entry.name.removeprefix(_PROC) for entry in listed}
    # What a running kernel does not have, no file can set.
    expected = set() if seen.running else _expected_paths(pattern).union(*(boot.paths(pattern) for boot in seen.boot))
    states: list[Record] = []
    for path in sorted({*now, *expected}):
        if path in now:
            states.append(_state("now", path, _read_now(_PROC + path, seen.lines)))
        value = _find_boot(path, seen.boot)
        if not isinstance(value, Absent):
            states.append(_state("boot", path, value))
    return tuple(states)


def _expected_paths(pattern: str) -> set[str]:
    """Return the paths that may count where no kernel runs that could tell."""
    candidates = {pattern.replace("*", name, 1) for name in ("all", "default")} if "*" in pattern else {pattern}
    return {path for path in candidates if not is_glob(path)}


def _find_boot(path: str, boot: Sequence[BootSettings]) -> Field:
    for settings in boot:
        found = settings.find(path)
        if not isinstance(found, Absent):
            return found
    return kernel_default(path)


def _read_now(name: str, lines: Mapping[str, NumberedLines]) -> Field:
    if lines.get(name):
        return Known("\n".join(tidy(text) for _, text in lines[name]), clean(name))
    return Unreadable("may not be read", clean(name))


def _state(when: str, path: str, value: Field) -> Record:
    number = (
        number_field(parse_c_integer(value.value), value.value, value.place)
        if (isinstance(value, Known) and isinstance(value.value, str))
        else value
    )
    return {"when": Known(when), "key": Known(clean(dotted(path))), "value": value, "number": number}


KIND = ProbeKind(
    name="sysctl",
    summary="kernel parameters, now and after the next boot",
    parameters={
        "key": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="the key, with dots; * stands for every name at its place",
            pattern=r"[A-Za-z0-9_*-]+(?:[./][A-Za-z0-9_*@-]+)+",
        ),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
