"""`hardening plan` says the same of baselines, of a target that is asked by them, and of a scan that was done."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tests.cli.conftest import Command
from tests.cli.test_scan import write_inventory

EXTENDED = ("-b", "linux-server:extended")


def digest(hardening: Command, *words: object) -> str:
    run = hardening("plan", *words)
    assert run.status == 0, run.err
    return run.out.split()[1]


def test_a_plan_is_the_same_with_and_without_a_target(hardening: Command) -> None:
    named = [digest(hardening, target, *EXTENDED) for target in ("local", "ssh://audit@web-01", "chroot:/srv/image")]
    assert {*named} == {digest(hardening, *EXTENDED)}


def test_a_target_is_planned_by_its_baselines(hardening: Command, tmp_path: Path, recording: Path) -> None:
    inventory = write_inventory(tmp_path, recording)
    assert digest(hardening, "web-01", "-i", inventory) == digest(hardening, *EXTENDED) != digest(hardening)


def test_a_scan_runs_the_plan(hardening: Command, tmp_path: Path, recording: Path) -> None:
    hardening("collect", f"recorded:{recording}", *EXTENDED, "--into", tmp_path / "kept", "-q")
    (path,) = (tmp_path / "kept").glob("*.snapshot.json.gz")
    assert json.loads(gzip.decompress(path.read_bytes()))["plan_digest"] == digest(hardening, *EXTENDED)


def test_the_canonical_steps_have_the_digest_that_is_printed(hardening: Command) -> None:
    assert hardening("plan", "--json").report["digest"] == digest(hardening)


def test_targets_that_are_asked_different_things_have_no_one_plan(
    hardening: Command, tmp_path: Path, recording: Path
) -> None:
    write_inventory(tmp_path, recording)
    run = hardening("plan", "web-01", "local")
    assert (run.status, "local and web-01 are asked different things" in run.err) == (2, True), run.err


def test_a_kit_is_made_for_baselines(hardening: Command, tmp_path: Path) -> None:
    run = hardening("plan", "local", "--kit", tmp_path / "kit")
    assert (run.status, "name baselines with -b" in run.err) == (2, True)
