"""Errors as a user reads them: what, where, what to do; and the exit status that says so to programs."""

from __future__ import annotations

import os
import sys

import click

from hardening.errors import ContentError, HardeningError, StorageError
from hardening.model.clean import clean_line
from hardening.secrets.redaction import Redactor

USAGE = 2
NOT_KEPT = 4
INTERRUPTED = 130
BROKEN_PIPE = 141


def describe_failure(error: BaseException, redactor: Redactor) -> int:
    """Print an error on standard error, without secrets, and return the exit status that belongs to it."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            error.show()
            return USAGE
        case click.Abort() | KeyboardInterrupt():
            _print("interrupted; what was collected is kept")
            return INTERRUPTED
        case BrokenPipeError():
            # The reader went away; keep the interpreter from complaining about it once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return BROKEN_PIPE
        case ContentError(problems=problems):
            for problem in problems:
                click.echo(clean_line(redactor.redact(str(problem))), err=True)
            count = len(problems)
            _print(f"{count} problem{'s' if count != 1 else ''} in content; nothing ran")
            return USAGE
        case StorageError():
            _print(redactor.redact(str(error)))
            return NOT_KEPT
        case HardeningError():
            _print(redactor.redact(str(error)))
            return USAGE
        case _:
            raise error


def _print(text: str) -> None:
    for line in text.splitlines() or [""]:
        click.echo(f"hardening: {clean_line(line)}", err=True)
