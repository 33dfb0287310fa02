"""Ways to reach a target: sessions, framing, the recording format, and the table of all transports.

Reading this table imports no library: each transport loads what it needs when an endpoint of its type is opened.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

from hardening.errors import ConnectError, SecretError
from hardening.model.target import (
    ChrootEndpoint,
    ContainerEndpoint,
    Endpoint,
    ImageEndpoint,
    LdapEndpoint,
    LocalEndpoint,
    RecordedEndpoint,
    SshEndpoint,
    WinRmEndpoint,
    channel_of,
)
from hardening.transports.session import AnySession, DirectorySession, Opening, PowerShellSession, Session

EndpointType = TypeVar(
    "EndpointType",
    SshEndpoint,
    LdapEndpoint,
    WinRmEndpoint,
    LocalEndpoint,
    RecordedEndpoint,
    ChrootEndpoint,
    ContainerEndpoint,
    ImageEndpoint,
)


@dataclass(frozen=True, slots=True)
class Transport(Generic[EndpointType]):
    """A way to reach targets: its name, the type of its endpoints, and what opens one of them."""

    name: str
    endpoint_type: type[EndpointType]
    opener: Callable[[EndpointType, Opening], AnySession]

    def open(self, endpoint: Endpoint, opening: Opening) -> AnySession:
        """Return an open session; raises ``TypeError`` for another transport's endpoint."""
        if not isinstance(endpoint, self.endpoint_type):
            msg = f"{self.name} does not open {type(endpoint).__name__}"
            raise TypeError(msg)
        return self.opener(endpoint, opening)


@contextmanager
def _without_invoke() -> Iterator[None]:
    """Keep paramiko from loading `invoke`, which takes half as long again.

    It would run programs that an ssh_config names, which nothing here ever does.
    """
    is_free = "invoke" not in sys.modules
    if is_free:
        sys.modules["invoke"] = None  # type: ignore[assignment]  # as the import system defines it: not to be found
    try:
        yield
    finally:
        if is_free:
            del sys.modules["invoke"]


def _open_ssh(endpoint: SshEndpoint, opening: Opening) -> AnySession:
    with _without_invoke():
        from hardening.transports.ssh import open_ssh  # noqa: PLC0415 - loads paramiko, a fifth of a second

    return open_ssh(endpoint, opening)


def _open_ldap(endpoint: LdapEndpoint, opening: Opening) -> AnySession:
    from hardening.transports.ldap import open_ldap  # noqa: PLC0415 - loads ldap3

    return open_ldap(endpoint, opening)


def _open_winrm(endpoint: WinRmEndpoint, opening: Opening) -> AnySession:
    from hardening.transports.winrm import open_winrm  # noqa: PLC0415 - loads winrm and requests

    return open_winrm(endpoint, opening)


def _open_local(endpoint: LocalEndpoint, opening: Opening) -> AnySession:
    from hardening.transports.local import open_local  # noqa: PLC0415 - loads subprocess

    return open_local(endpoint, opening)


def _open_recorded(endpoint: RecordedEndpoint, opening: Opening) -> AnySession:
    from hardening.transports.recorded import open_recorded  # noqa: PLC0415 - loads json and gzip

    return open_recorded(endpoint, opening)


def _open_chroot(endpoint: ChrootEndpoint, opening: Opening) -> AnySession:
    from hardening.transports.chroot import open_chroot  # noqa: PLC0415 - loads subprocess

    return open_chroot(endpoint, opening)


def _open_container(endpoint: ContainerEndpoint, opening: Opening) -> AnySession:
    from hardening.transports.container import open_container  # noqa: PLC0415 - loads subprocess

    return open_container(endpoint, opening)


def _open_image(endpoint: ImageEndpoint, opening: Opening) -> AnySession:
    from hardening.transports.container import open_image  # noqa: PLC0415 - loads subprocess

    return open_image(endpoint, opening)


AnyTransport = (
    Transport[SshEndpoint]
    | Transport[LdapEndpoint]
    | Transport[WinRmEndpoint]
    | Transport[LocalEndpoint]
    | Transport[RecordedEndpoint]
    | Transport[ChrootEndpoint]
    | Transport[ContainerEndpoint]
    | Transport[ImageEndpoint]
)

TRANSPORTS: Mapping[str, AnyTransport] = {
    "ssh": Transport("ssh", SshEndpoint, _open_ssh),
    "ldap": Transport("ldap", LdapEndpoint, _open_ldap),
    "winrm": Transport("winrm", WinRmEndpoint, _open_winrm),
    "local": Transport("local", LocalEndpoint, _open_local),
    "recorded": Transport("recorded", RecordedEndpoint, _open_recorded),
    "chroot": Transport("chroot", ChrootEndpoint, _open_chroot),
    "podman": Transport("podman", ContainerEndpoint, _open_container),
    "docker": Transport("docker", ContainerEndpoint, _open_container),
    "podman-image": Transport("podman-image", ImageEndpoint, _open_image),
    "docker-image": Transport("docker-image", ImageEndpoint, _open_image),
}


@overload
def open_session(endpoint: LdapEndpoint, opening: Opening) -> DirectorySession: ...
@overload
def open_session(endpoint: WinRmEndpoint, opening: Opening) -> PowerShellSession: ...
@overload
def open_session(
    endpoint: SshEndpoint | LocalEndpoint | ChrootEndpoint | ContainerEndpoint | ImageEndpoint, opening: Opening
) -> Session: ...
@overload
def open_session(endpoint: Endpoint, opening: Opening) -> AnySession: ...
def open_session(endpoint: Endpoint, opening: Opening) -> AnySession:
    """Return an open session to an endpoint.

    Raises ``ConnectError``, also where a secret that the login needs cannot be had, and ``SnapshotError`` for a
    recording that cannot be read.
    """
    transport = TRANSPORTS[channel_of(endpoint)]
    try:
        return transport.open(endpoint, opening)
    except SecretError as error:
        raise ConnectError(str(error), "make the secrets of the target's credential resolvable") from error
