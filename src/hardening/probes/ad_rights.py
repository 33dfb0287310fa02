"""Who besides the built-in administrators holds rights in Active Directory that lead to all of it.

Looked at: the head of the domain, AdminSDHolder, OUs, group policies, domain controllers, accounts and groups under the
protection of AdminSDHolder, certificate templates, and what else lies below Public Key Services. A refusal that stands
before a grant to the same trustee takes it away; refusals by group membership are not followed, so that more may be
said than is so, never less.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, FieldSpec, FieldType, Known, Partial, Record, Unreadable
from hardening.model.security_descriptor import INHERITED, parse_descriptor
from hardening.model.step import LdapAnswer, LdapScope, LdapStep, Step
from hardening.probes.ad_grants import find_grants
from hardening.probes.ad_members import DISABLED, number_of
from hardening.probes.ad_pki import DESCRIPTOR, build_pki_step, classes_of, found_pki
from hardening.probes.ad_trustees import build_names_step, name_trustee, read_trustees
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found
from hardening.probes.ldap_values import integer_of, read_attribute, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.evidence import Field
    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry

_OBJECTS = LdapStep(
    name="ad_rights",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter="(|(objectClass=domainDNS)(objectClass=organizationalUnit)(objectClass=groupPolicyContainer)(adminCount=1)"
    "(cn=AdminSDHolder)(userAccountControl:1.2.840.113556.1.4.803:=8192))",
    attributes=("adminCount", "objectClass", "userAccountControl", DESCRIPTOR),
    sd_flags=7,
)
_PKI = build_pki_step("ad_rights")
_NAMES = build_names_step("ad_rights")
_RIGHT = {
    "key": FieldSpec(FieldType.TEXT, "trustee, right and object in one text"),
    "trustee": FieldSpec(FieldType.TEXT, "who holds it: distinguished name, or the identifier where none is known"),
    "sid": FieldSpec(FieldType.TEXT, "identifier of the trustee"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether the trustee is not disabled; absent for no account", told=True),
    "last_logon": FieldSpec(
        FieldType.TIME, "last log-on of the trustee that the directory records, up to 14 days behind", told=True
    ),
    "object": FieldSpec(FieldType.TEXT, "distinguished name of the object"),
    "object_kind": FieldSpec(
        FieldType.TEXT, "domain, adminsdholder, ou, gpo, controller, protected (an account or group), template or pki"
    ),
    "right": FieldSpec(
        FieldType.TEXT,
        "owner, everything, write_dacl, write_owner, write_properties, write_members, reset_password, replicate, "
        "create_children or no_list",
    ),
    "publisher": FieldSpec(
        FieldType.BOOLEAN,
        "whether it is held by Cert Publishers or by the computer of an authority, which publish there",
    ),
    "inherited": FieldSpec(FieldType.BOOLEAN, "whether it comes from an object above"),
}
_FIELDS = {
    "rights": FieldSpec(FieldType.RECORDS, "dangerous rights on objects of the domain", _RIGHT),
    "template_rights": FieldSpec(FieldType.RECORDS, "dangerous rights on certificate templates", _RIGHT),
    "pki_rights": FieldSpec(
        FieldType.RECORDS, "dangerous rights on what lies below Public Key Services beside templates", _RIGHT
    ),
    "objects": FieldSpec(FieldType.INTEGER, "how many objects of the domain were looked at"),
}
_CONTROLLER = 0x2000
_CERT_PUBLISHERS = "-517"
_PKI_PLACE = ",cn=public key services,cn=services,cn=configuration,"


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_OBJECTS, _PKI, _NAMES) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    objects, names = found(answers, _OBJECTS.name), found(answers, _NAMES.name)
    pki = found_pki(answers, _PKI)
    known = {} if isinstance(names, Unreadable) else read_trustees(names)
    evidence: Evidence = {
        "rights": _lack(objects) or _read_all(objects, known),
        "template_rights": _read_all(_narrow(pki, templates=True), known),
        "pki_rights": _read_all(_narrow(pki, templates=False), known, _list_publishers(pki, known)),
        "objects": objects if isinstance(objects, Unreadable) else Known(len(objects.entries), "{default_nc}"),
    }
    return dict.fromkeys(probes, evidence)


def _lack(answer: LdapAnswer | Unreadable) -> Unreadable | None:
    """Return that objects are hidden which every domain has, so that an empty list would mean nothing."""
    seen = set() if isinstance(answer, Unreadable) else {_kind(entry) for entry in answer.entries}
    hidden = sorted({"domain", "adminsdholder", "ou", "gpo", "controller"} - seen)
    if isinstance(answer, Unreadable) or not hidden:
        return None
    return Unreadable(f"needs read on the domain, AdminSDHolder, OUs, GPOs and controllers; not seen: {hidden[0]}")


def _narrow(answer: LdapAnswer | Unreadable, *, templates: bool) -> LdapAnswer | Unreadable:
    """Return the templates below Public Key Services, or all the rest."""
    if isinstance(answer, Unreadable):
        return answer
    entries = tuple(entry for entry in answer.entries if ("pkicertificatetemplate" in classes_of(entry)) is templates)
    return replace(answer, entries=entries)


def _list_publishers(pki: LdapAnswer | Unreadable, names: Mapping[str, LdapEntry]) -> frozenset[str]:
    """Return the identifiers of Cert Publishers, and of the computers that authorities say they run on."""
    hosts = set()
    for entry in () if isinstance(pki, Unreadable) else pki.entries:
        if "pkienrollmentservice" in classes_of(entry):
            hosts |= {text_of(value).partition(".")[0].lower() + "$" for value in entry.values("dNSHostName")}
    return frozenset(
        sid
        for sid, entry in names.items()
        if (sid.startswith("S-1-5-21-") and sid.endswith(_CERT_PUBLISHERS))
        or any(text_of(value).lower() in hosts for value in entry.values("sAMAccountName"))
    )


def _read_all(
    answer: LdapAnswer | Unreadable, names: Mapping[str, LdapEntry], publishers: frozenset[str] = frozenset()
) -> Field:
    if isinstance(answer, Unreadable):
        return answer
    records: list[Record] = []
    troubles: list[str] = [answer.cut] if answer.cut else []
    for entry in sorted(answer.entries, key=lambda entry: entry.dn):
        values = entry.values(DESCRIPTOR)
        if not values:
            troubles.append(f"needs read permissions on {entry.dn}")
            continue
        kind = _kind(entry)
        descriptor = parse_descriptor(values[0])
        if isinstance(descriptor, Unreadable):
            troubles.append(f"{entry.dn}: {descriptor.reason}")
            continue
        grants = list(find_grants(descriptor, kind))
        if not descriptor.has_list:
            grants.append(("S-1-1-0", "no_list", 0))
        for sid, right, flags in grants:
            record = _build(entry.dn, kind, sid, right, names.get(sid))
            record["inherited"] = Known(bool(flags & INHERITED), entry.dn)
            if not names:
                record["trustee"] = Unreadable("needs read on objectSid: nobody is known by name", entry.dn)
            record["publisher"] = Known(sid in publishers, entry.dn)
            records.append(record)
    return Partial(tuple(records), troubles[0], "{default_nc}") if troubles else Known(tuple(records), "{default_nc}")


def _build(dn: str, kind: str, sid: str, right: str, entry: LdapEntry | None) -> dict[str, Field]:
    trustee = name_trustee(sid, entry.dn if entry else "")
    flags = None if entry is None else number_of(entry, "userAccountControl")
    return {
        "key": Known(f"{trustee} → {right} → {dn}", dn),
        "trustee": Known(trustee, dn),
        "sid": Known(sid, dn),
        "enabled": Absent(dn) if flags is None else Known(not flags & DISABLED, dn),
        "last_logon": Absent(dn) if entry is None else read_attribute(entry, "lastLogonTimestamp", "time"),
        "object": Known(dn, dn),
        "object_kind": Known(kind, dn),
        "right": Known(right, dn),
    }


def _kind(entry: LdapEntry) -> str:
    classes = {text_of(value).lower() for value in entry.values("objectClass")}
    control = integer_of(entry.values("userAccountControl")[0]) if entry.values("userAccountControl") else 0
    for name, kind in (
        ("domaindns", "domain"),
        ("organizationalunit", "ou"),
        ("grouppolicycontainer", "gpo"),
        ("pkicertificatetemplate", "template"),
    ):
        if name in classes:
            return kind
    if _PKI_PLACE in f",{entry.dn.lower()}":
        return "pki"
    if entry.dn.lower().startswith("cn=adminsdholder,"):
        return "adminsdholder"
    return "controller" if (control or 0) & _CONTROLLER else "protected"


KIND = ProbeKind(
    name="ad_rights",
    summary="who besides the built-in administrators holds rights that lead to the whole of Active Directory",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
