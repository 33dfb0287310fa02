"""WinRM by pywinrm: one login, one shell, one PowerShell in it that reads the whole batch from standard input.

The shell is closed whatever happens: Windows allows an account thirty, and keeps those left open for two hours.
"""

from __future__ import annotations

import contextlib
import logging
import math
import ssl
import threading
from typing import TYPE_CHECKING

from winrm.exceptions import AuthenticationError, WinRMOperationTimeoutError, WSManFaultError
from winrm.protocol import Protocol

from hardening.errors import ConnectError
from hardening.model.evidence import ABSENT, Known
from hardening.model.target import WinRmAuthentication
from hardening.transports.ldap_tls import build_context, build_trusting_context, describe_tls
from hardening.transports.powershell_frame import (
    ARGUMENTS,
    PROGRAM,
    PowerShellFrames,
    read_words,
    render_blocks,
)
from hardening.transports.session import Milestone, Traffic, build_connection
from hardening.transports.sockets import open_socket
from hardening.transports.winrm_errors import LIBRARY_ERRORS, ONCE, find_root, find_translation, translate
from hardening.transports.winrm_wire import WinRmAdapter, Wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.evidence import Evidence, Field
    from hardening.model.step import Answer, PowerShellStep
    from hardening.model.target import WinRmEndpoint
    from hardening.transports.session import Opening, PowerShellSession

_LOG = logging.getLogger(__name__)
_CODE_PAGE = 65001
_CHUNK = 300_000
_ENVELOPE = "512000"
_WAIT_SECONDS = 20
_LAST_SECONDS = 5
_SMALL = 2_000_000
_SCHEMES = {WinRmAuthentication.NTLM: ("ntlm", "negotiate"), WinRmAuthentication.KERBEROS: ("kerberos", "negotiate")}


def open_winrm(endpoint: WinRmEndpoint, opening: Opening) -> PowerShellSession:
    """Return a session on a Windows server; raises ``ConnectError`` and ``SecretError``."""
    opening.progress(f"connecting to {name_winrm(endpoint)}")
    session = WinRmSession(endpoint, opening)
    session.open_shell()
    return session


class _LargerProtocol(Protocol):
    """pywinrm with answers as large as a server sends by default, which spares turns."""

    def build_wsman_header(self, *args: object, **kwargs: object) -> dict[str, object]:
        """Return the header of a message."""
        header: dict[str, dict[str, dict[str, str]]] = super().build_wsman_header(*args, **kwargs)  # type: ignore[arg-type] # passed on as they are
        header["env:Header"]["w:MaxEnvelopeSize"]["#text"] = _ENVELOPE
        return header  # type: ignore[return-value] # as above


class WinRmSession:
    """A session over one login and one shell."""

    def __init__(self, endpoint: WinRmEndpoint, opening: Opening) -> None:
        self._endpoint = endpoint
        self._opening = opening
        self._where = name_winrm(endpoint)
        self._wire = Wire(opening.ticks, opening.limits.connect_seconds)
        self._context = build_context(endpoint, opening) if endpoint.tls else None
        self._protocol = self._build_protocol()
        opening.reached(endpoint.address, Milestone.CREDENTIAL)
        self._wire.on_port = lambda: opening.reached(endpoint.address, Milestone.PORT)
        self._wire.on_certificate = lambda: opening.reached(endpoint.address, Milestone.CERTIFICATE)
        self._shell = ""
        self._is_broken = False
        self._busy = threading.Lock()
        self._notes: dict[str, Field] = {
            "transport": Known("winrm"),
            "encrypted": Known(True),  # noqa: FBT003 - a field's value
        }

    def _build_protocol(self) -> Protocol:
        endpoint, credential = self._endpoint, self._endpoint.credential
        is_ntlm = endpoint.authentication is WinRmAuthentication.NTLM
        password = self._opening.resolve(credential.password).reveal() if is_ntlm else ""
        if is_ntlm and not password:
            msg = f"{self._where}: the password is empty"
            raise ConnectError(msg, "check what the credential's `password` refers to")
        try:
            return _LargerProtocol(
                url_of(endpoint),
                transport=endpoint.authentication.value,
                username=endpoint.user or None,
                password=password,
                ca_trust_path=endpoint.ca_file,
                cert_pem=credential.certificate or None,
                cert_key_pem=credential.key or None,
                message_encryption="never",
                read_timeout_sec=_WAIT_SECONDS + 10,
                operation_timeout_sec=_WAIT_SECONDS,
                proxy=None,
            )
        except LIBRARY_ERRORS as error:
            raise translate(error, self._where) from error

    def _connect(self) -> None:
        """Put our own way to the wire under pywinrm; over plain HTTP, log in and agree on the encryption."""
        transport, wire = self._protocol.transport, self._wire
        transport.encryption = None
        session = transport.build_session()
        session.trust_env = False
        session.proxies = {}
        session.max_redirects = 0
        endpoint = self._endpoint
        adapter = WinRmAdapter(endpoint.address, endpoint.port, self._context, wire)
        for scheme in ("http://", "https://"):
            session.mount(scheme, adapter)
        wire.is_sealed = False
        if not endpoint.tls:
            transport.setup_encryption(session)
            wire.is_sealed = True

    def open_shell(self) -> None:
        """Connect, log in and open the shell; raises ``ConnectError``. Nothing is tried twice."""
        limits, endpoint = self._opening.limits, self._endpoint
        self._wire.allow(limits.connect_seconds + limits.idle_seconds, _SMALL)
        try:
            self._connect()
            self._shell = self._protocol.open_shell(codepage=_CODE_PAGE) or ""
        except AuthenticationError as error:
            self._hang_up()
            raise self._describe_refusal() from error
        except LIBRARY_ERRORS as error:
            self._hang_up()
            if isinstance(find_root(error), WSManFaultError):
                self._note_login()
            raise self._translate(error) from error
        self._note_login()
        if not self._shell:
            self._hang_up()
            msg = f"{self._where}: the server opened a shell without a name"
            raise ConnectError(
                msg, "check that WinRM answers on this port, and what stands in between", self.connection
            )
        self._opening.reached(endpoint.address, Milestone.SHELL)

    def _hang_up(self) -> None:
        with contextlib.suppress(*LIBRARY_ERRORS):
            self._protocol.transport.close_session()
        self._wire.close()

    def _note_login(self) -> None:
        self._notes["authentication"] = Known(self._endpoint.authentication.value)
        self._opening.reached(self._endpoint.address, Milestone.LOGIN)

    def _translate(self, error: BaseException) -> ConnectError:
        seen = self.connection
        if isinstance(find_root(error), ssl.SSLCertVerificationError):
            seen = look_at_certificate(self._endpoint, self._opening)
        return translate(error, self._where, seen)

    def _describe_refusal(self) -> ConnectError:
        """Return why a login was refused, as far as HTTP tells."""
        endpoint, offered = self._endpoint, {way.lower() for way in self._wire.offered}
        asked = _SCHEMES.get(endpoint.authentication, ())
        if asked and not self._wire.refusals and offered.isdisjoint(asked):
            reason = (
                f"the server does not offer {endpoint.authentication}, only {', '.join(sorted(offered)) or 'nothing'}"
            )
            return ConnectError(f"{self._where}: {reason}", "use another `auth`, or enable this one", self.connection)
        who = endpoint.user or ("the certificate" if not asked else "the holder of the ticket")
        reason = f"{self._where}: login as {who} was refused (HTTP 401)"
        remedy = f"check the account, its password and whether it is locked; {ONCE}"
        return ConnectError(reason, remedy, self.connection)

    def run_blocks(self, steps: Sequence[PowerShellStep]) -> Mapping[str, Answer]:
        """Run script blocks as one batch."""
        self._opening.progress(f"running {len(steps)} steps")
        with self._busy:
            word = self._opening.random_word()
            frames = PowerShellFrames(steps, word)
            return frames.answers(self._run(f"{word}\n{render_blocks(steps)}".encode("ascii"), frames))

    def _run(self, script: bytes, frames: PowerShellFrames) -> str:
        """Send the script and gather what it says; return why there is no more, for steps that did not end."""
        command = ""
        try:
            self._wire.allow(self._opening.limits.idle_seconds, _SMALL)
            command = self._protocol.run_command(self._shell, PROGRAM, ARGUMENTS, console_mode_stdin=False)
            for start in range(0, len(script), _CHUNK):
                chunk = script[start : start + _CHUNK]
                self._wire.allow(self._opening.limits.idle_seconds, _SMALL)
                is_last = start + _CHUNK >= len(script)
                self._protocol.send_command_input(self._shell, command, chunk, end=is_last)
            return self._receive(command, frames)
        except LIBRARY_ERRORS as error:
            if not isinstance(error, WSManFaultError | WinRMOperationTimeoutError):
                self._is_broken = True
            reason, _ = find_translation(error)
            return "the session was closed" if self._wire.is_stopped else reason
        finally:
            if command and not self._is_broken:
                self._end_command(command)

    def _receive(self, command: str, frames: PowerShellFrames) -> str:
        limits, ticks = self._opening.limits, self._opening.ticks
        deadline, heard, errors = ticks() + limits.deadline_seconds, ticks(), bytearray()
        while True:
            left, quiet = deadline - ticks(), limits.idle_seconds - (ticks() - heard)
            if left <= 0:
                return f"the batch did not end within {limits.deadline_seconds:g} s"
            if quiet <= 0 and not frames.is_slow:
                return f"nothing came from the target for {limits.idle_seconds:g} s"
            wait = max(1, min(_WAIT_SECONDS, math.ceil(left if frames.is_slow else min(left, quiet))))
            self._protocol.operation_timeout_sec = wait
            self._wire.allow(wait + limits.connect_seconds, 2 * limits.output_bytes)
            try:
                output, said, status, is_done = self._protocol.get_command_output_raw(self._shell, command)
            except WinRMOperationTimeoutError:
                continue
            if output or said:
                heard = ticks()
            frames.feed(output)
            errors += said[: _SMALL - len(errors)]
            if frames.size > limits.output_bytes:
                return "output limit reached"
            if is_done:
                return _describe_end(frames, bytes(errors), status)

    def _end_command(self, command: str) -> None:
        self._protocol.operation_timeout_sec = _LAST_SECONDS
        self._wire.allow(_LAST_SECONDS, _SMALL)
        try:
            self._protocol.cleanup_command(self._shell, command)
        except LIBRARY_ERRORS as error:
            self._is_broken = not isinstance(error, WSManFaultError)
            _LOG.info("%s: the command was not ended: %s", self._where, find_translation(error)[0])

    @property
    def connection(self) -> Evidence:
        """What was seen of the connection itself."""
        return build_connection({**self._notes, **self._wire.seen}, ABSENT)

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far."""
        wire = self._wire
        return Traffic(channels=1, round_trips=wire.requests, bytes_received=wire.received)

    def close(self) -> None:
        """Close the shell; a batch in another thread ends, and that thread closes it. May be called more than once."""
        if not self._busy.acquire(blocking=False):
            self._wire.stop()
            return
        try:
            shell, self._shell = self._shell, ""
            if shell:
                self._close_shell(shell)
        finally:
            self._busy.release()

    def _close_shell(self, shell: str) -> None:
        if self._is_broken or self._wire.is_stopped:
            self._wire.close()
        self._protocol.operation_timeout_sec = _LAST_SECONDS
        self._wire.allow(2 * _LAST_SECONDS, _SMALL)
        try:
            if self._is_broken:
                self._protocol.transport.close_session()
                self._connect()
            self._protocol.close_shell(shell, close_session=False)
        except LIBRARY_ERRORS as error:
            _LOG.warning("%s: the shell was not closed: %s", self._where, find_translation(error)[0])
        finally:
            self._hang_up()


def _describe_end(frames: PowerShellFrames, errors: bytes, status: int) -> str:
    """Return why steps are without an end although PowerShell ended."""
    if frames.is_complete:
        return "no end marker"
    words = read_words(errors)
    if words:
        return f"PowerShell broke off: {words}"
    if not frames.size:
        return (
            f"PowerShell ended with status {status} and said nothing: it is blocked, or something stands in its place"
        )
    return f"PowerShell broke off with status {status}"


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
