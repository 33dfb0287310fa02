"""The chain: every manifest this state folder ever made, numbered, each naming the one before."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import StorageError
from hardening.seal.manifest import NONE, digest
from hardening.snapshots.files import make_private_folder, storage_problem, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".manifest"


@dataclass(frozen=True, slots=True)
class Chain:
    """The folder with the manifests, and their signatures as `.manifest.sig` beside them."""

    path: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from adding a link meanwhile; raises ``StorageError``."""
        make_private_folder(self.path)
        try:
            handle = os.open(self.path / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(storage_problem(self.path, error)) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def links(self) -> tuple[Path, ...]:
        """Return the manifests in their order."""
        return tuple(sorted(self.path.glob(f"*{SUFFIX}")))

    def next(self) -> tuple[int, str]:
        """Return the number of the next manifest and the digest of the last one."""
        links = self.links()
        if not links:
            return 1, NONE
        return int(links[-1].name.partition("-")[0]) + 1, digest(links[-1].read_bytes())

    def add(self, number: int, scan: str, manifest: bytes, signature: str) -> None:
        """Add a link; raises ``StorageError``."""
        path = self.path / f"{number:06d}-{scan}{SUFFIX}"
        if signature:
            write_atomically(path.with_name(f"{path.name}.sig"), [signature.encode()])
        write_atomically(path, [manifest])

    def add_stamp(self, number: int, scan: str, token: bytes) -> None:
        """Put the time stamp of a link beside it; raises ``StorageError``."""
        write_atomically(self.path / f"{number:06d}-{scan}{SUFFIX}.tsr", [token])
