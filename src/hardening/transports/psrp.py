"""WinRM by pypsrp: a PowerShell session instead of a shell, as members of Remote Management Users may open one too.

With a session configuration, the batch is the one that is installed there (`plan --kit`): nothing is sent but the word,
and what is installed must be the batch of the plan.
"""

from __future__ import annotations

import logging
import math
import threading
from typing import TYPE_CHECKING

from winrm import exceptions as winrm_errors

from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.transports.powershell_frame import PowerShellFrames, render_blocks
from hardening.transports.powershell_kit import COMMAND, digest_blocks, find_installed
from hardening.transports.winrm_errors import LIBRARY_ERRORS, find_translation
from hardening.transports.winrm_way import WinRmWay

try:
    from pypsrp import exceptions
    from pypsrp.complex_objects import PSInvocationState
    from pypsrp.powershell import PowerShell, RunspacePool
    from pypsrp.wsman import WSMan
except ImportError as missing:
    _MISSING: ImportError | None = missing
else:
    _MISSING = None

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.evidence import Evidence
    from hardening.model.step import Answer, PowerShellStep
    from hardening.model.target import WinRmEndpoint
    from hardening.transports.session import Opening, PowerShellSession, Traffic

_LOG = logging.getLogger(__name__)
_USUAL = "Microsoft.PowerShell"
_ENVELOPE = 512_000
_WAIT_SECONDS = 20
_LAST_SECONDS = 5
_SMALL = 2_000_000
_INSTALL = "install what `hardening plan --kit DIR` writes for this plan (docs/windows.md)"


def open_psrp(endpoint: WinRmEndpoint, opening: Opening) -> PowerShellSession:
    """Return a session in PowerShell itself; raises ``ConnectError`` and ``SecretError``."""
    if _MISSING is not None:
        msg = "this installation cannot open PowerShell sessions"
        raise ConnectError(msg, "install the extra: pip install 'hardening[psrp]'") from _MISSING
    session = PsrpSession(endpoint, opening)
    session.open_pool()
    return session


class PsrpSession:
    """A session over one login and one runspace pool."""

    def __init__(self, endpoint: WinRmEndpoint, opening: Opening) -> None:
        self._way = WinRmWay(endpoint, opening, "psrp")
        self._opening = opening
        self._wire = self._way.wire
        self._wsman = self._build_wsman(endpoint)
        self._pool = RunspacePool(self._wsman, configuration_name=endpoint.configuration or _USUAL)
        self._is_open = False
        self._is_broken = False
        self._busy = threading.Lock()

    def _build_wsman(self, endpoint: WinRmEndpoint) -> WSMan:
        try:
            wsman = WSMan(
                endpoint.address,
                port=endpoint.port,
                username=endpoint.user or None,
                password=self._way.password or None,
                ssl=endpoint.tls,
                path=endpoint.path.removeprefix("/"),
                auth=endpoint.authentication.value,
                max_envelope_size=_ENVELOPE,
                operation_timeout=_WAIT_SECONDS,
                no_proxy=True,
                reconnection_backoff=0,
                negotiate_service="HTTP",
                certificate_pem=endpoint.credential.certificate or None,
                certificate_key_pem=endpoint.credential.key or None,
            )
            self._connect(wsman)
        except _ERRORS as error:
            raise self._way.translate(as_pywinrm(error)) from error
        return wsman

    def _connect(self, wsman: WSMan) -> None:
        """Put our own way to the wire under pypsrp."""
        transport = wsman.transport
        transport.encryption = None
        transport.session = transport._build_session()  # noqa: SLF001 - what `send` does where there is none yet
        self._way.mount(transport.session)
        self._wire.is_sealed = not self._way.endpoint.tls

    def open_pool(self) -> None:
        """Connect, log in and open the PowerShell session; raises ``ConnectError``. Nothing is tried twice."""
        limits = self._opening.limits
        self._wire.allow(limits.connect_seconds + limits.idle_seconds, _SMALL)
        try:
            self._pool.open()
        except _ERRORS as error:
            self._close_pool()
            raise self._way.translate(as_pywinrm(error)) from error
        self._is_open = True
        self._way.note_shell()

    def run_blocks(self, steps: Sequence[PowerShellStep]) -> Mapping[str, Answer]:
        """Run script blocks as one batch; raises ``ConnectError`` where another batch is installed."""
        self._opening.progress(f"running {len(steps)} steps")
        with self._busy:
            word = self._opening.random_word()
            frames = PowerShellFrames(steps, word)
            script = PowerShell(self._pool)
            if self._way.endpoint.configuration:
                script.add_cmdlet(COMMAND).add_parameter("Word", word)
            else:
                script.add_script(f"$hardening=@($args[0])\n{render_blocks(steps)}").add_argument(word)
            missing = self._run(script, frames)
            if self._way.endpoint.configuration:
                self._require_installed(frames, word, digest_blocks(steps), missing)
            return frames.answers(missing)

    def _require_installed(self, frames: PowerShellFrames, word: str, wanted: str, missing: str) -> None:
        found = find_installed(frames.data, word)
        where, name = self._way.where, self._way.endpoint.configuration
        if not found:
            reason = f"{where}: the session configuration {name} did not say what it holds: {missing}"
            raise ConnectError(reason, _INSTALL, self.connection)
        if found != wanted:
            reason = f"{where}: the session configuration {name} holds another plan than this scan"
            raise ConnectError(reason, _INSTALL, self.connection)

    def _run(self, script: PowerShell, frames: PowerShellFrames) -> str:
        """Run a script and gather what it says; return why there is no more, for steps that did not end."""
        try:
            self._wire.allow(self._opening.limits.idle_seconds, _SMALL)
            script.begin_invoke()
            return self._receive(script, frames)
        except _ERRORS as error:
            translated = as_pywinrm(error)
            self._is_broken = not isinstance(translated, winrm_errors.WSManFaultError)
            reason, _ = find_translation(translated)
            return "the session was closed" if self._wire.is_stopped else reason
        finally:
            if not self._is_broken:
                self._end(script)

    def _receive(self, script: PowerShell, frames: PowerShellFrames) -> str:
        limits, ticks = self._opening.limits, self._opening.ticks
        deadline, heard, taken = ticks() + limits.deadline_seconds, ticks(), 0
        while script.state == PSInvocationState.RUNNING:
            left, quiet = deadline - ticks(), limits.idle_seconds - (ticks() - heard)
            if left <= 0:
                return f"the batch did not end within {limits.deadline_seconds:g} s"
            if quiet <= 0 and not frames.is_slow:
                return f"nothing came from the target for {limits.idle_seconds:g} s"
            wait = max(1, min(_WAIT_SECONDS, math.ceil(left if frames.is_slow else min(left, quiet))))
            self._wire.allow(wait + limits.connect_seconds, 4 * limits.output_bytes)
            script.poll_invoke(timeout=wait)
            lines = script.output[taken:]
            taken += len(lines)
            if lines:
                heard = ticks()
            frames.feed("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
            if frames.size > limits.output_bytes:
                return "output limit reached"
        if frames.is_complete:
            return "no end marker"
        words = clean_line(next((str(error) for error in script.streams.error), ""), 200)
        return f"PowerShell broke off: {words}" if words else "PowerShell broke off"

    def _end(self, script: PowerShell) -> None:
        self._wire.allow(_LAST_SECONDS, _SMALL)
        try:
            if script.state == PSInvocationState.RUNNING:
                script.stop()
            else:
                script.close()
        except _ERRORS as error:
            self._is_broken = not isinstance(as_pywinrm(error), winrm_errors.WSManFaultError)
            _LOG.info("%s: the script was not ended: %s", self._way.where, find_translation(as_pywinrm(error))[0])

    @property
    def connection(self) -> Evidence:
        """What was seen of the connection itself."""
        return self._way.connection

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far."""
        return self._way.traffic

    def close(self) -> None:
        """Close the session; a batch in another thread ends first. May be called more than once."""
        if not self._busy.acquire(blocking=False):
            # Whoever interrupts a scan does not wait for its threads, so the last word is ours.
            self._wire.stop()
            if not self._busy.acquire(timeout=2 * _LAST_SECONDS):
                return
        try:
            if self._is_open:
                self._is_open = False
                self._close_pool()
        finally:
            self._busy.release()

    def _close_pool(self) -> None:
        if self._is_broken or self._wire.is_stopped:
            self._wire.close()
        self._wire.allow(2 * _LAST_SECONDS, _SMALL)
        try:
            if self._is_broken:
                self._wsman.transport.close()
                self._connect(self._wsman)
            if self._pool.shell.opened:
                self._pool.shell.close()
        except _ERRORS as error:
            reason = find_translation(as_pywinrm(error))[0]
            _LOG.warning("%s: the session was not closed: %s", self._way.where, reason)
        finally:
            self._wsman.transport.close()
            self._wire.close()


_ERRORS: tuple[type[BaseException], ...] = (
    LIBRARY_ERRORS if _MISSING is not None else (*LIBRARY_ERRORS, exceptions.WinRMError)
)


def as_pywinrm(error: BaseException) -> BaseException:
    """Return an error of pypsrp as the one that pywinrm raises of the same; any other as it is."""
    if _MISSING is not None:
        return error
    match error:
        case exceptions.WSManFaultError():
            code = error.code if isinstance(error.code, int) else None
            reason = str(error.reason or "(no error message in fault)")
            return winrm_errors.WSManFaultError(500, "", "", reason, wsman_fault_code=code)
        case exceptions.AuthenticationError():
            return winrm_errors.AuthenticationError(str(error))
        case exceptions.WinRMTransportError():
            return winrm_errors.WinRMTransportError("http", error.code, error.response_text)
        case exceptions.WinRMError():
            return winrm_errors.WinRMError(str(error))
        case _:
            return error
