"""Files that hold secrets: read once, not waited for, and refused where others could read or change them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hardening.errors import SecretError

_LARGEST = 64 * 1024
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_private_text(reference: str, name: str) -> str:
    """Return the text of a file that nobody but us can read or change; raises ``SecretError``."""
    return _read(reference, name, is_private=True)


def read_sealed_text(reference: str, name: str) -> str:
    """Return the text of a file that is encrypted, or that systemd guards; raises ``SecretError``."""
    return _read(reference, name, is_private=False)


def _read(reference: str, name: str, *, is_private: bool) -> str:
    try:
        # A pipe or device in place of the file must not make us wait: it is opened without blocking, then refused.
        descriptor = os.open(Path(name).expanduser(), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"{reference}: cannot be opened ({reason}); check the path and its rights"
        raise SecretError(msg) from error
    try:
        _require_secure(reference, os.fstat(descriptor), is_private=is_private)
        content = os.read(descriptor, _LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > _LARGEST:
        msg = f"{reference}: larger than {_LARGEST // 1024} kB; name a file that holds one secret"
        raise SecretError(msg)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # The chained error would carry the bytes of the secret.
        msg = f"{reference}: not text in UTF-8; write the secret as text"
        raise SecretError(msg) from None


def _require_secure(reference: str, status: os.stat_result, *, is_private: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        msg = f"{reference}: not a regular file; name a file that holds one secret"
        raise SecretError(msg)
    if is_private and status.st_mode & _OPEN_TO_OTHERS:
        msg = f"{reference}: open to group or others (mode {stat.S_IMODE(status.st_mode):04o}); run chmod 0600 on it"
        raise SecretError(msg)
    if is_private and status.st_uid not in {0, os.geteuid()}:
        msg = f"{reference}: belongs to uid {status.st_uid}, who could change it; make it your own with chown"
        raise SecretError(msg)
