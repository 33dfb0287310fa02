"""Keeping resolved secrets out of logs, messages and tracebacks."""

from __future__ import annotations

import json
import logging
import re
import threading
import traceback
from typing import TYPE_CHECKING
from urllib.parse import quote

from hardening.secrets.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

MASK = "[secret]"
SHORTEST = 6
"""Characters of a secret that is sought in what targets say; a shorter one stands there by chance."""


class Redactor(logging.Filter):
    """Replaces every secret it was told of, also where it was escaped. Attach it to log handlers as a filter."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._forms: frozenset[str] = frozenset()
        self._pattern = re.compile(r"(?!)")
        self._telling = re.compile(r"(?!)")

    @property
    def knows_any(self) -> bool:
        """Say whether there is any secret to keep out of things."""
        return bool(self._forms)

    def add(self, secret: Secret) -> None:
        """Redact ``secret`` from now on."""
        value = secret.reveal()
        if not value:
            return
        forms = {value, repr(value)[1:-1], json.dumps(value)[1:-1], quote(value), quote(value, safe="")}
        with self._lock:
            self._forms |= forms
            # Longest first, or a secret that holds another would leave its rest behind.
            longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
            self._pattern = _any_of(longest_first)
            self._telling = _any_of([form for form in longest_first if len(form) >= SHORTEST])

    def redact(self, text: str) -> str:
        """Return ``text`` with every known secret replaced."""
        return self._pattern.sub(MASK, text)

    def is_in(self, text: str) -> bool:
        """Say whether a text that a target sent holds a secret."""
        return len(text) >= SHORTEST and self._telling.search(text) is not None

    def mask(self, text: str) -> str:
        """Return a text that a target may have sent with every secret replaced that is not found there by chance."""
        return self._telling.sub(MASK, text) if len(text) >= SHORTEST else text

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact a log record in place: its message, its traceback and its stack."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        record.msg = self.redact(message)
        record.args = None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        if record.exc_text:
            record.exc_text = self.redact(record.exc_text)
            record.exc_info = None
        if record.stack_info:
            record.stack_info = self.redact(record.stack_info)
        return True


def _any_of(forms: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(form) for form in forms) or r"(?!)")
