"""From a reference (`env:NAME`, `file:PATH`, `prompt:LABEL`) to the secret it names."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import SecretError
from hardening.secrets.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hardening.secrets.redaction import Redactor

SCHEMES = ("env", "file", "prompt")
_LARGEST = 64 * 1024
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def is_reference(text: str) -> bool:
    """Say whether ``text`` has the form of a reference; what it names need not exist."""
    scheme, colon, name = text.partition(":")
    return bool(colon) and scheme in SCHEMES and (bool(name) or scheme == "prompt")


def resolve_secret(reference: str, *, environ: Mapping[str, str], prompt: Callable[[str], str]) -> Secret:
    """Return the secret that ``reference`` names; ``prompt`` asks a person, given a label.

    Raises ``SecretError``, whose message names the reference where that is safe and never the secret.
    """
    if not is_reference(reference):
        # What stands here may be the secret itself, written where its reference belongs: do not repeat it.
        msg = "a secret is given by reference: write env:NAME, file:PATH or prompt: where the secret is wanted"
        raise SecretError(msg)
    scheme, _, name = reference.partition(":")
    match scheme:
        case "env":
            value = _read_environment(name, environ)
        case "file":
            value = _read_file(name)
        case _:
            value = prompt(name or "secret")
    if not value:
        msg = f"{reference}: the secret is empty; put the secret there"
        raise SecretError(msg)
    if any(character in value for character in "\0\n\r"):
        msg = f"{reference}: the secret has more than one line; keep the secret alone on one line"
        raise SecretError(msg)
    return Secret(value)


class SecretResolver:
    """Resolves each reference once for many targets and threads, and has every secret redacted from then on."""

    def __init__(self, *, environ: Mapping[str, str], prompt: Callable[[str], str], redactor: Redactor) -> None:
        self._environ = environ
        self._prompt = prompt
        self._redactor = redactor
        self._lock = threading.Lock()
        self._known: dict[str, Secret] = {}

    def __call__(self, reference: str) -> Secret:
        """Return the secret that ``reference`` names; raises ``SecretError``."""
        with self._lock:
            if reference not in self._known:
                secret = resolve_secret(reference, environ=self._environ, prompt=self._prompt)
                self._redactor.add(secret)
                self._known[reference] = secret
            return self._known[reference]


def _read_environment(name: str, environ: Mapping[str, str]) -> str:
    try:
        return environ[name]
    except KeyError:
        msg = f"env:{name}: the variable is not set; set {name} where the scan is started"
        raise SecretError(msg) from None


def _read_file(name: str) -> str:
    try:
        # A pipe or device in place of the file must not make us wait: it is opened without blocking, then refused.
        descriptor = os.open(Path(name).expanduser(), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"file:{name}: cannot be opened ({reason}); check the path and its rights"
        raise SecretError(msg) from error
    try:
        _require_private(name, os.fstat(descriptor))
        content = os.read(descriptor, _LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > _LARGEST:
        msg = f"file:{name}: larger than {_LARGEST // 1024} kB; name a file that holds one secret"
        raise SecretError(msg)
    try:
        return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # The chained error would carry the bytes of the secret.
        msg = f"file:{name}: not text in UTF-8; write the secret as text"
        raise SecretError(msg) from None


def _require_private(name: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        msg = f"file:{name}: not a regular file; name a file that holds one secret"
        raise SecretError(msg)
    if status.st_mode & _OPEN_TO_OTHERS:
        msg = f"file:{name}: open to group or others (mode {stat.S_IMODE(status.st_mode):04o}); run chmod 0600 on it"
        raise SecretError(msg)
    if status.st_uid not in {0, os.geteuid()}:
        msg = f"file:{name}: belongs to uid {status.st_uid}, who could change it; make it your own with chown"
        raise SecretError(msg)
