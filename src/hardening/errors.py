"""Every exception this package raises on purpose, and nothing else.

    HardeningError
    ├── UsageError              the command line asks for something that does not exist (exit 2)
    ├── ContentError            checks, baselines, measures or site files are invalid (exit 2)
    ├── SecretError             a secret reference cannot be resolved (exit 2)
    ├── ConnectError            a target could not be reached or refused us (becomes evidence)
    ├── SnapshotError           a stored snapshot or recording cannot be read (exit 2)
    └── StorageError            results could not be kept (exit 4)

Each message says what happened, where, and what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.model.evidence import Evidence
    from hardening.model.place import Problem


class HardeningError(Exception):
    """Root of all errors that a user can do something about."""


class UsageError(HardeningError):
    """The command line names something that does not exist or does not fit together."""


class ContentError(HardeningError):
    """One or more files that people write are invalid; carries every problem found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SecretError(HardeningError):
    """A secret reference cannot be resolved; the message never holds the secret."""


class ConnectError(HardeningError):
    """A session could not be opened or broke.

    ``reason`` says in one line what happened; ``remedy`` says in one line what to do. ``connection`` is what was seen
    of the peer before it failed, as evidence of the kind `connection`; empty where nothing was.
    """

    def __init__(self, reason: str, remedy: str, connection: Evidence | None = None) -> None:
        self.reason = reason
        self.remedy = remedy
        self.connection: Evidence = connection or {}
        super().__init__(f"{reason}; {remedy}" if remedy else reason)


class SnapshotError(HardeningError):
    """A stored snapshot, recording or report is missing, damaged or of an unknown format."""


class StorageError(HardeningError):
    """Results could not be written, for example because the disk is full."""
