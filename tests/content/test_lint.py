"""What shipped content must have beyond being loadable."""

from __future__ import annotations

from pathlib import Path

from hardening.content.lint import lint_shipped
from tests.content.example import ACTIONS, BASELINE, FRAMEWORK, load, write_files

CHECK = "checks/linux/perm/linux-perm-shadow.yaml:1:1"


def lint(folder: Path, *changes: dict[str, str]) -> list[str]:
    return [str(problem) for problem in lint_shipped(load(write_files(folder, *changes)))]


def test_complete_content_has_no_problem(tmp_path: Path) -> None:
    assert lint(tmp_path) == []


def test_check_without_a_recommended_measure(tmp_path: Path) -> None:
    text = FRAMEWORK.partition("    checks:")[0]

    assert lint(tmp_path, {"baselines/measures/nsm-gp-ikt-2.1.yaml": text}) == [
        f"{CHECK}: no measure of nsm-gp-ikt-2.1 names linux-perm-shadow; add it to nsm-gp-ikt-2.1.yaml"
    ]


def test_check_in_no_baseline(tmp_path: Path) -> None:
    text = BASELINE.replace("checks: [linux-perm-shadow]", "manual: {en: Ask., nb: Spør.}")

    assert lint(tmp_path, {"baselines/server.yaml": text}) == [
        f"{CHECK}: no baseline names linux-perm-shadow; add it to a control"
    ]


def test_action_that_no_check_names(tmp_path: Path) -> None:
    text = ACTIONS + ACTIONS.partition("\n")[2].replace("fix-permissions", "spare")

    assert lint(tmp_path, {"checks/actions.yaml": text}) == [
        "checks/actions.yaml:3:5: no check names the action spare; remove it"
    ]


def test_action_with_one_text_for_both_languages(tmp_path: Path) -> None:
    text = ACTIONS.replace("nb: Rett rettigheter", "nb: Fix permissions")
    problem = "the title of fix-permissions is the same in both languages"

    assert lint(tmp_path, {"checks/actions.yaml": text}) == [
        f"checks/actions.yaml:2:5: {problem}; write it in English and in bokmål"
    ]
