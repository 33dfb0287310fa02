"""Who holds a user right of Windows, by SID; a right that nobody holds is not in the export at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import (
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Unreadable,
    build_unreadable,
)
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.security_export import EXPORT, PLACE, SecurityExport, read_export

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_DOMAIN = re.compile(r"S-1-5-21-[0-9]+-[0-9]+-[0-9]+-([0-9]+)")
_FIELDS = {
    "sids": FieldSpec(FieldType.TEXTS, "SIDs that hold the right, sorted; empty where nobody does"),
    "any_domain": FieldSpec(
        FieldType.TEXTS, "the same with * for the domain or computer, such as S-1-5-21-*-512 for Domain Admins"
    ),
}


def in_any_domain(sid: str) -> str:
    """Return a SID with ``*`` in place of the domain or computer that issued it."""
    match = _DOMAIN.fullmatch(sid)
    return f"S-1-5-21-*-{match[1]}" if match else sid


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (EXPORT,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    export = read_export(answers)
    if isinstance(export, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, export.reason, PLACE))
    return {probe: _build(probe.text("right"), export) for probe in probes}


def _build(right: str, export: SecurityExport) -> Evidence:
    place = f"{PLACE} {right}"
    sids: set[str] = set()
    unknown: list[str] = []
    for account in export.rights.get(right.lower(), ()):
        sid = account[1:] if account.startswith("*") else export.sids.get(account.lower(), "")
        if sid.upper().startswith("S-1-"):
            sids.add(sid.upper())
        else:
            unknown.append(account)
    return {
        "sids": _field(sids, unknown, place),
        "any_domain": _field({in_any_domain(sid) for sid in sids}, unknown, place),
    }


def _field(sids: set[str], unknown: Sequence[str], place: str) -> Field:
    items = tuple(sorted(sids))
    if not unknown:
        return Known(items, place)
    return Partial(items, clean_line(f"no SID was found for {', '.join(unknown)}", 200), place)


KIND = ProbeKind(
    name="user_right",
    summary="who holds a user right of Windows, by SID",
    parameters={
        "right": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="its constant, such as SeDebugPrivilege",
            pattern=r"Se[A-Za-z]{3,60}",
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
