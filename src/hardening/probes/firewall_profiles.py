"""The profiles of the Windows firewall as they hold now, group policy included (the active store)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Known, Record, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import Row, build_step, is_integer, rows, select, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "firewall_profiles"
_PLACE = "active store of the firewall"
_PROFILES = build_step(
    _STEP,
    r"""Get-NetFirewallProfile -PolicyStore ActiveStore -ErrorAction Stop | ForEach-Object {
@{
profile = "$($_.Name)"
enabled = [int]$_.Enabled
inbound = [int]$_.DefaultInboundAction
outbound = [int]$_.DefaultOutboundAction
local_rules = [int]$_.AllowLocalFirewallRules
local_ipsec = [int]$_.AllowLocalIPsecRules
log_dropped = [int]$_.LogBlocked
log_allowed = [int]$_.LogAllowed
log_size = [long]$_.LogMaxSizeKilobytes
log_file = "$($_.LogFileName)"
}
}""",
)
_NAMES = frozenset({"domain", "private", "public"})
# What 2, not configured, stands for: the firewall's own defaults.
_DEFAULTS = {"enabled": 1, "local_rules": 1, "local_ipsec": 1, "log_dropped": 0, "log_allowed": 0}
_NOT_CONFIGURED = 2
_ACTIONS = {"inbound": {0: "block", 2: "allow", 4: "block"}, "outbound": {0: "allow", 2: "allow", 4: "block"}}
_PROFILE = {
    "profile": FieldSpec(FieldType.TEXT, "domain, private or public"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether it filters"),
    "inbound": FieldSpec(FieldType.TEXT, "block or allow: what becomes of inbound packets that no rule names"),
    "outbound": FieldSpec(FieldType.TEXT, "block or allow: what becomes of outbound packets that no rule names"),
    "local_rules": FieldSpec(FieldType.BOOLEAN, "whether rules count that are not from group policy"),
    "local_ipsec": FieldSpec(FieldType.BOOLEAN, "the same of rules for IPsec"),
    "log_dropped": FieldSpec(FieldType.BOOLEAN, "whether dropped packets are logged"),
    "log_allowed": FieldSpec(FieldType.BOOLEAN, "whether connections that were let in are logged"),
    "log_size": FieldSpec(FieldType.INTEGER, "the size that the log may have, in KB"),
    "log_file": FieldSpec(FieldType.TEXT, "the log"),
}
_FIELDS = {"profiles": FieldSpec(FieldType.RECORDS, "the three profiles", _PROFILE)}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_PROFILES,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason, _PLACE))
    seen = {str(row["profile"]).lower(): row for row in select(found, "profile")}
    if set(seen) != _NAMES:
        return dict.fromkeys(probes, build_unreadable(_FIELDS, "the firewall does not tell its three profiles", _PLACE))
    records = tuple(_build(name, seen[name]) for name in sorted(seen))
    return {probe: {"profiles": Known(records, _PLACE)} for probe in probes}


def _build(name: str, row: Row) -> Record:
    place = f"{_PLACE}, {name}"
    size = row.get("log_size")
    return {
        "profile": Known(name, place),
        **{member: _switch(row, member, place) for member in _DEFAULTS},
        **{member: _action(row, member, place) for member in _ACTIONS},
        "log_size": Known(size, place) if isinstance(size, int) else Unreadable("no number of KB", place),
        "log_file": text(row, "log_file", place),
    }


def _switch(row: Row, member: str, place: str) -> Field:
    value = row.get(member)
    if not is_integer(value) or value not in {0, 1, _NOT_CONFIGURED}:
        return Unreadable(f"{member} is no setting of the firewall", place)
    return Known(bool(_DEFAULTS[member] if value == _NOT_CONFIGURED else value), place)


def _action(row: Row, member: str, place: str) -> Field:
    value = row.get(member)
    if isinstance(value, int) and is_integer(value) and value in _ACTIONS[member]:
        return Known(_ACTIONS[member][value], place)
    return Unreadable(f"{member} is no action of the firewall", place)


KIND = ProbeKind(
    name="firewall_profiles",
    summary="the profiles of the Windows firewall as they hold now",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
