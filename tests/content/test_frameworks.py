"""Files of measures."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.model.measure import Basis, CheckLink
from hardening.model.place import Place
from hardening.model.texts import Texts
from tests.content.example import FRAMEWORK, load, problems_of, write_files

NAME = "baselines/measures/nsm-gp-ikt-2.1.yaml"


def test_measure_becomes_a_value(tmp_path: Path) -> None:
    (measure,) = load(write_files(tmp_path)).frameworks["nsm-gp-ikt-2.1"].measures

    assert (measure.id, measure.carrier, measure.effort, measure.checks, measure.place) == (
        "2.6.4",
        "municipality",
        2,
        (CheckLink("linux-perm-shadow", Basis.JUDGEMENT),),
        Place(NAME, 9, 5),
    )


def test_measure_may_have_no_checks(tmp_path: Path) -> None:
    text = FRAMEWORK.partition("    checks:")[0]
    (measure,) = load(write_files(tmp_path, {NAME: text})).frameworks["nsm-gp-ikt-2.1"].measures

    assert measure.verifiable is False


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("id: nsm-gp-ikt-2.1", "id: nsm", '1:5: the id is "nsm" in a file called nsm-gp-ikt-2.1.yaml'),
        ('group: "2.6"', 'group: "2.7"', '10:12: unknown group "2.7"; did you mean "2.6"?'),
        ("id: linux-perm-shadow", "id: linux-x", '15:14: unknown check "linux-x"; known are linux-perm-shadow'),
        ("basis: judgement", "basis: guess", "15:40: \"guess\" is none of 'source', 'third-party' or 'judgement'"),
        ("effort: 2", "effort: 6", "13:13: this must be at most 5, not 6"),
        (
            "carrier: municipality",
            "carrier: county",
            "12:14: \"county\" is none of 'municipality', 'regional' or 'national'",
        ),
        (
            '  - {id: "2.6",',
            '  - {id: "2.6", title: {en: a, nb: b}}\n  - {id: "2.6",',
            '8:10: the group "2.6" stands twice',
        ),
        (
            "basis: judgement}",
            "basis: judgement}\n      - {id: linux-perm-shadow, basis: source}",
            '16:14: the check "linux-perm-shadow" stands twice, first in line 15; keep one of them',
        ),
    ],
)
def test_refused_framework(tmp_path: Path, old: str, new: str, problem: str) -> None:
    write_files(tmp_path, {NAME: FRAMEWORK.replace(old, new)})

    (found,) = problems_of(tmp_path)

    assert found.startswith(f"{NAME}:{problem}")


def test_measure_twice_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {NAME: FRAMEWORK + FRAMEWORK[FRAMEWORK.index("  - id:") :]})

    assert problems_of(tmp_path) == [
        f'{NAME}:16:9: the measure "2.6.4" stands twice, first in line 9; keep one of them'
    ]


OTHER = """\
id: other
title: {en: Other, nb: Annet}
version: "1"
publisher: {en: Somebody, nb: Noen}
source: https://example.org/
note: {en: Read there., nb: Lest der.}
groups:
  - {id: a, title: {en: A, nb: A}}
measures:
  - id: wide
    group: a
    title: {en: Wide, nb: Vidt}
    carrier: regional
    helped_by: [national]
    effort: 1
    follows: {measures: ["2.6.4"], basis: source}
"""


def test_measure_takes_over_the_checks_of_what_it_follows_on_the_weaker_basis(tmp_path: Path) -> None:
    content = load(write_files(tmp_path, {"baselines/measures/other.yaml": OTHER}))
    (measure,) = content.frameworks["other"].measures

    assert (measure.checks, measure.follows) == ((CheckLink("linux-perm-shadow", Basis.JUDGEMENT),), ("2.6.4",))
    assert (measure.helped_by, content.frameworks["other"].note) == (("national",), Texts("Read there.", "Lest der."))


def test_followed_measure_must_exist(tmp_path: Path) -> None:
    text = OTHER.replace("2.6.4", "2.6.5")

    assert problems_of(write_files(tmp_path, {"baselines/measures/other.yaml": text})) == [
        'baselines/measures/other.yaml:16:26: unknown measure of nsm-gp-ikt-2.1 "2.6.5"; did you mean "2.6.4"?'
    ]


def test_recommending_framework_follows_no_other(tmp_path: Path) -> None:
    text = FRAMEWORK.rstrip("\n") + '\n    follows: {measures: ["2.6.4"], basis: source}\n'

    assert [p for p in problems_of(write_files(tmp_path, {NAME: text})) if "follows no other" in p]
