"""What `ansible-vault` encrypted, opened with its password: whole files, and single values in a plain file.

The format is public: a header, then hexadecimal of three hexadecimal lines: salt, HMAC, ciphertext. PBKDF2-SHA256 makes
three values of the password: a key for AES-256 in counter mode, a key for HMAC-SHA256, and the first counter.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardening.secrets.secret import Secret

HEADER = "$ANSIBLE_VAULT;"
_KNOWN_HEADER = re.compile(r"\$ANSIBLE_VAULT;1\.[12];AES256(;[^;\s]+)?")
_ROUNDS = 10_000
_KEY_BYTES = 32
_BLOCK_BYTES = 16


class VaultError(ValueError):
    """The text cannot be opened; the message holds nothing of what is in it."""


def open_vault(text: str, password: Secret) -> str:
    """Return what the text of a vault holds; raises ``VaultError``.

    The HMAC is looked at before anything is decrypted.
    """
    # Imported here: only whoever keeps secrets in a vault waits for it.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415
    from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415

    salt, expected, ciphertext = _split(text)
    made = hashlib.pbkdf2_hmac("sha256", password.reveal().encode(), salt, _ROUNDS, dklen=2 * _KEY_BYTES + _BLOCK_BYTES)
    key, mac_key, counter = made[:_KEY_BYTES], made[_KEY_BYTES : 2 * _KEY_BYTES], made[2 * _KEY_BYTES :]
    if not hmac.compare_digest(hmac.digest(mac_key, ciphertext, "sha256"), expected):
        msg = "the vault password is wrong, or the vault was changed"
        raise VaultError(msg)
    decryptor = Cipher(algorithms.AES(key), modes.CTR(counter)).decryptor()
    unpadder = PKCS7(8 * _BLOCK_BYTES).unpadder()
    try:
        plain = unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()
        return plain.decode("utf-8")
    except ValueError:
        msg = "what the vault holds is not text in UTF-8"
        raise VaultError(msg) from None


def find_encrypted_value(text: str, key: str) -> str:
    """Return the vault that stands as the value of a key (`key: !vault |`) in a plain file; empty if there is none."""
    opening = re.compile(rf"(?P<quote>[\"']?){re.escape(key)}(?P=quote):\s+!vault\s+\|-?\s*")
    lines = iter(text.splitlines())
    for line in lines:
        if opening.fullmatch(line):
            block = []
            for inner in lines:
                if not inner.startswith((" ", "\t")):
                    break
                block.append(inner.strip())
            return "\n".join(block)
    return ""


def _split(text: str) -> tuple[bytes, bytes, bytes]:
    header, _, body = text.strip().partition("\n")
    if not header.startswith(HEADER):
        msg = "this is no ansible-vault"
        raise VaultError(msg)
    if not _KNOWN_HEADER.fullmatch(header.strip()):
        msg = "this vault is of another version than 1.1 or 1.2 with AES256"
        raise VaultError(msg)
    try:
        parts = bytes.fromhex("".join(body.split())).split(b"\n")
        salt, expected, ciphertext = (bytes.fromhex(part.decode("ascii")) for part in parts)
    except ValueError:
        msg = "the vault is damaged"
        raise VaultError(msg) from None
    return salt, expected, ciphertext
