"""Writing files so that a reader sees the old one or the whole new one, and nobody else sees either."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER_MARK = ".hardening-report"
"""The file in a folder that was written by ``write_folder``: such a folder may be replaced."""


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


def write_folder(path: Path, files: Iterable[tuple[str, Iterable[bytes]]]) -> int:
    """Write named files into a new folder beside ``path``, then put it in its place; return the number of files.

    What stood at ``path`` goes only when the new folder is whole: an empty folder, or one that was written here.
    Raises ``StorageError``, also for a name that is no plain file name.
    """
    temporary = Path()
    try:
        if path.exists() and not (path.is_dir() and ((path / FOLDER_MARK).is_file() or not any(path.iterdir()))):
            msg = f"{path}: holds something else than an earlier report; name another folder"
            raise StorageError(msg)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:40]}."))
        written = 0
        for name, chunks in files:
            if name != Path(name).name or name.startswith("."):
                msg = f"{name!r} is no name for a file in a report"
                raise StorageError(msg)
            write_atomically(temporary / name, chunks)
            written += 1
        write_atomically(
            temporary / FOLDER_MARK, [b"This folder is a report of hardening; it is replaced as a whole.\n"]
        )
        _exchange(temporary, path)
    except OSError as error:
        raise StorageError(storage_problem(path, error)) from error
    finally:
        if temporary != Path() and temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True)
    return written


def _exchange(new: Path, old: Path) -> None:
    """Put ``new`` where ``old`` is; afterwards what was ``old`` stands under the name ``new``, if there was any."""
    if not old.exists():
        new.rename(old)
        return
    aside = old.with_name(f"{new.name}.old")
    old.rename(aside)
    try:
        new.rename(old)
    except OSError:
        aside.rename(old)
        raise
    aside.rename(new)


def make_private_folder(path: Path) -> None:
    """Create ``path`` with mode 0700 where it does not exist; raises ``StorageError``."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(storage_problem(path, error)) from error


def storage_problem(path: Path, error: OSError) -> str:
    """Say what went wrong with a file, and what to do."""
    return f"{path}: cannot be written ({error.strerror or error}); free space or choose another folder"
