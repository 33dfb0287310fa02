"""Signatures that OpenSSH accepts, and those that it does not."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hardening.errors import UsageError
from hardening.seal.agent import find_agent_signer
from hardening.seal.sshsig import Signer, load_signer, read_signature
from hardening.secrets import Secret
from tests.seal.examples import allow, make_key

pytestmark = pytest.mark.lab
"""Needs ssh-keygen and ssh-agent."""

MESSAGE = b"what was seen\n"
KINDS = [("ed25519", ""), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048")]


def is_good_for_openssh(folder: Path, key: Path, signature: str, message: bytes = MESSAGE) -> bool:
    (folder / "sig").write_text(signature)
    words = ["-Y", "verify", "-f", str(allow(folder, key)), "-I", "audit", "-n", "hardening", "-s", str(folder / "sig")]
    return subprocess.run(["ssh-keygen", *words], input=message, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(("kind", "bits"), KINDS)
def test_openssh_and_we_accept_our_signature(tmp_path: Path, kind: str, bits: str) -> None:
    key = make_key(tmp_path, kind, bits=bits)
    signer = load_signer(key, None)
    signature = signer.sign(MESSAGE)
    assert is_good_for_openssh(tmp_path, key, signature)
    assert read_signature(signature, MESSAGE) == signer.fingerprint


@pytest.mark.parametrize(("kind", "bits"), KINDS)
def test_we_accept_a_signature_of_openssh(tmp_path: Path, kind: str, bits: str) -> None:
    key = make_key(tmp_path, kind, bits=bits)
    words = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", "hardening"]
    made = subprocess.run(words, input=MESSAGE, capture_output=True, check=True).stdout.decode()
    listed = subprocess.run(["ssh-keygen", "-l", "-f", key], capture_output=True, text=True, check=True).stdout
    assert read_signature(made, MESSAGE) == listed.split()[1]


def test_every_changed_byte_of_a_signature_is_found(tmp_path: Path) -> None:
    signature = load_signer(make_key(tmp_path), None).sign(MESSAGE).encode()
    accepted = []
    for at, byte in enumerate(signature):
        for changed in (byte ^ 0x01, byte ^ 0x20, 0x0A if byte != 0x0A else 0x20):
            text = (signature[:at] + bytes([changed]) + signature[at + 1 :]).decode("latin-1")
            try:
                read_signature(text, MESSAGE)
            except ValueError:
                continue
            accepted.append(at)
    assert accepted == []


def test_signature_of_another_message_or_purpose_does_not_fit(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    with pytest.raises(ValueError, match="does not fit"):
        read_signature(load_signer(key, None).sign(MESSAGE), MESSAGE + b"x")
    words = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", "git"]
    other = subprocess.run(words, input=MESSAGE, capture_output=True, check=True).stdout.decode()
    with pytest.raises(ValueError, match="for something else"):
        read_signature(other, MESSAGE)


def test_key_with_a_passphrase_is_opened_by_it(tmp_path: Path) -> None:
    key = make_key(tmp_path, passphrase="Sommer-2026!")
    signer = load_signer(key, lambda: Secret("Sommer-2026!"))
    assert is_good_for_openssh(tmp_path, key, signer.sign(MESSAGE))


@pytest.mark.parametrize(
    ("passphrase", "words"), [(None, "has a passphrase; give"), (lambda: Secret("wrong"), "does not open")]
)
def test_key_that_stays_shut_says_what_to_do(
    tmp_path: Path, passphrase: Callable[[], Secret] | None, words: str
) -> None:
    key = make_key(tmp_path, passphrase="Sommer-2026!")
    with pytest.raises(UsageError, match=words):
        load_signer(key, passphrase)


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), (b"x", "no private key of OpenSSH")])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(UsageError, match=words):
        load_signer(tmp_path / "key", None)


@pytest.fixture
def agent() -> Iterator[dict[str, str]]:
    """Start an ssh-agent."""
    said = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    found = dict(re.findall(r"(SSH_[A-Z_]+)=([^;]+);", said))
    yield found
    subprocess.run(["ssh-agent", "-k"], env={**os.environ, **found}, capture_output=True, check=True)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_agent_signs(tmp_path: Path, agent: dict[str, str], kind: str) -> None:
    key = make_key(tmp_path, kind)
    subprocess.run(["ssh-add", "-q", key], env={**os.environ, **agent}, capture_output=True, check=True)
    public = load_signer(key, None).fingerprint
    for wanted in (public, "audit key"):
        signer: Signer = find_agent_signer(wanted, agent)
        assert is_good_for_openssh(tmp_path, key, signer.sign(MESSAGE))


def test_agent_without_the_key_says_so(agent: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="holds 0 keys SHA256:x"):
        find_agent_signer("SHA256:x", agent)


@pytest.mark.parametrize("environ", [{}, {"SSH_AUTH_SOCK": "/nonexistent"}])
def test_no_agent_says_so(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="SSH_AUTH_SOCK"):
        find_agent_signer("x", environ)
