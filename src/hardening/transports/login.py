"""Proving to an SSH server who we are. Each key and each password is tried once, so that no account gets locked.

Which: the credential's key, then its password; a credential with a password alone uses that alone. Without either:
the keys of the agent, else the default identity files of OpenSSH. The agent is asked to sign, never forwarded.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko

from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Absent
from hardening.transports.private_keys import Identity, find_in_agent, load_agent_identities, load_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hardening.model.target import Credential
    from hardening.secrets import Secret
    from hardening.transports.session import Opening
    from hardening.transports.wire import WireTransport

MOST_KEYS = 5
"""Keys tried at most; servers hang up after six refusals unless they are told otherwise."""

_LOG = logging.getLogger(__name__)
_DEFAULT_FILES = ("id_ed25519", "id_ecdsa", "id_rsa")
_AGENT_MAY_HELP = (paramiko.PasswordRequiredException, FileNotFoundError)
_TIMEOUT = "Authentication timeout."


@dataclass(frozen=True, slots=True)
class Proofs:
    """What there is to log in with, loaded before the server is bothered. Closing ``held`` lets go of the agent."""

    identities: Sequence[Identity]
    password: Secret | Absent
    held: ExitStack


def load_proofs(credential: Credential, opening: Opening, home: Path) -> Proofs:
    """Return what a credential has to log in with; raises ``ConnectError`` and ``SecretError``."""
    with ExitStack() as held:
        password = opening.resolve(credential.password) if credential.password else ABSENT
        if credential.key:
            identities = [_load_configured(credential, opening, held)]
        elif credential.password:
            identities = []
        else:
            identities = load_agent_identities(_open_agent(held), MOST_KEYS) or _load_default_files(home)
        if not identities and isinstance(password, Absent):
            reason = "there is no key and no password to log in with"
            raise ConnectError(reason, "give the target a credential with a key or a password, or start an ssh-agent")
        kept = held.pop_all()
    return Proofs(identities, password, kept)


def log_in(transport: WireTransport, user: str, proofs: Proofs) -> str:
    """Log in and return the method that let us in; raises ``ConnectError`` or what the library raises.

    A server may want a key and then a password.
    """
    attempt = _Attempt(transport, user)
    for identity in proofs.identities:
        if attempt.is_possible("publickey"):
            attempt.offer(identity.label, identity.method, partial(transport.auth_publickey, user, identity.key))
        if attempt.is_in:
            return attempt.method
        if attempt.is_halfway:
            break
    if not isinstance(proofs.password, Absent):
        password = proofs.password.reveal()
        if attempt.is_possible("password"):
            attempt.offer("password", "password", partial(transport.auth_password, user, password, fallback=False))
        # Only where the server does not take passwords that way: there it has not seen this one yet.
        if not attempt.is_in and not attempt.has_failed("password") and attempt.is_possible("keyboard-interactive"):
            answer = _OneAnswer(password)
            attempt.offer("password", "keyboard-interactive", partial(transport.auth_interactive, user, answer))
    if attempt.is_in:
        return attempt.method
    raise attempt.refusal()


class _Attempt:
    """One login under way: what the server still allows, and what it has refused."""

    def __init__(self, transport: WireTransport, user: str) -> None:
        self._transport = transport
        self._user = user
        self._allowed: Sequence[str] | Absent = ABSENT
        self._refused: list[tuple[str, str]] = []
        self._error: paramiko.SSHException | None = None
        self.method = ""
        self.is_in = False
        self.is_halfway = False

    def is_possible(self, method: str) -> bool:
        """Whether the server may accept a method and still listens."""
        is_allowed = isinstance(self._allowed, Absent) or method in self._allowed
        return is_allowed and self._transport.is_active()

    def has_failed(self, method: str) -> bool:
        """Whether the server has looked at this method and refused."""
        return any(failed == method for _, failed in self._refused)

    def offer(self, label: str, method: str, authenticate: Callable[[], list[str]]) -> None:
        """Try one proof, once."""
        try:
            further = authenticate()
        except paramiko.BadAuthenticationType as error:
            self._allowed = tuple(error.allowed_types)
            self._refused.append((f"{label}, a way it does not take", ""))
            self._error = error
        except paramiko.AuthenticationException as error:
            if str(error) == _TIMEOUT:
                reason = "the server did not answer the login in time"
                raise ConnectError(reason, "check the load of the server, its PAM and its name service") from error
            self._refused.append((label, method))
            self._error = error
        else:
            self.method = f"{self.method}, {method}" if self.method else method
            self.is_in = not further
            self.is_halfway = bool(further)
            self._allowed = tuple(further) if further else ABSENT

    def refusal(self) -> ConnectError:
        """Return the error that says what was tried and what the server would take."""
        tried = ", ".join(dict.fromkeys(label for label, _ in self._refused)) or "nothing"
        halfway = f"{self.method} was accepted, but the server wants more" if self.is_halfway else f"tried: {tried}"
        reason = f"the login as {clean_line(self._user, 100)} was refused ({halfway})"
        takes = ""
        if not isinstance(self._allowed, Absent):
            takes = f"; the server takes {clean_line(', '.join(self._allowed), 200) or 'nothing'}"
        refusal = ConnectError(reason + takes, "check the account and its key or password on the server")
        refusal.__cause__ = self._error
        return refusal


class _OneAnswer:
    """Answers one question of a server with the password, and no second one: that could be about something else."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._is_given = False

    def __call__(self, title: str, instructions: str, questions: Sequence[tuple[str, bool]]) -> list[str]:
        del title, instructions
        if not questions:
            return []
        if self._is_given or len(questions) > 1:
            msg = "the server asks for more than a password"
            raise paramiko.SSHException(msg)
        self._is_given = True
        return [self._password]


def _load_configured(credential: Credential, opening: Opening, held: ExitStack) -> Identity:
    remembered = (credential.key, credential.certificate, credential.passphrase)
    if remembered in opening.identities:
        return opening.identities[remembered]
    path = Path(credential.key).expanduser()
    certificate = Path(credential.certificate).expanduser() if credential.certificate else ABSENT
    try:
        identity = load_identity(
            path, partial(opening.resolve, credential.passphrase) if credential.passphrase else None, certificate
        )
    except ConnectError as error:
        if credential.passphrase or not isinstance(error.__cause__, _AGENT_MAY_HELP):
            raise
        in_agent = find_in_agent(_open_agent(held), path, certificate)
        if in_agent is None:
            raise
        return in_agent
    opening.identities[remembered] = identity
    return identity


def _load_default_files(home: Path) -> list[Identity]:
    identities = []
    for name in _DEFAULT_FILES:
        path = home / ".ssh" / name
        if path.exists():
            try:
                identities.append(load_identity(path, None))
            except ConnectError as error:
                # Nobody named this file; it counts only if nothing else is there, and then the login says so.
                _LOG.debug("not used: %s", clean_line(str(error)))
    return identities


def _open_agent(held: ExitStack) -> paramiko.Agent:
    agent = paramiko.Agent()
    held.callback(agent.close)
    return agent
