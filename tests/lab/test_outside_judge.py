"""OpenSCAP, running inside lab hosts, and this scanner say the same about them, or it is explained why not."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.independent.live import Pair, load_differences
from tests.independent.page import LIVE, RERUN, ask_both, read_part, render_live
from tests.lab.cache import cache_folder
from tests.lab.judges import build_judges
from tests.lab.lab import Lab
from tests.lab.scans import Scans

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
LEAST_JUDGED = 240
"""A judge that leaves nearly everything out, as it does in a tree without linux-base, would agree with anybody."""


@pytest.fixture(scope="module")
def pairs(lab: Lab, scans: Scans) -> tuple[Pair, ...]:
    judges = build_judges(cache_folder(os.environ), lab.materials.keys, lab.materials.trees["base"][0])
    return tuple(ask_both(lab, scans, judges))


def test_the_judge_looks_at_nearly_everything(pairs: tuple[Pair, ...]) -> None:
    judged = Counter(pair.judge != "not judged" for pair in pairs)
    assert judged[True] >= LEAST_JUDGED, judged


def test_every_rule_is_one_that_the_judge_knows(pairs: tuple[Pair, ...]) -> None:
    assert [pair.counterpart for pair in pairs if "missing" in pair.verdicts] == []


def test_every_difference_is_explained(pairs: tuple[Pair, ...]) -> None:
    explained = {(entry.check, entry.host, entry.judge, entry.ours) for entry in load_differences()}
    differing = [pair for pair in pairs if pair.judge not in {"not judged", pair.ours}]
    assert [pair.words for pair in differing if (*pair.place, pair.judge, pair.ours) not in explained] == []


def test_every_explanation_is_needed(pairs: tuple[Pair, ...]) -> None:
    differing = {(*pair.place, pair.judge, pair.ours) for pair in pairs if pair.judge != pair.ours}
    listed = {(entry.check, entry.host, entry.judge, entry.ours) for entry in load_differences()}
    assert listed - differing == set()


def test_the_page_says_what_both_said(pairs: tuple[Pair, ...]) -> None:
    assert read_part(LIVE) == render_live(pairs, load_differences()), RERUN
