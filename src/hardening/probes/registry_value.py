"""A value in the registry of Windows: what group policy sets, else what is set locally, else what Windows does then.

What a missing value means depends on the version: `windows_defaults.py` has it, looked up for the builds that it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.registry_script import (
    NAME_PATTERN,
    PATH_PATTERN,
    RegistryAnswer,
    RegistryData,
    RegistryName,
    build_registry_script,
    in_view,
    number_of,
    text_of,
    texts_of,
)
from hardening.probes.windows_answers import build_step, rows
from hardening.probes.windows_defaults import WindowsState, find_default
from hardening.probes.windows_state import STATE_NAMES, read_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "registry_value"
_FIELDS = {
    "set": FieldSpec(FieldType.BOOLEAN, "whether the value is there, under the policy key or the other one"),
    "origin": FieldSpec(FieldType.TEXT, "policy, local, or default where neither key has the value"),
    "type": FieldSpec(FieldType.TEXT, "dword, qword, text (expanded), texts or binary; absent where it is not set"),
    "number": FieldSpec(FieldType.INTEGER, "the value as a whole number, never negative if it is one of the registry"),
    "text": FieldSpec(
        FieldType.TEXT,
        "the value as text; several texts with line breaks between, bytes in hexadecimal; `set` in place of a secret",
    ),
    "texts": FieldSpec(FieldType.TEXTS, "the value as a list without empty texts"),
    "default": FieldSpec(
        FieldType.INTEGER, "what this version of Windows does without the value; absent where no table says so"
    ),
    "effective": FieldSpec(FieldType.INTEGER, "`number` where the value is set, else `default`"),
}


def _names(probe: Probe) -> tuple[RegistryName, ...]:
    """Return where a value may stand, the policy key first."""
    view, name = probe.text("view"), probe.text("name")
    local = RegistryName(in_view(probe.text("path"), view), name)
    policy = probe.text("policy")
    if not policy:
        return (local,)
    return (RegistryName(in_view(policy, view), probe.text("policy_name") or name), local)


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    asked = {name for probe in probes for name in _names(probe)}
    return (build_step(_STEP, build_registry_script(asked | STATE_NAMES), output_limit=4_000_000),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return {probe: build_unreadable(_FIELDS, found.reason, _names(probe)[-1].place) for probe in probes}
    answer = RegistryAnswer(found)
    state = read_state(answer)
    return {probe: _build(probe, answer, state) for probe in probes}


def _build(probe: Probe, answer: RegistryAnswer, state: WindowsState) -> Evidence:
    names = _names(probe)
    found: RegistryData | Absent | Unreadable = Absent(names[-1].place)
    place, origin = names[-1].place, "default"
    for index, name in enumerate(names):
        found = answer.find(name)
        if not isinstance(found, Absent):
            place, origin = name.place, "policy" if index < len(names) - 1 else "local"
            break
    default = find_default(names[-1].key, names[-1].name, state)
    number = number_of(found, place)
    unseen = found if isinstance(found, Unreadable) else None
    return {
        "set": unseen or Known(not isinstance(found, Absent), place),
        "origin": unseen or Known(origin, place),
        "type": Known(found.type, place) if isinstance(found, RegistryData) else found,
        "number": number,
        "text": text_of(found, place),
        "texts": texts_of(found, place),
        "default": default,
        "effective": default if isinstance(number, Absent) else number,
    }


def _key(description: str, *, required: bool) -> ProbeParameter:
    return ProbeParameter(
        type=ProbeParameterType.TEXT,
        description=description,
        required=required,
        pattern=PATH_PATTERN if required else f"(?:{PATH_PATTERN})?",
    )


KIND = ProbeKind(
    name="registry_value",
    summary="a value in the registry, and what Windows does where it is missing",
    parameters={
        "path": _key(r"the key, such as HKLM\SYSTEM\CurrentControlSet\Control\Lsa", required=True),
        "name": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="the name of the value; (default) is the one without a name",
            pattern=NAME_PATTERN,
        ),
        "view": ProbeParameter(
            type=ProbeParameterType.CHOICE,
            description="which view of the registry is asked: that of 64-bit or of 32-bit programs",
            required=False,
            default="64",
            choices=("64", "32"),
        ),
        "policy": _key("the key by which group policy overrides the value, if it is another one", required=False),
        "policy_name": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="the name of the value under the policy key, if it is another one",
            required=False,
            pattern=f"(?:{NAME_PATTERN})?",
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
