"""Microsoft Defender: whether it protects, how fresh its signatures are, and what it leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.defender_answers import (
    DEFENDER,
    PREFERENCE_PLACE,
    STATUS_PLACE,
    DefenderAnswer,
    read_defender,
)
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import ADMINISTRATOR, Row, boolean, integer, text, texts, time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_Reader = tuple[str, "Callable[[Row, str, str], Field]", FieldType, str]
_STATUS: Mapping[str, _Reader] = {
    "service_running": ("service", boolean, FieldType.BOOLEAN, "whether its service runs"),
    "antivirus_on": ("antivirus", boolean, FieldType.BOOLEAN, "whether it looks for malware"),
    "real_time": ("real_time", boolean, FieldType.BOOLEAN, "whether it looks at files when they are used"),
    "behavior": ("behavior", boolean, FieldType.BOOLEAN, "whether it watches what programs do"),
    "tamper_protected": ("tamper", boolean, FieldType.BOOLEAN, "whether its settings are protected from change"),
    "mode": ("mode", text, FieldType.TEXT, "Normal, Passive Mode, EDR Block Mode …; English on every Windows"),
    "signature_age": ("age", integer, FieldType.INTEGER, "days since its signatures are from"),
    "signatures_updated": ("updated", time, FieldType.TIME, "when its signatures were last renewed"),
}
_PREFERENCE: Mapping[str, _Reader] = {
    "cloud": ("maps", integer, FieldType.INTEGER, "reports to Microsoft's cloud: 0 none, 1 basic, 2 advanced"),
    "samples": ("samples", integer, FieldType.INTEGER, "samples: 0 asks, 1 safe ones, 2 never, 3 all"),
    "cloud_block_level": ("block_level", integer, FieldType.INTEGER, "0 default, 1 moderate, 2 high, 4 high+, 6 zero"),
    "pua": ("pua", integer, FieldType.INTEGER, "unwanted programs: 0 let through, 1 blocked, 2 logged"),
    "network_protection": ("network", integer, FieldType.INTEGER, "dangerous addresses: 0 open, 1 blocked, 2 logged"),
    "network_protection_on_server": (
        "network_server",
        boolean,
        FieldType.BOOLEAN,
        "whether that holds on a server at all; absent on versions that do not know it",
    ),
    "local_exclusions_ignored": (
        "merge",
        boolean,
        FieldType.BOOLEAN,
        "whether lists of local administrators are ignored beside those of group policy",
    ),
}
_EXCLUSIONS = {
    "excluded_paths": ("paths", "files and folders that it does not look at"),
    "excluded_processes": ("processes", "programs whose files it does not look at"),
    "excluded_extensions": ("extensions", "endings of names that it does not look at"),
}
_FIELDS = {
    "installed": FieldSpec(FieldType.BOOLEAN, "whether Windows has it; without it, all other fields are absent"),
    **{name: FieldSpec(kind, meaning) for name, (_, _, kind, meaning) in {**_STATUS, **_PREFERENCE}.items()},
    **{name: FieldSpec(FieldType.TEXTS, meaning) for name, (_, meaning) in _EXCLUSIONS.items()},
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (DEFENDER,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = read_defender(answers)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    return dict.fromkeys(probes, _build(answer))


def _build(answer: DefenderAnswer) -> Evidence:
    if answer.installed is False:
        return {
            **dict.fromkeys(_FIELDS, Absent("Defender is not installed")),
            "installed": Known(value=False, place=STATUS_PLACE),
        }
    installed: Field = (
        answer.installed if isinstance(answer.installed, Unreadable) else Known(value=True, place=STATUS_PLACE)
    )
    preference = answer.preference
    return {
        "installed": installed,
        **_read(answer.status, _STATUS, STATUS_PLACE),
        **_read(preference, _PREFERENCE, PREFERENCE_PLACE),
        **{
            name: preference if isinstance(preference, Unreadable) else _exclusions(preference, member)
            for name, (member, _) in _EXCLUSIONS.items()
        },
    }


def _read(row: Row | Unreadable, readers: Mapping[str, _Reader], place: str) -> Evidence:
    if isinstance(row, Unreadable):
        return dict.fromkeys(readers, row)
    return {name: read(row, member, place) for name, (member, read, _, _) in readers.items()}


def _exclusions(row: Row, member: str) -> Field:
    """Return a list of exclusions; whoever may not see it gets one item that says so, in English on every Windows."""
    found = texts(row, member, PREFERENCE_PLACE)
    if isinstance(found, Known) and any(str(item).startswith("N/A") for item in _items(found)):
        return Unreadable(f"access denied: {ADMINISTRATOR}", PREFERENCE_PLACE)
    return found


def _items(found: Known) -> tuple[object, ...]:
    return found.value if isinstance(found.value, tuple) else ()


KIND = ProbeKind(
    name="defender",
    summary="whether Microsoft Defender protects a Windows computer, and what it leaves out",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
