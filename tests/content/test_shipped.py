"""What comes with the scanner, and where it is found."""

from __future__ import annotations

from pathlib import Path

import pytest

import hardening
from hardening.content.lint import lint_shipped
from hardening.content.shipped import find_shipped
from hardening.errors import UsageError
from tests.content.shipped import load_shipped


def test_shipped_content_loads_and_lacks_nothing() -> None:
    assert [str(problem) for problem in lint_shipped(load_shipped())] == []


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
