"""Generated files are what the code says now, and the pages for people name what there is."""

from __future__ import annotations

import re

import pytest

from hardening.app.schema import write_generated
from hardening.cli import COMMANDS
from hardening.content.shipped import find_shipped
from hardening.report import FORMATS

ROOT = find_shipped()


def test_generated_files_are_up_to_date() -> None:
    assert write_generated(ROOT, check=True) == ()


@pytest.mark.parametrize("page", ["README.md", "docs/operating.md"])
def test_exit_statuses_are_told_alike(page: str) -> None:
    table = re.findall(r"^\| ([0-9, ]+) \|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert table == ["0", "2", "3", "4", "10", "130, 143"]


def test_changelog_names_every_command() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`{name}`" not in text and f"`hardening {name}`" not in text] == []


def test_architecture_names_every_format_as_extension_point() -> None:
    assert "`FORMATS`" in (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_the_page_about_formats_names_each_format() -> None:
    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(FORMATS)
