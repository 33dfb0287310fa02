"""The wheel, installed elsewhere, carries its content and plans the same commands as the checkout does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hardening.content.shipped import find_shipped

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = find_shipped()


def other_python() -> str:
    """Return a Python 3.13, empty where there is none."""
    candidates = [shutil.which("python3.13") or "", *map(str, Path.home().glob(".pyenv/versions/3.13*/bin/python3.13"))]
    for candidate in filter(None, candidates):
        run = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        if run.stdout.startswith("Python 3.13"):
            return candidate
    return ""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "-q", "wheel", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    (built,) = folder.glob("*.whl")
    return built


def install(python: str, wheel: Path, folder: Path) -> Path:
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin/python"), "-m", "pip", "-q", "install", str(wheel)], check=True)
    return folder / "bin/hardening"


def plan_digest(command: Path, folder: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    run = subprocess.run(
        [str(command), "plan", "-b", "linux-server:extended", "--json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(run.stdout)["digest"])


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(sys.executable, wheel, tmp_path_factory.mktemp("venv"))


def test_installed_wheel_plans_what_the_checkout_plans(installed: Path, tmp_path: Path) -> None:
    assert plan_digest(installed, tmp_path) == plan_digest(Path(sys.executable).parent / "hardening", tmp_path)


def test_installed_wheel_scans_with_its_own_content(installed: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [str(installed), "scan", "local", "-o", "html=gap.html", "-q"],
        cwd=tmp_path,
        env={**os.environ, "STATE_DIRECTORY": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode in {0, 3, 10}, (tmp_path / "gap.html").stat().st_size > 10_000) == (True, True), run.stderr


@pytest.mark.skipif(not other_python(), reason="no Python 3.13 on this machine")
def test_python_3_13_plans_the_same(wheel: Path, tmp_path: Path) -> None:
    command = install(other_python(), wheel, tmp_path / "venv")
    assert plan_digest(command, tmp_path) == plan_digest(Path(sys.executable).parent / "hardening", tmp_path)
