"""Check files as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.model.check import Outcome, ParameterSpec, ParameterType, Severity
from hardening.model.evidence import ABSENT
from hardening.model.place import Place
from hardening.model.platform import PlatformCondition
from hardening.model.texts import Texts
from tests.content.example import ACTIONS, CHECK, load, problems_of, problems_of_check, write_files
from tests.content.shipped import load_shipped

NAME = "checks/linux/perm/linux-perm-shadow.yaml"


def test_check_becomes_a_value(tmp_path: Path) -> None:
    write_files(tmp_path)
    check = load(tmp_path).checks["linux-perm-shadow"]

    assert (check.id, check.severity, check.applies_to, check.when_absent, check.danger, check.place) == (
        "linux-perm-shadow",
        Severity.HIGH,
        (PlatformCondition(os_family="linux"),),
        Outcome.FAIL,
        ABSENT,
        Place(NAME, 1, 1),
    )


def test_parameters_become_values(tmp_path: Path) -> None:
    write_files(tmp_path)

    assert load(tmp_path).checks["linux-perm-shadow"].parameters == {
        "owners": ParameterSpec(ParameterType.TEXTS, ("root",), Texts(en="who may own it", nb="hvem som kan eie den"))
    }


def test_conditions_become_values(tmp_path: Path) -> None:
    condition = '{distribution: [debian], version_at_least: "12", container: false}'
    write_files(tmp_path, {NAME: CHECK.replace("{os_family: linux}", condition)})

    assert load(tmp_path).checks["linux-perm-shadow"].applies_to == (
        PlatformCondition(distribution=("debian",), version_at_least="12", container=False),
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("id: linux-perm-shadow", "id: linux-perm-x", None),
        (
            "title: {en: Only root reads it, nb: Bare root leser den}",
            "title: {en: Root}",
            '2:8: "nb" is missing; add `nb:`',
        ),
        ("nb: Bare root leser den", 'nb: " "', "2:37: this must not be empty"),
        ("severity: high", "severity: hi", None),
        ("{os_family: linux}", "{}", "6:5: this condition asks nothing; name at least an os_family"),
        (
            "{os_family: linux}",
            '{distribution: [a, b], version_below: "3"}',
            "6:5: a version means something for one distribution only; name exactly one distribution",
        ),
        ("https://example.org/shadow", "http://example.org", None),
        ("default: [root]", "default: root", '8:34: this must be a list of texts, not "root"'),
        ("default: [root]", "default: []", "8:34: one_of with an empty list asserts nothing; name at least one text"),
        ("action: fix-permissions", "action: fix-permission", '16:9: unknown action "fix-permission"; did you mean'),
    ],
)
def test_refused_check(tmp_path: Path, old: str, new: str, problem: str | None) -> None:
    (found,) = problems_of_check(tmp_path, CHECK.replace(old, new))
    expected = {
        "id: linux-perm-x": '1:5: the id is "linux-perm-x" in a file called linux-perm-shadow.yaml; make them equal',
        "severity: hi": "3:11: \"hi\" is none of 'critical', 'high', 'medium', 'low' or 'info'",
        "http://example.org": '17:14: "http://example.org" has not the right form;'
        " use a whole address that begins with https://",
    }

    assert found.startswith(problem or expected[new])


@pytest.mark.parametrize("nowhere", ["", "applies_to: []\n"])
def test_a_check_of_more_than_the_session_says_what_it_is_for(tmp_path: Path, nowhere: str) -> None:
    (found,) = problems_of_check(tmp_path, CHECK.replace("applies_to:\n  - {os_family: linux}\n", nowhere))
    assert "only a check of the session itself applies everywhere; say `applies_to: [{os_family: linux}]`" in found


def test_a_check_of_the_session_itself_applies_everywhere() -> None:
    assert load_shipped().checks["linux-ssh-connection-kex"].applies_to == ()


def test_id_must_fit_the_folder_of_its_platform(tmp_path: Path) -> None:
    write_files(tmp_path)
    (tmp_path / "checks/windows/perm").mkdir(parents=True)
    (tmp_path / NAME).rename(tmp_path / "checks/windows/perm/linux-perm-shadow.yaml")

    assert problems_of(tmp_path) == [
        "checks/windows/perm/linux-perm-shadow.yaml:1:5: ids of checks in windows/ begin with win-"
    ]


def test_version_ignores_comments_order_and_layout(tmp_path: Path) -> None:
    first = load(write_files(tmp_path / "a")).checks["linux-perm-shadow"].version
    lines = CHECK.splitlines(keepends=True)
    text = "# a comment\n" + lines[1] + lines[0] + "".join(lines[2:]).replace("[root]", "[ root ]")

    assert load(write_files(tmp_path / "b", {NAME: text})).checks["linux-perm-shadow"].version == first


def test_version_changes_with_the_expectation(tmp_path: Path) -> None:
    first = load(write_files(tmp_path / "a")).checks["linux-perm-shadow"].version
    text = CHECK.replace('mode_at_most: "0640"', 'mode_at_most: "0600"')

    assert load(write_files(tmp_path / "b", {NAME: text})).checks["linux-perm-shadow"].version != first


def test_version_is_twelve_hexadecimal_digits(tmp_path: Path) -> None:
    version = load(write_files(tmp_path)).checks["linux-perm-shadow"].version

    assert (len(version), set(version) <= set("0123456789abcdef")) == (12, True)


def test_same_action_twice_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {"checks/actions.yaml": ACTIONS + ACTIONS.partition("\n")[2]})

    assert problems_of(tmp_path) == [
        'checks/actions.yaml:3:10: the action "fix-permissions" stands twice, first in line 2; keep one of them'
    ]


def test_broken_actions_are_not_blamed_on_checks(tmp_path: Path) -> None:
    write_files(tmp_path, {"checks/actions.yaml": ACTIONS.replace("effort: 1", "effort: 9")})

    assert problems_of(tmp_path) == ["checks/actions.yaml:2:87: this must be at most 5, not 9"]
