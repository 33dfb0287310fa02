"""What Microsoft Defender says of itself, in one step for all questions: its state and its preferences as they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Unreadable
from hardening.probes.windows_answers import EPOCH, NOT_OFFERED, Row, build_step, guard, rows, select, troubles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.model.step import Answer

_STEP = "defender"
STATUS_PLACE, PREFERENCE_PLACE = "MSFT_MpComputerStatus", "MSFT_MpPreference"
_STATUS = f"""$s = Get-CimInstance -Namespace root/Microsoft/Windows/Defender -ClassName MSFT_MpComputerStatus -ErrorAction Stop
$updated = $s.AntivirusSignatureLastUpdated
@{{
status = $true
service = $s.AMServiceEnabled
antivirus = $s.AntivirusEnabled
real_time = $s.RealTimeProtectionEnabled
behavior = $s.BehaviorMonitorEnabled
tamper = $s.IsTamperProtected
mode = $s.AMRunningMode
age = $s.AntivirusSignatureAge
updated = if ($updated -is [datetime]) {{ {EPOCH.format("$updated")} }} else {{ $null }}
}}"""  # noqa: E501 - lines of PowerShell are not broken
_PREFERENCE = r"""$p = Get-CimInstance -Namespace root/Microsoft/Windows/Defender -ClassName MSFT_MpPreference -ErrorAction Stop
@{
preference = $true
maps = if ($null -ne $p.MAPSReporting) { [int]$p.MAPSReporting } else { $null }
samples = if ($null -ne $p.SubmitSamplesConsent) { [int]$p.SubmitSamplesConsent } else { $null }
block_level = if ($null -ne $p.CloudBlockLevel) { [int]$p.CloudBlockLevel } else { $null }
pua = if ($null -ne $p.PUAProtection) { [int]$p.PUAProtection } else { $null }
network = if ($null -ne $p.EnableNetworkProtection) { [int]$p.EnableNetworkProtection } else { $null }
network_server = $p.AllowNetworkProtectionOnWinServer
paths = @($p.ExclusionPath | Where-Object { $_ })
processes = @($p.ExclusionProcess | Where-Object { $_ })
extensions = @($p.ExclusionExtension | Where-Object { $_ })
merge = $p.DisableLocalAdminMerge
rules = @($p.AttackSurfaceReductionRules_Ids | Where-Object { $_ })
actions = @($p.AttackSurfaceReductionRules_Actions | Where-Object { $null -ne $_ } | ForEach-Object { [int]$_ })
rule_exclusions = @($p.AttackSurfaceReductionOnlyExclusions | Where-Object { $_ })
}"""  # noqa: E501 - lines of PowerShell are not broken
DEFENDER = build_step(_STEP, guard("status", _STATUS) + guard("preference", _PREFERENCE))
"""The step that all questions on Defender share."""


@dataclass(frozen=True, slots=True)
class DefenderAnswer:
    """Both rows, or why they are not there; ``installed`` is false where Windows knows no such classes."""

    status: Row | Unreadable
    preference: Row | Unreadable
    installed: bool | Unreadable


def read_defender(answers: Mapping[str, Answer]) -> DefenderAnswer | Unreadable:
    """Return what Defender says."""
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return found
    trouble = troubles(found)
    status, preference = (
        next(iter(select(found, part)), Unreadable(trouble.get(part, "Defender said nothing"), place))
        for part, place in (("status", STATUS_PLACE), ("preference", PREFERENCE_PLACE))
    )
    installed: bool | Unreadable = True
    if isinstance(status, Unreadable):
        installed = False if status.reason.startswith(NOT_OFFERED) else status
    return DefenderAnswer(status, preference, installed)
