"""Going on with a scan that was interrupted: what is kept is not visited again, and the report is of everything."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run

TARGETS = ("a", "b", "c")


@pytest.fixture
def inventory(hardening: Command, recording: Path, tmp_path: Path) -> Path:
    """Write an inventory of three recorded servers."""
    del hardening
    path = tmp_path / "inventory.yaml"
    rows = [f"  - {{name: {name}, recorded: {recording}, baselines: [linux-server]}}\n" for name in TARGETS]
    path.write_text("targets:\n" + "".join(rows))
    path.chmod(0o600)
    return path


@pytest.fixture
def broken_off(hardening: Command, inventory: Path, tmp_path: Path) -> Path:
    """Return the folder of a collection that lacks its last two targets, as an interrupt leaves it."""
    folder = tmp_path / "kept"
    assert hardening("collect", "-i", inventory, "--into", folder, "-q").status == 0
    for name in TARGETS[1:]:
        (folder / f"{name}.snapshot.json.gz").unlink()
    return folder


def visited(run: Run) -> set[str]:
    return {line.split("] ")[1].partition(":")[0] for line in run.err.splitlines() if line.startswith("[")}


def test_only_what_is_left_is_visited(hardening: Command, broken_off: Path) -> None:
    before = (broken_off / "a.snapshot.json.gz").read_bytes()
    run = hardening("collect", "-i", "inventory.yaml", "--resume", broken_off)
    assert (run.status, visited(run), "[2/2]" in run.err) == (0, {"b", "c"}, True)
    assert sorted(path.name for path in broken_off.glob("*.snapshot.json.gz")) == [
        f"{name}.snapshot.json.gz" for name in TARGETS
    ]
    assert (broken_off / "a.snapshot.json.gz").read_bytes() == before


def test_scan_goes_on_and_reports_on_everything(hardening: Command, inventory: Path, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "scans" / "20260101T000000Z-abcdef"
    hardening("collect", "-i", inventory, "--into", folder, "-q")
    (folder / "b.snapshot.json.gz").unlink()
    run = hardening("scan", "-i", inventory, "--resume", "latest", "-o", "json=-")
    assert ({each["target"] for each in run.report["results"]}, visited(run)) == (set(TARGETS), {"b"})
    assert f"snapshots: {folder}" in run.err
    again = hardening("scan", "-i", inventory, "--resume", folder)
    assert (again.status, "came to its end and is sealed" in again.err) == (2, True)


def test_nothing_to_go_on_with_is_told(hardening: Command, inventory: Path) -> None:
    run = hardening("scan", "-i", inventory, "--resume", "latest")
    assert (run.status, "no scan was interrupted" in run.err) == (2, True)


def test_other_targets_are_refused(hardening: Command, broken_off: Path) -> None:
    run = hardening("collect", "a", "-i", "inventory.yaml", "--resume", broken_off)
    assert (run.status, "was of other targets (b, c differ)" in run.err) == (2, True)


def test_other_questions_are_refused(hardening: Command, broken_off: Path) -> None:
    run = hardening("collect", "-i", "inventory.yaml", "--check", "linux-perm-shadow", "--resume", broken_off)
    assert (run.status, "a was asked other questions then" in run.err) == (2, True)


def test_folder_and_resume_exclude_each_other(hardening: Command, broken_off: Path) -> None:
    run = hardening("collect", "-i", "inventory.yaml", "--resume", broken_off, "--into", "elsewhere")
    assert (run.status, "leave --into out" in run.err) == (2, True)


def test_target_that_the_deadline_cut_off_is_visited_when_it_goes_on(hardening: Command, broken_off: Path) -> None:
    path = broken_off / "a.snapshot.json.gz"
    data = json.loads(gzip.decompress(path.read_bytes()))
    for endpoint in data["endpoints"]:
        endpoint["failure"] = "the deadline of the scan passed before this target was visited"
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    run = hardening("collect", "-i", "inventory.yaml", "--resume", broken_off)
    assert (run.status, visited(run)) == (0, set(TARGETS))


@pytest.mark.parametrize("text", ["0", "x", "5d", "-1", "1.5.2"])
def test_odd_times_are_refused_with_the_form(hardening: Command, inventory: Path, text: str) -> None:
    run = hardening("scan", "-i", inventory, f"--deadline={text}")
    assert (run.status, "write a time as 90s, 15m or 2h" in run.err) == (2, True)
