"""Proves that a lab leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.cgroups import own_groups
from tests.lab.commands import LabError, run
from tests.lab.lab import REPOSITORY, RUNS, Lab
from tests.lab.network import NAMESPACES

OTHER_LAB = """
import os, sys
from tests.lab.lab import build_materials, open_lab
with open_lab(build_materials(os.environ)) as lab:
    lab.host("bastion")
    lab.peer("silent")
    print(lab.network.name, flush=True)
    sys.stdin.read()
"""


def _leftovers(name: str) -> list[str]:
    """List namespaces, records, control groups, mounts and processes that carry the name of a lab or host."""
    processes = [path for path in Path("/proc").glob("[0-9]*/cmdline") if f"{name}" in _read(path).replace("\0", " ")]
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if name in line]
    folders = [*NAMESPACES.glob(f"{name}*"), *RUNS.glob(f"{name}*")]
    groups = [group for folder in own_groups() for group in folder.glob(f"{name}*")]
    nspawn = list(Path("/run/systemd/nspawn").glob(f"*/{name}*"))
    return [str(item) for item in (*processes, *mounts, *folders, *groups, *nspawn)]


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


@pytest.fixture
def other_lab(lab: Lab) -> Iterator[subprocess.Popen[str]]:
    """Run a second lab in a process of its own."""
    assert lab.known_hosts.exists()
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_LAB], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        yield program


def _name_of(program: subprocess.Popen[str]) -> str:
    assert program.stdout
    return program.stdout.readline().strip()


def _await_nothing_left(name: str) -> list[str]:
    deadline = time.monotonic() + 20
    while _leftovers(name) and time.monotonic() < deadline:
        time.sleep(0.1)
    return _leftovers(name)


def test_two_labs_run_beside_each_other_and_the_second_ends_alone(lab: Lab, other_lab: subprocess.Popen[str]) -> None:
    name = _name_of(other_lab)
    assert _leftovers(name)
    other_lab.communicate()
    assert (other_lab.returncode, _leftovers(name), lab.host("bastion").run("uname", "-n")) == (0, [], "bastion\n")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_lab_ends_with_its_process(other_lab: subprocess.Popen[str], end: signal.Signals) -> None:
    name = _name_of(other_lab)
    other_lab.send_signal(end)
    other_lab.wait()
    assert _await_nothing_left(name) == []


def test_a_stopped_host_is_gone_and_comes_back_fresh(lab: Lab) -> None:
    first = lab.host("nosudo")
    first.run("touch", "/root/traces-of-a-test")
    lab.stop("nosudo")
    assert _leftovers(first.namespace) == []
    second = lab.host("nosudo")
    assert second.leader != first.leader
    with pytest.raises(LabError, match="traces-of-a-test"):
        second.run("ls", "/root/traces-of-a-test")


def test_a_host_that_does_not_boot_says_why_and_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    broken = Lab(lab.network, replace(lab.materials, trees={"base": (tmp_path,)}))
    broken.stop("rekeyed")
    with pytest.raises(LabError, match="rekeyed did not boot"):
        broken.host("rekeyed")
    assert _leftovers(lab.network.namespace("rekeyed")) == []


def test_programs_of_the_machine_stay_reachable_from_inside(lab: Lab) -> None:
    assert run("ip", "netns", "identify", str(os.getpid())).strip() == lab.network.name
