"""DNS zones that an Active Directory keeps, and who may change their records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
)
from hardening.model.step import LdapScope, LdapStep, Step
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found
from hardening.probes.ldap_values import first_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry

_STEPS = tuple(
    LdapStep(
        name=f"ad_dns_zones {name}",
        base=base,
        scope=LdapScope.ONE,
        filter="(objectClass=dnsZone)",
        attributes=("dNSProperty", "dc", "name"),
    )
    for name, base in (
        ("domain", "CN=MicrosoftDNS,DC=DomainDnsZones,{default_nc}"),
        ("forest", "CN=MicrosoftDNS,DC=ForestDnsZones,{root_nc}"),
        ("legacy", "CN=MicrosoftDNS,CN=System,{default_nc}"),
    )
)
_ALLOW_UPDATE = 2
_HEADER = 20
_UPDATES = {0: "none", 1: "anybody", 2: "secure"}
_NOT_SERVED = ("rootdnsservers", "..")
_ZONE = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name"),
    "name": FieldSpec(FieldType.TEXT, "name of the zone"),
    "updates": FieldSpec(FieldType.TEXT, "who may change records: none, anybody, or secure for accounts with rights"),
}
_FIELDS = {"zones": FieldSpec(FieldType.RECORDS, "zones in the directory", _ZONE)}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return _STEPS if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    records: list[Record] = []
    reasons: list[str] = []
    for step in _STEPS:
        answer = found(answers, step.name)
        if isinstance(answer, Unreadable):
            reasons.append(f"{step.base}: {answer.reason}")
            continue
        records.extend(map(_build_record, filter(_is_served, answer.entries)))
        if answer.cut:
            reasons.append(answer.cut)
    ordered = tuple(sorted(records, key=lambda record: str(record["dn"])))
    zones: Field = Known(ordered, "zones")
    if reasons:
        zones = Partial(ordered, "; ".join(reasons)) if ordered else Unreadable("; ".join(reasons))
    return {probe: {"zones": zones} for probe in probes}


def _name(entry: LdapEntry) -> str:
    return first_text(entry, "dc") or first_text(entry, "name")


def _is_served(entry: LdapEntry) -> bool:
    """Say whether it is a zone: caches, trust anchors and the list of root servers are none."""
    return not _name(entry).lower().startswith(_NOT_SERVED)


def _build_record(entry: LdapEntry) -> Record:
    return {
        "dn": Known(entry.dn, entry.dn),
        "name": Known(_name(entry), entry.dn),
        "updates": _read_updates(entry),
    }


def _read_updates(entry: LdapEntry) -> Field:
    """Return who may change records; a property has its length first, its number at byte 16, then its data."""
    properties = entry.values("dNSProperty")
    if not properties:
        return Unreadable("needs read on dNSProperty", entry.dn)
    for value in properties:
        if len(value) >= _HEADER and int.from_bytes(value[16:_HEADER], "little") == _ALLOW_UPDATE:
            length = int.from_bytes(value[:4], "little")
            number = value[_HEADER] if length and len(value) > _HEADER else 0
            updates = _UPDATES.get(number)
            return Known(updates, entry.dn) if updates else Unreadable(f"unknown kind of updates: {number}", entry.dn)
    return Absent(entry.dn)


KIND = ProbeKind(
    name="ad_dns_zones",
    summary="DNS zones that an Active Directory keeps, and who may change their records",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
