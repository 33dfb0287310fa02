"""From a signed scan to what an auditor checks."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from hardening.app.bundle_texts import README
from tests.cli.conftest import Command
from tests.seal.examples import allow, make_key

pytestmark = pytest.mark.lab
"""Needs ssh-keygen."""

COMMANDS = README.split("# begin check\n")[1].split("# end check\n")[0]


@pytest.fixture
def signed(hardening: Command, tmp_path: Path, recording: Path) -> Command:
    """Scan twice, signed."""
    key = make_key(tmp_path)
    allow(tmp_path, key)
    for _ in range(2):
        run = hardening("scan", f"recorded:{recording}", "--fail-on", "never", "--sign-key", key)
    head = re.findall(r"^chain: ([0-9a-f]{64}) \(number 2, signed by SHA256:", run.err, re.MULTILINE)
    (tmp_path / "head").write_text(head[0])
    return hardening


def test_signed_scan_is_packed_and_checked_by_us_and_by_openssh(signed: Command, tmp_path: Path) -> None:
    head = (tmp_path / "head").read_text()
    assert signed("bundle", "latest", "-o", "evidence.tar").status == 0
    run = signed("verify", "evidence.tar", "--allowed-signers", "allowed_signers", "--head", head)
    assert (run.status, run.out) == (0, "nothing is missing, altered or cut off\n")
    with tarfile.open("evidence.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    shell = subprocess.run(["sh", "-c", COMMANDS], cwd=tmp_path / "evidence", capture_output=True, check=False)
    assert shell.stdout + shell.stderr == b""


def test_plan_in_the_evidence_has_the_digest_of_the_manifest(signed: Command) -> None:
    del signed
    latest = max(Path(os.environ["STATE_DIRECTORY"]).glob("scans/*"))
    (plan,) = latest.glob("plan-*.json")
    said = subprocess.run(["sha256sum", plan], capture_output=True, text=True, check=True).stdout.split()[0]
    assert f"# plan: {said}\n" in (latest / "MANIFEST").read_text()


def test_own_chain_is_checked_and_its_end_is_known_by_its_head(signed: Command, tmp_path: Path) -> None:
    words = ["verify", "--allowed-signers", "allowed_signers", "--head", (tmp_path / "head").read_text()]
    assert signed(*words).status == 0
    max(Path(os.environ["STATE_DIRECTORY"]).glob("chain/*.manifest")).unlink()
    run = signed(*words)
    assert (run.status, run.out.startswith("cut off: ")) == (10, True)


def test_changed_snapshot_is_named(signed: Command) -> None:
    latest = max(Path(os.environ["STATE_DIRECTORY"]).glob("scans/*"), key=lambda path: path.stat().st_mtime_ns)
    (snapshot,) = latest.glob("*.snapshot.json.gz")
    snapshot.write_bytes(snapshot.read_bytes() + b"\0")
    run = signed("verify", "latest", "--allowed-signers", "allowed_signers")
    assert (run.status, run.out) == (10, f"altered: {snapshot.name}\n")


def test_scan_that_nobody_signed_is_told(hardening: Command, recording: Path) -> None:
    hardening("scan", f"recorded:{recording}", "--fail-on", "never", "-q")
    run = hardening("verify", "latest")
    assert (run.status, run.out) == (10, "not signed: MANIFEST\n")


def test_missing_key_stops_the_scan_before_it_starts(hardening: Command, recording: Path) -> None:
    run = hardening("scan", f"recorded:{recording}", "--sign-key", "absent")
    assert (run.status, "cannot be read" in run.err) == (2, True)
    assert not list(Path(os.environ["STATE_DIRECTORY"]).glob("scans/*"))


def test_what_is_no_bundle_is_told(hardening: Command, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"x" * 2_000)
    run = hardening("verify", "x.tar")
    assert (run.status, run.out.startswith("x.tar: no bundle, or damaged")) == (10, True)
