"""Which Windows computers of a domain have their local administrator's password managed (LAPS), old and new.

Read is when the managed password expires, which every account may see, never the password.
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
from hardening.model.step import LdapScope, LdapStep, Step
from hardening.probes.ad_members import DISABLED, number_of
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found, record_field
from hardening.probes.ldap_values import read_attribute, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry

_WINDOWS_LAPS, _LEGACY_LAPS = "msLAPS-PasswordExpirationTime", "ms-Mcs-AdmPwdExpirationTime"
_STEP = LdapStep(
    name="ad_laps",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter="(objectCategory=computer)",
    attributes=(
        _WINDOWS_LAPS,
        _LEGACY_LAPS,
        "lastLogonTimestamp",
        "operatingSystem",
        "servicePrincipalName",
        "userAccountControl",
        "whenCreated",
    ),
)
_CONTROLLER = 0x2000 | 0x4000000
_CLUSTER = "msclustervirtualserver/"
_COMPUTER = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether its account is not disabled", told=True),
    "last_logon": FieldSpec(FieldType.TIME, "last log-on that the directory records, up to 14 days behind", told=True),
    "last_seen": FieldSpec(FieldType.TIME, "the same, or when it was created if it never logged on"),
    "managed": FieldSpec(FieldType.BOOLEAN, "whether the password of its local administrator is managed"),
    "product": FieldSpec(FieldType.TEXT, "windows, legacy or none: which LAPS keeps it"),
    "expires": FieldSpec(FieldType.TIME, "when the managed password is due to be changed"),
}
_FIELDS = {
    "computers": FieldSpec(
        FieldType.RECORDS, "Windows computers beside domain controllers and names of clusters", _COMPUTER
    ),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = found(answers, _STEP.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    records = tuple(
        _build_record(entry) for entry in sorted(answer.entries, key=lambda entry: entry.dn) if _is_member(entry)
    )
    return {probe: {"computers": record_field(records, answer, "{default_nc}")} for probe in probes}


def _is_member(entry: LdapEntry) -> bool:
    flags = number_of(entry, "userAccountControl") or 0
    system = "".join(map(text_of, entry.values("operatingSystem"))).lower()
    cluster = any(text_of(name).lower().startswith(_CLUSTER) for name in entry.values("servicePrincipalName"))
    return not flags & _CONTROLLER and system.startswith("windows") and not cluster


def _build_record(entry: LdapEntry) -> Record:
    windows, legacy = (read_attribute(entry, name, "time") for name in (_WINDOWS_LAPS, _LEGACY_LAPS))
    product = "windows" if entry.values(_WINDOWS_LAPS) else "legacy" if entry.values(_LEGACY_LAPS) else "none"
    flags = number_of(entry, "userAccountControl")
    seen = read_attribute(entry, "lastLogonTimestamp", "time")
    enabled: Field = Unreadable("needs read on userAccountControl", entry.dn)
    if flags is not None:
        enabled = Known(not flags & DISABLED, entry.dn)
    return {
        "dn": Known(entry.dn, entry.dn),
        "enabled": enabled,
        "last_logon": seen,
        "last_seen": read_attribute(entry, "whenCreated", "time") if isinstance(seen, Absent) else seen,
        "managed": Known(product != "none", entry.dn),
        "product": Known(product, entry.dn),
        "expires": legacy if product == "legacy" else windows,
    }


KIND = ProbeKind(
    name="ad_laps",
    summary="which Windows computers have the password of their local administrator managed",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
