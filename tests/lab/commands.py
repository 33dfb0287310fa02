"""Running programs of this machine, and the exception with which the lab says what it lacks. Nothing about hosts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping


class LabError(Exception):
    """The lab cannot be built, started or stopped; the message says what to do."""


def run(*argv: str, environment: Mapping[str, str] | None = None, timeout: float = 600) -> str:
    """Run a program to its end and return its standard output; raise LabError with its last words if it fails."""
    try:
        done = subprocess.run(
            argv,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            env={**os.environ, **(environment or {})},
        )
    except FileNotFoundError as error:
        message = f"lab: the program {argv[0]} is missing on this machine"
        raise LabError(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"lab: {' '.join(argv)[:200]} did not end within {timeout:g} s"
        raise LabError(message) from error
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip())[-1500:]
        message = f"lab: {' '.join(argv)[:200]} ended with {done.returncode}: {words}"
        raise LabError(message)
    return done.stdout
