"""Adding to an inventory: what a person wrote there stays byte for byte, or nothing is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hardening.documents.parse import load_document
from hardening.documents.scalars import Dialect
from hardening.documents.text import find_shared
from hardening.errors import ContentError, StorageError, UsageError
from hardening.inventory.insertion import NoPlaceError, insert, render_new
from hardening.inventory.load import load_inventory, require_unshared
from hardening.snapshots.files import storage_problem, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hardening.documents.places import Document
    from hardening.inventory.load import MergedInventory
    from hardening.inventory.ssh_config import Surroundings


def add_sections(
    path: Path, there: MergedInventory | None, sections: Mapping[str, Callable[[str], str]], around: Surroundings
) -> None:
    """Add sections to an inventory, which is made if there is none; its mode and its owner stay as they are.

    Raises ``ContentError`` if others may write the folder, ``UsageError`` if the inventory would not be valid then.
    """
    if there is None:
        problems = find_shared([path.parent]) if path.parent.exists() else ()
        if problems:
            raise ContentError(problems)
        text = render_new(sections)
        _require_valid(path, text.encode(), around)
        write_atomically(path, [text.encode()])
        return
    require_unshared(path)
    before = path.read_bytes()
    try:
        after = insert(before.decode("utf-8"), there.document, sections).encode()
    except NoPlaceError as error:
        msg = f"{path}: {error}, so nothing can be added to it; write one entry a line, or add what is printed by hand"
        raise UsageError(msg) from error
    trial = _require_valid(path, after, around)
    if not _is_addition(there.document, trial):
        msg = f"{path}: nothing can be added to it without changing what is there; add what is printed without --into"
        raise UsageError(msg)
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


def _require_valid(path: Path, data: bytes, around: Surroundings) -> Document:
    """Return the document that a file would be; raises ``UsageError`` if it would not be valid."""
    trial = path.with_name(f".{path.name}.new")
    write_atomically(trial, [data])
    try:
        load_inventory(trial, around)
        return load_document(trial, Dialect.SITE)
    except ContentError as error:
        first = error.problems[0]
        why = f"{first.what}; {first.remedy}" if first.remedy else first.what
        msg = f"{path}: nothing is written, as it would not be a valid inventory then ({why})"
        raise UsageError(msg) from error
    finally:
        trial.unlink(missing_ok=True)


def _is_addition(before: Document, after: Document) -> bool:
    """Say whether everything that was there is there still, in the same order."""
    old, new = before.data, after.data
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    for key, value in old.items():
        now = new.get(key)
        if isinstance(value, list) and isinstance(now, list) and key == "targets":
            now = now[: len(value)]
        elif isinstance(value, dict) and isinstance(now, dict) and key in {"groups", "credentials"}:
            now = {name: now.get(name, "") for name in value}
        if now != value:
            return False
    return True
