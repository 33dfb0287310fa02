"""Who may act on behalf of others in an Active Directory domain, and towards whom."""

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
from hardening.probes.ad_members import CONTROLLER, DISABLED, find_hidden_controllers, number_of, sid_of
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found, record_field
from hardening.probes.ldap_values import read_attribute, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry

_TARGETS, _RESOURCE = "msDS-AllowedToDelegateTo", "msDS-AllowedToActOnBehalfOfOtherIdentity"
_STEP = LdapStep(
    name="ad_delegation",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter="(objectClass=user)",
    attributes=(
        _TARGETS,
        _RESOURCE,
        "dNSHostName",
        "lastLogonTimestamp",
        "objectSid",
        "sAMAccountName",
        "userAccountControl",
    ),
)
_UNCONSTRAINED, _TRANSITION = 0x80000, 0x1000000
_ACCOUNT = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether it is not disabled", told=True),
    "last_logon": FieldSpec(FieldType.TIME, "last log-on that the directory records, up to 14 days behind", told=True),
    "domain_controller": FieldSpec(FieldType.BOOLEAN, "whether it is a domain controller"),
    "unconstrained": FieldSpec(FieldType.BOOLEAN, "whether it may act as whoever has logged on to it, everywhere"),
    "protocol_transition": FieldSpec(FieldType.BOOLEAN, "whether it may act as anybody without their logging on"),
    "targets": FieldSpec(FieldType.TEXTS, "services towards which it may act as others"),
    "controller_targets": FieldSpec(FieldType.TEXTS, "those of them on domain controllers"),
    "resource_based": FieldSpec(FieldType.BOOLEAN, "whether others may act as anybody towards it"),
    "guarded": FieldSpec(FieldType.BOOLEAN, "whether it is a domain controller or krbtgt"),
}
_FIELDS = {
    "accounts": FieldSpec(FieldType.RECORDS, "accounts that have to do with delegation, and all controllers", _ACCOUNT)
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = found(answers, _STEP.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    if hidden := find_hidden_controllers(answer):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, hidden.reason, hidden.place))
    controllers = frozenset(name for entry in answer.entries if _is_controller(entry) for name in _names(entry))
    records = tuple(
        _build_record(entry, controllers)
        for entry in sorted(answer.entries, key=lambda entry: entry.dn)
        if _is_concerned(entry)
    )
    return {probe: {"accounts": record_field(records, answer, "{default_nc}")} for probe in probes}


def _flags(entry: LdapEntry) -> int:
    return number_of(entry, "userAccountControl") or 0


def _is_controller(entry: LdapEntry) -> bool:
    return bool(_flags(entry) & CONTROLLER)


def _is_concerned(entry: LdapEntry) -> bool:
    """Say whether a record is worth having; an account whose flags are hidden may be concerned."""
    if not entry.values("userAccountControl"):
        return True
    marked = _flags(entry) & (_UNCONSTRAINED | _TRANSITION | CONTROLLER)
    return bool(marked or entry.values(_TARGETS) or entry.values(_RESOURCE))


def _names(entry: LdapEntry) -> tuple[str, ...]:
    host = "".join(map(text_of, entry.values("dNSHostName"))).lower()
    account = "".join(map(text_of, entry.values("sAMAccountName"))).lower().rstrip("$")
    return tuple(name for name in (host, host.partition(".")[0], account) if name)


def _host(service: str) -> str:
    """Return the host of a service name such as ``cifs/dc-01.example.org:445/EXAMPLE``."""
    return service.partition("/")[2].partition("/")[0].partition(":")[0].lower()


def _build_record(entry: LdapEntry, controllers: frozenset[str]) -> Record:
    targets = tuple(sorted(map(text_of, entry.values(_TARGETS))))
    flags, is_controller = _flags(entry), _is_controller(entry)
    record: dict[str, Known | Unreadable] = {
        "enabled": Known(not flags & DISABLED, entry.dn),
        "domain_controller": Known(is_controller, entry.dn),
        "unconstrained": Known(bool(flags & _UNCONSTRAINED), entry.dn),
        "protocol_transition": Known(bool(flags & _TRANSITION), entry.dn),
        "guarded": Known(is_controller or sid_of(entry).endswith("-502"), entry.dn),
    }
    if not entry.values("userAccountControl"):
        record = dict.fromkeys(record, Unreadable("needs read on userAccountControl", entry.dn))
    return {
        **record,
        "dn": Known(entry.dn, entry.dn),
        "last_logon": read_attribute(entry, "lastLogonTimestamp", "time"),
        "targets": Known(targets, entry.dn),
        "controller_targets": Known(tuple(name for name in targets if _host(name) in controllers), entry.dn),
        "resource_based": Known(bool(entry.values(_RESOURCE)), entry.dn),
    }


KIND = ProbeKind(
    name="ad_delegation",
    summary="who may act on behalf of others in an Active Directory domain",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
