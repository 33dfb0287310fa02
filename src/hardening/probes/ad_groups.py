"""The groups of an Active Directory domain that give power, told by identifier, and who is in them in the end."""

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
from hardening.probes.ad_members import (
    BUILTIN_GROUPS,
    DISABLED,
    DOMAIN_GROUPS,
    Domain,
    Membership,
    build_steps,
    is_foreign,
    number_of,
    read_domain,
    sid_of,
)
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_values import read_attribute, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEPS = build_steps("ad_groups", ("lastLogonTimestamp",))
_DNS_ADMINS = "dns_admins"
_NAMES = ", ".join(sorted({*DOMAIN_GROUPS.values(), *BUILTIN_GROUPS.values(), _DNS_ADMINS}))
_GROUP = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name"),
    "group": FieldSpec(FieldType.TEXT, f"which group it is, by identifier: {_NAMES}"),
    "sid": FieldSpec(FieldType.TEXT, "security identifier"),
    "members": FieldSpec(FieldType.TEXTS, "who is in it, also through other groups, by distinguished name"),
    "enabled_members": FieldSpec(FieldType.TEXTS, "those of them that are not disabled"),
    "count": FieldSpec(FieldType.INTEGER, "how many of them are not disabled"),
}
_MEMBER = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name of the member"),
    "group": FieldSpec(FieldType.TEXT, "which group it is in, as above"),
    "sid": FieldSpec(FieldType.TEXT, "security identifier of the member, where the domain shows it"),
    "through": FieldSpec(FieldType.TEXTS, "groups in between"),
    "enabled": FieldSpec(
        FieldType.BOOLEAN, "whether it is not disabled; absent for members that are no accounts here", told=True
    ),
    "last_logon": FieldSpec(FieldType.TIME, "last log-on that the directory records, up to 14 days behind", told=True),
}
_FIELDS = {
    "groups": FieldSpec(FieldType.RECORDS, "the groups that give power", _GROUP),
    "memberships": FieldSpec(FieldType.RECORDS, "each member of each of these groups", _MEMBER),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return _STEPS if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    domain = read_domain(answers, _STEPS)
    if isinstance(domain, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, domain.reason, domain.place))
    groups: list[Record] = []
    memberships: list[Record] = []
    for dn in sorted(domain.groups):
        name = _tell_group(domain, dn)
        if not name:
            continue
        members = domain.list_members(dn)
        groups.append(_build_group(domain, dn, name, members))
        memberships.extend(_build_member(domain, name, member) for member in members)
    return {
        probe: {"groups": _field(tuple(groups), domain.cut), "memberships": _field(tuple(memberships), domain.cut)}
        for probe in probes
    }


def _field(records: tuple[Record, ...], cut: str) -> Field:
    return Partial(records, cut, "{default_nc}") if cut else Known(records, "{default_nc}")


def _tell_group(domain: Domain, dn: str) -> str:
    entry = domain.groups[dn]
    if is_foreign(entry):
        return ""
    # The group has no fixed identifier, and its name is the same in every language.
    names = {text_of(value).lower() for value in entry.values("sAMAccountName")}
    return domain.well_known(dn) or (_DNS_ADMINS if "dnsadmins" in names else "")


def _build_group(domain: Domain, dn: str, name: str, members: Sequence[Membership]) -> Record:
    entry = domain.groups[dn]
    enabled = tuple(member.dn for member in members if not _is_disabled(domain, member))
    return {
        "dn": Known(entry.dn, entry.dn),
        "group": Known(name, entry.dn),
        "sid": Known(sid_of(entry), entry.dn),
        "members": Known(tuple(member.dn for member in members), entry.dn),
        "enabled_members": Known(enabled, entry.dn),
        "count": Known(len(enabled), entry.dn),
    }


def _is_disabled(domain: Domain, member: Membership) -> bool:
    entry = domain.accounts.get(member.dn.lower())
    return entry is not None and bool((number_of(entry, "userAccountControl") or 0) & DISABLED)


def _build_member(domain: Domain, name: str, member: Membership) -> Record:
    account = domain.accounts.get(member.dn.lower())
    entry = account or domain.groups.get(member.dn.lower())
    nothing = Absent(member.dn)
    sid = sid_of(entry) if entry else ""
    return {
        "dn": Known(member.dn, member.dn),
        "group": Known(name, member.dn),
        "sid": Known(sid, member.dn) if sid else nothing,
        "through": Known(member.through, member.dn),
        "enabled": Known(not _is_disabled(domain, member), member.dn) if account else nothing,
        "last_logon": read_attribute(account, "lastLogonTimestamp", "time") if account else nothing,
    }


KIND = ProbeKind(
    name="ad_groups",
    summary="the groups of an Active Directory domain that give power, and who is in them",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
