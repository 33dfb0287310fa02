"""What is assessed and how it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hardening.model.baseline import BaselineReference
from hardening.model.check import Constant
from hardening.model.evidence import ABSENT, Absent


class Become(StrEnum):
    """How root rights are reached on the target."""

    NO = "no"
    SUDO = "sudo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """References to secrets, never the secrets themselves (``env:NAME``, ``file:PATH``, ``prompt:``); ``""`` is none.

    ``key`` is the path of a private key file.
    """

    key: str = ""
    passphrase: str = ""
    password: str = ""
    sudo_password: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshEndpoint:
    """A server behind SSH. ``known_hosts`` is a path, ``""`` means the user's own file."""

    address: str
    port: int = 22
    user: str = ""
    jump: SshEndpoint | Absent = ABSENT
    become: Become = Become.NO
    known_hosts: str = ""
    credential: Credential = Credential()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEndpoint:
    """The machine that the scanner runs on."""

    become: Become = Become.NO
    credential: Credential = Credential()


@dataclass(frozen=True, slots=True)
class RecordedEndpoint:
    """A recording of an earlier visit, in a file."""

    path: str


Endpoint = SshEndpoint | LocalEndpoint | RecordedEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to assess. ``parameters`` is by check id, then name; ``place`` is the inventory line or empty."""

    name: str
    endpoint: Endpoint
    labels: Mapping[str, str] = field(default_factory=dict)
    baselines: tuple[BaselineReference, ...] = ()
    parameters: Mapping[str, Mapping[str, Constant]] = field(default_factory=dict)
    place: str = ""


def channel_of(endpoint: Endpoint) -> str:
    """Return the name of the transport that reaches an endpoint."""
    match endpoint:
        case SshEndpoint():
            return "ssh"
        case LocalEndpoint():
            return "local"
        case RecordedEndpoint():
            return "recorded"


def address_of(endpoint: Endpoint) -> str:
    """Return where an endpoint is, as an inventory or a command line would say it."""
    match endpoint:
        case SshEndpoint():
            host = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
            user = f"{endpoint.user}@" if endpoint.user else ""
            return f"ssh://{user}{host}:{endpoint.port}"
        case LocalEndpoint():
            return "local"
        case RecordedEndpoint():
            return f"recorded:{endpoint.path}"
