"""Every change of evidence is found and named: by us, and by the commands that its README tells."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hardening.app.bundle_texts import README
from hardening.seal.bundle import pack_bundle, unpack_bundle
from hardening.seal.manifest import MANIFEST, digest
from hardening.seal.sshsig import load_signer
from hardening.seal.verify import Trust, check_bundle, check_chain, read_allowed_signers
from tests.seal.examples import allow, make_bundle, make_key, make_links, unpack

pytestmark = pytest.mark.lab
"""Needs ssh-keygen."""

COMMANDS = README.split("# begin check\n")[1].split("# end check\n")[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundle")


@pytest.fixture(scope="module")
def bundle(folder: Path) -> bytes:
    made = make_bundle(folder)
    allow(folder, folder / "key-ed25519")
    return made


@pytest.fixture
def trust(folder: Path, bundle: bytes) -> Trust:
    signers = read_allowed_signers((folder / "allowed_signers").read_text())
    return Trust(signers, digest(unpack(bundle)[MANIFEST]))


def run_commands(folder: Path, files: dict[str, bytes]) -> str:
    """Run the commands of the README on some files and return everything that they print."""
    place = folder / "evidence"
    subprocess.run(["rm", "-rf", place], check=True)
    (place / "chain").mkdir(parents=True)
    for name, data in files.items():
        (place / name).write_bytes(data)
    run = subprocess.run(["sh", "-c", COMMANDS], cwd=place, capture_output=True, check=False)
    return (run.stdout + run.stderr).decode("utf-8", "replace")


def flip(data: bytes, at: int, bits: int) -> bytes:
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


def test_untouched_bundle_is_good(folder: Path, bundle: bytes, trust: Trust) -> None:
    files = unpack(bundle)
    assert (list(check_bundle(files, trust)), run_commands(folder, files)) == ([], "")


def test_every_changed_byte_of_every_file_is_found_and_named(bundle: bytes, trust: Trust) -> None:
    files = unpack(bundle)
    silent = []
    for name, data in files.items():
        for at in range(len(data)):
            # The other case of a letter, where there is one: hexadecimal and base64 could forgive it.
            problems = "\n".join(check_bundle({**files, name: flip(data, at, 0x20)}, trust))
            if name not in problems:
                silent.append((name, at))
    assert silent == []


def test_commands_of_the_readme_find_and_name_changed_bytes(folder: Path, bundle: bytes) -> None:
    files = unpack(bundle)
    silent = []
    for name, data in files.items():
        for at in sorted({0, 1, len(data) // 3, len(data) // 2, len(data) - 2, len(data) - 1}):
            for bits in (0x01, 0x20):
                said = run_commands(folder, {**files, name: flip(data, at, bits)})
                if name not in said and not (name == "SHA256SUMS" and said):
                    silent.append((name, at, bits))
    assert silent == []


def test_every_changed_byte_of_the_archive_is_found(bundle: bytes, trust: Trust) -> None:
    silent = []
    for at in range(0, len(bundle), 61):
        try:
            files, is_ours = unpack_bundle(flip(bundle, at, 0x01))
        except ValueError:
            continue
        if is_ours and not list(check_bundle(files, trust)):
            silent.append(at)
    assert silent == []


@pytest.mark.parametrize("name", ["report.json", "MANIFEST", "MANIFEST.sig", "SHA256SUMS", "README.txt"])
def test_missing_file_is_named(folder: Path, bundle: bytes, trust: Trust, name: str) -> None:
    files = unpack(bundle)
    del files[name]
    assert name in "\n".join(check_bundle(files, trust))
    assert name in run_commands(folder, files)


def test_added_file_is_named(folder: Path, bundle: bytes, trust: Trust) -> None:
    files = {**unpack(bundle), "more.json": b"{}"}
    assert list(check_bundle(files, trust)) == [
        "not listed in SHA256SUMS: more.json",
        "not listed in MANIFEST: more.json",
    ]
    assert "more.json" in run_commands(folder, files)


def test_bundle_that_is_packed_anew_around_a_change_is_found_by_its_manifest(bundle: bytes, trust: Trust) -> None:
    files = {**unpack(bundle), "report.json": b"{}"}
    del files["SHA256SUMS"]
    assert list(check_bundle(unpack(pack_bundle(files)), trust)) == ["altered: report.json"]


def test_signature_by_another_key_is_told(tmp_path: Path, bundle: bytes, trust: Trust) -> None:
    stranger = load_signer(make_key(tmp_path), None)
    files = unpack(bundle)
    files["MANIFEST.sig"] = stranger.sign(files[MANIFEST]).encode()
    del files["SHA256SUMS"]
    problems = list(check_bundle(unpack(pack_bundle(files)), trust))
    assert problems == [f"unknown signer: MANIFEST is signed by {stranger.fingerprint}"]


def test_removed_last_scan_is_found_when_the_head_is_known(tmp_path: Path) -> None:
    signer = load_signer(make_key(tmp_path), None)
    links = make_links(signer, {})
    trust = Trust(frozenset({signer.fingerprint}), digest(links[-1][1]))
    assert list(check_chain(links, trust)) == []
    assert list(check_chain(links[:-1], trust)) == [
        f"cut off: the manifest {trust.head} is not in this chain, which ends at number 2"
    ]


def test_removed_and_swapped_scans_are_found(tmp_path: Path) -> None:
    signer = load_signer(make_key(tmp_path), None)
    first, second, third = make_links(signer, {})
    trust = Trust(frozenset({signer.fingerprint}))
    assert "is number 3, expected is 2" in "\n".join(check_chain([first, third], trust))
    assert "is number 2, expected is 1" in "\n".join(check_chain([second, third], trust))
    assert "reordered: " in "\n".join(check_chain([first, third, second], trust))


@pytest.mark.parametrize("line", ['audit valid-after="2026" ssh-ed25519 AAAA', "audit cert-authority ssh-ed25519 AAAA"])
def test_options_that_are_not_weighed_are_refused(line: str) -> None:
    with pytest.raises(ValueError, match="the only option read is"):
        read_allowed_signers(line)
