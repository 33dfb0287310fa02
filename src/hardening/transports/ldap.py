"""A session on a directory: one connection, one login, searches one after another; nothing is ever changed.

Beside it, where the plan says so: a connection as nobody, logins with a made-up account, and TLS handshakes.
"""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hardening.errors import ConnectError
from hardening.model.directory import ROOT_DSE, fill_base
from hardening.model.step import (
    Answer,
    LdapAnswer,
    LdapBindStep,
    LdapEntry,
    LdapIdentity,
    LdapNtlmStep,
    LdapStep,
    LdapTlsStep,
    NotRun,
)
from hardening.model.target import LdapEndpoint, LdapSecurity
from hardening.transports.ldap_connection import LdapConnection, look_at_certificate, name_endpoint
from hardening.transports.ldap_errors import LIBRARY_ERRORS, find_translation
from hardening.transports.ldap_observe import try_handshake, try_unbound_ntlm
from hardening.transports.ldap_search import find_refusal, run_search
from hardening.transports.ldap_tls import build_context
from hardening.transports.session import Milestone, Opening, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hardening.model.evidence import Evidence
    from hardening.model.step import DirectoryStep
    from hardening.transports.ldap_observe import Observed
    from hardening.transports.session import DirectorySession

_ACTIVE_DIRECTORY = b"1.2.840.113556.1.4.800"
_PLAIN_PORTS = {636: 389, 3269: 3268}
_SERVER_DOWN = 81
_PAGE_BYTES = 100_000_000
_NOWHERE = LdapEntry("", {})


def open_ldap(endpoint: LdapEndpoint, opening: Opening) -> DirectorySession:
    """Return a session on a directory; raises ``ConnectError`` and ``SecretError``."""
    opening.progress(f"connecting to {name_endpoint(endpoint, endpoint.port)}")
    context = build_context(endpoint, opening)
    opening.reached(endpoint.address, Milestone.CREDENTIAL)
    try:
        connection = LdapConnection(endpoint, opening, context)
    except ConnectError as error:
        if isinstance(error.__cause__, ssl.SSLCertVerificationError):
            raise ConnectError(error.reason, error.remedy, look_at_certificate(endpoint, opening)) from error.__cause__
        raise
    opening.reached(endpoint.address, Milestone.CERTIFICATE)
    try:
        connection.log_in()
        opening.reached(endpoint.address, Milestone.LOGIN)
        session = LdapSession(endpoint, opening, context, connection)
        session.read_root_dse()
    except BaseException:
        connection.close()
        raise
    return session


class LdapSession:
    """A session over one connection that is logged in."""

    def __init__(
        self, endpoint: LdapEndpoint, opening: Opening, context: ssl.SSLContext, connection: LdapConnection
    ) -> None:
        self._endpoint = endpoint
        self._opening = opening
        self._context = context
        self._connections = {LdapIdentity.OWN: connection}
        self._closed: list[LdapConnection] = []
        self._root_dse: Answer = NotRun("the root DSE was not read")
        self._searches = 0
        self._is_closed = False

    def read_root_dse(self) -> None:
        """Read what the directory says of itself; its names for its parts fill those in the plan."""
        self._root_dse = self._search(ROOT_DSE, self._opening.limits.idle_seconds)
        if isinstance(self._root_dse, NotRun):
            reason = f"{self._own.where}: the directory did not answer: {self._root_dse.reason}"
            raise ConnectError(reason, "check that a directory answers on this port", self.connection)
        self._opening.reached(self._endpoint.address, Milestone.ROOT_DSE)

    def search(self, steps: Sequence[DirectoryStep]) -> Mapping[str, Answer]:
        """Ask one after another, slow steps last; the root DSE is the one that was read when the session opened."""
        opening = self._opening
        opening.progress(f"running {len(steps)} steps")
        deadline = opening.ticks() + opening.limits.deadline_seconds
        answers: dict[str, Answer] = {}
        for step in sorted(steps, key=lambda step: step.slow):
            left = deadline - opening.ticks()
            if step == ROOT_DSE:
                answers[step.name] = self._root_dse
            elif left <= 0:
                answers[step.name] = NotRun(f"the steps did not end within {opening.limits.deadline_seconds:g} s")
            else:
                answers[step.name] = self._run(step, left)
        return answers

    def _run(self, step: DirectoryStep, seconds: float) -> Answer:
        if self._is_closed:
            return NotRun("the session was closed")
        match step:
            case LdapStep():
                refusal = find_refusal(step)
                return NotRun(refusal) if refusal else self._search(step, seconds)
            case LdapBindStep():
                return self._try_made_up_bind()
            case LdapTlsStep():
                return self._observe(partial(try_handshake, version=step.version))
            case LdapNtlmStep():
                return self._observe(partial(try_unbound_ntlm, context=self._context))

    def _search(self, step: LdapStep, seconds: float) -> Answer:
        began = self._opening.ticks()
        try:
            base = fill_base(step.base, self._root_entry) if "{" in step.base else step.base
            connection = self._connect_as(step.identity)
        except ValueError as error:
            return NotRun(str(error))
        except ConnectError as error:
            return NotRun(error.reason)
        sock = connection.socket
        if sock.broken:
            return NotRun(f"the connection is gone: {sock.broken}")
        sock.allow(seconds, min(self._left, step.output_limit + _PAGE_BYTES))
        self._searches += 1
        try:
            answer = run_search(connection.ldap, step, base, refers=self._refers)
        except LIBRARY_ERRORS as error:
            sock.note_broken(find_translation(error)[0])
            return NotRun(f"the search broke off: {sock.broken}")
        return replace(answer, milliseconds=max(round((self._opening.ticks() - began) * 1000), 0))

    def _connect_as(self, identity: LdapIdentity) -> LdapConnection:
        if identity not in self._connections:
            self._connections[identity] = LdapConnection(self._endpoint, self._opening, self._context)
        return self._connections[identity]

    def _observe(self, look: Callable[[LdapEndpoint, Opening], Observed]) -> Answer:
        began = self._opening.ticks()
        answer, connections = look(self._endpoint, self._opening)
        self._closed.extend(connections)
        if isinstance(answer, NotRun):
            return answer
        return replace(answer, milliseconds=max(round((self._opening.ticks() - began) * 1000), 0))

    def _try_made_up_bind(self) -> Answer:
        """Bind as an account that does not exist, with a password made up on the spot; a closed port is an answer."""
        endpoint = self._endpoint
        port = endpoint.port if endpoint.security is not LdapSecurity.LDAPS else _PLAIN_PORTS.get(endpoint.port, 0)
        if not port:
            return NotRun(f"where the server of port {endpoint.port} listens for plain LDAP is not known")
        began = self._opening.ticks()
        try:
            context = fill_base("{default_nc}", self._root_entry)
            connection = LdapConnection(endpoint, self._opening, self._context, plain_port=port)
        except ValueError as error:
            return NotRun(str(error))
        except ConnectError as error:
            if isinstance(error.__cause__, ConnectionRefusedError):
                return LdapAnswer(result=_SERVER_DOWN, message="the port of plain LDAP is closed")
            return NotRun(error.reason)
        self._closed.append(connection)
        with contextlib.closing(connection):
            name, password = self._opening.random_word(), self._opening.random_word()
            try:
                result, message = connection.bind(f"cn={name},{context}", password)
            except ConnectError as error:
                return NotRun(error.reason)
        return LdapAnswer(
            result=result, message=message, milliseconds=max(round((self._opening.ticks() - began) * 1000), 0)
        )

    @property
    def _own(self) -> LdapConnection:
        return self._connections[LdapIdentity.OWN]

    @property
    def _root_entry(self) -> LdapEntry:
        match self._root_dse:
            case LdapAnswer(entries=(entry, *_)):
                return entry
            case _:
                return _NOWHERE

    @property
    def _refers(self) -> bool:
        """Whether the directory names its other parts in every answer, as Active Directory does."""
        return _ACTIVE_DIRECTORY in self._root_entry.values("supportedCapabilities")

    @property
    def _left(self) -> int:
        return max(self._opening.limits.directory_bytes - self.traffic.bytes_received, 0)

    @property
    def connection(self) -> Evidence:
        """What was seen of the connection: TLS, the certificate, how we logged in."""
        return self._own.evidence

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far; ``channels`` counts searches."""
        connections = [*self._connections.values(), *self._closed]
        return Traffic(
            channels=self._searches,
            round_trips=sum(connection.socket.turns for connection in connections),
            bytes_received=sum(connection.socket.received for connection in connections),
        )

    def close(self) -> None:
        """Close all connections."""
        self._is_closed = True
        for connection in self._connections.values():
            connection.close()
