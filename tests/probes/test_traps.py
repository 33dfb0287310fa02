"""Every trap for scanners of Linux and Windows that we know has something that shows we do not fall into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
TABLE = REPOSITORY.parent / "shared/reference/traps.md"


@dataclass(frozen=True, slots=True)
class Trap:
    """A trap, the beginning of the line that it comes from, and what shows that we do not fall into it."""

    about: str
    trap: str
    shown_by: tuple[str, ...]


FILES = {"Linux": "traps.yaml", "Windows": "traps_windows.yaml"}


def _load_traps(platform: str) -> tuple[Trap, ...]:
    rows = yaml.safe_load((HERE / FILES[platform]).read_text("utf-8"))
    return tuple(Trap(**{**row, "shown_by": tuple(row["shown_by"])}) for row in rows)


def _is_there(proof: str) -> bool:
    path, separator, name = proof.partition("::")
    if not separator:
        return (HERE / proof / "expected.json").exists()
    file = REPOSITORY / path
    return file.exists() and f"\ndef {name}(" in file.read_text("utf-8")


@pytest.mark.parametrize("platform", FILES)
def test_every_trap_is_shown_by_something(platform: str) -> None:
    assert [trap.trap for trap in _load_traps(platform) if not trap.shown_by] == []


@pytest.mark.parametrize("platform", FILES)
def test_everything_that_shows_a_trap_is_there(platform: str) -> None:
    assert [proof for trap in _load_traps(platform) for proof in trap.shown_by if not _is_there(proof)] == []


@pytest.mark.skipif(not TABLE.exists(), reason="the table of traps is not beside this checkout (shared/reference)")
@pytest.mark.parametrize("platform", FILES)
def test_every_line_of_the_table_is_there(platform: str) -> None:
    part = TABLE.read_text("utf-8").partition(f"## {platform}\n")[2].partition("\n## ")[0]
    lines = [line.removeprefix("- ").removeprefix("* ") for line in part.splitlines() if line.startswith("- ")]
    abouts = {trap.about for trap in _load_traps(platform)}
    assert [line for line in lines if not any(line.startswith(about) for about in abouts)] == []


def test_what_is_not_there_would_be_seen() -> None:
    assert not _is_there("sshd/never_recorded")
    assert not _is_there("tests/probes/test_traps.py::test_never_written")
