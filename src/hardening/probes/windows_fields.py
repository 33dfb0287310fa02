"""Fields of a kind that reads one row of PowerShell: what each is called there, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import Row, boolean, build_step, integer, rows, text, texts, time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_READERS: Mapping[FieldType, Callable[[Row, str, str], Field]] = {
    FieldType.BOOLEAN: boolean,
    FieldType.INTEGER: integer,
    FieldType.TEXT: text,
    FieldType.TEXTS: texts,
    FieldType.TIME: time,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A field that is one member of a row; an empty text is no answer where it may not be empty."""

    type: FieldType
    member: str
    description: str
    may_be_empty: bool = True


def field_specs(readings: Mapping[str, Reading]) -> dict[str, FieldSpec]:
    """Return what a kind promises of its readings."""
    return {name: FieldSpec(reading.type, reading.description) for name, reading in readings.items()}


def read_members(row: Row, readings: Mapping[str, Reading], place: str) -> Evidence:
    """Return every reading of a row; a member that it lacks is unreadable."""
    return {name: _read_member(row, reading, place) for name, reading in readings.items()}


def _read_member(row: Row, reading: Reading, place: str) -> Field:
    if not reading.may_be_empty and row.get(reading.member) == "":
        return Unreadable("Windows says nothing of it", place)
    return _READERS[reading.type](row, reading.member, place)


def build_row_kind(*, name: str, summary: str, place: str, script: str, readings: Mapping[str, Reading]) -> ProbeKind:
    """Return a kind without parameters whose script puts out one row, and whose fields are members of it."""
    step, fields = build_step(name, script), field_specs(readings)

    def steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
        return (step,) if probes else ()

    def parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
        found = rows(answers, name)
        if isinstance(found, Unreadable):
            return dict.fromkeys(probes, build_unreadable(fields, found.reason, place))
        if len(found) != 1:
            return dict.fromkeys(
                probes, build_unreadable(fields, "the answer is not the one that was asked for", place)
            )
        return dict.fromkeys(probes, read_members(found[0], readings, place))

    return ProbeKind(name=name, summary=summary, fields=fields, channel=Channel.POWERSHELL, steps=steps, parse=parse)
