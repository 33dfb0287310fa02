"""Laws of every parser: whatever a target answers, every probe gets evidence in the declared shape, never a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.model.encoding import decode_evidence, encode_evidence
from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Partial, Unreadable
from hardening.model.probe import Probe
from hardening.model.step import Answer, Completed, NotRun
from hardening.probes import KINDS
from hardening.probes.identification import parse_identification
from hardening.probes.kind import Channel
from hardening.probes.stat_output import parse_stat
from tests.probes.cases import CASES, FOLDER, build_probe, load_answer, load_probes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hardening.probes.kind import ProbeKind

_ANSWERED = [case for case in CASES if any(case.glob("*.out"))]
_ids = [str(case.relative_to(FOLDER)) for case in _ANSWERED]
_STAT = "81a4:0:0:1:2:3:root:root:/etc/x"
_WORDS = (
    r"f0:/etc/x r0:/ /etc/x:1: [S] \ - 99 package|a|install package|a|install\x20ok status=0 database=dpkg running=yes"
)
_PIECES = st.sampled_from(["\n", "\0", ":", "|", "=", " ", "\0=\0", "=\0", "\x1b[2J", _STAT, *_WORDS.split()])
_IDENTITY = st.sampled_from(
    ["id=", "uid=0(a)", "uname=Linux a b c", "time=1", "\n", "ID='", "ID=", "container=", "\xff"]
)
_OUTPUT = st.one_of(
    st.binary(max_size=60),
    st.lists(_PIECES, max_size=12).map(lambda pieces: "".join(pieces).encode()),
)
_TYPES = {
    FieldType.TEXT: str,
    FieldType.MODE: str,
    FieldType.INTEGER: int,
    FieldType.TIME: int,
    FieldType.BOOLEAN: bool,
    FieldType.TEXTS: tuple,
    FieldType.RECORDS: tuple,
}


def _kind_of(case: Path) -> ProbeKind:
    return KINDS[case.parent.name]


def _ask(case: Path, answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    return _kind_of(case).parse(load_probes(case), answers)


def _recorded(case: Path) -> dict[str, Answer]:
    return {step.name: load_answer(case, step.name) for step in _kind_of(case).steps(load_probes(case))}


def find_faults(fields: Mapping[str, FieldSpec], evidence: Evidence, path: str = "") -> list[str]:
    """Return where evidence is not of the declared shape."""
    faults = [f"{path}: {sorted(evidence)}"] if set(evidence) != set(fields) else []
    for name in set(evidence) & set(fields):
        faults += _find_field_faults(fields[name], evidence[name], f"{path}.{name}")
    return faults


def _find_field_faults(spec: FieldSpec, field: Field, path: str) -> list[str]:
    if isinstance(field, Absent | Unreadable):
        return []
    value = field.items if isinstance(field, Partial) else field.value
    if type(value) is not _TYPES[spec.type]:
        return [f"{path}: {value!r}"]
    faults = []
    for item in value if isinstance(value, tuple) else ():
        if (spec.type is FieldType.TEXTS) != isinstance(item, str):
            faults.append(f"{path}: {item!r}")
        elif not isinstance(item, str):
            faults += [f"{path}: {name}" for name in set(item) - set(spec.record)]
            for name in set(item) & set(spec.record):
                faults += _find_field_faults(spec.record[name], item[name], f"{path}.{name}")
    return faults


def _all_faults(case: Path, found: Mapping[Probe, Evidence]) -> list[str]:
    missing = [f"no evidence for {probe}" for probe in load_probes(case) if probe not in found]
    return missing + [fault for evidence in found.values() for fault in find_faults(_kind_of(case).fields, evidence)]


def _clean_values(evidence: Evidence) -> list[str]:
    return [name for name, field in evidence.items() if isinstance(field, Known | Absent)]


@pytest.mark.parametrize("case", CASES, ids=[str(case.relative_to(FOLDER)) for case in CASES])
def test_recorded_evidence_has_the_declared_shape(case: Path) -> None:
    assert _all_faults(case, _ask(case, _recorded(case))) == []


@pytest.mark.parametrize("case", _ANSWERED, ids=_ids)
def test_evidence_of_recorded_answers_can_be_stored(case: Path) -> None:
    found = _ask(case, _recorded(case))
    assert [decode_evidence(encode_evidence(evidence)) for evidence in found.values()] == list(found.values())


@pytest.mark.parametrize("case", CASES, ids=[str(case.relative_to(FOLDER)) for case in CASES])
def test_nothing_ran_means_nothing_is_known(case: Path) -> None:
    answers: dict[str, Answer] = {step: NotRun("the connection broke") for step in _recorded(case)}
    assert [_clean_values(evidence) for evidence in _ask(case, answers).values() if _clean_values(evidence)] == []


@pytest.mark.parametrize("case", CASES, ids=[str(case.relative_to(FOLDER)) for case in CASES])
def test_no_output_means_nothing_is_known(case: Path) -> None:
    answers: dict[str, Answer] = {step: Completed(exit_status=127, stdout=b"") for step in _recorded(case)}
    assert [_clean_values(evidence) for evidence in _ask(case, answers).values() if _clean_values(evidence)] == []


def _names_by_kind() -> list[str]:
    return sorted({case.parent.name for case in _ANSWERED})


@pytest.mark.parametrize("kind", _names_by_kind())
@settings(max_examples=60)
@given(data=st.data())
def test_any_answer_gives_evidence_of_the_declared_shape(kind: str, data: st.DataObject) -> None:
    case = data.draw(st.sampled_from([case for case in _ANSWERED if case.parent.name == kind]))
    answers: dict[str, Answer] = {
        step: Completed(
            exit_status=data.draw(st.sampled_from([0, 1, 2, 127])),
            stdout=data.draw(_OUTPUT),
            stderr=data.draw(_OUTPUT),
            cut=data.draw(st.booleans()),
        )
        for step in _recorded(case)
    }
    assert _all_faults(case, _ask(case, answers)) == []


@pytest.mark.parametrize("kind", _names_by_kind())
@settings(max_examples=40)
@given(data=st.data())
def test_cut_output_never_tells_more_than_the_whole(kind: str, data: st.DataObject) -> None:
    case = data.draw(st.sampled_from([case for case in _ANSWERED if case.parent.name == kind]))
    whole = _recorded(case)
    answers: dict[str, Answer] = {}
    for step, answer in whole.items():
        if not isinstance(answer, Completed):
            answers[step] = answer
            continue
        length = data.draw(st.integers(0, len(answer.stdout)))
        answers[step] = Completed(
            exit_status=answer.exit_status, stdout=answer.stdout[:length], stderr=answer.stderr, cut=True
        )
    before, after = _ask(case, whole), _ask(case, answers)
    assert [
        (name, evidence[name])
        for probe, evidence in after.items()
        for name in _clean_values(evidence)
        if evidence[name] != before[probe][name]
    ] == []


@given(st.lists(_IDENTITY, max_size=9).map(lambda pieces: "".join(pieces).encode()) | _OUTPUT)
def test_any_answer_identifies_or_says_why_not(output: bytes) -> None:
    found = parse_identification(Completed(exit_status=0, stdout=output))
    assert isinstance(found.uid, int)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_says_what_it_is(kind: str) -> None:
    texts = [KINDS[kind].summary, *(p.description for p in KINDS[kind].parameters.values())]
    texts += [spec.description for spec in KINDS[kind].fields.values()]
    assert [text for text in texts if not text] == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_probes_need_no_steps(kind: str) -> None:
    assert KINDS[kind].steps([]) == ()


def test_connection_is_answered_by_the_session() -> None:
    assert [name for name, kind in KINDS.items() if kind.channel is Channel.SESSION] == ["connection"]


def test_order_of_probes_does_not_change_the_steps() -> None:
    by_kind: dict[str, list[Probe]] = {}
    for case in CASES:
        by_kind.setdefault(case.parent.name, []).extend(load_probes(case))
    changed = [kind for kind, probes in by_kind.items() if KINDS[kind].steps(probes) != KINDS[kind].steps(probes[::-1])]
    assert changed == []


@pytest.mark.parametrize("line", ["0:0:0:1:0:0:root:root:/etc/x", "zz:0:0:1:0:0:root:root:/etc/x", "81a4:0:0", ""])
def test_line_that_is_no_file_is_not_read(line: str) -> None:
    assert parse_stat(line) is None


def test_connection_without_a_session_is_unreadable() -> None:
    probe = Probe.build("connection", {})
    found = KINDS["connection"].parse([probe], {})[probe]
    assert (set(found), _clean_values(found)) == (set(KINDS["connection"].fields), [])


def test_a_row_about_a_package_in_another_form_is_not_taken_for_missing() -> None:
    probe = build_probe({"kind": "packages", "names": ["sudo"]})
    text = b"database=rpm\npackage|sudo|1.9.5p2-10.el9_3\nstatus=0\n"
    evidence = KINDS["packages"].parse([probe], {"packages": Completed(exit_status=0, stdout=text)})[probe]
    assert evidence["installed"] == Unreadable("rpm answers in a form that is not known")
