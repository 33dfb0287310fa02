"""Switches of an Active Directory domain and forest: levels, quota, heuristics, what is deleted, where new things land.

The objects that hold them are readable by every account; one that does not come back is unreadable, not at its default.
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
    Unreadable,
)
from hardening.model.step import LdapAnswer, LdapScope, LdapStep, Step
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found
from hardening.probes.ldap_values import read_attribute, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry


def _base(name: str, base: str, *attributes: str) -> LdapStep:
    return LdapStep(
        name=f"ad_domain {name}", base=base, scope=LdapScope.BASE, filter="(objectClass=*)", attributes=attributes
    )


_HEAD = _base(
    "head",
    "{default_nc}",
    "ms-DS-MachineAccountQuota",
    "msDS-Behavior-Version",
    "wellKnownObjects",
    "msDS-ExpirePasswordsOnSmartCardOnlyAccounts",
)
_PARTITIONS = _base("partitions", "CN=Partitions,{config_nc}", "msDS-Behavior-Version", "msDS-EnabledFeature", "cn")
_SERVICE = _base(
    "directory service",
    "CN=Directory Service,CN=Windows NT,CN=Services,{config_nc}",
    "cn",
    "dSHeuristics",
    "tombstoneLifetime",
)
_SCHEMA = _base("schema", "{schema_nc}", "objectVersion")
_SERVERS = LdapStep(
    name="ad_domain servers",
    base="CN=Sites,{config_nc}",
    scope=LdapScope.SUBTREE,
    filter="(objectClass=server)",
    attributes=("dNSHostName", "serverReference"),
)
_CONTROLLERS = LdapStep(
    name="ad_domain controllers",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter="(&(objectClass=computer)(userAccountControl:1.2.840.113556.1.4.803:=8192))",
    attributes=("dNSHostName", "lastLogonTimestamp", "userAccountControl", "whenCreated"),
)
_STEPS = (_HEAD, _PARTITIONS, _SERVICE, _SCHEMA, _SERVERS, _CONTROLLERS)
_DISABLED = 0x2
_RECYCLE_BIN = "cn=recycle bin feature,"
_USERS, _COMPUTERS = "a9d1ca15768811d1aded00c04fd8d5cd", "aa312825768811d1aded00c04fd8d5cd"
_DEFAULT_TOMBSTONE = 60
# Places in dSHeuristics, counted from 1.
_HEURISTICS = {
    "anonymous_operations": (7, "what somebody without login may do over LDAP; 2 lets them do what access rules allow"),
    "admin_sd_mask": (16, "which operator groups the directory does not protect; 0 for none"),
    "add_verification": (28, "checks when computers are created: 1 enforces them, 2 switches them off"),
    "owner_verification": (29, "checks when owners set rights: 1 enforces them, 2 switches them off"),
}
_CONTROLLER = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name of the computer"),
    "host": FieldSpec(FieldType.TEXT, "its host name"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether its account is not disabled", told=True),
    "last_logon": FieldSpec(FieldType.TIME, "last log-on that the directory records, up to 14 days behind", told=True),
    "last_seen": FieldSpec(FieldType.TIME, "the same, or when it was created if it never logged on"),
    "registered": FieldSpec(FieldType.BOOLEAN, "whether a server object in the sites belongs to it"),
}
_FIELDS = {
    "machine_account_quota": FieldSpec(FieldType.INTEGER, "how many computers each user may join"),
    "domain_level": FieldSpec(FieldType.INTEGER, "functional level of the domain; 7 is Windows Server 2016"),
    "forest_level": FieldSpec(FieldType.INTEGER, "functional level of the forest; 7 is Windows Server 2016"),
    "schema_version": FieldSpec(FieldType.INTEGER, "version of the schema; 69 is Windows Server 2012 R2"),
    "recycle_bin": FieldSpec(FieldType.BOOLEAN, "whether deleted objects can be restored whole"),
    "tombstone_days": FieldSpec(FieldType.INTEGER, "days that deleted objects are kept; 60 where nothing is set"),
    "smart_card_renewal": FieldSpec(FieldType.BOOLEAN, "whether secrets of smart card accounts are renewed"),
    **{
        name: FieldSpec(FieldType.TEXT, f"character {at} of dSHeuristics: {meaning}")
        for name, (at, meaning) in _HEURISTICS.items()
    },
    "users_redirected": FieldSpec(FieldType.BOOLEAN, "whether new users land elsewhere than in CN=Users"),
    "computers_redirected": FieldSpec(FieldType.BOOLEAN, "whether new computers land elsewhere than in CN=Computers"),
    "controllers": FieldSpec(FieldType.RECORDS, "computers that are domain controllers", _CONTROLLER),
    "enabled_controllers": FieldSpec(FieldType.INTEGER, "how many of them are registered and not disabled"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return _STEPS if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    head, partitions, service, schema = (_one(answers, step) for step in (_HEAD, _PARTITIONS, _SERVICE, _SCHEMA))
    evidence: dict[str, Field] = {
        "machine_account_quota": _read(head, "ms-DS-MachineAccountQuota", "integer"),
        "domain_level": _read(head, "msDS-Behavior-Version", "integer"),
        "forest_level": _read(partitions, "msDS-Behavior-Version", "integer"),
        "schema_version": _read(schema, "objectVersion", "integer"),
        "recycle_bin": _read_recycle_bin(partitions),
        "tombstone_days": _read_tombstone(service),
        "smart_card_renewal": _read(head, "msDS-ExpirePasswordsOnSmartCardOnlyAccounts", "boolean"),
        **{name: _read_heuristic(service, at) for name, (at, _) in _HEURISTICS.items()},
        "users_redirected": _read_redirection(head, _USERS, "cn=users,"),
        "computers_redirected": _read_redirection(head, _COMPUTERS, "cn=computers,"),
        **_read_controllers(found(answers, _CONTROLLERS.name), found(answers, _SERVERS.name)),
    }
    return dict.fromkeys(probes, evidence)


def _one(answers: Mapping[str, Answer], step: LdapStep) -> LdapEntry | Unreadable:
    answer = found(answers, step.name)
    if isinstance(answer, Unreadable):
        return Unreadable(answer.reason, step.base)
    return answer.entries[0] if answer.entries else Unreadable("this account does not see the object", step.base)


def _read(entry: LdapEntry | Unreadable, attribute: str, reading: str) -> Field:
    return entry if isinstance(entry, Unreadable) else read_attribute(entry, attribute, reading)


def _is_shown(entry: LdapEntry) -> bool:
    return bool(entry.values("cn"))


def _read_recycle_bin(entry: LdapEntry | Unreadable) -> Field:
    if isinstance(entry, Unreadable):
        return entry
    if not _is_shown(entry):
        return Unreadable("needs read on the attributes of this object", entry.dn)
    features = [text_of(value).lower() for value in entry.values("msDS-EnabledFeature")]
    return Known(any(name.startswith(_RECYCLE_BIN) for name in features), entry.dn)


def _read_tombstone(entry: LdapEntry | Unreadable) -> Field:
    if isinstance(entry, Unreadable):
        return entry
    if not _is_shown(entry):
        return Unreadable("needs read on the attributes of this object", entry.dn)
    days = read_attribute(entry, "tombstoneLifetime", "integer")
    return Known(_DEFAULT_TOMBSTONE, entry.dn) if isinstance(days, Absent) else days


def _read_heuristic(entry: LdapEntry | Unreadable, at: int) -> Field:
    if isinstance(entry, Unreadable):
        return entry
    if not _is_shown(entry):
        return Unreadable("needs read on the attributes of this object", entry.dn)
    text = "".join(map(text_of, entry.values("dSHeuristics")))
    return Known(text[at - 1] if len(text) >= at else "0", entry.dn)


def _read_redirection(entry: LdapEntry | Unreadable, guid: str, default: str) -> Field:
    if isinstance(entry, Unreadable):
        return entry
    for value in entry.values("wellKnownObjects"):
        parts = text_of(value).lower().split(":", 3)
        if len(parts) == 4 and parts[2] == guid:  # noqa: PLR2004 - B:32:guid:name
            return Known(not parts[3].startswith(default), entry.dn)
    return Unreadable("needs read on wellKnownObjects", entry.dn)


def _read_controllers(controllers: LdapAnswer | Unreadable, servers: LdapAnswer | Unreadable) -> Evidence:
    names = ("controllers", "enabled_controllers")
    for answer in (controllers, servers):
        if isinstance(answer, Unreadable):
            return dict.fromkeys(names, answer)
        if answer.cut:
            return dict.fromkeys(names, Unreadable(answer.cut))
    assert isinstance(controllers, LdapAnswer)  # noqa: S101 - for the type checker; the loop has returned
    assert isinstance(servers, LdapAnswer)  # noqa: S101 - likewise
    registered = {text_of(value).lower() for entry in servers.entries for value in entry.values("serverReference")}
    records = tuple(
        {
            "dn": Known(entry.dn, entry.dn),
            "host": read_attribute(entry, "dNSHostName", "text"),
            "enabled": Known(_is_enabled(entry), entry.dn),
            "last_logon": read_attribute(entry, "lastLogonTimestamp", "time"),
            "last_seen": read_attribute(
                entry, "lastLogonTimestamp" if entry.values("lastLogonTimestamp") else "whenCreated", "time"
            ),
            "registered": Known(entry.dn.lower() in registered, entry.dn),
        }
        for entry in sorted(controllers.entries, key=lambda entry: entry.dn)
    )
    return {
        "controllers": Known(records, "{default_nc}"),
        "enabled_controllers": Known(
            sum(_is_enabled(entry) and entry.dn.lower() in registered for entry in controllers.entries), "{default_nc}"
        ),
    }


def _is_enabled(entry: LdapEntry) -> bool:
    # The search asked for a bit of this attribute, so it is shown.
    return not int(entry.values("userAccountControl")[0]) & _DISABLED


KIND = ProbeKind(
    name="ad_domain",
    summary="switches of an Active Directory domain and its forest",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
