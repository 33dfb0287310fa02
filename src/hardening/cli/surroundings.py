"""What a run needs from the world around it: clocks, secrets, the log. Made once, here, and handed inwards."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import TYPE_CHECKING

import click

from hardening import __version__
from hardening.app.collect import CollectContext
from hardening.app.state import find_state
from hardening.documents.parse import parse_document
from hardening.documents.scalars import Dialect
from hardening.errors import ContentError, SecretError
from hardening.model.clean import clean_line
from hardening.secrets import Redactor, SecretResolver
from hardening.transports.session import Opening

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _CleanFormatter(logging.Formatter):
    """A log line that no target can break out of: each line of a record is cleaned and begins with our own words."""

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).splitlines()
        return "\n".join(f"hardening: {clean_line(line)}" for line in lines)


def start_log(verbose: int) -> Redactor:
    """Send the log to standard error: warnings, or more with ``verbose``. Returns what redacts secrets from it."""
    redactor = click.get_current_context().ensure_object(Redactor)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_CleanFormatter("%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(redactor)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[min(verbose, len(_LEVELS) - 1)])
    # paramiko logs what its caller reports anyway, in words that no user can act on.
    for library in ("paramiko", "pypsrp", "spnego", "urllib3", "winrm"):
        logging.getLogger(library).setLevel(logging.DEBUG if verbose >= len(_LEVELS) else logging.CRITICAL)
    return redactor


def build_context(progress: Callable[[str, str], None], redactor: Redactor) -> CollectContext:
    """Return what collecting needs from outside."""
    resolver = build_resolver(redactor)
    return CollectContext(
        opening=Opening(resolve=resolver, accepted_hosts=find_state(os.environ).accepted_hosts),
        seconds=time.time,
        ticks=time.monotonic,
        progress=progress,
        tool_version=__version__,
        redactor=redactor,
    )


def build_resolver(redactor: Redactor) -> SecretResolver:
    """Return what resolves references to secrets here."""
    return SecretResolver(environ=os.environ, prompt=ask_secret, read_values=read_values, redactor=redactor)


def read_values(text: str) -> Mapping[str, object]:
    """Return the members of a YAML document that held secrets; raises ``ValueError`` that repeats nothing of it."""
    try:
        data = parse_document(text, "secrets", Dialect.SITE).data
    except ContentError:
        data = ""
    if not isinstance(data, dict):
        msg = "not a mapping in YAML"
        raise ValueError(msg)  # noqa: TRY004 - the text is wrong, not the program
    return data


def ask_secret(label: str) -> str:
    """Ask the person at the terminal for a secret; raises ``SecretError`` where nobody can answer."""
    if not sys.stdin.isatty():
        msg = f"prompt: nobody can be asked for {label!r} here; use env:NAME, file:PATH or cred:NAME"
        raise SecretError(msg)
    return str(click.prompt(f"{clean_line(label, 80)}", hide_input=True, err=True))
