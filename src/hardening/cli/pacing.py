"""What `scan` and `collect` do alike about many targets: how fast, how long, and how to go on after an interrupt."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from hardening.collect.executor import Deadlines
from hardening.collect.pacing import Pace
from hardening.model.evidence import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hardening.cli.options import PaceArguments


def build_pace(asked: PaceArguments) -> Pace:
    """Return how many targets may be under way, and how fast visits begin."""
    return Pace(
        per_zone=ABSENT if asked.per_zone is None else asked.per_zone,
        per_jump=ABSENT if asked.per_jump is None else asked.per_jump,
        per_second=ABSENT if asked.logins_per_second is None else asked.logins_per_second,
    )


def build_deadlines(asked: PaceArguments) -> Deadlines:
    """Return how long one target, and all of them, may take."""
    return Deadlines(
        target=ABSENT if asked.target_deadline is None else asked.target_deadline,
        scan=ABSENT if asked.deadline is None else asked.deadline,
    )


@contextmanager
def told_how_to_resume(folder: Path) -> Iterator[None]:
    """Say, if the block is interrupted, how the rest is done."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        if folder.is_dir():
            click.echo(f"hardening: give the same command with `--resume {folder}` to go on", err=True)
        raise
