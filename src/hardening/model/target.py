"""What is assessed and how it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hardening.model.baseline import BaselineReference
from hardening.model.check import Constant
from hardening.model.evidence import ABSENT, Absent


class Become(StrEnum):
    """How root rights are reached on the target; ``KIT`` is by a script that is installed there and nothing more."""

    NO = "no"
    SUDO = "sudo"
    KIT = "kit"


class HostKeys(StrEnum):
    """Which host keys a server may show: those a person has accepted, or new ones as well; never a changed one."""

    KNOWN = "known"
    ACCEPT_NEW = "accept-new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """References to secrets, never the secrets themselves (``env:NAME``, ``file:PATH``, ``prompt:``); ``""`` is none.

    ``key`` is the path of a private key file, ``certificate`` that of its certificate: where it is ``""``, the one
    beside the key counts, if there is one.
    """

    key: str = ""
    certificate: str = ""
    passphrase: str = ""
    password: str = ""
    sudo_password: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshEndpoint:
    """A server behind SSH. ``known_hosts`` is a path, ``""`` means the user's own file and that of this machine.

    ``more_known_hosts`` are further files that are looked at.
    """

    address: str
    port: int = 22
    user: str = ""
    jump: SshEndpoint | Absent = ABSENT
    become: Become = Become.NO
    known_hosts: str = ""
    more_known_hosts: tuple[str, ...] = ()
    host_keys: HostKeys = HostKeys.KNOWN
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


@dataclass(frozen=True, slots=True)
class ChrootEndpoint:
    """A root tree in a folder of this machine; nothing of it runs but what we ask it."""

    path: str


class ContainerProgram(StrEnum):
    """The program on this machine that speaks to containers."""

    PODMAN = "podman"
    DOCKER = "docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEndpoint:
    """A running container, by name or id. With ``become`` we are its root, else the account that its image names."""

    program: ContainerProgram
    name: str
    become: Become = Become.NO


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEndpoint:
    """An image that is on this machine, judged in a container made for the visit."""

    program: ContainerProgram
    reference: str


Endpoint = SshEndpoint | LocalEndpoint | RecordedEndpoint | ChrootEndpoint | ContainerEndpoint | ImageEndpoint


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
        case ChrootEndpoint():
            return "chroot"
        case ContainerEndpoint():
            return endpoint.program.value
        case ImageEndpoint():
            return f"{endpoint.program}-image"


def address_of(endpoint: Endpoint) -> str:
    """Return where an endpoint is, as an inventory or a command line would say it."""
    match endpoint:
        case SshEndpoint():
            host = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
            user = f"{endpoint.user}@" if endpoint.user else ""
            return f"ssh://{user}{host}:{endpoint.port}"
        case LocalEndpoint():
            return "local"
        case RecordedEndpoint() | ChrootEndpoint():
            return f"{channel_of(endpoint)}:{endpoint.path}"
        case ContainerEndpoint():
            return f"{channel_of(endpoint)}:{endpoint.name}"
        case ImageEndpoint():
            return f"{channel_of(endpoint)}:{endpoint.reference}"
