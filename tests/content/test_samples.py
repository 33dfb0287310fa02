"""Samples of a check: states written down, typed by what the kind declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.model.evidence import (
    Absent,
    Evidence,
    Known,
    Partial,
    Record,
    Unreadable,
    build_absent,
    build_unreadable,
)
from hardening.model.place import Place
from tests.content.example import FILE, SAMPLES, load, problems_of_check, with_samples, write_files

MARKS = "write {absent: true}, {unreadable: <why>} or, for a list, {partial: […], reason: <why>}"
NAME = "checks/linux/perm/linux-perm-shadow.yaml"


def evidence(folder: Path, given: str) -> Evidence:
    text = SAMPLES.replace('{shadow: {mode: "0640", owner: root}}', given)
    write_files(folder, {NAME: with_samples(text)})
    return load(folder).checks["linux-perm-shadow"].samples[0].evidence["shadow"]


def test_bare_values_are_known(tmp_path: Path) -> None:
    seen = evidence(tmp_path, '{shadow: {mode: "0640", size: 3, linked: false, lines: [a]}}')

    assert [seen[name] for name in ("mode", "size", "linked", "lines")] == [
        Known("0640"),
        Known(3),
        Known(False),  # noqa: FBT003 - a value as it stands in the file
        Known(("a",)),
    ]


def test_evidence_holds_what_is_given(tmp_path: Path) -> None:
    assert evidence(tmp_path, "{shadow: {size: 3}}") == {"size": Known(3)}


def test_marked_fields(tmp_path: Path) -> None:
    seen = evidence(
        tmp_path,
        "{shadow: {mode: {absent: true}, size: {unreadable: refused}, lines: {partial: [a], reason: cut}}}",
    )

    assert [seen[name] for name in ("mode", "size", "lines")] == [
        Absent(),
        Unreadable("refused"),
        Partial(("a",), "cut"),
    ]


def test_probe_marked_as_a_whole(tmp_path: Path) -> None:
    assert evidence(tmp_path, "{shadow: {unreadable: refused}}") == build_unreadable(FILE.fields, "refused")


def test_probe_that_is_absent_as_a_whole(tmp_path: Path) -> None:
    assert evidence(tmp_path, "{shadow: {absent: true}}") == build_absent(FILE.fields)


def test_record_fields_are_fields(tmp_path: Path) -> None:
    seen = evidence(tmp_path, "{shadow: {users: [{name: kari, uid: {unreadable: refused}}]}}")

    kari: Record = {"name": Known("kari"), "uid": Unreadable("refused")}
    assert seen["users"] == Known((kari,))


def test_records_may_be_partial(tmp_path: Path) -> None:
    seen = evidence(tmp_path, "{shadow: {users: {partial: [], reason: cut}}}")

    assert seen["users"] == Partial((), "cut")


def test_sample_has_the_time_of_its_target(tmp_path: Path) -> None:
    text = SAMPLES.replace("    outcome: pass", "    time: 5\n    outcome: pass")
    write_files(tmp_path, {NAME: with_samples(text)})

    assert [sample.time for sample in load(tmp_path).checks["linux-perm-shadow"].samples] == [5, 1_767_225_600]


def test_sample_may_set_parameters(tmp_path: Path) -> None:
    text = SAMPLES.replace("    outcome: pass", "    parameters: {owners: [kari]}\n    outcome: pass")
    write_files(tmp_path, {NAME: with_samples(text)})

    assert load(tmp_path).checks["linux-perm-shadow"].samples[0].parameters == {"owners": ("kari",)}


def test_sample_knows_its_place(tmp_path: Path) -> None:
    write_files(tmp_path)

    assert load(tmp_path).checks["linux-perm-shadow"].samples[1].place == Place(NAME, 22, 5)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("{shadw: {}}", '16: the check has no probe "shadw"; did you mean "shadow"?'),
        ("{shadow: [a]}", "24: this must be a mapping of fields and values"),
        ("{shadow: {mod: a}}", '25: unknown field "mod"; did you mean "mode"?'),
        ("{shadow: {mode: 640}}", '31: this must be four octal digits in quotes, such as "0640", not 640'),
        ("{shadow: {size: big}}", '31: this must be a whole number, not "big"'),
        ("{shadow: {modified: yesterday}}", '35: this must be a whole number, not "yesterday"'),
        ("{shadow: {users: kari}}", "32: this must be a list of records"),
        ("{shadow: {users: [kari]}}", "33: this must be a mapping of fields and values"),
        ("{shadow: {users: [{nam: kari}]}}", '34: unknown field "nam"; did you mean "name"?'),
        (
            "{shadow: {size: {partial: [1], reason: cut}}}",
            f"31: this mapping marks nothing; {MARKS}",
        ),
        (
            "{shadow: {size: {absent: false}}}",
            f"31: this mapping marks nothing; {MARKS}",
        ),
        ("{shadow: {lines: {partial: [1], reason: cut}}}", "42: this must be a list of texts, and 1 is none"),
    ],
)
def test_refused_evidence(tmp_path: Path, given: str, problem: str) -> None:
    text = SAMPLES.replace('{shadow: {mode: "0640", owner: root}}', given)

    (found,) = problems_of_check(tmp_path, with_samples(text))

    assert found.startswith(f"20:{problem}")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("outcome: pass", "outcome: fail", "18:1: no sample has the outcome pass; add one"),
        ("outcome: fail", "outcome: error", "18:1: no sample has the outcome fail; add one"),
        (
            "name: open to all",
            "name: as installed",
            '22:11: the sample "as installed" stands twice, first in line 19; keep one of them',
        ),
        (
            "    outcome: pass",
            "    parameters: {ownr: [a]}\n    outcome: pass",
            '21:18: the check has no parameter "ownr"; did you mean "owners"?',
        ),
        (
            "    outcome: pass",
            "    parameters: {owners: []}\n    outcome: pass",
            "21:26: one_of with an empty list asserts nothing; name at least one text",
        ),
    ],
)
def test_refused_samples(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert problems_of_check(tmp_path, with_samples(SAMPLES.replace(old, new))) == [problem]
