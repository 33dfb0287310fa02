"""Going on with a scan that was interrupted: what is kept counts, and only the rest is visited."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.app.earlier import find_scan
from hardening.collect.executor import NOT_VISITED
from hardening.errors import SnapshotError, UsageError
from hardening.seal.manifest import MANIFEST
from hardening.snapshots.folder import ScanFolder

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.app.assign import Plans
    from hardening.app.collect import CollectRequest
    from hardening.app.state import State

_LISTED = 5


def find_unfinished(text: str, state: State) -> Path:
    """Return the folder of the scan to go on with: ``latest`` is the newest that did not come to its end.

    Raises ``UsageError`` if there is none, or if it came to its end.
    """
    if text == "latest":
        folders = [folder for folder in state.scan_folders() if _is_unfinished(folder)]
        if not folders:
            msg = "--resume latest: no scan was interrupted; leave --resume out to begin a new one"
            raise UsageError(msg)
        return folders[-1]
    path = find_scan(text, state)
    if not path.is_dir():
        msg = f"--resume {text}: is no snapshot folder; name the one that the interrupted scan told, or its id"
        raise UsageError(msg)
    if (path / MANIFEST).exists():
        msg = f"--resume {text}: this scan came to its end and is sealed; leave --resume out to begin a new one"
        raise UsageError(msg)
    return path


def _is_unfinished(path: Path) -> bool:
    if (path / MANIFEST).exists():
        return False
    folder = ScanFolder(path)
    try:
        return len(folder.snapshot_paths()) < len(folder.read_record().targets)
    except SnapshotError:
        return False


def resume(request: CollectRequest, plans: Plans, path: Path) -> CollectRequest:
    """Return what is left to be visited of a scan; targets that its deadline cut off are left as well.

    Raises ``UsageError`` if the command asks for other targets or other questions than the scan did: its report would
    be of two things. Raises ``SnapshotError`` if the folder cannot be read.
    """
    folder = ScanFolder.open(path)
    asked, named = set(folder.read_record().targets), {target.name for target in request.targets}
    if asked != named:
        other = sorted(asked ^ named)
        more = f" and {len(other) - _LISTED} more" if len(other) > _LISTED else ""
        msg = (
            f"{path}: that scan was of other targets ({', '.join(other[:_LISTED])}{more} differ); "
            "give the same command with --resume behind it"
        )
        raise UsageError(msg)
    targets = {target.name: target for target in request.targets}
    done = set()
    for snapshot in folder.read_snapshots():
        if snapshot.target not in targets or any(each.failure == NOT_VISITED for each in snapshot.endpoints):
            continue
        plan = plans.plan_for(targets[snapshot.target].baselines, request.only_by_target.get(snapshot.target))
        if snapshot.plan_digest != plan.digest:
            msg = (
                f"{path}: {snapshot.target} was asked other questions then; give the same command, or begin a new scan"
            )
            raise UsageError(msg)
        done.add(snapshot.target)
    return replace(request, done=frozenset(done))
