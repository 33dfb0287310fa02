"""Adding servers to an inventory: what a person wrote there stays byte for byte, or nothing is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hardening.documents.parse import load_document
from hardening.documents.scalars import Dialect
from hardening.documents.text import find_shared
from hardening.errors import ContentError, StorageError, UsageError
from hardening.inventory.entries import insert_entries, render_entries
from hardening.inventory.load import load_inventory, require_unshared
from hardening.snapshots.files import storage_problem, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hardening.documents.places import Document
    from hardening.inventory.computers import Computer
    from hardening.inventory.entries import Login
    from hardening.inventory.ssh_config import Surroundings

HEAD = "targets:\n"


def append_entries(path: Path, servers: Sequence[Computer], logins: Mapping[str, Login], around: Surroundings) -> None:
    """Add an entry for each server behind the targets of an inventory, which is made if there is none.

    The rest of the file stays as it is, with its mode and owner. Raises ``ContentError`` if the file is invalid or
    others may write it, ``UsageError`` if it would not be valid with the entries, ``StorageError``.
    """
    path = path.resolve()
    if not path.exists():
        problems = find_shared([path.parent]) if path.parent.exists() else ()
        if problems:
            raise ContentError(problems)
        _require_valid(path, (HEAD + render_entries(servers, logins)).encode(), around)
        write_atomically(path, [(HEAD + render_entries(servers, logins)).encode()])
        return
    require_unshared(path)
    before = path.read_bytes()
    document = load_document(path, Dialect.SITE)
    after = insert_entries(before, document, servers, logins)
    trial = _require_valid(path, after, around)
    if not _is_addition(document, trial, len(servers)):
        raise UsageError(_by_hand(path, "nothing can be added behind its targets"))
    _replace(path, before, after)


def _require_valid(path: Path, data: bytes, around: Surroundings) -> Document:
    """Return the document that a file would be; raises ``UsageError`` if it would not be valid."""
    trial = path.with_name(f".{path.name}.new")
    write_atomically(trial, [data])
    try:
        load_inventory(trial, around)
        return load_document(trial, Dialect.SITE)
    except ContentError as error:
        raise UsageError(_by_hand(path, error.problems[0].what)) from error
    finally:
        trial.unlink(missing_ok=True)


def _by_hand(path: Path, why: str) -> str:
    return f"{path}: it would not be a valid inventory then ({why}); mend that, or add what is printed without --into"


def _is_addition(before: Document, after: Document, count: int) -> bool:
    old, new = before.data, after.data
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    had, has = old["targets"], new["targets"]
    if not isinstance(had, list) or not isinstance(has, list):
        return False
    rest = {key: value for key, value in new.items() if key != "targets"}
    return (
        has[: len(had)] == had
        and len(has) == len(had) + count
        and rest == {key: value for key, value in old.items() if key != "targets"}
    )


def _replace(path: Path, before: bytes, after: bytes) -> None:
    status = path.stat()
    if path.read_bytes() != before:
        msg = f"{path}: somebody changed it meanwhile; run the command again"
        raise StorageError(msg)
    write_atomically(path, [after], mode=status.st_mode & 0o777)
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.chown(path, status.st_uid, status.st_gid)
        except OSError as error:
            raise StorageError(storage_problem(path, error)) from error
