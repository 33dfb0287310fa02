"""What a directory is, by its root DSE: the answer to `model.directory.ROOT_DSE`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.directory import ROOT_DSE
from hardening.model.evidence import ABSENT, Absent, Unreadable
from hardening.model.platform import Directory, DirectoryKind
from hardening.probes.ldap_answers import found
from hardening.probes.ldap_values import first_text, integer_of, parse_generalized_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.model.step import Answer, LdapEntry

_ACTIVE_DIRECTORY = b"1.2.840.113556.1.4.800"
_OPENLDAP = b"openldaprootdse"


@dataclass(frozen=True, slots=True)
class DirectoryIdentity:
    """What the directory is, and what its clock says."""

    directory: Directory | Unreadable
    time: int | Absent | Unreadable


def parse_root_dse(answers: Mapping[str, Answer]) -> DirectoryIdentity:
    """Read the answer to ``ROOT_DSE``."""
    answer = found(answers, ROOT_DSE.name)
    if isinstance(answer, Unreadable):
        return DirectoryIdentity(answer, answer)
    if not answer.entries:
        silent = Unreadable("the server shows no root DSE to this account")
        return DirectoryIdentity(silent, silent)
    entry = answer.entries[0]
    return DirectoryIdentity(_build(entry), _read_time(entry))


def _build(entry: LdapEntry) -> Directory:
    contexts = entry.values("namingContexts")
    return Directory(
        kind=_kind(entry),
        vendor=" ".join(filter(None, (first_text(entry, "vendorName"), first_text(entry, "vendorVersion")))),
        server=first_text(entry, "dnsHostName"),
        domain=first_text(entry, "defaultNamingContext")
        or (contexts[0].decode("utf-8", "replace") if contexts else ""),
        forest_level=_level(entry, "forestFunctionality"),
        domain_level=_level(entry, "domainFunctionality"),
        server_level=_level(entry, "domainControllerFunctionality"),
    )


def _kind(entry: LdapEntry) -> DirectoryKind:
    if _ACTIVE_DIRECTORY in entry.values("supportedCapabilities"):
        return DirectoryKind.ACTIVE_DIRECTORY
    if _OPENLDAP in {value.lower() for value in entry.values("objectClass")}:
        return DirectoryKind.OPENLDAP
    return DirectoryKind.OTHER


def _level(entry: LdapEntry, attribute: str) -> int:
    values = entry.values(attribute)
    number = integer_of(values[0]) if values else None
    return -1 if number is None else number


def _read_time(entry: LdapEntry) -> int | Absent | Unreadable:
    text = first_text(entry, "currentTime")
    if not text:
        return ABSENT
    time = parse_generalized_time(text)
    return Unreadable("currentTime is no time") if time is None else time
