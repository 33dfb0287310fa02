"""How long scans are kept: which are old, and letting them go."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from hardening.errors import StorageError
from hardening.snapshots.files import storage_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.app.state import State
    from hardening.model.history import KeptScan
    from hardening.store.history import History


def choose_old(scans: Sequence[KeptScan], *, keep: int, since: float) -> tuple[str, ...]:
    """Return the ids of scans that are not among the last ``keep`` ones and entered the history before ``since``."""
    return tuple(scan.id for scan in scans[: len(scans) - keep] if scan.kept < since)


def remove_scans(ids: Sequence[str], history: History, state: State) -> None:
    """Remove scans from the history, then their folders; raises ``StorageError``."""
    history.remove(ids)
    for scan in ids:
        folder = state.scans / scan
        try:
            if folder.is_dir():
                shutil.rmtree(folder)
        except OSError as error:
            raise StorageError(storage_problem(folder, error)) from error
