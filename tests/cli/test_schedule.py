"""Units that systemd accepts, scans that do not overlap, and the command that hears of new gaps."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from hardening.app.exclusive import held_alone
from hardening.app.schedule import Schedule, render_units
from hardening.app.state import find_state
from tests.cli.conftest import Command
from tests.cli.test_scan import write_inventory

pytestmark = pytest.mark.lab
"""Needs systemd-analyze."""

MOST_EXPOSED = 20  # tenths, as systemd-analyze counts with a threshold; 100 is no shelter at all


@pytest.fixture
def units(hardening: Command, tmp_path: Path) -> Path:
    """Write units into a folder of the test."""
    folder = tmp_path / "units"
    folder.mkdir()
    words = ["--credential", "sudo=/etc/hardening/sudo", "--on-failure", "trouble.service", "--into", folder]
    run = hardening("schedule", "install", *words, "--", "--select", "zone=dmz, 100% $HOME", "-o", "html=/x/gap.html")
    assert run.status == 0
    return folder


def test_systemd_accepts_the_units_and_finds_them_sheltered(units: Path) -> None:
    (units / "trouble.service").write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n")
    service = units / "hardening-scan.service"
    # The program of this checkout need not lie where systemd looks; any program shows that the rest is read.
    service.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", service.read_text()))
    analyze = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(units.iterdir()))]
    verified = subprocess.run(analyze, capture_output=True, text=True, check=False)
    assert (verified.returncode, [line for line in verified.stderr.splitlines() if "hardening" in line]) == (0, [])
    security = ["systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(service)]
    scored = subprocess.run(security, capture_output=True, text=True, check=False)
    assert scored.returncode == 0, scored.stdout


def test_units_say_what_was_asked_for(units: Path) -> None:
    service = (units / "hardening-scan.service").read_text()
    expected = ["DynamicUser=yes", "SuccessExitStatus=10", "LoadCredential=sudo:/etc/hardening/sudo"]
    assert [line for line in [*expected, "OnFailure=trouble.service"] if line not in service.splitlines()] == []
    assert ' --exclusive --quiet --select "zone=dmz, 100%% $$HOME" -o html=/x/gap.html\n' in service
    timer = (units / "hardening-scan.timer").read_text().splitlines()
    assert {"OnCalendar=Mon *-*-* 03:00", "RandomizedDelaySec=30min", "Persistent=yes"} <= set(timer)


def test_account_is_named_in_place_of_one_made_up() -> None:
    schedule = Schedule(
        program=Path("/opt/h"), site=Path("/etc/hardening"), calendar="daily", delay="1h", account="audit"
    )
    service = render_units(schedule)["hardening-scan.service"]
    assert ("User=audit\n" in service, "DynamicUser" in service) == (True, False)


@pytest.mark.parametrize(
    "words",
    [
        ["--account", "root\nExecStart=/bin/sh"],
        ["--credential", "sudo"],
        ["--on-failure", "no unit"],
        ["--delay", "x=y"],
        ["--on-calendar", "someday"],
    ],
)
def test_what_does_not_belong_in_a_unit_is_refused(hardening: Command, words: list[str]) -> None:
    assert hardening("schedule", "install", "--dry-run", *words).status == 2


def test_next_runs_are_shown(hardening: Command, units: Path) -> None:
    run = hardening("schedule", "show", "--runs", "3", "--into", units)
    assert (run.status, len(re.findall(r"Mon \d{4}-\d\d-\d\d 03:00:00", run.out)) >= 3) == (0, True)


def test_no_timer_is_told(hardening: Command, tmp_path: Path) -> None:
    run = hardening("schedule", "show", "--into", tmp_path)
    assert (run.status, "run `hardening schedule install`" in run.err) == (2, True)


def test_scan_does_not_start_beside_another(hardening: Command, recording: Path) -> None:
    with held_alone(find_state(os.environ), wanted=True):
        run = hardening("scan", f"recorded:{recording}", "--exclusive", "-q")
    assert (run.status, "another scan with --exclusive runs" in run.err) == (2, True)
    assert hardening("scan", f"recorded:{recording}", "--exclusive", "-q", "--fail-on", "never").status == 0


def test_command_hears_of_new_gaps_once(hardening: Command, tmp_path: Path, recording: Path) -> None:
    hook = tmp_path / "hook"
    hook.write_text("#!/bin/sh\ncat >> heard\n")
    hook.chmod(0o755)
    inventory = write_inventory(tmp_path, recording)
    words = ["scan", "-i", inventory, "-q", "--fail-on", "never", "--on-new-gaps", str(hook)]
    hardening(*words)
    assert not (tmp_path / "heard").exists()
    # What the site allows from now on makes a gap of what passed before.
    site = tmp_path / "site.yaml"
    site.write_text("parameters:\n  - {check: linux-perm-shadow, values: {allowed_groups: [nobody-at-all]}}\n")
    site.chmod(0o600)
    hardening(*words)
    hardening(*words)
    heard = json.loads((tmp_path / "heard").read_text())
    assert [(gap["target"], gap["check"]) for gap in heard["new_gaps"]] == [("web-01", "linux-perm-shadow")]
    assert re.fullmatch(r"[0-9a-f]{64}", heard["chain_head"])


def test_command_that_fails_is_told_and_changes_nothing(hardening: Command, tmp_path: Path, recording: Path) -> None:
    inventory = write_inventory(tmp_path, recording)
    words = ["scan", "-i", inventory, "-q", "--fail-on", "never", "--on-new-gaps", "/bin/false"]
    hardening(*words)
    (tmp_path / "site.yaml").write_text(
        "parameters:\n  - {check: linux-perm-shadow, values: {allowed_groups: [nobody-at-all]}}\n"
    )
    (tmp_path / "site.yaml").chmod(0o600)
    run = hardening(*words)
    assert (run.status, "/bin/false ended with 1" in run.err) == (0, True)
