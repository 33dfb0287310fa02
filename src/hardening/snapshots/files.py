"""Writing files so that a reader sees the old one or the whole new one, and nobody else sees either."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_atomically(path: Path, chunks: Iterable[bytes], *, mode: int = 0o600) -> int:
    """Write ``chunks`` beside ``path``, then rename; return the number of bytes.

    The folder must exist. Raises ``StorageError`` if anything goes wrong; the old file is then untouched.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        written = 0
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                written += stream.write(chunk)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        raise StorageError(storage_problem(path, error)) from error
    finally:
        with suppress(OSError):
            if temporary:
                Path(temporary).unlink()
    return written


def make_private_folder(path: Path) -> None:
    """Create ``path`` with mode 0700 where it does not exist; raises ``StorageError``."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(storage_problem(path, error)) from error


def storage_problem(path: Path, error: OSError) -> str:
    """Say what went wrong with a file, and what to do."""
    return f"{path}: cannot be written ({error.strerror or error}); free space or choose another folder"
