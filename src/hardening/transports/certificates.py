"""Certificates of users: a private key is shown together with what a certificate authority says about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import paramiko
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

from hardening.errors import ConnectError
from hardening.model.clean import clean_line

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 100_000
_LAST_SECOND = datetime.max.replace(tzinfo=UTC).timestamp()

# What the parsers raise at damaged certificates.
_STUMBLES = (paramiko.SSHException, ValueError, IndexError, AssertionError, OSError)


def default_certificate(key: Path) -> Path:
    """Return where OpenSSH looks for the certificate of a key."""
    return key.with_name(f"{key.name}-cert.pub")


def attach_certificate(key: paramiko.PKey, certificate: Path) -> str:
    """Let a key be shown with its certificate; return in words whom and until when that speaks for.

    Raises ``ConnectError`` unless the certificate is a user's, and of this key.
    """
    try:
        with certificate.open("rb") as stream:
            identity = load_ssh_public_identity(stream.read(_LARGEST))
        key.load_certificate(str(certificate))
    except _STUMBLES as error:
        raise _unusable(certificate, "cannot be used") from error
    if not isinstance(identity, SSHCertificate):
        raise _unusable(certificate, "is no certificate, but a public key")
    if identity.type is not SSHCertificateType.USER:
        raise _unusable(certificate, "is that of a host, not of a user")
    public = identity.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    if public.decode("ascii") != key.get_base64():
        raise _unusable(certificate, "belongs to another key")
    names = ", ".join(name.decode("utf-8", "replace") for name in identity.valid_principals) or "any account"
    return clean_line(f"for {names}{_until(identity.valid_before)}", 200)


def _until(second: int) -> str:
    return f", until {datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M} UTC" if second < _LAST_SECOND else ""


def _unusable(certificate: Path, what: str) -> ConnectError:
    reason = f"{certificate}: the certificate {what}"
    return ConnectError(reason, "let the certificate authority sign the key again, or name the right file")
