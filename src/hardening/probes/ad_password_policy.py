"""Rules for passwords and lockout of an Active Directory domain: those for all, and those for some.

Policies for some are hidden from ordinary accounts: unless their container itself is shown, whether there are any is
unknown.
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
    Record,
    Unreadable,
)
from hardening.model.step import LdapAnswer, LdapScope, LdapStep, Step
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found, record_field
from hardening.probes.ldap_values import read_attribute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry

_CONTAINER = "CN=Password Settings Container,CN=System,{default_nc}"
_READ = {
    "length": ("minPwdLength", "msDS-MinimumPasswordLength", "integer"),
    "history": ("pwdHistoryLength", "msDS-PasswordHistoryLength", "integer"),
    "max_age": ("maxPwdAge", "msDS-MaximumPasswordAge", "interval"),
    "min_age": ("minPwdAge", "msDS-MinimumPasswordAge", "interval"),
    "lockout_threshold": ("lockoutThreshold", "msDS-LockoutThreshold", "integer"),
    "lockout_duration": ("lockoutDuration", "msDS-LockoutDuration", "interval"),
    "lockout_window": ("lockOutObservationWindow", "msDS-LockoutObservationWindow", "interval"),
}
_BITS = {
    "complexity": ("msDS-PasswordComplexityEnabled", 1),
    "reversible": ("msDS-PasswordReversibleEncryptionEnabled", 16),
}
_DOMAIN = LdapStep(
    name="ad_password_policy domain",
    base="{default_nc}",
    scope=LdapScope.BASE,
    filter="(objectClass=*)",
    attributes=("pwdProperties", *(names[0] for names in _READ.values())),
)
_POLICIES = LdapStep(
    name="ad_password_policy policies",
    base=_CONTAINER,
    scope=LdapScope.SUBTREE,
    filter="(|(objectClass=msDS-PasswordSettings)(objectClass=msDS-PasswordSettingsContainer))",
    attributes=(
        "msDS-PSOAppliesTo",
        "msDS-PasswordSettingsPrecedence",
        "objectClass",
        *(names[1] for names in _READ.values()),
        *(name for name, _ in _BITS.values()),
    ),
)
_SETTINGS = {
    "length": FieldSpec(FieldType.INTEGER, "smallest number of characters"),
    "history": FieldSpec(FieldType.INTEGER, "how many old passwords are refused"),
    "max_age": FieldSpec(FieldType.INTEGER, "seconds until a password expires; absent for never"),
    "min_age": FieldSpec(FieldType.INTEGER, "seconds before it may be changed again"),
    "lockout_threshold": FieldSpec(FieldType.INTEGER, "wrong passwords until an account is locked; 0 for never"),
    "lockout_duration": FieldSpec(FieldType.INTEGER, "seconds that it stays locked; absent until it is unlocked"),
    "lockout_window": FieldSpec(FieldType.INTEGER, "seconds after which the count starts anew"),
    "complexity": FieldSpec(FieldType.BOOLEAN, "whether different kinds of characters are demanded"),
    "reversible": FieldSpec(FieldType.BOOLEAN, "whether passwords are stored so that they can be read again"),
}
_POLICY = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name"),
    "precedence": FieldSpec(FieldType.INTEGER, "the smaller it is, the sooner it holds"),
    "applies_to": FieldSpec(FieldType.TEXTS, "groups and accounts that it holds for"),
    **_SETTINGS,
    "weaker": FieldSpec(FieldType.TEXTS, "in what it is weaker than the policy for all"),
}
_FIELDS = {**_SETTINGS, "policies": FieldSpec(FieldType.RECORDS, "policies for some", _POLICY)}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_DOMAIN, _POLICIES) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    domain = _read_domain(found(answers, _DOMAIN.name))
    return {probe: {**domain, "policies": _read_policies(found(answers, _POLICIES.name), domain)} for probe in probes}


def _read_domain(answer: LdapAnswer | Unreadable) -> Evidence:
    if isinstance(answer, Unreadable) or not answer.entries:
        reason = answer.reason if isinstance(answer, Unreadable) else "this account does not see the object"
        return dict.fromkeys(_SETTINGS, Unreadable(reason, _DOMAIN.base))
    entry = answer.entries[0]
    properties = read_attribute(entry, "pwdProperties", "integer")
    settings: dict[str, Field] = {
        name: _read(entry, attribute, reading) for name, (attribute, _, reading) in _READ.items()
    }
    for name, (_, bit) in _BITS.items():
        match properties:
            case Known(value=int(number)):
                settings[name] = Known(bool(number & bit), entry.dn)
            case _:
                settings[name] = Unreadable("needs read on pwdProperties", entry.dn)
    return settings


def _read(entry: LdapEntry, attribute: str, reading: str) -> Field:
    """Return a setting; these attributes always have a value, so that a missing one is hidden from us."""
    if not entry.values(attribute):
        return Unreadable(f"needs read on {attribute}", entry.dn)
    return read_attribute(entry, attribute, reading)


def _read_policies(answer: LdapAnswer | Unreadable, domain: Evidence) -> Field:
    hidden = Unreadable("needs read on the container and all policies in it", _CONTAINER)
    if isinstance(answer, Unreadable):
        return Unreadable(f"{hidden.reason}: {answer.reason}", _CONTAINER)
    policies = [entry for entry in answer.entries if not _is_container(entry)]
    if not policies and not any(map(_is_container, answer.entries)):
        return hidden
    records = tuple(_build_policy(entry, domain) for entry in sorted(policies, key=lambda entry: entry.dn))
    return record_field(records, answer, _CONTAINER)


def _is_container(entry: LdapEntry) -> bool:
    return b"msds-passwordsettingscontainer" in {value.lower() for value in entry.values("objectClass")}


def _build_policy(entry: LdapEntry, domain: Evidence) -> Record:
    settings: dict[str, Field] = {
        **{name: _read(entry, attribute, reading) for name, (_, attribute, reading) in _READ.items()},
        **{name: _read(entry, attribute, "boolean") for name, (attribute, _) in _BITS.items()},
    }
    applies = read_attribute(entry, "msDS-PSOAppliesTo", "texts")
    return {
        "dn": Known(entry.dn, entry.dn),
        "precedence": _read(entry, "msDS-PasswordSettingsPrecedence", "integer"),
        "applies_to": Known((), entry.dn) if isinstance(applies, Absent) else applies,
        **settings,
        "weaker": _compare(settings, domain, entry.dn),
    }


def _compare(policy: Evidence, domain: Evidence, place: str) -> Field:
    """Return the settings in which a policy asks for less than the domain does."""
    numbers = ("length", "history", "lockout_threshold")
    weaker = []
    for name in (*numbers, *_BITS):
        match policy[name], domain[name]:
            case Known(value=int(mine)), Known(value=int(theirs)):
                if _is_weaker(name, mine, theirs):
                    weaker.append(name)
            case Unreadable(reason), _:
                return Unreadable(reason, place)
            case _, Unreadable(reason):
                return Unreadable(reason, place)
            case _:
                return Unreadable(f"{name} is no number", place)
    return Known(tuple(weaker), place)


def _is_weaker(name: str, mine: int, theirs: int) -> bool:
    match name:
        case "lockout_threshold":
            return theirs > 0 and (mine == 0 or mine > theirs)
        case "reversible":
            return mine > theirs
        case _:
            return mine < theirs


KIND = ProbeKind(
    name="ad_password_policy",
    summary="rules for passwords and lockout of an Active Directory domain, for all and for some",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
