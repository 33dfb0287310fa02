"""All files of all folders: found, told apart, cross-referenced, every problem at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.content.example import ACTIONS, BASELINE, CHECK, FRAMEWORK, load, problems_of, write_files, write_only

NAME = "checks/linux/perm/linux-perm-shadow.yaml"
SITE_CHECK = CHECK.replace("linux-perm-shadow", "linux-perm-own")


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_content_is_loaded_by_id(tmp_path: Path) -> None:
    content = load(write_files(tmp_path))

    assert [list(part) for part in (content.checks, content.actions, content.baselines, content.frameworks)] == [
        ["linux-perm-shadow"],
        ["fix-permissions"],
        ["server"],
        ["nsm-gp-ikt-2.1"],
    ]


def test_checks_come_sorted_by_id(tmp_path: Path) -> None:
    write_files(tmp_path, {"checks/linux/a/linux-z.yaml": CHECK.replace("linux-perm-shadow", "linux-z")})

    assert list(load(tmp_path).checks) == ["linux-perm-shadow", "linux-z"]


def test_problems_of_all_files_come_at_once_and_sorted(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            NAME: CHECK.replace("severity: high", "severity: hi"),
            "baselines/server.yaml": BASELINE.replace("level: basic", "level: base"),
            "checks/linux/perm/linux-tab.yaml": "a:\n\tb: c\n",
        },
    )

    assert [problem.partition(": ")[0] for problem in problems_of(tmp_path)] == [
        "baselines/server.yaml:9:12",
        f"{NAME}:3:11",
        "checks/linux/perm/linux-tab.yaml:2:1",
    ]


def test_broken_check_is_not_unknown_to_baselines(tmp_path: Path) -> None:
    write_files(tmp_path, {NAME: CHECK.replace("severity: high", "severity: hi")})

    assert [problem.partition(": ")[0] for problem in problems_of(tmp_path)] == [f"{NAME}:3:11"]


def test_site_adds_checks(tmp_path: Path) -> None:
    shipped = write_files(tmp_path / "shipped")
    site = write_only(tmp_path / "site", {"checks/linux/own/linux-perm-own.yaml": SITE_CHECK})

    assert list(load(shipped, site).checks) == ["linux-perm-own", "linux-perm-shadow"]


def test_site_check_is_called_by_its_whole_path(tmp_path: Path) -> None:
    shipped = write_files(tmp_path / "shipped")
    site = write_only(tmp_path / "site", {"checks/linux/own/linux-perm-own.yaml": SITE_CHECK})
    place = load(shipped, site).checks["linux-perm-own"].place

    assert place.file == str(site / "checks/linux/own/linux-perm-own.yaml")


def test_site_may_not_repeat_a_shipped_id(tmp_path: Path) -> None:
    shipped = write_files(tmp_path / "shipped")
    site = write_only(tmp_path / "site", {NAME: CHECK})

    assert problems_of(shipped, site) == [
        f'{site / NAME}: the check "linux-perm-shadow" already exists ({NAME}); use an id of your own'
    ]


def test_site_may_not_repeat_a_shipped_action(tmp_path: Path) -> None:
    shipped = write_files(tmp_path / "shipped")
    site = write_only(tmp_path / "site", {"checks/actions.yaml": ACTIONS})

    (problem,) = problems_of(shipped, site)

    assert problem == (
        f'{site}/checks/actions.yaml:2:10: the action "fix-permissions" already exists'
        " (checks/actions.yaml:2:5); use an id of your own"
    )


def test_site_without_content_adds_nothing(tmp_path: Path) -> None:
    shipped = write_files(tmp_path / "shipped")
    (tmp_path / "site").mkdir()

    assert list(load(shipped, tmp_path / "site").checks) == ["linux-perm-shadow"]


def test_missing_site_is_a_problem(tmp_path: Path) -> None:
    shipped = write_files(tmp_path / "shipped")

    assert problems_of(shipped, tmp_path / "site") == [f"{tmp_path / 'site'}: there is no such folder"]


def test_site_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    shipped = write_files(tmp_path / "shipped")
    site = write_only(tmp_path / "site", {"checks/linux/own/linux-perm-own.yaml": SITE_CHECK})
    folder = site / "checks/linux"
    folder.chmod(0o775)

    assert problems_of(shipped, site) == [f"{folder}: may be written by its group; run `chmod go-w {folder}`"]


def test_shipped_files_may_be_written_by_a_group(tmp_path: Path) -> None:
    write_files(tmp_path)
    (tmp_path / NAME).chmod(0o664)

    assert list(load(tmp_path).checks) == ["linux-perm-shadow"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("checks/linux/perm/linux-x.yml", "would not be read; call it linux-x.yaml"),
        (
            "checks/linux-x.yaml",
            "stands in no platform's folder; move it into checks/linux, checks/windows, checks/ad, checks/openldap",
        ),
        ("baselines/a/b.yaml", "is too deep; move it into baselines or baselines/measures"),
    ],
)
def test_file_that_would_be_overlooked_is_a_problem(tmp_path: Path, name: str, problem: str) -> None:
    write_files(tmp_path, {name: "a: b"})

    assert problems_of(tmp_path) == [f"{name}: {problem}"]


@pytest.mark.parametrize("name", ["checks/README.md", "checks/.linux-x.yaml", ".git/x.yaml", "baselines/.a/b.yaml"])
def test_other_files_are_left_alone(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {name: "nothing to see"})

    assert list(load(tmp_path).checks) == ["linux-perm-shadow"]


def test_first_measure_that_names_a_check_is_recommended(tmp_path: Path) -> None:
    measure = FRAMEWORK[FRAMEWORK.index("  - id:") :]
    more = FRAMEWORK + measure.replace("2.6.4", "2.6.3")
    write_files(tmp_path, {"baselines/measures/nsm-gp-ikt-2.1.yaml": more})

    assert load(tmp_path).recommended == {"linux-perm-shadow": "2.6.4"}


def test_only_one_framework_recommends(tmp_path: Path) -> None:
    write_files(tmp_path, {"baselines/measures/other.yaml": FRAMEWORK.replace("nsm-gp-ikt-2.1", "other")})
    (tmp_path / "baselines/measures/nsm-gp-ikt-2.1.yaml").unlink()

    assert load(tmp_path).recommended == {}


def test_digest_is_the_same_wherever_the_content_is(tmp_path: Path) -> None:
    assert load(write_files(tmp_path / "a")).digest == load(write_files(tmp_path / "b")).digest


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (NAME, CHECK.replace("Others guess.", "Others look.")),
        ("checks/actions.yaml", ACTIONS.replace("effort: 1", "effort: 2")),
        ("baselines/server.yaml", BASELINE.replace('"1.0"', '"1.1"')),
        ("baselines/measures/nsm-gp-ikt-2.1.yaml", FRAMEWORK.replace("effort: 2", "effort: 3")),
    ],
)
def test_digest_changes_with_every_file(tmp_path: Path, name: str, text: str) -> None:
    before = load(write_files(tmp_path / "a")).digest

    assert load(write_files(tmp_path / "b", {name: text})).digest != before
