"""What every transport promises: one session to one endpoint, run in batches, closed once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from hardening.errors import HardeningError
from hardening.model.evidence import ABSENT, Absent, Evidence, Field
from hardening.model.step import Answer, DirectoryStep, PowerShellStep, ShellStep
from hardening.secrets import Secret
from hardening.transports.bastions import Bastions
from hardening.transports.host_files import HostFiles

if TYPE_CHECKING:
    from hardening.transports.private_keys import Identity


class BecomeRefused(HardeningError):  # noqa: N818 - it is an answer of the target, which the visit goes on from
    """Root rights were asked for and not given.

    ``reason`` says in one line what happened; ``remedy`` says in one line what to do.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{reason}; {remedy}" if remedy else reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much a session may cost.

    ``connect_seconds`` holds for each of connecting, greeting and key exchange; ``idle_seconds`` for a peer that says
    nothing, during the login and during a batch (a slow step aside); ``deadline_seconds`` and ``output_bytes`` for a
    batch, the former on the target as well, there in whole seconds. A directory may send ``directory_bytes`` in all.
    """

    connect_seconds: float = 10
    idle_seconds: float = 60
    deadline_seconds: float = 300
    output_bytes: int = 20_000_000
    directory_bytes: int = 300_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a session has cost so far.

    ``channels`` counts the batches opened on the target. ``round_trips`` counts how often we had to wait for the peer
    before we could go on, from connecting to the last answer; what a jump host costs is shared, and not counted.
    """

    channels: int = 0
    round_trips: int = 0
    bytes_received: int = 0


class Milestone(StrEnum):
    """How far a session came while it was opened; one that is reached has all before it behind it."""

    CREDENTIAL = "credential"
    PORT = "port"
    ALGORITHMS = "algorithms"
    HOST_KEY = "host_key"
    CERTIFICATE = "certificate"
    LOGIN = "login"
    SHELL = "shell"
    ROOT_DSE = "root_dse"


@dataclass(frozen=True, slots=True)
class ShellWords:
    """What the account's shell said, and its exit status, when it was asked to do nothing; -1 if it never ended."""

    said: str
    exit_status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a transport needs from outside: limits, secrets, a place for progress, a steady clock, chance.

    ``resolve`` turns a reference into a secret or raises ``SecretError``. ``random_word`` returns 32 hexadecimal
    digits that nobody can guess, different each time. ``reached`` is told each milestone with the address that it is
    about, which may be a jump host. ``identities`` remembers private keys by path, certificate and
    reference of their passphrase: opening one takes longer than all the rest of a login, and many targets share it.
    ``bastions`` are the jump hosts and ``host_files`` the known_hosts files, which many targets share as well.
    ``accepted_hosts`` is the file for host keys that are accepted because they are new.
    """

    resolve: Callable[[str], Secret]
    limits: Limits = field(default_factory=Limits)
    progress: Callable[[str], None] = lambda _: None
    ticks: Callable[[], float] = time.monotonic
    random_word: Callable[[], str] = lambda: secrets.token_hex(16)
    reached: Callable[[str, Milestone], None] = lambda _where, _milestone: None
    identities: dict[tuple[str, str, str], Identity] = field(default_factory=dict)
    bastions: Bastions = field(default_factory=Bastions)
    host_files: HostFiles = field(default_factory=HostFiles)
    accepted_hosts: Path | Absent = ABSENT


class Session(Protocol):
    """An open way to a shell on one endpoint."""

    def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        """Run steps as one batch; return the answers by the name of the step.

        Trouble on the way makes the steps it costs ``NotRun``. Raises ``BecomeRefused``, if ``as_root``, and
        ``ConnectError`` where the target runs an installed batch only, and that is another one.
        """
        ...

    @property
    def connection(self) -> Evidence:
        """What was seen of the connection itself: evidence of the kind `connection`."""
        ...

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far."""
        ...

    def close(self) -> None:
        """End the session; a batch that runs in another thread ends too. May be called more than once."""
        ...


@runtime_checkable
class DirectorySession(Protocol):
    """An open way to one directory."""

    def search(self, steps: Sequence[DirectoryStep]) -> Mapping[str, Answer]:
        """Ask one after another; return the answers by the name of the step.

        Trouble on the way makes the steps it costs ``NotRun``.
        """
        ...

    @property
    def connection(self) -> Evidence:
        """What was seen of the connection itself: evidence of the kind `connection`."""
        ...

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far."""
        ...

    def close(self) -> None:
        """End the session; a search in another thread ends too. May be called more than once."""
        ...


@runtime_checkable
class PowerShellSession(Protocol):
    """An open way to PowerShell on one endpoint."""

    def run_blocks(self, steps: Sequence[PowerShellStep]) -> Mapping[str, Answer]:
        """Run script blocks as one batch; return the answers by the name of the step.

        Trouble on the way makes the steps it costs ``NotRun``. Raises ``ConnectError`` where PowerShell cannot be
        started at all.
        """
        ...

    @property
    def connection(self) -> Evidence:
        """What was seen of the connection itself: evidence of the kind `connection`."""
        ...

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far."""
        ...

    def close(self) -> None:
        """End the session and what runs in it. May be called more than once."""
        ...


AnySession = Session | PowerShellSession | DirectorySession
"""A session of any kind; its class tells which."""


@runtime_checkable
class Listening(Protocol):
    """A session that can hear what the account's shell says of its own accord."""

    def listen_to_shell(self) -> ShellWords:
        """Let the shell run nothing, and return what it said all the same."""
        ...


CONNECTION_FIELDS = (
    "transport",
    "encrypted",
    "server_version",
    "host_key_type",
    "host_key_fingerprint",
    "host_key_accepted",
    "kex_offered",
    "host_key_algorithms_offered",
    "ciphers_offered",
    "macs_offered",
    "compressions_offered",
    "kex",
    "host_key_algorithm",
    "cipher_in",
    "cipher_out",
    "mac_in",
    "mac_out",
    "authentication",
    "tls_version",
    "certificate_subject",
    "certificate_issuer",
    "certificate_names",
    "certificate_not_before",
    "certificate_not_after",
    "certificate_days_left",
    "certificate_key",
    "certificate_signature",
    "certificate_fingerprint",
)
"""The fields of the kind `connection`, which sessions answer themselves."""


def build_connection(seen: Mapping[str, Field], rest: Field) -> Evidence:
    """Return complete evidence of the kind `connection`: what was ``seen``, and ``rest`` for all other fields."""
    return {name: seen.get(name, rest) for name in CONNECTION_FIELDS}
