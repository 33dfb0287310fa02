"""Targets set aside: the same as they went in, however many, and shared only where truly equal."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from hardening.errors import StorageError
from hardening.report import spool
from hardening.report.spool import MOST_IN_MEMORY, Spool
from hardening.report.target_values import TargetReport
from tests.report.rendering import small_example


def many(number: int = MOST_IN_MEMORY * 3) -> list[TargetReport]:
    found = list(small_example().targets)
    return [
        replace(found[index % 3], entry=replace(found[index % 3].entry, name=str(index))) for index in range(number)
    ]


def filled(targets: list[TargetReport]) -> Spool:
    made = Spool()
    for target in targets:
        made.add(target)
    return made


@pytest.mark.parametrize("number", [0, 1, MOST_IN_MEMORY, MOST_IN_MEMORY + 1, MOST_IN_MEMORY * 3])
def test_what_goes_in_comes_out(number: int) -> None:
    targets = many(number)

    assert list(filled(targets)) == targets


def test_two_walks_do_not_disturb_each_other() -> None:
    targets = many()
    made = filled(targets)

    assert [pair for pair in zip(made, made, strict=True)] == [(target, target) for target in targets]  # noqa: C416


def test_reasons_without_room_come_out_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "LARGEST_SHARED", 0)
    targets = many()

    assert list(filled(targets)) == targets


def test_equal_reasons_are_held_once() -> None:
    made = list(filled(many()))
    (one, *_), (other, *_) = made[0].results, made[3].results

    assert one.reasons is other.reasons


def test_one_and_true_are_not_taken_for_each_other() -> None:
    (target, *_) = many(1)
    (result, *_) = target.results
    reasons = [(replace(result.reasons[0], expected=expected),) for expected in (True, 1, False, 0)]
    targets = [replace(target, results=(replace(result, reasons=each),)) for each in reasons] * MOST_IN_MEMORY

    walked = [each.results[0].reasons[0].expected for each in filled(targets)]

    assert [repr(value) for value in walked] == ["True", "1", "False", "0"] * MOST_IN_MEMORY


def test_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - closed by the spool
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)

    with pytest.raises(StorageError, match="cannot be written"):
        filled(many())
