"""The trusts of an Active Directory domain: with whom, in which direction, and what they let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    FieldSpec,
    FieldType,
    Known,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import LdapScope, LdapStep, Step
from hardening.probes.ad_members import number_of
from hardening.probes.ad_pki import classes_of
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found, record_field
from hardening.probes.ldap_values import read_attribute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry

_STEP = LdapStep(
    name="ad_trusts",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    # AdminSDHolder is in every domain and lies where trusts do: whoever does not see it would not see them either.
    filter="(|(objectClass=trustedDomain)(cn=AdminSDHolder))",
    attributes=(
        "cn",
        "msDS-SupportedEncryptionTypes",
        "objectClass",
        "trustAttributes",
        "trustDirection",
        "trustPartner",
        "trustType",
        "whenChanged",
    ),
)
_QUARANTINED, _FOREST, _WITHIN, _AS_EXTERNAL = 0x4, 0x8, 0x20, 0x40
_NO_TGT, _ENABLE_TGT = 0x200, 0x800
_OUTBOUND = 0x2
_AES = 0x18
_TRUST = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name"),
    "partner": FieldSpec(FieldType.TEXT, "name of the other domain"),
    "kind": FieldSpec(FieldType.TEXT, "forest, external, within_forest, down_level (Windows NT) or realm (Kerberos)"),
    "outbound": FieldSpec(FieldType.BOOLEAN, "whether this domain trusts the other"),
    "disabled": FieldSpec(FieldType.BOOLEAN, "whether it works in no direction"),
    "sid_filtered": FieldSpec(
        FieldType.BOOLEAN, "whether identifiers of other domains in the partner's tickets are refused"
    ),
    "tgt_delegation": FieldSpec(FieldType.BOOLEAN, "whether log-ons may be passed on to the partner's servers whole"),
    "aes": FieldSpec(FieldType.BOOLEAN, "whether AES is set on it"),
    "changed": FieldSpec(FieldType.TIME, "when it was last changed; a working one changes its password every 30 days"),
}
_FIELDS = {"trusts": FieldSpec(FieldType.RECORDS, "the trusts", _TRUST)}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = found(answers, _STEP.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    trusts = [entry for entry in answer.entries if "trusteddomain" in classes_of(entry)]
    if not answer.cut and len(trusts) == len(answer.entries):
        hidden = "needs read on what lies below CN=System: not even AdminSDHolder is seen"
        return dict.fromkeys(probes, build_unreadable(_FIELDS, hidden, "{default_nc}"))
    records = tuple(_build_record(entry) for entry in sorted(trusts, key=lambda entry: entry.dn))
    return {probe: {"trusts": record_field(records, answer, "{default_nc}")} for probe in probes}


def _build_record(entry: LdapEntry) -> Record:
    flags, direction = number_of(entry, "trustAttributes"), number_of(entry, "trustDirection")
    kind = number_of(entry, "trustType")
    types = number_of(entry, "msDS-SupportedEncryptionTypes")
    known = {
        "dn": Known(entry.dn, entry.dn),
        "partner": read_attribute(entry, "trustPartner", "text"),
        "aes": Known(bool((types or 0) & _AES), entry.dn),
        "changed": read_attribute(entry, "whenChanged", "time"),
    }
    if flags is None or direction is None or kind is None:
        hidden = Unreadable("needs read on trustAttributes, trustDirection and trustType", entry.dn)
        return {**dict.fromkeys(_TRUST, hidden), **known}
    return {
        **known,
        "kind": Known(_tell_kind(flags, kind), entry.dn),
        "outbound": Known(bool(direction & _OUTBOUND), entry.dn),
        "disabled": Known(direction == 0, entry.dn),
        "sid_filtered": Known(_is_filtered(flags), entry.dn),
        "tgt_delegation": Known(bool(flags & _ENABLE_TGT) and not flags & _NO_TGT, entry.dn),
    }


def _tell_kind(flags: int, kind: int) -> str:
    match kind:
        case 1:
            return "down_level"
        case 3:
            return "realm"
        case _ if flags & _WITHIN:
            return "within_forest"
        case _:
            return "forest" if flags & _FOREST else "external"


def _is_filtered(flags: int) -> bool:
    """Say whether identifiers are filtered: between forests unless it is relaxed, else where it is switched on."""
    if flags & _FOREST:
        return not flags & _AS_EXTERNAL or bool(flags & _QUARANTINED)
    return bool(flags & _QUARANTINED)


KIND = ProbeKind(
    name="ad_trusts",
    summary="the trusts of an Active Directory domain, and what they let through",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
