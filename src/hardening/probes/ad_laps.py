"""Which Windows computers of a domain have their local administrator's password managed (LAPS), and who may read it.

Read is when the managed password expires, which every account may see, never the password; who may read that stands in
the rights on each computer. The attributes are confidential, so that reading takes a control access right.
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
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.security_descriptor import parse_descriptor
from hardening.model.step import LdapScope, LdapStep, Step
from hardening.probes.ad_grants import find_readers
from hardening.probes.ad_members import CONTROLLER, DISABLED, find_hidden_controllers, number_of
from hardening.probes.ad_pki import DESCRIPTOR
from hardening.probes.ad_trustees import build_names_step, is_everybody, name_trustee, read_trustees
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found, record_field
from hardening.probes.ldap_values import guid_of, read_attribute, text_of

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
_RIGHTS = LdapStep(
    name="ad_laps rights",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter="(objectCategory=computer)",
    attributes=(DESCRIPTOR,),
    sd_flags=7,
)
_SCHEMA = LdapStep(
    name="ad_laps schema",
    base="{schema_nc}",
    scope=LdapScope.ONE,
    filter="(|(lDAPDisplayName=ms-Mcs-AdmPwd)(lDAPDisplayName=msLAPS-Password)"
    "(lDAPDisplayName=msLAPS-EncryptedPassword))",
    attributes=("lDAPDisplayName", "schemaIDGUID"),
)
_NAMES = build_names_step("ad_laps")
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
_READER = {
    "trustee": FieldSpec(FieldType.TEXT, "distinguished name, or the identifier where there is no object"),
    "sid": FieldSpec(FieldType.TEXT, "identifier"),
    "everybody": FieldSpec(FieldType.BOOLEAN, "whether nearly everybody is meant"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether it is not disabled; absent for no account", told=True),
    "last_logon": FieldSpec(FieldType.TIME, "last log-on that the directory records, up to 14 days behind", told=True),
    "computers": FieldSpec(FieldType.INTEGER, "of how many computers"),
    "example": FieldSpec(FieldType.TEXT, "distinguished name of one of them"),
}
_FIELDS = {
    "readers": FieldSpec(
        FieldType.RECORDS,
        "who beside the built-in administrators may read managed passwords, one record each",
        _READER,
    ),
    "computers": FieldSpec(
        FieldType.RECORDS, "Windows computers beside domain controllers and names of clusters", _COMPUTER
    ),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_STEP, _RIGHTS, _SCHEMA, _NAMES) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = found(answers, _STEP.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    if hidden := find_hidden_controllers(answer):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, hidden.reason, hidden.place))
    records = tuple(
        _build_record(entry) for entry in sorted(answer.entries, key=lambda entry: entry.dn) if _is_member(entry)
    )
    members = {entry.dn.lower(): entry for entry in answer.entries if _is_member(entry)}
    readers = _read_readers(members, answer.cut, answers)
    return {probe: {"computers": record_field(records, answer, "{default_nc}"), "readers": readers} for probe in probes}


def _read_readers(members: Mapping[str, LdapEntry], cut: str, answers: Mapping[str, Answer]) -> Field:
    """Return who may read the passwords of the computers; nobody where the forest has no LAPS."""
    place = "{default_nc}"
    rights, schema, names = (found(answers, step.name) for step in (_RIGHTS, _SCHEMA, _NAMES))
    for answer in (rights, schema):
        if isinstance(answer, Unreadable):
            return answer
    assert not isinstance(rights, Unreadable)  # noqa: S101 - for the type checker; the loop has returned
    assert not isinstance(schema, Unreadable)  # noqa: S101 - likewise
    values = (value for each in schema.entries for value in each.values("schemaIDGUID"))
    kinds = frozenset(filter(None, map(guid_of, values)))
    if not kinds:
        is_used = any(entry.values(name) for entry in members.values() for name in (_WINDOWS_LAPS, _LEGACY_LAPS))
        hidden = Unreadable("needs read on the attributes of LAPS in the schema", "{schema_nc}")
        return hidden if is_used else Known((), place)
    troubles = [why for why in (rights.cut, cut) if why]
    seen: dict[str, list[str]] = {}
    read: dict[bytes, tuple[str, ...] | Unreadable] = {}
    entries = {entry.dn.lower(): entry for entry in rights.entries}
    for dn, member in sorted(members.items()):
        holders = _read_holders(entries.get(dn), member.dn, kinds, read)
        if isinstance(holders, Unreadable):
            troubles.append(holders.reason)
            continue
        for sid in holders:
            seen.setdefault(sid, []).append(member.dn)
    trustees = {} if isinstance(names, Unreadable) else read_trustees(names)
    records = tuple(_build_reader(sid, computers, trustees.get(sid)) for sid, computers in sorted(seen.items()))
    return Partial(records, troubles[0], place) if troubles else Known(records, place)


def _read_holders(
    entry: LdapEntry | None, dn: str, kinds: frozenset[str], read: dict[bytes, tuple[str, ...] | Unreadable]
) -> tuple[str, ...] | Unreadable:
    values = () if entry is None else entry.values(DESCRIPTOR)
    if not values:
        return Unreadable(f"needs read permissions on {dn}")
    if values[0] not in read:
        descriptor = parse_descriptor(values[0])
        read[values[0]] = descriptor if isinstance(descriptor, Unreadable) else find_readers(descriptor, kinds)
    return read[values[0]]


def _build_reader(sid: str, computers: Sequence[str], entry: LdapEntry | None) -> Record:
    trustee = name_trustee(sid, entry.dn if entry else "")
    flags = None if entry is None else number_of(entry, "userAccountControl")
    return {
        "trustee": Known(trustee, computers[0]),
        "sid": Known(sid, computers[0]),
        "everybody": Known(is_everybody(sid), computers[0]),
        "enabled": Absent(trustee) if flags is None else Known(not flags & DISABLED, trustee),
        "last_logon": Absent(trustee) if entry is None else read_attribute(entry, "lastLogonTimestamp", "time"),
        "computers": Known(len(computers), computers[0]),
        "example": Known(computers[0], computers[0]),
    }


def _is_member(entry: LdapEntry) -> bool:
    flags = number_of(entry, "userAccountControl") or 0
    system = "".join(map(text_of, entry.values("operatingSystem"))).lower()
    cluster = any(text_of(name).lower().startswith(_CLUSTER) for name in entry.values("servicePrincipalName"))
    return not flags & CONTROLLER and system.startswith("windows") and not cluster


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
    summary="which Windows computers have the password of their local administrator managed, and who may read it",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
