"""What people mean by SCAN: an earlier scan, wherever it lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import UsageError

if TYPE_CHECKING:
    from hardening.app.state import State

_BACK = {"latest": 1, "previous": 2}


def find_scan(text: str, state: State) -> Path:
    """Return what SCAN means: a JSON report, a snapshot folder, a scan id, ``latest`` or ``previous``.

    A scan of the history whose folder is gone is laid out again. Raises ``UsageError`` if there is no such scan.
    """
    path = Path(text)
    if text not in _BACK and path.exists():
        return path
    # Imported here: only whoever names a scan of the history waits for the database.
    from hardening.app.history import lay_out, list_ids  # noqa: PLC0415

    ids = list_ids(state) or tuple(folder.name for folder in state.scan_folders())
    if text in _BACK:
        if len(ids) < _BACK[text]:
            msg = (
                f"{text}: no scan is kept yet that it could mean; run `hardening scan`, "
                "or name a JSON report or snapshot folder"
            )
            raise UsageError(msg)
        text = ids[-_BACK[text]]
    kept = state.scans / text
    if "/" not in text and kept.is_dir():
        return kept
    if text in ids:
        return lay_out(text, state)
    msg = f"{text}: no such scan; name a JSON report, a snapshot folder, a scan id, `latest` or `previous`"
    raise UsageError(msg)
