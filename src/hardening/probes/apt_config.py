"""The value that apt goes by for one of its options, from all files of apt.conf(5); apt-config says it itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.model.step import ShellStep, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.shell import CUT, clean, completed, first_line, number_field, parse_decimal, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_STEP = "apt_config"
_FIELDS = {
    "used": FieldSpec(FieldType.BOOLEAN, "whether apt is there"),
    "value": FieldSpec(FieldType.TEXT, "the value; absent when the option is not set"),
    "number": FieldSpec(FieldType.INTEGER, "the value as a whole number"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "the value as apt reads truth; false when the option is not set"),
    "values": FieldSpec(FieldType.TEXTS, "the items, where the option is a list"),
}
_LINE = re.compile(r'(\S+) "(.*)";')
_TRUE = frozenset({"yes", "true", "with", "on", "enable"})
_FALSE = frozenset({"", "no", "false", "without", "off", "disable"})


def parse_apt_truth(text: str) -> bool | None:
    """Return what apt takes a text for, or ``None`` where its documentation does not say."""
    word = text.strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    number = parse_decimal(word)
    return None if number is None else number != 0


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    keys = " ".join(quote(key) for key in sorted({probe.text("key") for probe in probes}))
    if not keys:
        return ()
    script = f"""if command -v apt-config >/dev/null; then
apt-config dump {keys}
echo "=end $?"
else
echo '=none'
fi
"""
    return (ShellStep(name=_STEP, script=script),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(_FIELDS, answer.reason) for probe in probes}
    lines = clean(answer.text).split("\n")[:-1]
    if answer.cut:
        return {probe: build_unreadable(_FIELDS, CUT) for probe in probes}
    if lines[-1:] == ["=none"]:
        return {probe: _build_unused() for probe in probes}
    if lines[-1:] != ["=end 0"]:
        reason = first_line(answer.error_text) or "apt-config failed"
        return {probe: build_unreadable(_FIELDS, reason) for probe in probes}
    options = [match.groups() for match in map(_LINE.fullmatch, lines) if match is not None]
    return {probe: _build(probe.text("key"), options) for probe in probes}


def _build_unused() -> Evidence:
    gone = Absent("apt is not installed")
    return {**dict.fromkeys(_FIELDS, gone), "used": Known(value=False)}


def _build(key: str, options: Sequence[tuple[str, ...]]) -> Evidence:
    place = f"apt-config dump {key}"
    wanted = key.lower()
    values = [value for name, value in options if name.lower() == wanted]
    items = tuple(value for name, value in options if name.lower().startswith(f"{wanted}::") and value)
    text = values[-1] if values else ""
    truth = parse_apt_truth(text)
    number: Field = number_field(parse_decimal(text), text, place)
    return {
        "used": Known(value=True, place=place),
        "value": Known(text, place) if text else Absent(place),
        "number": number,
        "enabled": Unreadable(f"neither true nor false: {text[:100]}", place) if truth is None else Known(truth, place),
        "values": Known(items, place),
    }


KIND = ProbeKind(
    name="apt_config",
    summary="the value that apt goes by for one of its options",
    parameters={
        "key": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="the option as apt.conf(5) spells it, with :: between its parts",
            pattern=r"[A-Za-z][A-Za-z0-9-]*(::[A-Za-z0-9-]+)*",
        ),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
