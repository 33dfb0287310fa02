"""Telling a command of the site after a scan: its words, and a message as JSON on its standard input."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

from hardening.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


SECONDS = 60


def split_hook(command: str) -> tuple[str, ...]:
    """Return the words of a command, which no shell reads; raises ``UsageError``."""
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        msg = f"--on-new-gaps: {error}; close the quote"
        raise UsageError(msg) from error


def tell(words: tuple[str, ...], message: Mapping[str, object]) -> str:
    """Run a command with a message on its standard input; return what went wrong, or nothing."""
    try:
        run = subprocess.run(
            words, input=json.dumps(message).encode(), stdout=subprocess.DEVNULL, check=False, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{words[0]} could not be told of new gaps: {error}"
    return f"{words[0]} ended with {run.returncode} when it was told of new gaps" if run.returncode else ""
