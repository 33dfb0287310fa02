"""Which group policies are linked where in an Active Directory domain."""

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
from hardening.probes.ad_paths import parse_links
from hardening.probes.ad_pki import classes_of
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found, record_field
from hardening.probes.ldap_values import first_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry

_LINKS = LdapStep(
    name="ad_policy_links",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter="(|(gPLink=*)(objectClass=domainDNS))",
    attributes=("gPLink", "objectClass"),
)
_POLICIES = LdapStep(
    name="ad_policy_links policies",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter="(objectClass=groupPolicyContainer)",
    attributes=("displayName", "objectClass"),
)
_LINK = {
    "key": FieldSpec(FieldType.TEXT, "name of the policy and where it is linked, in one text"),
    "place": FieldSpec(FieldType.TEXT, "distinguished name of where it is linked"),
    "place_kind": FieldSpec(
        FieldType.TEXT, "domain, controllers (where domain controllers lie) or ou, by the name that Windows fixes"
    ),
    "policy": FieldSpec(FieldType.TEXT, "number of the policy, with braces, in small letters"),
    "name": FieldSpec(FieldType.TEXT, "name of the policy; unreadable where the domain shows no such policy"),
    "enforced": FieldSpec(FieldType.BOOLEAN, "whether no place below may keep it out"),
}
_FIELDS = {"links": FieldSpec(FieldType.RECORDS, "links that are not switched off", _LINK)}
_CONTROLLERS = "ou=domain controllers,dc="


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_LINKS, _POLICIES) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    links, policies = found(answers, _LINKS.name), found(answers, _POLICIES.name)
    for answer in (links, policies):
        if isinstance(answer, Unreadable):
            return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason, answer.place))
    assert not isinstance(links, Unreadable)  # noqa: S101 - for the type checker; the loop has returned
    assert not isinstance(policies, Unreadable)  # noqa: S101 - likewise
    if not any(entry.values("gPLink") for entry in links.entries if "domaindns" in classes_of(entry)):
        # Every domain links its default policy, so that no link would prove nothing.
        return dict.fromkeys(probes, build_unreadable(_FIELDS, "needs read on gPLink of the domain", "{default_nc}"))
    names = {entry.dn.lower(): entry for entry in policies.entries}
    entries = sorted(links.entries, key=lambda entry: entry.dn)
    records = tuple(record for entry in entries for record in _list_links(entry, names))
    return {probe: {"links": record_field(records, links, "{default_nc}")} for probe in probes}


def _list_links(entry: LdapEntry, names: Mapping[str, LdapEntry]) -> Iterator[Record]:
    kind = "domain" if "domaindns" in classes_of(entry) else "ou"
    if entry.dn.lower().startswith(_CONTROLLERS):
        kind = "controllers"
    for value in entry.values("gPLink")[:1]:
        for policy, enforced in parse_links(value):
            number = policy.partition(",")[0].partition("=")[2]
            found_policy = names.get(policy)
            name = first_text(found_policy, "displayName") if found_policy else ""
            yield {
                "key": Known(f"{name or number} → {entry.dn}", entry.dn),
                "place": Known(entry.dn, entry.dn),
                "place_kind": Known(kind, entry.dn),
                "policy": Known(number, entry.dn),
                "name": Known(name, entry.dn) if name else Unreadable("needs read on the policy", entry.dn),
                "enforced": Known(enforced, entry.dn),
            }


KIND = ProbeKind(
    name="ad_policy_links",
    summary="which group policies are linked where in an Active Directory domain",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
