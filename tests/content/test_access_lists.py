"""A file whose access list gives others the rights of its group passes no shipped check that asks for the group."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardening.evaluate.selftest import judge_sample
from hardening.model.check import Outcome
from hardening.model.evidence import Known, Unreadable
from hardening.probes import KINDS
from tests.content.shipped import load_shipped

_UNCLEAR = Unreadable("an access list may give the rights of the group to others: see getfacl")
_LISTED = [
    (check, sample, name)
    for check in load_shipped().checks.values()
    for name, probe in check.probes.items()
    if probe.kind == "file_status"
    for sample in check.samples
    if sample.outcome is Outcome.PASS and isinstance(sample.evidence.get(name, {}).get("group"), Known)
]


def test_there_are_such_checks() -> None:
    assert "linux-perm-shadow" in {check.id for check, _, _ in _LISTED}


@pytest.mark.parametrize("number", range(len(_LISTED)), ids=[f"{check.id}: {s.name}" for check, s, _ in _LISTED])
def test_no_check_passes_by_the_group_of_a_file_with_an_access_list(number: int) -> None:
    check, sample, name = _LISTED[number]
    listed = {**sample.evidence[name], "acl": Known(value=True), "group": _UNCLEAR, "gid": _UNCLEAR}
    fields = {each: KINDS[probe.kind].fields for each, probe in check.probes.items()}
    judged = judge_sample(check, replace(sample, evidence={**sample.evidence, name: listed}), fields)
    assert judged.outcome is Outcome.ERROR
