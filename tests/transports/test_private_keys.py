"""Private keys from files: which can be used, and what is said about the others."""

from __future__ import annotations

from pathlib import Path

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hardening.errors import ConnectError
from hardening.model.evidence import ABSENT
from hardening.model.target import Credential
from hardening.secrets import Secret
from hardening.transports.login import load_proofs
from hardening.transports.private_keys import load_identity
from hardening.transports.session import Opening

Key = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

ED25519 = ed25519.Ed25519PrivateKey.generate()
ECDSA = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
LOCK = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(1).build(b"hemmelig")
LOCKS = {PrivateFormat.OpenSSH: LOCK, PrivateFormat.TraditionalOpenSSL: BestAvailableEncryption(b"hemmelig")}


def write_key(
    folder: Path,
    key: Key = ED25519,
    *,
    form: PrivateFormat = PrivateFormat.OpenSSH,
    lock: KeySerializationEncryption | None = None,
    name: str = "id",
) -> Path:
    path = folder / name
    path.write_bytes(key.private_bytes(Encoding.PEM, form, lock or NoEncryption()))
    path.chmod(0o600)
    path.with_name(f"{name}.pub").write_bytes(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    return path


def refusal(path: Path, passphrase: str = "") -> str:
    with pytest.raises(ConnectError) as caught:
        load_identity(path, (lambda: Secret(passphrase)) if passphrase else None)
    return str(caught.value)


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.mark.parametrize(
    ("key", "form", "kind"),
    [
        (ED25519, PrivateFormat.OpenSSH, "ssh-ed25519"),
        (ECDSA, PrivateFormat.OpenSSH, "ecdsa-sha2-nistp256"),
        (RSA, PrivateFormat.OpenSSH, "ssh-rsa"),
        (ECDSA, PrivateFormat.TraditionalOpenSSL, "ecdsa-sha2-nistp256"),
        (RSA, PrivateFormat.TraditionalOpenSSL, "ssh-rsa"),
    ],
)
def test_a_key_is_loaded_whatever_its_type(tmp_path: Path, key: Key, form: PrivateFormat, kind: str) -> None:
    assert load_identity(write_key(tmp_path, key, form=form), None).key.get_name() == kind


@pytest.mark.parametrize(
    ("key", "form"),
    [
        (ED25519, PrivateFormat.OpenSSH),
        (ECDSA, PrivateFormat.OpenSSH),
        (RSA, PrivateFormat.TraditionalOpenSSL),
    ],
)
def test_a_passphrase_opens_a_key(tmp_path: Path, key: Key, form: PrivateFormat) -> None:
    path = write_key(tmp_path, key, form=form, lock=LOCKS[form])
    assert load_identity(path, lambda: Secret("hemmelig")).key.can_sign()


@pytest.mark.parametrize("form", [PrivateFormat.OpenSSH, PrivateFormat.TraditionalOpenSSL])
def test_a_wrong_passphrase_does_not(tmp_path: Path, form: PrivateFormat) -> None:
    path = write_key(tmp_path, RSA, form=form, lock=LOCKS[form])
    assert refusal(path, "wrong").startswith(f"{path}: the passphrase does not open the private key")


def test_a_missing_passphrase_is_named(tmp_path: Path) -> None:
    path = write_key(tmp_path, lock=LOCK)
    assert refusal(path) == (
        f"{path}: the private key is encrypted and no passphrase is configured; "
        "give the credential a passphrase, or load the key into an agent"
    )


def test_a_passphrase_is_not_resolved_for_a_key_without_one(tmp_path: Path) -> None:
    load_identity(write_key(tmp_path), lambda: pytest.fail("resolved"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = write_key(tmp_path)
    path.chmod(mode)
    assert f"open to group or others (mode {mode:04o}); run `chmod 600 {path}`" in refusal(path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing").startswith(
        f"{tmp_path}/missing: the private key cannot be read (No such file or directory)"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"ssh-ed25519 AAAA comment",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
        b"\x00\xff\xfe",
    ],
)
def test_what_is_no_private_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "id"
    path.write_bytes(content)
    path.chmod(0o600)
    assert refusal(path).startswith(f"{path}: no private key that can be used")


def test_a_key_cut_short_is_refused(tmp_path: Path) -> None:
    path = write_key(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], lines[-1]]))
    assert refusal(path).startswith(f"{path}: no private key that can be used")


def test_a_certificate_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = write_key(tmp_path)
    (tmp_path / "id-cert.pub").write_text("ssh-ed25519-cert-v01@openssh.com AAAA")
    assert refusal(path).startswith(f"{path}-cert.pub: the certificate cannot be used; ")


def credential_of(tmp_path: Path) -> Credential:
    return Credential(key=str(write_key(tmp_path, lock=LOCK)), passphrase="env:PASS")


def test_a_key_is_opened_once_for_many_targets(tmp_path: Path) -> None:
    resolved: list[str] = []

    def resolve(reference: str) -> Secret:
        resolved.append(reference)
        return Secret("hemmelig")

    opening, credential = Opening(resolve=resolve), credential_of(tmp_path)
    for _ in range(3):
        load_proofs(credential, opening, tmp_path)
    assert resolved == ["env:PASS"]


def test_a_credential_with_a_password_alone_uses_no_key(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    write_key(tmp_path / ".ssh", name="id_ed25519")
    proofs = load_proofs(Credential(password="env:P"), Opening(resolve=Secret), tmp_path)
    assert (list(proofs.identities), proofs.password) == ([], Secret("env:P"))


def test_a_credential_with_key_and_password_has_both(tmp_path: Path) -> None:
    credential = Credential(key=str(write_key(tmp_path)), password="env:P")
    proofs = load_proofs(credential, Opening(resolve=Secret), tmp_path)
    assert (len(proofs.identities), proofs.password) == (1, Secret("env:P"))


def test_without_a_credential_the_default_files_are_used_in_order(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    write_key(tmp_path / ".ssh", RSA, name="id_rsa")
    write_key(tmp_path / ".ssh", name="id_ed25519")
    proofs = load_proofs(Credential(), Opening(resolve=Secret), tmp_path)
    assert [identity.key.get_name() for identity in proofs.identities] == ["ssh-ed25519", "ssh-rsa"]


def test_a_default_file_that_cannot_be_used_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    write_key(tmp_path / ".ssh", RSA, name="id_rsa")
    write_key(tmp_path / ".ssh", name="id_ed25519", lock=LOCK)
    proofs = load_proofs(Credential(), Opening(resolve=Secret), tmp_path)
    assert [identity.key.get_name() for identity in proofs.identities] == ["ssh-rsa"]


def test_with_nothing_to_log_in_with_there_is_no_login(tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match="there is no key and no password to log in with"):
        load_proofs(Credential(), Opening(resolve=Secret), tmp_path)


def test_without_a_password_there_is_none(tmp_path: Path) -> None:
    proofs = load_proofs(Credential(key=str(write_key(tmp_path))), Opening(resolve=Secret), tmp_path)
    assert proofs.password == ABSENT


def test_a_loaded_key_is_the_one_in_the_file(tmp_path: Path) -> None:
    path = write_key(tmp_path)
    shown = path.with_name("id.pub").read_text().split()[1]
    key = load_identity(path, None).key
    assert isinstance(key, paramiko.Ed25519Key)
    assert key.get_base64() == shown
