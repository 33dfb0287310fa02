"""A file whose access list gives others the rights of its group passes no shipped check that asks for the group."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardening.evaluate.operators import is_records
from hardening.evaluate.selftest import judge_sample
from hardening.model.check import Outcome
from hardening.model.evidence import Evidence, Field, Known, Unreadable
from hardening.probes import KINDS
from tests.content.shipped import load_shipped

_UNCLEAR = Unreadable("an access list may give the rights of the group to others: see getfacl")
_FILES = {"file_status", "file_list"}


def _hide(evidence: Evidence) -> Evidence:
    """Return evidence in which every file that its group may use has an access list."""
    mode = evidence.get("mode")
    is_shut = isinstance(mode, Known) and isinstance(mode.value, str) and not int(mode.value, 8) & 0o070
    hidden = {} if is_shut else {name: _UNCLEAR for name in ("group", "gid") if name in evidence}
    return {name: _hide_records(field) for name, field in evidence.items()} | hidden


def _hide_records(field: Field) -> Field:
    if isinstance(field, Known) and is_records(field.value):
        return Known(tuple(_hide(each) for each in field.value))
    return field


_LISTED = [
    (check, sample, hidden)
    for check in load_shipped().checks.values()
    if {probe.kind for probe in check.probes.values()} <= _FILES
    for sample in check.samples
    if sample.outcome is Outcome.PASS
    and (hidden := {n: _hide(e) for n, e in sample.evidence.items()}) != sample.evidence
]


def test_there_are_such_checks() -> None:
    assert {"linux-perm-shadow", "linux-private-key-files"} <= {check.id for check, _, _ in _LISTED}


@pytest.mark.parametrize("number", range(len(_LISTED)), ids=[f"{check.id}: {s.name}" for check, s, _ in _LISTED])
def test_no_check_passes_by_the_group_of_a_file_with_an_access_list(number: int) -> None:
    check, sample, hidden = _LISTED[number]
    fields = {each: KINDS[probe.kind].fields for each, probe in check.probes.items()}
    assert judge_sample(check, replace(sample, evidence=hidden), fields).outcome is Outcome.ERROR
