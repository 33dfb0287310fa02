"""Certificate templates of an Active Directory forest, and the authorities that issue by them.

Who may enrol stands in security descriptors and is not looked at here.
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
from hardening.model.step import LdapScope, LdapStep, Step
from hardening.probes.ad_members import number_of
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found, record_field
from hardening.probes.ldap_values import read_attribute, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry

STEP = LdapStep(
    name="ad_certificates",
    base="CN=Public Key Services,CN=Services,{config_nc}",
    scope=LdapScope.SUBTREE,
    filter="(|(objectClass=pKICertificateTemplate)(objectClass=pKIEnrollmentService))",
    attributes=(
        "certificateTemplates",
        "cn",
        "dNSHostName",
        "flags",
        "msPKI-Certificate-Name-Flag",
        "msPKI-Enrollment-Flag",
        "msPKI-RA-Signature",
        "msPKI-Template-Schema-Version",
        "objectClass",
        "pKIExtendedKeyUsage",
    ),
)
_NAMED_BY_CLIENT = 0x1 | 0x10000
_PENDING, _NO_SECURITY_EXTENSION = 0x2, 0x80000
_IS_AUTHORITY = 0x80
_ANY_PURPOSE, _AGENT = "2.5.29.37.0", "1.3.6.1.4.1.311.20.2.1"
_LOG_ON = frozenset({"1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2", "1.3.6.1.5.2.3.4"})
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
    return (STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = found(answers, STEP.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    entries = sorted(answer.entries, key=lambda entry: entry.dn)
    authorities = [entry for entry in entries if _is_authority(entry)]
    published = frozenset(
        text_of(name).lower() for entry in authorities for name in entry.values("certificateTemplates")
    )
    templates = tuple(_build_template(entry, published) for entry in entries if not _is_authority(entry))
    return {
        probe: {
            "templates": record_field(templates, answer, STEP.base),
            "authorities": record_field(tuple(map(_build_authority, authorities)), answer, STEP.base),
        }
        for probe in probes
    }


def _is_authority(entry: LdapEntry) -> bool:
    return b"pkienrollmentservice" in {value.lower() for value in entry.values("objectClass")}


def _build_authority(entry: LdapEntry) -> Record:
    return {
        "dn": Known(entry.dn, entry.dn),
        "host": read_attribute(entry, "dNSHostName", "text"),
        "templates": Known(tuple(sorted(map(text_of, entry.values("certificateTemplates")))), entry.dn),
    }


def _build_template(entry: LdapEntry, published: frozenset[str]) -> Record:
    usages = tuple(sorted(map(text_of, entry.values("pKIExtendedKeyUsage"))))
    every = not usages or _ANY_PURPOSE in usages
    names, enrolment = number_of(entry, "msPKI-Certificate-Name-Flag"), number_of(entry, "msPKI-Enrollment-Flag")
    flags, signatures = number_of(entry, "flags"), number_of(entry, "msPKI-RA-Signature")
    name = "".join(map(text_of, entry.values("cn")))
    record: dict[str, Known | Unreadable] = {
        "for_authorities": Known(bool((flags or 0) & _IS_AUTHORITY), entry.dn),
        "usages": Known(usages, entry.dn),
        "log_on": Known(every or bool(_LOG_ON & set(usages)), entry.dn),
        "any_purpose": Known(every, entry.dn),
        "agent": Known(_AGENT in usages, entry.dn),
        "named_by_client": Known(bool((names or 0) & _NAMED_BY_CLIENT), entry.dn),
        "approved": Known(bool((enrolment or 0) & _PENDING) or (signatures or 0) > 0, entry.dn),
        "security_extension": Known(not (enrolment or 0) & _NO_SECURITY_EXTENSION, entry.dn),
    }
    if names is None or enrolment is None:
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
