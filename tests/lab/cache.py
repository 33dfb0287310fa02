"""The folder where keys and root trees are kept between runs. Each is built once, also when two runs start together."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Name the cache folder: `$HARDENING_LAB_CACHE`, else a folder under the user's own cache."""
    chosen = environment.get("HARDENING_LAB_CACHE", "")
    folder = Path(chosen) if chosen else Path.home() / ".cache" / "hardening-lab"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def build_once(target: Path, build: Callable[[Path], None]) -> Path:
    """Return `target`, built by `build` in a folder beside it if it is not there yet; it never shows half built."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _lock(target.with_name(f".{target.name}.lock")):
        if not target.exists():
            partial = target.with_name(f".{target.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            build(partial)
            partial.rename(target)
    return target


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
