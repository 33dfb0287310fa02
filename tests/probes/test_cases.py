"""Every recorded case of every kind, and that each kind has some."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hardening.probes import KINDS
from hardening.probes.kind import Channel
from tests.probes.cases import CASES, FOLDER, evaluate_case


@pytest.mark.parametrize("case", CASES, ids=[str(case.relative_to(FOLDER)) for case in CASES])
def test_recorded_answers_give_the_expected_evidence(case: Path) -> None:
    assert evaluate_case(case) == json.loads((case / "expected.json").read_text())


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS.values() if kind.channel is not Channel.SESSION])
def test_every_kind_has_recorded_cases(kind: str) -> None:
    assert [case for case in CASES if case.parent.name == kind] != []
