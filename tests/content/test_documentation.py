"""The guide for authors says what the code does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardening.content.forms.check import CheckForm
from hardening.content.load import load_content
from hardening.content.shipped import find_shipped
from hardening.model.operators import OPERATORS
from hardening.probes import KINDS
from tests.content.example import write_only

GUIDE = (find_shipped() / "docs/writing-checks.md").read_text(encoding="utf-8")
ACTION = """\
actions:
  - {id: own-action, title: {en: Own, nb: Egen}, effort: 1, how: file}
"""


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def section(heading: str) -> str:
    """Return the text under a heading, up to the next one."""
    return GUIDE.partition(f"# {heading}\n")[2].partition("\n#")[0]


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without its head."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def block(heading: str) -> str:
    """Return the first indented block under a heading."""
    found = re.search(r"(?:^    .*\n|^\n)+", section(heading).lstrip("\n"), re.MULTILINE)
    return re.sub(r"^    ", "", found.group(), flags=re.MULTILINE) if found else ""


def test_operators_are_those_of_the_code() -> None:
    expected = [
        [
            f"`{operator.name}`",
            ", ".join(operator.readings),
            ", ".join(dict.fromkeys(reading.operand for reading in operator.readings.values())),
            operator.summary,
        ]
        for operator in OPERATORS.values()
    ]

    assert rows("Operators") == expected


def test_keys_of_a_check_are_those_of_the_form() -> None:
    assert {name.strip("`") for name, _ in rows("The file")} == set(CheckForm.model_fields)


def test_example_of_a_check_is_valid(tmp_path: Path) -> None:
    check = block("The file").replace("fix-file-permissions", "own-action")
    files = {"checks/linux/perm/linux-perm-shadow.yaml": check, "checks/actions.yaml": ACTION}

    assert list(load_content(write_only(tmp_path, files), kinds=KINDS).checks) == ["linux-perm-shadow"]


def test_example_of_a_baseline_is_valid(tmp_path: Path) -> None:
    check = block("The file").replace("linux-perm-shadow", "linux-own-journal")
    files = {"checks/linux/own/linux-own-journal.yaml": check, "baselines/our-servers.yaml": block("Baselines")}
    site = write_only(tmp_path, files)

    assert "our-servers" in load_content(find_shipped(), [site], kinds=KINDS).baselines


def test_prose_has_one_sentence_on_a_line() -> None:
    prose = [line for line in GUIDE.splitlines() if line and not line.startswith((" ", "|", "#", "-"))]

    assert [line for line in prose if re.search(r"[a-z`)][.?!] [A-Z`]", line)] == []
