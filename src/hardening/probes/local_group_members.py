"""Members of local groups of Windows, by SID; also those of which only the SID is left.

Asked through ADSI, which works on every version and tells orphaned members; the name that a group has in the language
of the system is looked up by its SID on the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.sid import render_sid
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.user_right import in_any_domain
from hardening.probes.windows_answers import Row, build_step, guard, quote_list, rows, select, text, troubles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "local_group_members"
_PLACE = "local group"
_ONE_GROUP = r"""$name = $null
try { $name = (([Security.Principal.SecurityIdentifier]$group).Translate([Security.Principal.NTAccount]).Value -split '\\')[-1] }
catch {
$known = Get-CimInstance -ClassName Win32_Group -Filter "LocalAccount = TRUE AND SID = '$group'" -ErrorAction Stop
if ($known) { $name = @($known)[0].Name }
}
if ($null -eq $name) { @{ group = $group; found = $false } }
else {
$adsi = [adsi]"WinNT://$env:COMPUTERNAME/$name,group"
foreach ($entry in @($adsi.Invoke('Members'))) {
$member = [adsi]$entry
$sid = $null
try { $sid = @($member.InvokeGet('objectSid') | ForEach-Object { [int]$_ }) } catch { $sid = $null }
@{ of = $group; sid = $sid; path = "$($member.Path)"; class = "$($member.SchemaClassName)" }
}
@{ group = $group; found = $true }
}"""  # noqa: E501 - lines of PowerShell are not broken
_MEMBER = {
    "sid": FieldSpec(FieldType.TEXT, "its SID"),
    "name": FieldSpec(FieldType.TEXT, "domain or computer and name, with / between; absent where only the SID is left"),
    "orphaned": FieldSpec(FieldType.BOOLEAN, "whether Windows knows no name for the SID"),
    "is_group": FieldSpec(FieldType.BOOLEAN, "whether it is a group itself"),
}
_FIELDS = {
    "members": FieldSpec(FieldType.RECORDS, "direct members by SID", _MEMBER),
    "sids": FieldSpec(FieldType.TEXTS, "their SIDs, sorted"),
    "any_domain": FieldSpec(FieldType.TEXTS, "the same with * for the domain or computer, such as S-1-5-21-*-512"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    groups = sorted({probe.text("group").upper() for probe in probes})
    script = f"foreach ($group in {quote_list(groups)}) {{\n{guard('GROUP', _ONE_GROUP)}}}\n"
    return (build_step(_STEP, script.replace("'GROUP'", "$group"), output_limit=2_000_000),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason, _PLACE))
    return {probe: _build(probe.text("group").upper(), found) for probe in probes}


def _build(group: str, found: Sequence[Row]) -> Evidence:
    place = f"{_PLACE} {group}"
    trouble = troubles(found).get(group, "")
    state = next((row.get("found") for row in select(found, "group") if row["group"] == group), None)
    if trouble or not isinstance(state, bool):
        return build_unreadable(_FIELDS, trouble or "the answer does not speak of this group", place)
    if not state:
        return dict.fromkeys(_FIELDS, Absent(place))
    records = [_build_record(row, place) for row in select(found, "of") if row["of"] == group]
    sids = [record["sid"] for record in records]
    lost = next((sid for sid in sids if isinstance(sid, Unreadable)), None)
    texts = sorted(str(sid.value) for sid in sids if isinstance(sid, Known))
    members = tuple(sorted(records, key=lambda record: str(record["sid"])))
    return {
        "members": Known(members, place),
        "sids": lost or Known(tuple(texts), place),
        "any_domain": lost or Known(tuple(sorted({in_any_domain(sid) for sid in texts})), place),
    }


def _build_record(row: Row, place: str) -> Record:
    path = text(row, "path", place)
    name = str(path.value).removeprefix("WinNT://").partition(",")[0] if isinstance(path, Known) else ""
    orphaned = name.upper().startswith("S-1-")
    sid = Known(name.upper(), place) if orphaned else _read_sid(row.get("sid"), place)
    kind = text(row, "class", place)
    return {
        "sid": sid,
        "name": Absent(place) if orphaned else Known(name, place) if name else path,
        "orphaned": Known(orphaned, place),
        "is_group": Known(str(kind.value).lower() == "group", place) if isinstance(kind, Known) else kind,
    }


def _read_sid(value: object, place: str) -> Field:
    if isinstance(value, list) and all(isinstance(part, int) and part in range(256) for part in value):
        sid = render_sid(bytes(value))
        if sid is not None:
            return Known(sid, place)
    return Unreadable("a member has no SID that can be read", place)


KIND = ProbeKind(
    name="local_group_members",
    summary="members of a local group of Windows, by SID",
    parameters={
        "group": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="the SID of the group, such as S-1-5-32-544 for administrators",
            pattern=r"S-1-5-32-[0-9]{3,4}",
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
