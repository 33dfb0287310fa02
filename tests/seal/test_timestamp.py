"""Time stamps: asked for over HTTP, checked with and without us, and named when anything about them is wrong."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hardening.app.bundle_texts import README
from hardening.errors import StorageError, UsageError
from hardening.seal.bundle import pack_bundle
from hardening.seal.manifest import MANIFEST, NONE, SIGNATURE, Manifest, digest, render_manifest
from hardening.seal.sshsig import load_signer
from hardening.seal.timestamp import TIMESTAMP, Stamper, open_authority, open_stamper
from hardening.seal.verify import Trust, check_bundle, check_stamp, read_allowed_signers
from tests.seal.authority import TimeAuthority, make_authority, serve
from tests.seal.examples import allow, make_key, unpack

pytestmark = pytest.mark.lab
"""Needs openssl and ssh-keygen."""

COMMANDS = README.split("# begin time stamps\n")[1].split("# end time stamps\n")[0]
DATA = b"a manifest\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return make_authority(tmp_path_factory.mktemp("other"))


@pytest.fixture
def served(made: TimeAuthority) -> Iterator[TimeAuthority]:
    with serve(replace(made)) as authority:
        yield authority


@pytest.fixture
def stamper(served: TimeAuthority) -> Stamper:
    found = open_stamper(served.url, served.root)
    assert found
    return found


def trust_in(authority: TimeAuthority) -> Trust:
    return Trust(authority=open_authority(authority.root))


def test_stamp_that_was_asked_for_has_the_time_of_now(stamper: Stamper) -> None:
    assert abs(stamper.authority.check(stamper.stamp(DATA), DATA) - time.time()) < 60


def test_stamp_is_checked_by_openssl_alone(stamper: Stamper, served: TimeAuthority, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(stamper.stamp(DATA))
    (tmp_path / "data").write_bytes(DATA)
    words = ["openssl", "ts", "-verify", "-in", "token", "-data", "data", "-CAfile", str(served.root)]
    run = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, "Verification: OK" in run.stdout + run.stderr) == (0, True)


def test_nothing_is_asked_without_an_address() -> None:
    assert open_stamper("", None) is None


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://tsa.example.org/", "tsa.example.org", "http:///x"])
def test_address_that_is_no_authority_is_refused(made: TimeAuthority, url: str) -> None:
    with pytest.raises(UsageError, match="no address of a time-stamping authority"):
        open_stamper(url, made.root)


def test_address_without_a_certificate_is_refused() -> None:
    with pytest.raises(UsageError, match="needs --timestamp-ca"):
        open_stamper("http://tsa.example.org/", None)


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_file_without_certificates_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "ca.pem").write_text(text)
    with pytest.raises(UsageError, match="no certificates can be read there"):
        open_authority(tmp_path / "ca.pem")


def test_file_without_a_root_is_refused(made: TimeAuthority) -> None:
    with pytest.raises(UsageError, match="holds no root certificate"):
        open_authority(made.folder / "tsa.pem")


def test_authority_that_is_down_is_told(made: TimeAuthority) -> None:
    stamper = open_stamper("http://127.0.0.1:1/tsr", made.root)
    assert stamper
    with pytest.raises(StorageError, match=r"127\.0\.0\.1:1/tsr: no time stamp \(.*refused"):
        stamper.stamp(DATA)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_answer_with_another_status_is_no_stamp(stamper: Stamper, served: TimeAuthority, status: int) -> None:
    served.status = status
    with pytest.raises(StorageError, match="no time stamp"):
        stamper.stamp(DATA)


@pytest.mark.parametrize("answer", [b"x", b"<html>", b"0\x03\x02\x01\x02", b"\x30" * 2_000_000])
def test_answer_that_is_none_is_told(stamper: Stamper, served: TimeAuthority, answer: bytes) -> None:
    served.answer = answer
    with pytest.raises(StorageError, match="the time stamp is not one"):
        stamper.stamp(DATA)


def test_stamp_of_something_else_is_refused(stamper: Stamper, served: TimeAuthority) -> None:
    served.answer = served.stamp(b"another manifest\n")
    with pytest.raises(StorageError, match="Mismatch between messages"):
        stamper.stamp(DATA)


def test_stamp_that_was_made_before_is_refused(stamper: Stamper, served: TimeAuthority) -> None:
    served.answer = served.stamp(DATA)
    with pytest.raises(StorageError, match="answers another question"):
        stamper.stamp(DATA)


def test_stamp_of_another_authority_is_refused(served: TimeAuthority, other: TimeAuthority) -> None:
    stamper = open_stamper(served.url, other.root)
    assert stamper
    with pytest.raises(StorageError, match="the time stamp is not one"):
        stamper.stamp(DATA)


def sealed(now: int) -> bytes:
    facts = {"sealed": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}"}
    return render_manifest(Manifest(scan="x", number=1, previous=NONE, facts=facts))


def test_stamp_of_its_manifest_is_good(made: TimeAuthority) -> None:
    manifest = sealed(int(time.time()))
    assert list(check_stamp(MANIFEST, manifest, made.stamp(manifest), trust_in(made), is_last=True)) == []


def test_every_changed_byte_of_a_manifest_breaks_its_stamp(made: TimeAuthority) -> None:
    manifest = sealed(int(time.time()))
    token, trust = made.stamp(manifest), trust_in(made)
    silent = [
        at
        for at in range(len(manifest))
        if not list(check_stamp(MANIFEST, manifest[:at] + bytes([manifest[at] ^ 1]) + manifest[at + 1 :], token, trust))
    ]
    assert silent == []


@pytest.mark.parametrize("hours", [-30, 30])
def test_clock_that_was_set_back_or_forward_is_found(made: TimeAuthority, hours: int) -> None:
    manifest = sealed(int(time.time()) + hours * 3600)
    (problem,) = check_stamp(MANIFEST, manifest, made.stamp(manifest), trust_in(made))
    assert problem.startswith("clock: MANIFEST was sealed at ")


def test_missing_stamp_of_the_last_manifest_is_named(made: TimeAuthority) -> None:
    trust = trust_in(made)
    assert list(check_stamp(MANIFEST, DATA, b"", trust, is_last=True)) == ["not stamped: MANIFEST"]
    assert list(check_stamp("000001-a.manifest", DATA, b"", trust)) == []


def test_stamp_is_not_believed_where_no_authority_is_named(made: TimeAuthority) -> None:
    (problem,) = check_stamp(MANIFEST, DATA, made.stamp(DATA), Trust())
    assert problem.startswith("unknown authority: MANIFEST.tsr is not checked; name the authority's certificate")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, made: TimeAuthority) -> tuple[bytes, Trust]:
    """Return a bundle of two scans, both stamped, and who is trusted."""
    folder = tmp_path_factory.mktemp("bundle")
    signer = load_signer(make_key(folder), None)
    facts = {"sealed": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    first = render_manifest(Manifest(scan="a", number=1, previous=NONE, facts=facts))
    files = {"README.txt": README.encode()}
    listed = {name: digest(data) for name, data in files.items()}
    last = render_manifest(Manifest(scan="b", number=2, previous=digest(first), facts=facts, files=listed))
    name = "chain/000001-a.manifest"
    files |= {name: first, f"{name}.sig": signer.sign(first).encode(), f"{name}.tsr": made.stamp(first)}
    files |= {MANIFEST: last, SIGNATURE: signer.sign(last).encode(), TIMESTAMP: made.stamp(last)}
    signers = read_allowed_signers(allow(folder, folder / "key-ed25519").read_text())
    return pack_bundle(files), Trust(signers, digest(last), open_authority(made.root))


def test_bundle_with_stamps_is_good(bundle: tuple[bytes, Trust]) -> None:
    packed, trust = bundle
    assert list(check_bundle(unpack(packed), trust)) == []


def test_every_changed_byte_of_a_stamp_in_a_bundle_is_found_and_named(bundle: tuple[bytes, Trust]) -> None:
    packed, trust = bundle
    files = unpack(packed)
    silent = []
    for name in (TIMESTAMP, "chain/000001-a.manifest.tsr"):
        for at in range(len(files[name])):
            changed = files[name][:at] + bytes([files[name][at] ^ 0x20]) + files[name][at + 1 :]
            if name not in "\n".join(check_bundle({**files, name: changed}, trust)):
                silent.append((name, at))
    assert silent == []


def test_swapped_stamps_are_found_also_when_the_list_of_digests_was_made_anew(bundle: tuple[bytes, Trust]) -> None:
    packed, trust = bundle
    files = unpack(packed)
    name = "chain/000001-a.manifest.tsr"
    files |= {TIMESTAMP: files[name], name: files[TIMESTAMP]}
    del files["SHA256SUMS"]
    problems = [line.partition(" or ")[0] for line in check_bundle(unpack(pack_bundle(files)), trust)]
    assert problems == ["altered: MANIFEST", "altered: chain/000001-a.manifest"]


@pytest.mark.parametrize("change", [False, True])
def test_commands_of_the_readme_check_stamps(
    bundle: tuple[bytes, Trust], made: TimeAuthority, tmp_path: Path, *, change: bool
) -> None:
    packed, _ = bundle
    files = unpack(packed)
    if change:
        files["chain/000001-a.manifest"] += b"# more: x\n"
    (tmp_path / "evidence/chain").mkdir(parents=True)
    for name, data in files.items():
        (tmp_path / "evidence" / name).write_bytes(data)
    (tmp_path / "tsa.pem").write_bytes(made.root.read_bytes())
    run = subprocess.run(["sh", "-c", COMMANDS], cwd=tmp_path / "evidence", capture_output=True, text=True, check=False)
    assert run.stdout + run.stderr == ("chain/000001-a.manifest.tsr: time stamp\n" if change else "")
