"""What is wrong with the way to a Windows server, stage by stage: credential, name, port, certificate, login, shell.

Then PowerShell itself: which version, in which language mode, and whether the account is an administrator there.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from hardening.app.diagnosis_directory import diagnose_expiry
from hardening.app.diagnosis_lines import Diagnosis, State, failed, ok, text_of
from hardening.model.evidence import Unreadable
from hardening.model.platform import OperatingSystem
from hardening.model.target import WinRmAuthentication, WinRmBackend
from hardening.transports.session import Milestone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.app.examination import Examination
    from hardening.model.evidence import Evidence
    from hardening.model.target import WinRmEndpoint

_LISTENERS = "winrm enumerate winrm/config/listener"
_FULL = "FullLanguage"


def diagnose_windows(seen: Examination, endpoint: WinRmEndpoint, connection: Evidence) -> Iterator[Diagnosis]:
    """Yield what lies between us and a PowerShell that answers."""
    if Milestone.CREDENTIAL not in seen.milestones:
        yield failed("credential", seen.failure)
        return
    yield ok("credential", "what is needed to log in is there")
    if isinstance(seen.addresses, Unreadable):
        yield Diagnosis(
            stage="name",
            state=State.FAIL,
            what=f"the name could not be resolved: {seen.addresses.reason}",
            remedy="check the address and the name service",
            line=f"getent ahosts {shlex.quote(endpoint.address)}",
        )
        return
    if seen.addresses:
        yield ok("name", f"the name stands for {', '.join(seen.addresses)}")
    if Milestone.PORT not in seen.milestones:
        yield failed("port", seen.failure, f"nc -vz {shlex.quote(endpoint.address)} {endpoint.port}")
        return
    yield ok("port", f"port {endpoint.port} answers")
    if endpoint.tls:
        line = f"openssl s_client -connect {shlex.quote(endpoint.address)}:{endpoint.port} </dev/null"
        if Milestone.CERTIFICATE not in seen.milestones:
            yield failed("certificate", seen.failure, line)
            return
        yield diagnose_expiry(seen, connection, line)
    else:
        yield ok("certificate", "there is none: every message is encrypted by the login")
    if Milestone.LOGIN not in seen.milestones:
        yield failed("login", seen.failure, _login_line(endpoint))
        return
    yield ok("login", f"logged in as {endpoint.user or 'the holder of the certificate'} with {_way(connection)}")
    if Milestone.SHELL not in seen.milestones:
        if seen.other_backend_opens:
            yield Diagnosis(
                stage="shell",
                state=State.FAIL,
                what="the account may not open a shell, but a PowerShell session opens: backend psrp works",
                remedy="say backend: psrp in the inventory",
            )
        else:
            yield failed("shell", seen.failure, _LISTENERS)
        return
    yield ok("shell", _SHELLS[endpoint.backend])


_SHELLS = {
    WinRmBackend.WINRS: "the account may open a shell: backend winrs works",
    WinRmBackend.PSRP: "the account may open a PowerShell session: backend psrp works",
}


def diagnose_powershell(seen: Examination) -> Iterator[Diagnosis]:
    """Yield what PowerShell is and what the account may do in it."""
    system, privileges = seen.snapshot.platform.os, seen.snapshot.privileges
    if not isinstance(system, OperatingSystem):
        why = system.reason if isinstance(system, Unreadable) else "it did not say what it is"
        yield Diagnosis(stage="powershell", state=State.FAIL, what=why, remedy="run powershell.exe by hand and see")
        return
    what = f"{system.title or 'Windows'} ({system.kernel}), PowerShell {system.powershell}, {system.language_mode}"
    if system.language_mode == _FULL:
        yield ok("powershell", what)
    else:
        yield Diagnosis(
            stage="powershell",
            state=State.WARN,
            what=f"{what}: some questions are not allowed there, and are errors in the report",
            remedy="let application control trust the scan, or use a JEA endpoint (docs/windows.md)",
        )
    if privileges.root:
        yield ok("administrator", f"{privileges.user} ({privileges.sid}) is an administrator with all its rights")
    else:
        yield Diagnosis(
            stage="administrator",
            state=State.WARN,
            what=privileges.refused or "PowerShell does not say what rights the account has",
            remedy=privileges.remedy or "scan with a local administrator, or through a JEA endpoint (docs/windows.md)",
        )


def _way(connection: Evidence) -> str:
    return text_of(connection, "authentication")


def _login_line(endpoint: WinRmEndpoint) -> str:
    """Return what shows the ways of login that the server offers, or the ticket that we have."""
    if endpoint.authentication is WinRmAuthentication.KERBEROS:
        return "klist"
    return "winrm get winrm/config/service/auth"
