"""Baseline files: what is refused, and what comes of extending one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.model.baseline import Baseline, Level
from hardening.model.evidence import Absent
from hardening.model.platform import PlatformCondition
from hardening.model.texts import Texts
from tests.content.example import BASELINE, CHECK, load, problems_of, write_files

NAME = "baselines/server.yaml"
OTHER = {"checks/linux/perm/linux-other.yaml": CHECK.replace("linux-perm-shadow", "linux-other")}
HEIR = """\
id: heir
title: {en: Heir, nb: Arving}
version: "1"
extends: server
"""
CONTROL = """\
controls:
  - id: "9.1"
    title: {en: Own, nb: Egen}
    level: extended
    checks: [linux-perm-shadow]
"""


def problems(folder: Path, *changes: dict[str, str]) -> list[str]:
    write_files(folder, OTHER, *changes)
    return problems_of(folder)


def heir(folder: Path, text: str, parent: str = BASELINE) -> Baseline:
    write_files(folder, OTHER, {NAME: parent, "baselines/heir.yaml": HEIR + text})
    return load(folder).baselines["heir"]


def test_baseline_becomes_a_value(tmp_path: Path) -> None:
    baseline = load(write_files(tmp_path)).baselines["server"]
    (control,) = baseline.controls

    assert (baseline.version, baseline.default_for, control.id, control.level, control.checks) == (
        "1.0",
        (PlatformCondition(os_family="linux"),),
        "1.1",
        Level.BASIC,
        ("linux-perm-shadow",),
    )


def test_values_of_the_whole_baseline_reach_its_controls(tmp_path: Path) -> None:
    text = BASELINE + "parameters: {linux-perm-shadow: {owners: [kari]}}\n"
    (control,) = load(write_files(tmp_path, {NAME: text})).baselines["server"].controls

    assert control.parameters == {"linux-perm-shadow": {"owners": ("kari",)}}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("id: server", "id: serve", f'{NAME}:1:5: the id is "serve" in a file called server.yaml; make them equal'),
        (
            "[linux-perm-shadow]",
            "[linux-perm-shadwo]",
            f'{NAME}:10:14: unknown check "linux-perm-shadwo"; did you mean "linux-perm-shadow"?',
        ),
        ("[linux-perm-shadow]", "[]", f"{NAME}:10:13: this must not be empty"),
        (
            "[linux-perm-shadow]",
            "[linux-other, linux-other]",
            f'{NAME}:10:27: the check "linux-other" stands twice, first in line 10; keep one of them',
        ),
        (
            "    checks: [linux-perm-shadow]\n",
            "",
            f"{NAME}:7:5: control 1.1 is settled by nothing; give it one of checks, manual, uncovered",
        ),
        (
            "    level: basic\n",
            "    level: basic\n    manual: {en: Ask., nb: Spør.}\n",
            f"{NAME}:7:5: control 1.1 has checks and manual; give it one of checks, manual, uncovered",
        ),
        ('id: "1.1"', "id: 1", f'{NAME}:7:9: this must be text, not 1; write "1"'),
        (
            "    level: basic\n",
            "    level: basic\n    parameters: {linux-perm-shadow: {owner: [a]}}\n",
            f'{NAME}:10:38: check linux-perm-shadow has no parameter "owner"; did you mean "owners"?',
        ),
        (
            "    level: basic\n",
            "    level: basic\n    parameters: {linux-perm-shadow: {owners: a}}\n",
            f'{NAME}:10:46: this must be a list of texts, not "a"',
        ),
        (
            "    level: basic\n",
            "    level: basic\n    parameters: {linux-perm-shadow: {owners: []}}\n",
            f"{NAME}:10:46: one_of with an empty list asserts nothing; name at least one text",
        ),
        (
            "    level: basic\n",
            "    level: basic\n    parameters: {linux-other: {owners: [a]}}\n",
            f'{NAME}:10:18: control 1.1 has no check "linux-other"; known are linux-perm-shadow',
        ),
        (
            "version:",
            "without: {linux-other: {en: a, nb: b}}\nversion:",
            f"{NAME}:3:1: without says what to leave out of a baseline that is extended; add extends",
        ),
        (
            "version:",
            "parameters: {linux-other: {owners: [a]}}\nversion:",
            f'{NAME}:3:14: no control of this baseline has the check "linux-other"; known are linux-perm-shadow',
        ),
        (
            "version:",
            "extends: serve\nversion:",
            f'{NAME}:3:10: unknown baseline "serve"; did you mean "server"?',
        ),
        ("version:", "extends: server\nversion:", f"{NAME}:3:10: baselines extend each other: server → server"),
    ],
)
def test_refused_baseline(tmp_path: Path, old: str, new: str, problem: str) -> None:
    (found,) = problems(tmp_path, {NAME: BASELINE.replace(old, new)})

    assert found.startswith(problem)


def test_baseline_without_controls_is_refused(tmp_path: Path) -> None:
    text = BASELINE.partition("controls:")[0]

    assert problems(tmp_path, {NAME: text}) == [f"{NAME}:1:1: this baseline has no controls; add at least one"]


def test_control_twice_is_refused(tmp_path: Path) -> None:
    text = BASELINE + BASELINE.partition("controls:\n")[2]

    assert problems(tmp_path, {NAME: text}) == [
        f'{NAME}:11:9: the control "1.1" stands twice, first in line 7; keep one of them'
    ]


def test_value_set_by_control_and_baseline_is_refused(tmp_path: Path) -> None:
    text = (
        BASELINE
        + "    parameters: {linux-perm-shadow: {owners: [a]}}\nparameters: {linux-perm-shadow: {owners: [b]}}\n"
    )

    assert problems(tmp_path, {NAME: text}) == [
        f'{NAME}:11:38: the baseline as a whole also sets "owners"; keep one of them'
    ]


def test_value_is_held_against_its_use_wherever_that_stands(tmp_path: Path) -> None:
    old = "{field: shadow.owner, one_of: {param: owners}}"
    new = "{each: shadow.users, key: name, expect: {not: {field: name, one_of: {param: owners}}}, when_empty: pass}"
    texts = {
        "checks/linux/perm/linux-perm-shadow.yaml": CHECK.replace(old, new),
        NAME: BASELINE + "parameters: {linux-perm-shadow: {owners: []}}\n",
    }

    assert problems(tmp_path, texts) == [
        f"{NAME}:11:42: one_of with an empty list asserts nothing; name at least one text"
    ]


def test_values_for_a_broken_check_are_not_blamed(tmp_path: Path) -> None:
    texts = {
        "checks/linux/perm/linux-perm-shadow.yaml": CHECK.replace("severity: high", "severity: hi"),
        NAME: BASELINE + "parameters: {linux-perm-shadow: {owners: []}}\n",
    }

    assert [problem.partition(": ")[0] for problem in problems(tmp_path, texts)] == [
        "checks/linux/perm/linux-perm-shadow.yaml:3:11"
    ]


def test_heir_has_inherited_controls_first(tmp_path: Path) -> None:
    assert [control.id for control in heir(tmp_path, CONTROL).controls] == ["1.1", "9.1"]


def test_heir_sets_values_for_what_it_inherits(tmp_path: Path) -> None:
    parent = BASELINE + "    parameters: {linux-perm-shadow: {owners: [a]}}\n"
    (control,) = heir(tmp_path, "parameters: {linux-perm-shadow: {owners: [b]}}\n", parent).controls

    assert control.parameters == {"linux-perm-shadow": {"owners": ("b",)}}


def test_heir_leaves_a_check_out(tmp_path: Path) -> None:
    parent = BASELINE.replace("[linux-perm-shadow]", "[linux-perm-shadow, linux-other]")
    (control,) = heir(tmp_path, "without: {linux-other: {en: Not here., nb: Ikke her.}}\n", parent).controls

    assert (control.checks, control.uncovered) == (("linux-perm-shadow",), Absent())


def test_control_whose_checks_are_all_left_out_is_uncovered(tmp_path: Path) -> None:
    (control,) = heir(tmp_path, "without: {linux-perm-shadow: {en: Not here., nb: Ikke her.}}\n").controls

    assert (control.checks, control.uncovered) == ((), Texts(en="Not here.", nb="Ikke her."))


def test_heir_of_an_heir(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "baselines/heir.yaml": HEIR + "parameters: {linux-perm-shadow: {owners: [b]}}\n",
            "baselines/grandchild.yaml": HEIR.replace("id: heir", "id: grandchild").replace("server", "heir") + CONTROL,
        },
    )

    assert [
        (control.id, control.parameters["linux-perm-shadow"]["owners"])
        for control in load(tmp_path).baselines["grandchild"].controls
    ] == [("1.1", ("b",)), ("9.1", ("b",))]


def test_check_to_leave_out_must_be_inherited(tmp_path: Path) -> None:
    text = HEIR + "without: {linux-other: {en: a, nb: b}}\n"

    assert problems(tmp_path, {"baselines/heir.yaml": text}) == [
        'baselines/heir.yaml:5:11: server has no check "linux-other" to leave out; known are linux-perm-shadow'
    ]


def test_inherited_control_id_is_refused(tmp_path: Path) -> None:
    text = HEIR + CONTROL.replace("9.1", "1.1")

    assert problems(tmp_path, {"baselines/heir.yaml": text}) == [
        f"baselines/heir.yaml:6:9: server already has control 1.1 ({NAME}:7:5); use an id of your own"
    ]


def test_circle_is_named_in_each_of_its_files(tmp_path: Path) -> None:
    texts = {
        "baselines/heir.yaml": HEIR.replace("server", "second"),
        "baselines/second.yaml": HEIR.replace("id: heir", "id: second").replace("server", "heir"),
        "baselines/third.yaml": HEIR.replace("id: heir", "id: third").replace("server", "heir"),
    }

    assert problems(tmp_path, texts) == [
        "baselines/heir.yaml:4:10: baselines extend each other: heir → second → heir; cut the circle",
        "baselines/second.yaml:4:10: baselines extend each other: second → heir → second; cut the circle",
    ]


def test_heir_of_a_broken_baseline_is_not_blamed(tmp_path: Path) -> None:
    texts = {NAME: BASELINE.replace("level: basic", "level: base"), "baselines/heir.yaml": HEIR}

    assert [problem.partition(": ")[0] for problem in problems(tmp_path, texts)] == [f"{NAME}:9:12"]
