"""What every way of asking over WinRM has in common: the endpoint, the wire, what was seen, and why a login failed."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING

from winrm.exceptions import AuthenticationError, WSManFaultError

from hardening.errors import ConnectError
from hardening.model.evidence import ABSENT, Known
from hardening.model.target import WinRmAuthentication
from hardening.transports.ldap_tls import build_context, build_trusting_context, describe_tls
from hardening.transports.session import Milestone, Traffic, build_connection
from hardening.transports.sockets import open_socket
from hardening.transports.winrm_errors import ONCE, find_root, translate
from hardening.transports.winrm_wire import WinRmAdapter, Wire

if TYPE_CHECKING:
    import requests

    from hardening.model.evidence import Evidence, Field
    from hardening.model.target import WinRmEndpoint
    from hardening.transports.session import Opening

_LOG = logging.getLogger(__name__)
_SCHEMES = {WinRmAuthentication.NTLM: ("ntlm", "negotiate"), WinRmAuthentication.KERBEROS: ("kerberos", "negotiate")}


class WinRmWay:
    """The way to one Windows server; nobody is logged in yet. Raises ``ConnectError`` and ``SecretError``."""

    def __init__(self, endpoint: WinRmEndpoint, opening: Opening, transport: str) -> None:
        self.endpoint = endpoint
        self.opening = opening
        self.where = name_winrm(endpoint)
        self.wire = Wire(opening.ticks, opening.limits.connect_seconds)
        self.password = self._resolve_password()
        self._context = build_context(endpoint, opening) if endpoint.tls else None
        opening.reached(endpoint.address, Milestone.CREDENTIAL)
        self.wire.on_port = lambda: opening.reached(endpoint.address, Milestone.PORT)
        self.wire.on_certificate = lambda: opening.reached(endpoint.address, Milestone.CERTIFICATE)
        self._notes: dict[str, Field] = {
            "transport": Known(transport),
            "encrypted": Known(True),  # noqa: FBT003 - a field's value
        }

    def _resolve_password(self) -> str:
        if self.endpoint.authentication is not WinRmAuthentication.NTLM:
            return ""
        password = self.opening.resolve(self.endpoint.credential.password).reveal()
        if not password:
            msg = f"{self.where}: the password is empty"
            raise ConnectError(msg, "check what the credential's `password` refers to")
        return password

    def mount(self, session: requests.Session) -> None:
        """Let a session of requests send over our wire, and over nothing else."""
        session.trust_env = False
        session.proxies = {}
        session.max_redirects = 0
        adapter = WinRmAdapter(self.endpoint.address, self.endpoint.port, self._context, self.wire)
        for scheme in ("http://", "https://"):
            session.mount(scheme, adapter)

    def note_login(self) -> None:
        """Remember that the login was good."""
        self._notes["authentication"] = Known(self.endpoint.authentication.value)
        self.opening.reached(self.endpoint.address, Milestone.LOGIN)

    def note_shell(self) -> None:
        """Remember that the login was good, and that what was asked for is open."""
        self.note_login()
        self.opening.reached(self.endpoint.address, Milestone.SHELL)

    def translate(self, error: BaseException) -> ConnectError:
        """Return the error to raise, chained with ``from``, where nothing could be opened."""
        root = find_root(error)
        if isinstance(root, AuthenticationError):
            return self._describe_refusal()
        if isinstance(root, WSManFaultError):
            self.note_login()
        seen = self.connection
        if isinstance(root, ssl.SSLCertVerificationError):
            seen = look_at_certificate(self.endpoint, self.opening)
        return translate(error, self.where, seen)

    def _describe_refusal(self) -> ConnectError:
        """Return why a login was refused, as far as HTTP tells."""
        endpoint, offered = self.endpoint, {way.lower() for way in self.wire.offered}
        asked = _SCHEMES.get(endpoint.authentication, ())
        if asked and not self.wire.refusals and offered.isdisjoint(asked):
            others = ", ".join(sorted(offered)) or "nothing"
            reason = f"{self.where}: the server does not offer {endpoint.authentication}, only {others}"
            return ConnectError(reason, "use another `auth`, or enable this one", self.connection)
        who = endpoint.user or ("the holder of the ticket" if asked else "the certificate")
        reason = f"{self.where}: login as {who} was refused (HTTP 401)"
        remedy = f"check the account, its password and whether it is locked; {ONCE}"
        return ConnectError(reason, remedy, self.connection)

    @property
    def connection(self) -> Evidence:
        """What was seen of the connection itself."""
        return build_connection({**self._notes, **self.wire.seen}, ABSENT)

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far."""
        return Traffic(channels=1, round_trips=self.wire.requests, bytes_received=self.wire.received)


def look_at_certificate(endpoint: WinRmEndpoint, opening: Opening) -> Evidence:
    """Return what a server shows whose certificate was refused; nothing is sent to it."""
    seen: dict[str, Field] = {"transport": Known("winrm")}
    seconds = opening.limits.connect_seconds
    try:
        with open_socket(endpoint.address, endpoint.port, seconds, opening.ticks) as plain:
            plain.settimeout(seconds)
            with build_trusting_context().wrap_socket(plain, server_hostname=endpoint.address) as sock:
                seen |= describe_tls(sock)
    except (OSError, UnicodeError) as error:
        _LOG.info("%s: the certificate could not be looked at again: %s", name_winrm(endpoint), error)
    return build_connection(seen, ABSENT)


def name_winrm(endpoint: WinRmEndpoint) -> str:
    """Return address and port as messages name them."""
    host = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    return f"{host}:{endpoint.port}"


def url_of(endpoint: WinRmEndpoint) -> str:
    """Return where the service listens; port and path always stand there, as pywinrm guesses them wrong."""
    return f"http{'s' if endpoint.tls else ''}://{name_winrm(endpoint)}{endpoint.path}"
