"""From a signed scan to what an auditor checks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardening.app.bundle_texts import README
from tests.cli.conftest import Command, Run
from tests.seal.authority import TimeAuthority, make_authority, serve
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


def test_key_with_a_passphrase_that_nobody_gives_stops_the_scan_before_it_starts(
    hardening: Command, tmp_path: Path, recording: Path
) -> None:
    key = make_key(tmp_path, passphrase="vinter i Bergen")
    run = hardening("scan", f"recorded:{recording}", "--sign-key", key)
    assert (run.status, "--sign-passphrase-from" in run.err) == (2, True)
    assert not list(Path(os.environ["STATE_DIRECTORY"]).glob("scans/*"))


def test_agent_that_is_not_there_stops_the_scan_before_it_starts(
    hardening: Command, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    run = hardening("scan", f"recorded:{recording}", "--sign-key", "agent:SHA256:abc")
    assert (run.status, "agent" in run.err) == (2, True)
    assert not list(Path(os.environ["STATE_DIRECTORY"]).glob("scans/*"))


def test_signature_by_a_key_that_is_not_allowed_is_told(signed: Command, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    others = allow(tmp_path / "other", make_key(tmp_path / "other"))
    run = signed("verify", "latest", "--allowed-signers", others)
    assert (run.status, run.out.startswith("unknown signer: MANIFEST is signed by SHA256:")) == (10, True)


def test_what_is_no_bundle_is_told(hardening: Command, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"x" * 2_000)
    run = hardening("verify", "x.tar")
    assert (run.status, run.out.startswith("x.tar: no bundle, or damaged")) == (10, True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeAuthority]:
    with serve(make_authority(tmp_path_factory.mktemp("authority"))) as served:
        yield served


def stamped(hardening: Command, recording: Path, authority: TimeAuthority) -> Run:
    words = ("--timestamp-url", authority.url, "--timestamp-ca", authority.root)
    return hardening("scan", f"recorded:{recording}", "--fail-on", "never", *words)


def test_stamped_scan_is_packed_and_checked(hardening: Command, recording: Path, authority: TimeAuthority) -> None:
    assert stamped(hardening, recording, authority).status == 0
    hardening("bundle", "latest", "-o", "evidence.tar")
    with tarfile.open("evidence.tar") as archive:
        assert "evidence/MANIFEST.tsr" in archive.getnames()
    for words in (["evidence.tar"], ["latest"], []):
        run = hardening("verify", *words, "--timestamp-ca", authority.root)
        assert [line for line in run.out.splitlines() if not line.startswith("not signed: ")] == []


def test_second_stamped_scan_brings_the_stamp_of_the_first(
    hardening: Command, recording: Path, authority: TimeAuthority
) -> None:
    for _ in range(2):
        stamped(hardening, recording, authority)
    hardening("bundle", "latest", "-o", "evidence.tar")
    with tarfile.open("evidence.tar") as archive:
        assert sum(name.endswith(".manifest.tsr") for name in archive.getnames()) == 1


def test_stamp_is_told_where_its_authority_is_not_known(
    hardening: Command, recording: Path, authority: TimeAuthority
) -> None:
    stamped(hardening, recording, authority)
    run = hardening("verify", "latest")
    assert (run.status, "unknown authority: MANIFEST.tsr is not checked" in run.out) == (10, True)


def test_scan_that_was_to_be_stamped_and_is_not_is_told(
    hardening: Command, recording: Path, authority: TimeAuthority
) -> None:
    hardening("scan", f"recorded:{recording}", "--fail-on", "never", "-q")
    run = hardening("verify", "latest", "--timestamp-ca", authority.root)
    assert (run.status, "not stamped: MANIFEST\n" in run.out) == (10, True)


def test_authority_that_is_down_loses_nothing_and_is_no_success(
    hardening: Command, tmp_path: Path, recording: Path, authority: TimeAuthority
) -> None:
    words = ("--timestamp-url", "http://127.0.0.1:1/", "--timestamp-ca", authority.root)
    run = hardening("scan", f"recorded:{recording}", "--fail-on", "never", "-o", "json=gap.json", *words)
    assert (run.status, "no time stamp (" in run.err) == (4, True)
    assert ((tmp_path / "gap.json").exists(), len(hardening("history", "--json").report)) == (True, 1)
    assert hardening("verify", "latest").out == "not signed: MANIFEST\n"


def test_time_stamp_without_its_extra_stops_the_scan_before_it_starts(
    hardening: Command, recording: Path, authority: TimeAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    run = stamped(hardening, recording, authority)
    assert (run.status, "pip install 'hardening[timestamp]'" in run.err) == (2, True)
