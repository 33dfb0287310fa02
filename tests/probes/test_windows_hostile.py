"""Answers of Windows that somebody changed: whatever stands in them, parsers give typed evidence and never break."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.model.encoding import encode_evidence
from hardening.model.evidence import Field, FieldSpec, FieldType, Known, Partial
from hardening.model.probe import Probe
from hardening.model.step import Answer, Completed
from hardening.probes import KINDS
from hardening.probes.kind import Channel
from tests.probes.cases import CASES, load_answer, load_probes

Rows = list[dict[str, object]]


def _recorded() -> list[tuple[str, tuple[Probe, ...], str, Rows]]:
    """Return kind, probes, step and rows of every recorded answer that is whole."""
    found = []
    for case in CASES:
        kind = KINDS.get(case.parent.name)
        if kind is None or kind.channel is not Channel.POWERSHELL:
            continue
        probes = tuple(probe for probe in load_probes(case) if probe.kind == kind.name)
        for step in kind.steps(probes):
            answer = load_answer(case, step.name)
            if isinstance(answer, Completed) and answer.stdout.startswith(b"[{"):
                found.append((kind.name, probes, step.name, json.loads(answer.stdout)))
    return found


RECORDED = _recorded()
_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["S-1-5-21-1", "D:(A;;FA;;;WD)", "\ud800", "0", "true", "N/A", "{", "a=b|c=d", "\x00\x1b[31m"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
_TYPES: Mapping[FieldType, type] = {
    FieldType.TEXT: str,
    FieldType.TEXTS: tuple,
    FieldType.INTEGER: int,
    FieldType.BOOLEAN: bool,
    FieldType.TIME: int,
    FieldType.RECORDS: tuple,
}


def _misfits(fields: Mapping[str, Field], specs: Mapping[str, FieldSpec]) -> Iterator[str]:
    """Name every field that is not declared, not of its type, or not there."""
    yield from sorted(set(fields) ^ set(specs))
    for name, field in fields.items():
        spec = specs[name]
        value = field.value if isinstance(field, Known) else field.items if isinstance(field, Partial) else None
        if value is None:
            continue
        if not isinstance(value, _TYPES[spec.type]) or (spec.type is FieldType.INTEGER and isinstance(value, bool)):
            yield f"{name}: {value!r}"
        if spec.type is FieldType.RECORDS and isinstance(value, tuple):
            for record in value:
                if isinstance(record, Mapping):
                    yield from _misfits(record, spec.record)


def misfits_of(kind: str, probes: tuple[Probe, ...], step: str, output: bytes) -> list[str]:
    answers: dict[str, Answer] = {step: Completed(exit_status=0, stdout=output)}
    evidence = KINDS[kind].parse(probes, answers)
    for probe in probes:
        json.dumps(encode_evidence(evidence[probe])).encode("utf-8")
    return [misfit for probe in probes for misfit in _misfits(evidence[probe], KINDS[kind].fields)]


def test_there_are_answers_of_every_kind() -> None:
    kinds = {name for name, kind in KINDS.items() if kind.channel is Channel.POWERSHELL}
    assert {kind for kind, _, _, _ in RECORDED} == kinds


def test_recorded_answers_fit() -> None:
    found = {
        (kind, *misfits_of(kind, probes, step, json.dumps(rows).encode())) for kind, probes, step, rows in RECORDED
    }
    assert [names for names in found if len(names) > 1] == []


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_member_is_a_typed_field_or_none(data: st.DataObject) -> None:
    kind, probes, step, rows = data.draw(st.sampled_from(RECORDED))
    changed: Rows = [dict(row) for row in rows]
    row = data.draw(st.sampled_from(changed))
    row[data.draw(st.sampled_from(sorted(row)))] = data.draw(_VALUE)
    assert misfits_of(kind, probes, step, json.dumps(changed).encode()) == []


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_rows_that_are_lost_or_doubled_break_nothing(data: st.DataObject) -> None:
    kind, probes, step, rows = data.draw(st.sampled_from(RECORDED))
    kept = data.draw(st.lists(st.sampled_from(rows[:-1] or rows), max_size=6))
    assert misfits_of(kind, probes, step, json.dumps([*kept, rows[-1]]).encode()) == []
