"""The search below Public Key Services of an Active Directory forest, and what templates let whoever orders do. Pure.

Several kinds ask it; as it is the same each time, it is sent once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Unreadable
from hardening.model.step import LdapScope, LdapStep
from hardening.probes.ad_members import number_of
from hardening.probes.ldap_answers import found
from hardening.probes.ldap_values import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hardening.model.step import Answer, LdapAnswer, LdapEntry

DESCRIPTOR = "nTSecurityDescriptor"
ANY_PURPOSE = "2.5.29.37.0"
_LOG_ON = frozenset({"1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2", "1.3.6.1.5.2.3.4"})
_NAMED_BY_CLIENT = 0x1 | 0x10000
_PENDING = 0x2


def build_pki_step(kind: str) -> LdapStep:
    """Return the search for everything below Public Key Services, for one kind of question."""
    return LdapStep(
        name=f"{kind} pki",
        base="CN=Public Key Services,CN=Services,{config_nc}",
        scope=LdapScope.SUBTREE,
        filter="(objectClass=*)",
        attributes=(
            "certificateTemplates",
            "cn",
            "dNSHostName",
            "flags",
            "msPKI-Certificate-Name-Flag",
            "msPKI-Enrollment-Flag",
            "msPKI-RA-Signature",
            "msPKI-Template-Schema-Version",
            DESCRIPTOR,
            "objectClass",
            "pKIExtendedKeyUsage",
        ),
        sd_flags=7,
    )


def found_pki(answers: Mapping[str, Answer], step: LdapStep) -> LdapAnswer | Unreadable:
    """Return the answer to that search; without its own base among the entries it would prove nothing."""
    answer = found(answers, step.name)
    if isinstance(answer, Unreadable) or answer.cut:
        return answer
    if any(entry.dn.lower().startswith("cn=public key services,") for entry in answer.entries):
        return answer
    return Unreadable("needs read on Public Key Services and all below", step.base)


def classes_of(entry: LdapEntry) -> frozenset[str]:
    """Return the classes of an object in small letters."""
    return frozenset(text_of(value).lower() for value in entry.values("objectClass"))


def list_published(entries: Iterable[LdapEntry]) -> frozenset[str]:
    """Return the names in small letters of the templates that an authority issues by."""
    return frozenset(
        text_of(name).lower()
        for entry in entries
        if "pkienrollmentservice" in classes_of(entry)
        for name in entry.values("certificateTemplates")
    )


def is_for_everything(entry: LdapEntry) -> bool:
    """Say whether the certificates of a template are for every purpose."""
    usages = set(map(text_of, entry.values("pKIExtendedKeyUsage")))
    return not usages or ANY_PURPOSE in usages


def logs_on(entry: LdapEntry) -> bool:
    """Say whether the certificates of a template can log on to the domain."""
    return is_for_everything(entry) or bool(_LOG_ON & set(map(text_of, entry.values("pKIExtendedKeyUsage"))))


def is_named_by_client(entry: LdapEntry) -> bool | None:
    """Say whether who orders says whose name the certificate bears; ``None`` where it is not shown."""
    flags = number_of(entry, "msPKI-Certificate-Name-Flag")
    return None if flags is None else bool(flags & _NAMED_BY_CLIENT)


def is_approved(entry: LdapEntry) -> bool | None:
    """Say whether a person approves each order, or another signs it; ``None`` where it is not shown."""
    flags, signatures = number_of(entry, "msPKI-Enrollment-Flag"), number_of(entry, "msPKI-RA-Signature")
    return None if flags is None else bool(flags & _PENDING) or (signatures or 0) > 0
