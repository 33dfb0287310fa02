"""A root tree in a folder of this machine: the same batches, run by the tree's own shell, shut into the tree.

How it is shut in is the business of the program `namespaces.py`, which is run beside the scanner.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import ConnectError
from hardening.transports import namespaces
from hardening.transports.local import LocalChannel
from hardening.transports.started import NotStarted, Place, StartedSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.model.target import ChrootEndpoint
    from hardening.transports.session import Opening, Session

# What the interpreter may need to start; the tree's shell gets an environment of its own.
_ENVIRONMENT = ("LD_LIBRARY_PATH",)

# How an error of the program ends, and what to do about it.
_REMEDIES = {
    "is missing in the tree": "only a tree with a shell of its own can be scanned",
    "has no loader in the tree": "the tree is not complete: unpack all of it",
    "is a program for another kind of machine": "scan the tree on a machine of its architecture",
    "may not be run": "make it executable, as it is in a system that works",
    "where /dev/null is needed": "make the folder; it may be empty",
    "Operation not permitted": "run the scan as root with all capabilities, outside of a container",
}


def open_chroot(endpoint: ChrootEndpoint, opening: Opening) -> Session:
    """Return a session in a root tree; raises ``ConnectError``."""
    tree = Path(endpoint.path).absolute()
    if os.geteuid() != 0:
        reason = "only root can shut itself into a root tree"
        raise ConnectError(reason, "run the scan as root")
    _require_tree(tree)
    place = Place(
        transport="chroot",
        start=partial(_start, tree),
        explain=partial(_explain, tree),
        patience=opening.limits.connect_seconds,
        is_root=True,
    )
    return StartedSession(place, opening)


def _require_tree(tree: Path) -> None:
    try:
        seen = tree.stat()
    except OSError as error:
        reason = f"{tree}: {error.strerror}"
        raise ConnectError(reason, "name the folder of a root tree") from error
    if not tree.is_dir():
        reason = f"{tree} is no folder"
        raise ConnectError(reason, "name the folder of a root tree; an image file must be mounted or unpacked first")
    if os.path.samestat(seen, Path("/").stat()):
        reason = f"{tree} is this machine itself"
        raise ConnectError(reason, "scan `local` instead")


def _start(tree: Path, command: Sequence[str]) -> LocalChannel:
    program = Path(namespaces.__file__)
    return LocalChannel([sys.executable, "-I", "-S", str(program), str(tree), *command], _ENVIRONMENT)


def _explain(tree: Path, failure: NotStarted) -> ConnectError:
    reason = failure.words.removeprefix(namespaces.PREFIX) or f"the shell ended with exit status {failure.status}"
    remedy = next((remedy for end, remedy in _REMEDIES.items() if reason.endswith(end)), "")
    if not failure.words.startswith(namespaces.PREFIX):
        remedy = remedy or "see whether the tree's own /bin/sh runs in a chroot"
    return ConnectError(f"{tree}: {reason}".replace(f"{tree}: {tree}: ", f"{tree}: "), remedy)
