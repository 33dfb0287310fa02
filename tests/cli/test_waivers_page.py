"""The page about waivers and the gate says what the commands do."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from hardening.content.shipped import find_shipped
from tests.cli.conftest import Command
from tests.cli.test_waivers import site, write

__all__ = ["site"]
PAGE = (find_shipped() / "docs" / "waivers-and-gate.md").read_text(encoding="utf-8")


def blocks(beginning: str) -> str:
    """Return the first indented block that begins so."""
    found = re.search(rf"^    {beginning}\n(?:    .*\n)*", PAGE, re.MULTILINE)
    assert found
    return re.sub(r"^    ", "", found.group(), flags=re.MULTILINE)


@pytest.mark.usefixtures("site")
def test_commands_of_the_page_do_what_it_says(hardening: Command) -> None:
    commands = re.findall(r"^    hardening (.*) # exit (\d+)$", PAGE, re.MULTILINE)
    told = [(line, int(status)) for line, status in commands]
    assert [(line, hardening(*shlex.split(line)).status) for line, _ in told] == told
    assert len(told) > 9


def test_files_of_the_page_are_valid(hardening: Command, site: Path) -> None:
    write(site / "gate.yaml", blocks("fail_on: high"))
    write(site / "waivers.yaml", blocks("waivers:"))
    assert hardening("scan", "-q", "--fail-on", "never", "--min-coverage", "0", "--min-compliance", "0").status == 0
