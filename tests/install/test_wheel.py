"""The wheel, installed elsewhere, carries its content and plans the same commands as the checkout does."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from hardening.content.shipped import find_shipped
from tests.lab import commands, packages
from tests.lab.cache import build_once, cache_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = find_shipped()


def other_python() -> str:
    """Return a Python 3.13 of this machine, empty where there is none."""
    candidates = [shutil.which("python3.13") or "", *map(str, Path.home().glob(".pyenv/versions/3.13*/bin/python3.13"))]
    for candidate in filter(None, candidates):
        run = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        if run.stdout.startswith("Python 3.13"):
            return candidate
    return ""


def build_debian_13(environment: Mapping[str, str]) -> Path:
    """Return a tree of Debian 13, which has Python 3.13 and little else; needs root."""
    packages.install()

    def build(folder: Path) -> None:
        options = ("--quiet", "--mode=root", "--variant=extract", "--include=python3")
        commands.run("mmdebstrap", *options, "trixie", str(folder), *packages.apt_sources("trixie"))
        for name in ("mnt", "root"):
            (folder / name).mkdir()
        for name in ("bin", "lib", "lib64", "sbin"):  # what the package base-files would bring
            if not (folder / name).exists():
                (folder / name).symlink_to(f"usr/{name}")

    return build_once(cache_folder(environment) / "trees" / "trixie-python", build)


def plan_in_debian_13(wheel: Path, folder: Path) -> str:
    """Return the digest that the wheel has for a plan in a tree of Debian 13."""
    tree, site = build_debian_13(os.environ), folder / "site"
    platforms = [f"--platform=manylinux{form}_{platform.machine()}" for form in ("2014", "_2_28", "_2_34")]
    foreign = ("--python-version=3.13", "--implementation=cp", *platforms, "--only-binary=:all:")
    install_there = [sys.executable, "-m", "pip", "-q", "install", "--target", str(site), *foreign, str(wheel)]
    subprocess.run(install_there, check=True)
    start = "import sys; assert sys.version_info[:2] == (3, 13); from hardening.cli import run; run()"
    words = ("python3", "-c", start, "plan", "-b", "linux-server:extended", "--json")
    inside = 'mount --bind "$1" "$2/mnt"; tree=$2; shift 2; PYTHONPATH=/mnt HOME=/root exec chroot "$tree" "$@"'
    argv = ("unshare", "--mount", "--propagation", "private", "sh", "-euc", inside, "sh", str(site), str(tree), *words)
    run = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return str(json.loads(run.stdout)["digest"])


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


def test_python_3_13_plans_the_same(wheel: Path, tmp_path: Path) -> None:
    python = other_python()
    if not python and os.geteuid() != 0:
        pytest.skip("no Python 3.13 on this machine, and only root can make a tree that has one")
    there = (
        plan_digest(install(python, wheel, tmp_path / "venv"), tmp_path)
        if python
        else plan_in_debian_13(wheel, tmp_path)
    )
    assert there == plan_digest(Path(sys.executable).parent / "hardening", tmp_path)
