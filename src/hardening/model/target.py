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
    """References to secrets, never the secrets themselves (``env:NAME``, ``file:PATH`` …); ``""`` is none.

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


class LdapSecurity(StrEnum):
    """How a connection to a directory is protected; over a plain one no password is ever sent."""

    LDAPS = "ldaps"
    STARTTLS = "starttls"
    PLAIN = "plain"


class LdapAuthentication(StrEnum):
    """How we say who we are: name and password, the client certificate, a Kerberos ticket, or not at all."""

    SIMPLE = "simple"
    EXTERNAL = "external"
    KERBEROS = "kerberos"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapEndpoint:
    r"""A directory. ``ca_file`` is a path, ``""`` means the authorities that this machine trusts.

    ``user`` is a name as the directory takes it: ``audit@example.org``, ``EXAMPLE\audit`` or a distinguished name.
    With ``KERBEROS`` it is a principal, ``""`` that of the ticket's cache.
    With ``EXTERNAL`` the credential's ``certificate`` and ``key`` are shown to the server.
    """

    address: str
    port: int = 636
    user: str = ""
    security: LdapSecurity = LdapSecurity.LDAPS
    authentication: LdapAuthentication = LdapAuthentication.SIMPLE
    ca_file: str = ""
    credential: Credential = Credential()


class WinRmAuthentication(StrEnum):
    """How we say who we are: name and password by NTLM, a Kerberos ticket that is there, or the client certificate."""

    NTLM = "ntlm"
    KERBEROS = "kerberos"
    CERTIFICATE = "certificate"


class WinRmBackend(StrEnum):
    """What is asked for over WinRM: a shell in which PowerShell is started, or a PowerShell session itself."""

    WINRS = "winrs"
    PSRP = "psrp"


@dataclass(frozen=True, slots=True, kw_only=True)
class WinRmEndpoint:
    r"""A Windows server behind WinRM. ``ca_file`` is a path, ``""`` means the authorities that this machine trusts.

    Without ``tls`` every message is encrypted by NTLM or Kerberos. ``user`` is a name as Windows takes it:
    ``EXAMPLE\audit``, ``audit@example.org`` or a local one. ``configuration`` names a session configuration other than
    the usual one, such as a JEA endpoint; only a PowerShell session knows them.
    With ``CERTIFICATE`` the credential's ``certificate`` and ``key`` are shown to the server.
    """

    address: str
    port: int = 5986
    path: str = "/wsman"
    tls: bool = True
    user: str = ""
    authentication: WinRmAuthentication = WinRmAuthentication.NTLM
    backend: WinRmBackend = WinRmBackend.WINRS
    configuration: str = ""
    ca_file: str = ""
    credential: Credential = Credential()


ShellEndpoint = SshEndpoint | LocalEndpoint | RecordedEndpoint | ChrootEndpoint | ContainerEndpoint | ImageEndpoint
Endpoint = ShellEndpoint | WinRmEndpoint | LdapEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to assess, and the ways to it, visited in this order; at most one leads to a shell or to PowerShell.

    ``groups`` are those of the inventory that it belongs to. ``parameters`` is by check id, then name; ``place`` is
    the inventory line or empty.
    """

    name: str
    endpoints: tuple[Endpoint, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    baselines: tuple[BaselineReference, ...] = ()
    parameters: Mapping[str, Mapping[str, Constant]] = field(default_factory=dict)
    place: str = ""


def channel_of(endpoint: Endpoint) -> str:
    """Return the name of the transport that reaches an endpoint."""
    match endpoint:
        case SshEndpoint():
            return "ssh"
        case LdapEndpoint():
            return "ldap"
        case WinRmEndpoint():
            return "winrm"
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
            return _web_address("ssh", endpoint.user, endpoint.address, endpoint.port)
        case LdapEndpoint():
            scheme = "ldaps" if endpoint.security is LdapSecurity.LDAPS else "ldap"
            return _web_address(scheme, endpoint.user, endpoint.address, endpoint.port)
        case WinRmEndpoint():
            scheme = "winrm+https" if endpoint.tls else "winrm+http"
            return _web_address(scheme, endpoint.user, endpoint.address, endpoint.port)
        case LocalEndpoint():
            return "local"
        case RecordedEndpoint() | ChrootEndpoint():
            return f"{channel_of(endpoint)}:{endpoint.path}"
        case ContainerEndpoint():
            return f"{channel_of(endpoint)}:{endpoint.name}"
        case ImageEndpoint():
            return f"{channel_of(endpoint)}:{endpoint.reference}"


def _web_address(scheme: str, user: str, address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"{scheme}://{f'{user}@' if user else ''}{host}:{port}"
