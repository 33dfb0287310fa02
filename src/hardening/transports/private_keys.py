"""Private keys: from files, with and without passphrase, and from an agent."""

from __future__ import annotations

import base64
import binascii
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

import paramiko

from hardening.errors import ConnectError
from hardening.model.evidence import ABSENT, Absent
from hardening.transports.certificates import attach_certificate, default_certificate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hardening.secrets import Secret

_LARGEST = 1_000_000
_MAGIC = b"openssh-key-v1\0"
_FIRST, _LAST = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"
_CLASSES: dict[str, type[paramiko.PKey]] = {
    "ssh-ed25519": paramiko.Ed25519Key,
    "ecdsa-sha2-nistp256": paramiko.ECDSAKey,
    "ecdsa-sha2-nistp384": paramiko.ECDSAKey,
    "ecdsa-sha2-nistp521": paramiko.ECDSAKey,
    "ssh-rsa": paramiko.RSAKey,
}
_PEM_CLASSES: dict[str, type[paramiko.PKey]] = {
    "-----BEGIN RSA PRIVATE KEY-----": paramiko.RSAKey,
    "-----BEGIN EC PRIVATE KEY-----": paramiko.ECDSAKey,
}

# What paramiko's parsers raise at damaged keys.
_STUMBLES = (paramiko.SSHException, ValueError, IndexError, AssertionError)


@dataclass(frozen=True, slots=True)
class Identity:
    """A key to log in with, how it is used (``publickey`` or ``agent``) and what to call it in a message."""

    key: paramiko.PKey
    method: str
    label: str


def load_identity(path: Path, passphrase: Callable[[], Secret] | None, certificate: Path | Absent = ABSENT) -> Identity:
    """Return the key in a file, with its certificate: the one named, else the one beside it if there is one.

    ``passphrase`` is called only if the key is encrypted. Raises ``ConnectError``.
    """
    text = _read_private(path)
    key_class = _find_class(path, text)
    try:
        key = key_class.from_private_key_file(str(path))
    except paramiko.PasswordRequiredException as error:
        if passphrase is None:
            reason = f"{path}: the private key is encrypted and no passphrase is configured"
            raise ConnectError(reason, "give the credential a passphrase, or load the key into an agent") from error
        key = _decrypt(path, key_class, passphrase())
    except _STUMBLES as error:
        raise _unusable(path) from error
    return Identity(key, "publickey", f"key {path}{_attach(key, path, certificate)}")


def load_agent_identities(agent: paramiko.Agent, limit: int) -> list[Identity]:
    """Return the first keys that an agent holds."""
    return [Identity(key, "agent", f"agent key {key.fingerprint}") for key in agent.get_keys()[:limit]]


def find_in_agent(agent: paramiko.Agent, path: Path, certificate: Path | Absent = ABSENT) -> Identity | None:
    """Return the agent's key that belongs to the public key beside a private key file, which itself need not exist.

    It is shown with its certificate as a key from a file is. Raises ``ConnectError``.
    """
    try:
        fields = path.with_name(f"{path.name}.pub").read_text("utf-8", "replace").split()
        blob = base64.b64decode(fields[1])
    except (OSError, IndexError, binascii.Error):
        return None
    found = next((key for key in agent.get_keys() if key.asbytes() == blob), None)
    if found is None:
        return None
    return Identity(found, "agent", f"key {path} in the agent{_attach(found, path, certificate)}")


def _attach(key: paramiko.PKey, path: Path, certificate: Path | Absent) -> str:
    beside = default_certificate(path)
    chosen = beside if isinstance(certificate, Absent) and beside.exists() else certificate
    return "" if isinstance(chosen, Absent) else f" with certificate {chosen} ({attach_certificate(key, chosen)})"


def _read_private(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(path.stat().st_mode)
            text = stream.read(_LARGEST).decode("utf-8", "replace")
    except OSError as error:
        reason = f"{path}: the private key cannot be read ({error.strerror})"
        raise ConnectError(reason, "correct the path of the key, or its rights") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        reason = f"{path}: the private key is open to group or others (mode {mode:04o})"
        raise ConnectError(reason, f"run `chmod 600 {path}`; if others could read it, make a new key")
    return text


def _find_class(path: Path, text: str) -> type[paramiko.PKey]:
    first, _, rest = text.lstrip().partition("\n")
    if first.strip() != _FIRST:
        key_class = _PEM_CLASSES.get(first.strip())
    else:
        key_class = _CLASSES.get(_read_openssh_type(rest.partition(_LAST)[0]))
    if key_class is None:
        raise _unusable(path)
    return key_class


def _read_openssh_type(text: str) -> str:
    """Return the type in the public half of a key in OpenSSH's own format, which is never encrypted."""
    try:
        data = base64.b64decode("".join(text.split()))
    except binascii.Error:
        return ""
    if not data.startswith(_MAGIC):
        return ""
    message = paramiko.Message(data.removeprefix(_MAGIC))
    for _ in ("cipher", "derivation", "its options"):
        message.get_binary()
    message.get_int()
    return paramiko.Message(message.get_binary()).get_binary().decode("ascii", "replace")


def _decrypt(path: Path, key_class: type[paramiko.PKey], passphrase: Secret) -> paramiko.PKey:
    try:
        return key_class.from_private_key_file(str(path), passphrase.reveal())
    except _STUMBLES as error:
        reason = f"{path}: the passphrase does not open the private key"
        raise ConnectError(reason, "check the passphrase of the credential") from error


def _unusable(path: Path) -> ConnectError:
    return ConnectError(
        f"{path}: no private key that can be used (Ed25519, ECDSA or RSA, as ssh-keygen writes them)",
        "name the private key, not the public one; `ssh-keygen -p -f` rewrites other formats",
    )
