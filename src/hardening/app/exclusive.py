"""One scan at a time, where that is asked for."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hardening.errors import StorageError, UsageError
from hardening.snapshots.files import make_private_folder, storage_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.app.state import State


@contextmanager
def held_alone(state: State, *, wanted: bool) -> Iterator[None]:
    """Hold the state folder against other scans that ask for the same; raises ``UsageError`` if one runs.

    The kernel lets go when the process ends, however it ends.
    """
    if not wanted:
        yield
        return
    make_private_folder(state.path)
    path = state.path / "scan.lock"
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(storage_problem(path, error)) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"another scan with --exclusive runs ({path}); nothing ran"
            raise UsageError(msg) from error
        yield
    finally:
        os.close(handle)
