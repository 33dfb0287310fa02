"""Who answers on Windows: the first step of every PowerShell batch says what the target is and who we are on it.

Numbers, SIDs and registry values only, so that it reads the same in any language. What ConstrainedLanguage forbids
(who the account is, by its token) is asked by itself, and is unknown there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Unreadable
from hardening.model.platform import OperatingSystem
from hardening.model.snapshot import Privileges
from hardening.probes.windows_answers import Row, build_step, rows, tidy

if TYPE_CHECKING:
    from hardening.model.step import Answer

ADMINISTRATORS = "S-1-5-32-544"
"""The SID of the local group of administrators, whatever its name is."""

FILTERED = "the account is a local administrator, but User Account Control takes its rights away over the network"
FILTERED_REMEDY = (
    "scan with a domain account that is a local administrator, or through a JEA endpoint; "
    "LocalAccountTokenFilterPolicy=1 lifts the filter for all local administrators"
)
PLAIN = "the account is not a local administrator"
PLAIN_REMEDY = "scan with an account that is one, or through a JEA endpoint (docs/windows.md)"

STEP = build_step(
    "windows_identification",
    r"""$known = Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
$options = Get-ItemProperty -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Control\ProductOptions'
$ticks = [datetime]::UtcNow.Ticks
$seen = @{
    product = $known.ProductName
    edition = $known.EditionID
    build = $known.CurrentBuildNumber
    revision = $known.UBR
    installation = $known.InstallationType
    type = $options.ProductType
    computer = $env:COMPUTERNAME
    architecture = $env:PROCESSOR_ARCHITECTURE
    powershell = "$($PSVersionTable.PSVersion)"
    language_mode = "$($ExecutionContext.SessionState.LanguageMode)"
    account = "$env:USERDOMAIN\$env:USERNAME"
    time = ($ticks - $ticks % 10000000) / 10000000 - 62135596800
}
try {
    $system = Get-CimInstance -ClassName Win32_ComputerSystem -Property DomainRole
    $seen.domain_role = $system.DomainRole
} catch {
    $seen.domain_role_error = $_.FullyQualifiedErrorId
}
try {
    $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    $seen.sid = $identity.User.Value
    $seen.groups = @($identity.Groups | ForEach-Object { $_.Value })
    $seen.denied = @($identity.UserClaims | Where-Object { $_.Type -like '*denyonly*' } | ForEach-Object { $_.Value })
} catch {
    $seen.token_error = $_.FullyQualifiedErrorId
}
$seen
""",
    output_limit=200_000,
)
"""The first step of every PowerShell batch."""

_ROLES = {2: "stand_alone", 0: "stand_alone", 1: "member", 3: "member", 4: "domain_controller", 5: "domain_controller"}
_SERVERS = ((26100, "2025"), (20348, "2022"), (17763, "2019"), (14393, "2016"), (9600, "2012r2"), (9200, "2012"))
_CLIENTS = ((22000, "11"), (10240, "10"), (9600, "8.1"), (9200, "8"))
_INSTALLATIONS = {"server core": "core", "server": "desktop", "client": "desktop"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsIdentification:
    """What the target is, and who asked it. Of the privileges, ``refused`` says why rights are missing."""

    system: OperatingSystem | Unreadable
    privileges: Privileges
    target_time: int | Absent | Unreadable


def parse_windows_identification(answer: Answer) -> WindowsIdentification:
    """Read the answer to ``STEP``; what is missing in it stays unknown."""
    found = rows({STEP.name: answer}, STEP.name)
    if isinstance(found, Unreadable):
        return _unknown(found)
    if len(found) != 1:
        return _unknown(Unreadable("PowerShell did not say what system it runs on"))
    return _build(found[0])


def _build(seen: Row) -> WindowsIdentification:
    time = seen.get("time")
    return WindowsIdentification(
        system=_build_system(seen),
        privileges=_build_privileges(seen),
        target_time=time if isinstance(time, int) else Unreadable("PowerShell gave no time"),
    )


def _build_system(seen: Row) -> OperatingSystem | Unreadable:
    number = _text(seen, "build")
    if not (number.isascii() and number.isdigit() and len(number) < 8):  # noqa: PLR2004 - a build has five digits
        return Unreadable("Windows does not say which build it is")
    build, kind = int(number), _text(seen, "type").lower()
    is_server = kind in {"servernt", "lanmannt"}
    revision = seen.get("revision")
    names = _SERVERS if is_server else _CLIENTS
    return OperatingSystem(
        family="windows",
        distribution="windows-server" if is_server else "windows-client" if kind == "winnt" else "",
        version=next((name for first, name in names if build >= first), ""),
        title=_text(seen, "product"),
        kernel=f"{_prefix(build)}.{build}{f'.{revision}' if isinstance(revision, int) else ''}",
        architecture=_text(seen, "architecture").lower(),
        hostname=_text(seen, "computer").lower(),
        build=build,
        role=_find_role(seen, kind),
        installation=_INSTALLATIONS.get(_text(seen, "installation").lower(), ""),
        powershell=_text(seen, "powershell"),
        language_mode=_text(seen, "language_mode"),
    )


def _prefix(build: int) -> str:
    return {9600: "6.3", 9200: "6.2"}.get(build, "10.0")


def _find_role(seen: Row, kind: str) -> str:
    """Return the role; that of a domain controller the registry tells as well, to whoever may not ask CIM."""
    role = seen.get("domain_role")
    if isinstance(role, int) and role in _ROLES:
        return _ROLES[role]
    return "domain_controller" if kind == "lanmannt" else ""


def _build_privileges(seen: Row) -> Privileges:
    groups, denied = _texts(seen, "groups"), _texts(seen, "denied")
    user, sid = _text(seen, "account"), _text(seen, "sid")
    if not sid:
        return Privileges(user=user)
    if ADMINISTRATORS in groups:
        return Privileges(user=user, sid=sid, root=True)
    if ADMINISTRATORS in denied:
        return Privileges(user=user, sid=sid, refused=FILTERED, remedy=FILTERED_REMEDY)
    return Privileges(user=user, sid=sid, refused=PLAIN, remedy=PLAIN_REMEDY)


def _text(seen: Row, name: str) -> str:
    value = seen.get(name)
    return tidy(value) if isinstance(value, str) else ""


def _texts(seen: Row, name: str) -> tuple[str, ...]:
    value = seen.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _unknown(reason: Unreadable) -> WindowsIdentification:
    return WindowsIdentification(system=reason, privileges=Privileges(), target_time=reason)
