"""Optional features of Windows, by the name that they have in every language (as in DISM)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.windows_answers import build_step, is_integer, rows, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "windows_feature"
_PLACE = "Win32_OptionalFeature"
_FEATURES = build_step(
    _STEP,
    r"""Get-CimInstance -ClassName Win32_OptionalFeature -ErrorAction Stop | ForEach-Object {
@{ name = $_.Name; state = [int]$_.InstallState }
}""",
    slow=True,
)
_STATES = {1: "enabled", 2: "disabled", 3: "removed"}
_ENABLED = 1
_FIELDS = {
    "installed": FieldSpec(
        FieldType.BOOLEAN, "whether it is turned on; false where this Windows knows no such feature"
    ),
    "state": FieldSpec(
        FieldType.TEXT, "enabled, disabled, or removed with its files; absent where Windows knows no such feature"
    ),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_FEATURES,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    reason = found.reason if isinstance(found, Unreadable) else "" if found else "Windows names no feature at all"
    if isinstance(found, Unreadable) or reason:
        return dict.fromkeys(probes, build_unreadable(_FIELDS, reason, _PLACE))
    states = {str(row["name"]).lower(): row.get("state") for row in select(found, "name")}
    return {probe: _build(probe.text("name"), states) for probe in probes}


def _build(name: str, states: Mapping[str, object]) -> Evidence:
    place = f"{_PLACE} {name}"
    if name.lower() not in states:
        return {"installed": Known(value=False, place=place), "state": Absent(place)}
    state = states[name.lower()]
    if not is_integer(state) or state not in _STATES:
        return build_unreadable(_FIELDS, "Windows does not know its state", place)
    return {"installed": Known(state == _ENABLED, place), "state": Known(_STATES[state], place)}


KIND = ProbeKind(
    name="windows_feature",
    summary="whether an optional feature of Windows is turned on",
    parameters={
        "name": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="its name in DISM, such as SMB1Protocol or MicrosoftWindowsPowerShellV2",
            pattern=r"[A-Za-z0-9_.-]{1,128}",
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
