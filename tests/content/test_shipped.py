"""What comes with the scanner, and where it is found."""

from __future__ import annotations

from pathlib import Path

import pytest

import hardening
from hardening.content.frameworks import RECOMMENDING
from hardening.content.lint import lint_shipped
from hardening.content.shipped import find_shipped
from hardening.errors import UsageError
from hardening.model.measure import Basis
from tests.content.shipped import load_shipped


def test_shipped_content_loads_and_lacks_nothing() -> None:
    assert [str(problem) for problem in lint_shipped(load_shipped())] == []


def test_every_gap_of_every_baseline_leads_to_a_measure_and_to_work_in_both_languages() -> None:
    content = load_shipped()
    checks = {c for baseline in content.baselines.values() for control in baseline.controls for c in control.checks}
    recommending = {measure.id for measure in content.frameworks[RECOMMENDING].measures}

    assert checks
    for check in (content.checks[name] for name in sorted(checks)):
        action = content.actions[check.action]
        assert content.recommended[check.id] in recommending, check.id
        assert all((check.remediation.nb, check.remediation.en, action.title.nb, action.title.en)), check.id


def test_ids_of_our_own_for_ks_headings_are_no_numbers() -> None:
    measures = load_shipped().frameworks["ks-digital-robusthet"].measures

    assert [measure.id for measure in measures if any(sign.isdigit() for sign in measure.id)] == []


def test_all_39_paragraphs_of_law_are_there() -> None:
    assert len(load_shipped().frameworks["lov"].measures) == 39


def test_every_shipped_link_to_a_check_says_on_what_it_rests() -> None:
    measures = [measure for framework in load_shipped().frameworks.values() for measure in framework.measures]
    links = [link for measure in measures for link in measure.checks]

    assert {link.basis for link in links} <= set(Basis)
    assert all(len({link.check for link in measure.checks}) == len(measure.checks) for measure in measures)


def test_installed_package_uses_its_own_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages/hardening"
    for name in ("checks", "baselines"):
        (package / "_shipped" / name).mkdir(parents=True)
    monkeypatch.setattr(hardening, "__file__", str(package / "__init__.py"))

    assert find_shipped() == package / "_shipped"


def test_checkout_uses_its_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("checks", "baselines", "src/hardening"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(hardening, "__file__", str(tmp_path / "src/hardening/__init__.py"))

    assert find_shipped() == tmp_path


def test_missing_content_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardening, "__file__", str(tmp_path / "src/hardening/__init__.py"))

    with pytest.raises(UsageError, match="install it again"):
        find_shipped()
