"""From a reference (`env:NAME`, `file:PATH`, `cred:NAME` …) to the secret it names."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import SecretError
from hardening.secrets.ansible_vault import HEADER, VaultError, find_encrypted_value, open_vault
from hardening.secrets.files import read_private_text, read_sealed_text
from hardening.secrets.secret import Secret
from hardening.secrets.server import read_server_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hardening.secrets.redaction import Redactor

FORM = r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|cred:[A-Za-z0-9._-]+|ansible-vault:[^#]+(#.+)?|vault:[^#]+#.+|prompt:.*)"
"""What a reference looks like, as a regular expression."""

WAYS = "env:NAME, file:PATH, cred:NAME, ansible-vault:PATH#KEY, vault:MOUNT/PATH#KEY or prompt:"
"""The references there are, in words."""

ANSIBLE_VAULT_PASSWORD = "HARDENING_ANSIBLE_VAULT_PASSWORD_FROM"  # noqa: S105 - the name of a variable
VAULT_TOKEN = "HARDENING_VAULT_TOKEN_FROM"  # noqa: S105 - the name of a variable
_PLAIN = ("env", "file", "cred", "prompt")


def is_reference(text: str) -> bool:
    """Say whether ``text`` has the form of a reference; what it names need not exist."""
    return bool(re.fullmatch(FORM, text))


def resolve_secret(
    reference: str,
    *,
    environ: Mapping[str, str],
    prompt: Callable[[str], str],
    read_values: Callable[[str], Mapping[str, object]],
    note: Callable[[Secret], None] = lambda _: None,
) -> Secret:
    """Return the secret that ``reference`` names.

    ``prompt`` asks a person, given a label. ``read_values`` returns the members of a YAML document, and raises
    ``ValueError`` where it is none. ``note`` hears of the password or token that opens another secret. Raises
    ``SecretError``, whose message names the reference where that is safe and never the secret.
    """
    if not is_reference(reference):
        # What stands here may be the secret itself, written where its reference belongs: do not repeat it.
        msg = f"a secret is given by reference: write {WAYS} where the secret is wanted"
        raise SecretError(msg)
    scheme, _, name = reference.partition(":")
    match scheme:
        case "env":
            value = _read_environment(name, environ)
        case "file":
            value = _strip_end(read_private_text(reference, name))
        case "cred":
            value = _strip_end(_read_credential(reference, name, environ))
        case "ansible-vault":
            password = _resolve_own(reference, ANSIBLE_VAULT_PASSWORD, environ, prompt)
            note(password)
            value = _strip_end(_read_ansible_vault(reference, name, password, read_values))
        case "vault":
            token = _resolve_own(reference, VAULT_TOKEN, environ, prompt)
            note(token)
            path, _, key = name.partition("#")
            value = read_server_value(reference, path, key, token, environ)
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

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        prompt: Callable[[str], str],
        read_values: Callable[[str], Mapping[str, object]],
        redactor: Redactor,
    ) -> None:
        self._environ = environ
        self._prompt = prompt
        self._read_values = read_values
        self._redactor = redactor
        self._lock = threading.Lock()
        self._known: dict[str, Secret] = {}

    def __call__(self, reference: str) -> Secret:
        """Return the secret that ``reference`` names; raises ``SecretError``."""
        with self._lock:
            if reference not in self._known:
                secret = resolve_secret(
                    reference,
                    environ=self._environ,
                    prompt=self._prompt,
                    read_values=self._read_values,
                    note=self._redactor.add,
                )
                self._redactor.add(secret)
                self._known[reference] = secret
            return self._known[reference]


def _resolve_own(reference: str, variable: str, environ: Mapping[str, str], prompt: Callable[[str], str]) -> Secret:
    """Return the secret that opens another one; its own reference stands in a variable."""
    own = environ.get(variable, "")
    if own.partition(":")[0] not in _PLAIN:
        msg = f"{reference}: needs {variable}; set it to the reference of its password or token, as cred:NAME"
        raise SecretError(msg)
    return resolve_secret(own, environ=environ, prompt=prompt, read_values=lambda _: {})


def _strip_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _read_environment(name: str, environ: Mapping[str, str]) -> str:
    try:
        return environ[name]
    except KeyError:
        msg = f"env:{name}: the variable is not set; set {name} where the scan is started"
        raise SecretError(msg) from None


def _read_credential(reference: str, name: str, environ: Mapping[str, str]) -> str:
    """Return what systemd passed on with LoadCredential=; who may read it is systemd's to decide."""
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder or name in {".", ".."}:
        msg = f"{reference}: systemd passed on no credentials; start the scan by a unit with LoadCredential={name}:PATH"
        raise SecretError(msg)
    return read_sealed_text(reference, str(Path(folder) / name))


def _read_ansible_vault(
    reference: str, name: str, password: Secret, read_values: Callable[[str], Mapping[str, object]]
) -> str:
    path, _, key = name.partition("#")
    text = read_sealed_text(reference, path)
    try:
        if not text.lstrip().startswith(HEADER):
            return open_vault(find_encrypted_value(text, key), password)
        opened = open_vault(text, password)
        return _pick_value(opened, key, read_values) if key else opened
    except VaultError as error:
        # Not chained: what lies below may hold what was decrypted.
        msg = f"{reference}: {error}; check the key, and the password that {ANSIBLE_VAULT_PASSWORD} names"
        raise SecretError(msg) from None


def _pick_value(text: str, key: str, read_values: Callable[[str], Mapping[str, object]]) -> str:
    try:
        value = read_values(text).get(key)
    except ValueError:
        value = None
    if isinstance(value, str):
        return value
    msg = f"what was decrypted has no text under the key {key}"
    raise VaultError(msg)
