"""Ways to reach a target: sessions, framing, the recording format, and the table of all transports.

Reading this table imports no library: each transport loads what it needs when an endpoint of its type is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from hardening.errors import ConnectError, SecretError
from hardening.model.target import Endpoint, LocalEndpoint, RecordedEndpoint, SshEndpoint
from hardening.transports.session import Opening, Session

EndpointType = TypeVar("EndpointType", SshEndpoint, LocalEndpoint, RecordedEndpoint)


@dataclass(frozen=True, slots=True)
class Transport(Generic[EndpointType]):
    """A way to reach targets: its name, the type of its endpoints, and what opens one of them."""

    name: str
    endpoint_type: type[EndpointType]
    opener: Callable[[EndpointType, Opening], Session]

    def open(self, endpoint: Endpoint, opening: Opening) -> Session:
        """Return an open session; raises ``TypeError`` for another transport's endpoint."""
        if not isinstance(endpoint, self.endpoint_type):
            msg = f"{self.name} does not open {type(endpoint).__name__}"
            raise TypeError(msg)
        return self.opener(endpoint, opening)


def _open_ssh(endpoint: SshEndpoint, opening: Opening) -> Session:
    from hardening.transports.ssh import open_ssh  # noqa: PLC0415 - loads paramiko, a quarter of a second

    return open_ssh(endpoint, opening)


def _open_local(endpoint: LocalEndpoint, opening: Opening) -> Session:
    from hardening.transports.local import open_local  # noqa: PLC0415 - loads subprocess

    return open_local(endpoint, opening)


def _open_recorded(endpoint: RecordedEndpoint, opening: Opening) -> Session:
    from hardening.transports.recorded import open_recorded  # noqa: PLC0415 - loads json and gzip

    return open_recorded(endpoint, opening)


AnyTransport = Transport[SshEndpoint] | Transport[LocalEndpoint] | Transport[RecordedEndpoint]

TRANSPORTS: Mapping[str, AnyTransport] = {
    "ssh": Transport("ssh", SshEndpoint, _open_ssh),
    "local": Transport("local", LocalEndpoint, _open_local),
    "recorded": Transport("recorded", RecordedEndpoint, _open_recorded),
}


def open_session(endpoint: Endpoint, opening: Opening) -> Session:
    """Return an open session to an endpoint.

    Raises ``ConnectError``, also where a secret that the login needs cannot be had, and ``SnapshotError`` for a
    recording that cannot be read.
    """
    transport = next(entry for entry in TRANSPORTS.values() if isinstance(endpoint, entry.endpoint_type))
    try:
        return transport.open(endpoint, opening)
    except SecretError as error:
        raise ConnectError(str(error), "make the secrets of the target's credential resolvable") from error
