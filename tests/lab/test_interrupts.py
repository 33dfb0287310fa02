"""Proves what is left when a scan is stopped in the middle: what was collected, and nothing that runs on a target."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.hosts import Host
from tests.lab.lab import Lab
from tests.lab.scans import Scans

HARDENING = Path(sys.executable).with_name("hardening")
SLOW = "nosudo"
NAP = "4242"
INVENTORY = """
targets:
  - name: quick
    ssh: {{address: {quick}, user: audit, become: sudo, known_hosts: {known_hosts}}}
    credential: lab
    baselines: [linux-server]
  - name: slow
    ssh: {{address: {slow}, user: {user}, become: {become}, known_hosts: {known_hosts}}}
    credential: lab
    baselines: [linux-server]
credentials:
  lab: {{key: {key}}}
"""


@contextmanager
def slowed(host: Host, program: str, script: str) -> Iterator[None]:
    """Put a script in the place of a program of a host while the block runs."""
    stand_in = host.root / "run" / "stand-in"
    stand_in.write_text(f"#!/bin/sh\n{script}\n")
    stand_in.chmod(0o755)
    host.run("mount", "--bind", "/run/stand-in", program)
    try:
        yield
    finally:
        host.run("umount", "--lazy", program)  # whoever still runs the script need not have ended


@contextmanager
def running(scans: Scans, *words: object) -> Iterator[subprocess.Popen[str]]:
    """Run the installed command in a process of its own."""
    argv = [str(HARDENING), *(str(word) for word in words)]
    environment = {**os.environ, **scans.environment()}
    with subprocess.Popen(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def await_line(program: subprocess.Popen[str], words: str) -> None:
    """Read standard error as far as the line with these words."""
    assert program.stderr
    for line in program.stderr:
        if words in line:
            return
    pytest.fail(f"never said {words!r}")


def await_process(host: Host, words: str) -> None:
    """Wait until a process with these words in its command line runs on the host."""
    deadline = time.monotonic() + 30
    while not processes(host, words):
        assert time.monotonic() < deadline, f"{words} never ran"
        time.sleep(0.05)


def processes(host: Host, words: str) -> list[str]:
    """List the processes on a host that have these words in their command line."""
    lines = host.run("ps", "-ww", "-eo", "pid=,user=,args=").splitlines()
    return [line for line in lines if words in line and "ps -ww" not in line]


def await_no_process(host: Host, words: str, seconds: float = 15) -> list[str]:
    deadline = time.monotonic() + seconds
    while processes(host, words) and time.monotonic() < deadline:
        time.sleep(0.1)
    return processes(host, words)


@pytest.fixture
def inventory(lab: Lab, tmp_path: Path) -> Path:
    path = tmp_path / "inventory.yaml"
    quick, slow = lab.host("bastion").address, lab.host(SLOW).address
    names = {"quick": quick, "slow": slow, "user": "audit", "become": "no"}
    path.write_text(INVENTORY.format(**names, known_hosts=lab.known_hosts, key=lab.user_key))
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_scan_keeps_what_was_collected(
    lab: Lab, scans: Scans, inventory: Path, number: signal.Signals, status: int
) -> None:
    into = inventory.with_name("kept")
    with (
        slowed(lab.host(SLOW), "/usr/bin/dpkg-query", f"exec sleep {NAP}"),
        running(scans, "collect", "-i", inventory, "--into", into) as program,
    ):
        await_line(program, "quick: done")
        await_process(lab.host(SLOW), f"sleep {NAP}")
        program.send_signal(number)
        _, err = program.communicate(timeout=20)
    later = scans.run("evaluate", into, "-o", "json=-")
    assert (program.returncode, "Traceback" in err) == (status, False), err
    assert {result["target"] for result in later.report["results"]} == {"quick"}, later.err
    resumed = scans.run("collect", "-i", inventory, "--resume", into)
    assert (resumed.status, "slow: done" in resumed.err, "quick:" in resumed.err) == (0, True, False), resumed.err


def test_an_interrupted_scan_says_so_and_how_to_go_on(lab: Lab, scans: Scans) -> None:
    words = scans.words("audit@hangs")
    lab.host("hangs")
    with running(scans, *words) as program:
        await_line(program, "asking")
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=20)
    first, *_, last = err.splitlines()
    assert (program.returncode, out, last) == (130, "", "hardening: interrupted; what was collected is kept")
    assert first.startswith("hardening: give the same command with `--resume ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("become", [(), ("--become", "sudo")], ids=["user", "root"])
def test_a_stopped_scan_leaves_no_process_on_the_target(
    lab: Lab, scans: Scans, number: signal.Signals, become: tuple[str, ...]
) -> None:
    host = lab.host("bastion")
    awk = host.run("readlink", "-f", "/usr/bin/awk").strip()
    with (
        slowed(host, awk if become else "/usr/bin/dpkg-query", "sleep 3"),
        running(scans, *scans.words("audit@bastion"), *become) as program,
    ):
        await_process(host, "sleep 3")
        program.send_signal(number)
        program.communicate(timeout=20)
        left = await_no_process(host, "hardening_word")
    assert left == []
