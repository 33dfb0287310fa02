"""Self-contained, read-only pieces of work on a target, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Privilege(StrEnum):
    """What a step needs to see everything; without it some answers are unreadable."""

    ANY = "any"
    ROOT = "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellStep:
    """Lines of POSIX shell that only read.

    ``output_limit`` is in bytes of standard output. ``unbounded`` marks output that no small number bounds:
    it is cut on the target itself. ``slow`` steps run last. Merged from many probes, and named once in a plan.
    """

    name: str
    script: str
    privilege: Privilege = Privilege.ANY
    output_limit: int = 1_000_000
    unbounded: bool = False
    slow: bool = False


Step = ShellStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A step that ran to its end marker. ``cut`` means that output is missing; times are in milliseconds."""

    exit_status: int
    stdout: bytes
    stderr: bytes = b""
    milliseconds: int = 0
    cut: bool = False
    as_root: bool = False

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are not UTF-8 survive as surrogates."""
        return self.stdout.decode("utf-8", "surrogateescape")

    @property
    def error_text(self) -> str:
        """Standard error as text; bytes that are not UTF-8 survive as surrogates."""
        return self.stderr.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class NotRun:
    """A step without its end marker, and why."""

    reason: str


Answer = Completed | NotRun
