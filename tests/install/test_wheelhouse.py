"""The recipe for a machine without internet works as the page tells it: nothing is fetched there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hardening.content.shipped import find_shipped

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = find_shipped()


def read_recipe() -> tuple[str, str]:
    """Return the commands of the page: for the machine with internet, and for the one without."""
    section = (ROOT / "docs" / "operating.md").read_text("utf-8").partition("### Install without internet")[2]
    blocks: list[list[str]] = [[]]
    for line in section.partition("\n## ")[0].splitlines():
        if line.startswith("    "):
            blocks[-1].append(line.strip())
        elif blocks[-1]:
            blocks.append([])
    outside, inside = ("\n".join(block) for block in blocks if block)
    return outside, inside


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a checkout's worth of links and, built as the page says, a wheelhouse."""
    folder = tmp_path_factory.mktemp("machine")
    for name in ("src", "checks", "baselines", "reports", "schemas", "pyproject.toml", "README.md", "LICENSE"):
        (folder / name).symlink_to(ROOT / name)
    run(folder, read_recipe()[0], dict(os.environ))
    return folder


def run(folder: Path, commands: str, environment: dict[str, str], *before: str) -> str:
    """Run the commands of a block in a folder, with this Python as `python3`."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "python3").unlink(missing_ok=True)
    (tools / "python3").symlink_to(sys.executable)
    text = commands.replace("/opt/hardening", str(folder / "opt"))
    settings = {**environment, "PATH": f"{tools}:{environment['PATH']}"}
    done = subprocess.run(
        [*before, "sh", "-euc", text], cwd=folder, env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_machine_without_internet_gets_a_working_scanner(place: Path) -> None:
    without_index = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "http", "HTTP"))}
    # A network namespace of its own has not even a loopback interface that is up.
    said = run(place, read_recipe()[1], without_index, "unshare", "--net", "--map-root-user")
    assert said.splitlines()[-1].startswith("hardening ")


def test_the_scanner_that_came_without_internet_has_its_content(place: Path) -> None:
    if not (place / "opt").exists():
        run(place, read_recipe()[1], dict(os.environ))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(place / "opt/bin/hardening"), "plan", "-b", "linux-server:extended"]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.startswith("Plan ")) == (0, True), done.stderr
