"""WinRM by pywinrm: one login, one shell, one PowerShell in it that reads the whole batch from standard input.

The shell is closed whatever happens: Windows allows an account thirty, and keeps those left open for two hours.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from typing import TYPE_CHECKING

from winrm.exceptions import WinRMOperationTimeoutError, WSManFaultError
from winrm.protocol import Protocol

from hardening.errors import ConnectError
from hardening.model.target import WinRmBackend
from hardening.transports.powershell_frame import (
    ARGUMENTS,
    PROGRAM,
    PowerShellFrames,
    read_words,
    render_blocks,
)
from hardening.transports.session import Traffic
from hardening.transports.winrm_errors import LIBRARY_ERRORS, find_translation
from hardening.transports.winrm_way import WinRmWay, name_winrm, url_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.evidence import Evidence
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


def open_winrm(endpoint: WinRmEndpoint, opening: Opening) -> PowerShellSession:
    """Return a session on a Windows server; raises ``ConnectError`` and ``SecretError``."""
    opening.progress(f"connecting to {name_winrm(endpoint)}")
    if endpoint.backend is WinRmBackend.PSRP:
        from hardening.transports.psrp import open_psrp  # noqa: PLC0415 - loads pypsrp, an extra

        return open_psrp(endpoint, opening)
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
        self._way = WinRmWay(endpoint, opening, "winrm")
        self._opening = opening
        self._where = self._way.where
        self._wire = self._way.wire
        self._protocol = self._build_protocol(endpoint)
        self._shell = ""
        self._is_broken = False
        self._busy = threading.Lock()

    def _build_protocol(self, endpoint: WinRmEndpoint) -> Protocol:
        credential = endpoint.credential
        try:
            return _LargerProtocol(
                url_of(endpoint),
                transport=endpoint.authentication.value,
                username=endpoint.user or None,
                password=self._way.password,
                ca_trust_path=endpoint.ca_file,
                cert_pem=credential.certificate or None,
                cert_key_pem=credential.key or None,
                message_encryption="never",
                read_timeout_sec=_WAIT_SECONDS + 10,
                operation_timeout_sec=_WAIT_SECONDS,
                proxy=None,
            )
        except LIBRARY_ERRORS as error:
            raise self._way.translate(error) from error

    def _connect(self) -> None:
        """Put our own way to the wire under pywinrm; over plain HTTP, log in and agree on the encryption."""
        transport, wire = self._protocol.transport, self._wire
        transport.encryption = None
        session = transport.build_session()
        self._way.mount(session)
        wire.is_sealed = False
        if not self._way.endpoint.tls:
            transport.setup_encryption(session)
            wire.is_sealed = True

    def open_shell(self) -> None:
        """Connect, log in and open the shell; raises ``ConnectError``. Nothing is tried twice."""
        limits = self._opening.limits
        self._wire.allow(limits.connect_seconds + limits.idle_seconds, _SMALL)
        try:
            self._connect()
            self._shell = self._protocol.open_shell(codepage=_CODE_PAGE) or ""
        except LIBRARY_ERRORS as error:
            self._hang_up()
            raise self._way.translate(error) from error
        if not self._shell:
            self._hang_up()
            msg = f"{self._where}: the server opened a shell without a name"
            remedy = "check that WinRM answers on this port, and what stands in between"
            raise ConnectError(msg, remedy, self.connection)
        self._way.note_shell()

    def _hang_up(self) -> None:
        with contextlib.suppress(*LIBRARY_ERRORS):
            self._protocol.transport.close_session()
        self._wire.close()

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
        return self._way.connection

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far."""
        return self._way.traffic

    def close(self) -> None:
        """Close the shell; a batch in another thread ends first. May be called more than once."""
        if not self._busy.acquire(blocking=False):
            # Whoever interrupts a scan does not wait for its threads, so the last word is ours.
            self._wire.stop()
            if not self._busy.acquire(timeout=2 * _LAST_SECONDS):
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
