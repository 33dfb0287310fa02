"""Signatures as `ssh-keygen -Y sign` makes them (PROTOCOL.sshsig of OpenSSH), made and checked here."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)

from hardening.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.serialization import SSHPublicKeyTypes

    from hardening.secrets.secret import Secret

NAMESPACE = "hardening"
RSA_SIGNATURE = "rsa-sha2-512"
_MAGIC = b"SSHSIG"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_WIDTH = 70
_HASH = b"sha512"
_CURVES: dict[str, HashAlgorithm] = {"secp256r1": SHA256(), "secp384r1": SHA384(), "secp521r1": SHA512()}


class Signer:
    """A key that signs; ``blob`` is its public half as SSH writes it, ``sign_raw`` returns a signature as SSH does."""

    def __init__(self, blob: bytes, sign_raw: Callable[[bytes], bytes]) -> None:
        self.blob = blob
        self._sign_raw = sign_raw

    @property
    def fingerprint(self) -> str:
        """The key's fingerprint as `ssh-keygen -l` prints it."""
        return fingerprint(self.blob)

    def sign(self, message: bytes) -> str:
        """Return the signature of a message, armoured."""
        raw = self._sign_raw(_to_sign(message))
        body = (
            _MAGIC + (1).to_bytes(4) + pack(self.blob) + pack(NAMESPACE.encode()) + pack(b"") + pack(_HASH) + pack(raw)
        )
        return _armour(body)


def load_signer(path: Path, passphrase: Callable[[], Secret] | None) -> Signer:
    """Return the signer of a private key in a file; raises ``UsageError``."""
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"{path}: the signing key cannot be read ({error.strerror or error}); name a private key of OpenSSH"
        raise UsageError(msg) from error
    try:
        key = load_ssh_private_key(data, None)
    except TypeError:
        if passphrase is None:
            msg = f"{path}: the signing key has a passphrase; give --sign-passphrase-from, or use --sign-key agent:…"
            raise UsageError(msg) from None
        try:
            key = load_ssh_private_key(data, passphrase().reveal().encode())
        except ValueError:
            msg = f"{path}: the passphrase does not open the signing key; check --sign-passphrase-from"
            raise UsageError(msg) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = f"{path}: no private key of OpenSSH ({error}); make one with ssh-keygen -t ed25519"
        raise UsageError(msg) from error
    blob = public_blob(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())
    match key:
        case ed25519.Ed25519PrivateKey():
            return Signer(blob, lambda data: pack(b"ssh-ed25519") + pack(key.sign(data)))
        case rsa.RSAPrivateKey():
            return Signer(
                blob, lambda data: pack(RSA_SIGNATURE.encode()) + pack(key.sign(data, padding.PKCS1v15(), SHA512()))
            )
        case ec.EllipticCurvePrivateKey():
            return Signer(blob, lambda data: _sign_ecdsa(key, blob, data))
        case _:
            msg = f"{path}: a key of this type cannot sign; make one with ssh-keygen -t ed25519"
            raise UsageError(msg)


def read_signature(text: str, message: bytes) -> str:
    """Return the fingerprint of the key that signed a message; raises ``ValueError`` that says what is wrong."""
    lines = text.split("\n")
    try:
        body = base64.b64decode("".join(lines[1:-2]), validate=True)
        rest = body.removeprefix(_MAGIC + (1).to_bytes(4))
        blob, rest = unpack(rest)
        namespace, rest = unpack(rest)
        reserved, rest = unpack(rest)
        algorithm, rest = unpack(rest)
        raw, rest = unpack(rest)
    except (ValueError, IndexError, binascii.Error):
        msg = "the signature is damaged"
        raise ValueError(msg) from None
    if (namespace, reserved, algorithm, rest, _armour(body)) != (NAMESPACE.encode(), b"", _HASH, b"", text):
        msg = "the signature is damaged, or was made for something else"
        raise ValueError(msg)
    try:
        _verify(blob, raw, _to_sign(message))
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        msg = "the signature does not fit"
        raise ValueError(msg) from None
    return fingerprint(blob)


def fingerprint(blob: bytes) -> str:
    """Return the SHA256: fingerprint of a public key."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def public_blob(line: str) -> bytes:
    """Return the key in a line such as `ssh-ed25519 AAAA… comment`; raises ``ValueError``."""
    words = line.split()
    if len(words) < 2:  # noqa: PLR2004 - type and key
        msg = "no public key"
        raise ValueError(msg)
    return base64.b64decode(words[1], validate=True)


def pack(data: bytes) -> bytes:
    """Return a string of the SSH protocol."""
    return len(data).to_bytes(4) + data


def unpack(data: bytes) -> tuple[bytes, bytes]:
    """Return the first string of some bytes, and the rest; raises ``ValueError``."""
    length = int.from_bytes(data[:4])
    if len(data) < 4 + length:
        msg = "too short"
        raise ValueError(msg)
    return data[4 : 4 + length], data[4 + length :]


def _to_sign(message: bytes) -> bytes:
    return _MAGIC + pack(NAMESPACE.encode()) + pack(b"") + pack(_HASH) + pack(hashlib.sha512(message).digest())


def _armour(body: bytes) -> str:
    text = base64.b64encode(body).decode()
    lines = [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
    return "\n".join((_BEGIN, *lines, _END, ""))


def _sign_ecdsa(key: ec.EllipticCurvePrivateKey, blob: bytes, data: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(_CURVES[key.curve.name])))
    return pack(unpack(blob)[0]) + pack(_mpint(r) + _mpint(s))


def _mpint(number: int) -> bytes:
    return pack(number.to_bytes(number.bit_length() // 8 + 1))


def _verify(blob: bytes, raw: bytes, data: bytes) -> None:
    name, rest = unpack(raw)
    signature, rest = unpack(rest)
    key: SSHPublicKeyTypes = load_ssh_public_key(unpack(blob)[0] + b" " + base64.b64encode(blob))
    if rest:
        raise InvalidSignature
    match key, name:
        case ed25519.Ed25519PublicKey(), b"ssh-ed25519":
            key.verify(signature, data)
        case rsa.RSAPublicKey(), b"rsa-sha2-512":
            key.verify(signature, data, padding.PKCS1v15(), SHA512())
        case ec.EllipticCurvePublicKey(), _ if name == unpack(blob)[0]:
            r, more = unpack(signature)
            s, more = unpack(more)
            encoded = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
            if _mpint(int.from_bytes(r)) + _mpint(int.from_bytes(s)) != signature:
                raise InvalidSignature
            key.verify(encoded, data, ec.ECDSA(_CURVES[key.curve.name]))
        case _:
            raise InvalidSignature
