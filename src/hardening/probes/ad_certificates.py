"""Certificate templates of an Active Directory forest, and the authorities that issue by them.

Who may enrol stands in the security descriptor of each template (MS-CRTD 2.5.1).
"""

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
from hardening.model.security_descriptor import parse_descriptor
from hardening.probes.ad_grants import find_control
from hardening.probes.ad_members import number_of
from hardening.probes.ad_pki import (
    DESCRIPTOR,
    build_pki_step,
    classes_of,
    found_pki,
    is_approved,
    is_for_everything,
    is_named_by_client,
    list_published,
    logs_on,
)
from hardening.probes.ad_trustees import build_names_step, is_everybody, name_trustee, read_trustees
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found, record_field
from hardening.probes.ldap_values import first_text, read_attribute, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry, Step

_PKI = build_pki_step("ad_certificates")
_NAMES = build_names_step("ad_certificates")
_NO_SECURITY_EXTENSION = 0x80000
_IS_AUTHORITY = 0x80
_AGENT = "1.3.6.1.4.1.311.20.2.1"
_TEMPLATE = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name"),
    "name": FieldSpec(FieldType.TEXT, "its name"),
    "published": FieldSpec(FieldType.BOOLEAN, "whether an authority issues by it"),
    "for_authorities": FieldSpec(FieldType.BOOLEAN, "whether it makes certificates for authorities"),
    "usages": FieldSpec(FieldType.TEXTS, "what its certificates are for, as identifiers; empty for everything"),
    "log_on": FieldSpec(FieldType.BOOLEAN, "whether its certificates can log on to the domain"),
    "any_purpose": FieldSpec(FieldType.BOOLEAN, "whether its certificates are for every purpose"),
    "agent": FieldSpec(FieldType.BOOLEAN, "whether its certificates can order certificates for others"),
    "named_by_client": FieldSpec(FieldType.BOOLEAN, "whether who orders says whose name the certificate bears"),
    "approved": FieldSpec(FieldType.BOOLEAN, "whether a person must approve each, or another must sign the order"),
    "security_extension": FieldSpec(FieldType.BOOLEAN, "whether certificates bear the identifier of their owner"),
    "schema_version": FieldSpec(FieldType.INTEGER, "generation of the template"),
    "enrollers": FieldSpec(
        FieldType.TEXTS,
        "who may order by it beside the built-in administrators: distinguished names, or identifiers where there is no "
        "object",
    ),
    "everybody": FieldSpec(FieldType.BOOLEAN, "whether nearly everybody is among them"),
}
_AUTHORITY = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name"),
    "host": FieldSpec(FieldType.TEXT, "its host name"),
    "templates": FieldSpec(FieldType.TEXTS, "names of the templates that it issues by"),
}
_FIELDS = {
    "templates": FieldSpec(FieldType.RECORDS, "certificate templates", _TEMPLATE),
    "authorities": FieldSpec(FieldType.RECORDS, "authorities that issue by templates", _AUTHORITY),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_PKI, _NAMES) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer, names = found_pki(answers, _PKI), found(answers, _NAMES.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    trustees = {} if isinstance(names, Unreadable) else read_trustees(names)
    entries = sorted(answer.entries, key=lambda entry: entry.dn)
    published = list_published(entries)
    templates = tuple(
        {**_build_template(entry, published), **_read_enrollers(entry, trustees)}
        for entry in entries
        if "pkicertificatetemplate" in classes_of(entry)
    )
    authorities = tuple(_build_authority(entry) for entry in entries if "pkienrollmentservice" in classes_of(entry))
    return {
        probe: {
            "templates": record_field(templates, answer, _PKI.base),
            "authorities": record_field(authorities, answer, _PKI.base),
        }
        for probe in probes
    }


def _read_enrollers(entry: LdapEntry, names: Mapping[str, LdapEntry]) -> Record:
    values = entry.values(DESCRIPTOR)
    descriptor = parse_descriptor(values[0]) if values else Unreadable(f"needs read permissions on {entry.dn}")
    if isinstance(descriptor, Unreadable):
        return dict.fromkeys(("enrollers", "everybody"), Unreadable(descriptor.reason, entry.dn))
    # Whoever may change the list may enrol a moment later; that is for the checks on rights.
    sids = sorted({sid for sid, edge in find_control(descriptor, "template") if edge in {"enrols", "everything"}})
    called = sorted(name_trustee(sid, names[sid].dn if sid in names else "") for sid in sids)
    return {
        "enrollers": Known(tuple(called), entry.dn),
        "everybody": Known(any(map(is_everybody, sids)), entry.dn),
    }


def _build_authority(entry: LdapEntry) -> Record:
    return {
        "dn": Known(entry.dn, entry.dn),
        "host": read_attribute(entry, "dNSHostName", "text"),
        "templates": Known(tuple(sorted(map(text_of, entry.values("certificateTemplates")))), entry.dn),
    }


def _build_template(entry: LdapEntry, published: frozenset[str]) -> Record:
    usages = tuple(sorted(map(text_of, entry.values("pKIExtendedKeyUsage"))))
    enrolment, flags = number_of(entry, "msPKI-Enrollment-Flag"), number_of(entry, "flags")
    named, approved = is_named_by_client(entry), is_approved(entry)
    name = first_text(entry, "cn")
    record: dict[str, Known | Unreadable] = {
        "for_authorities": Known(bool((flags or 0) & _IS_AUTHORITY), entry.dn),
        "usages": Known(usages, entry.dn),
        "log_on": Known(logs_on(entry), entry.dn),
        "any_purpose": Known(is_for_everything(entry), entry.dn),
        "agent": Known(_AGENT in usages, entry.dn),
        "named_by_client": Known(bool(named), entry.dn),
        "approved": Known(bool(approved), entry.dn),
        "security_extension": Known(not (enrolment or 0) & _NO_SECURITY_EXTENSION, entry.dn),
    }
    if named is None or approved is None:
        hidden = Unreadable("needs read on msPKI-Certificate-Name-Flag and msPKI-Enrollment-Flag", entry.dn)
        record = dict.fromkeys(record, hidden)
    return {
        **record,
        "dn": Known(entry.dn, entry.dn),
        "name": Known(name, entry.dn) if name else Unreadable("needs read on cn", entry.dn),
        "published": Known(name.lower() in published, entry.dn) if name else Unreadable("needs read on cn", entry.dn),
        "schema_version": read_attribute(entry, "msPKI-Template-Schema-Version", "integer"),
    }


KIND = ProbeKind(
    name="ad_certificates",
    summary="certificate templates of an Active Directory forest, and the authorities that issue by them",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
