"""The accounts of an Active Directory domain: people, services and computers, with what makes each easy to take over.

Passwords are never read, nor shown where somebody wrote one into a description: only that it looks like one is told.
"""

from __future__ import annotations

import re
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
    ADMINISTRATORS,
    DISABLED,
    PRIVILEGED,
    Domain,
    build_steps,
    number_of,
    read_domain,
    sid_of,
)
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_values import read_attribute, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry, Step

_COMPUTED = "msDS-User-Account-Control-Computed"
_ATTRIBUTES = (
    _COMPUTED,
    "adminCount",
    "dNSHostName",
    "description",
    "info",
    "lastLogonTimestamp",
    "mail",
    "msDS-KeyCredentialLink",
    "msDS-ManagedAccountPrecededByLink",
    "msDS-SupportedEncryptionTypes",
    "msExchMailboxGuid",
    "msSFU30Password",
    "objectClass",
    "operatingSystem",
    "operatingSystemVersion",
    "pwdLastSet",
    "sIDHistory",
    "scriptPath",
    "servicePrincipalName",
    "unixUserPassword",
    "userPassword",
    "whenCreated",
)
_STEPS = build_steps("ad_accounts", _ATTRIBUTES)
_DOMAIN_CONTROLLER, _READ_ONLY, _TRUST = 0x2000, 0x4000000, 0x800
_WORKSTATION = 0x1000
_PRIMARY_GROUPS = frozenset({513, 514, 515, 516, 521})
_DES, _RC4, _AES = 0x3, 0x4, 0x18
_NO_EXPLICIT_TYPES = 0
_PRIVILEGED_RIDS = frozenset({500, 502, 512, 516, 518, 519, 520, 521, 526, 527})
_PASSWORD = re.compile(r"(?:pass(?:ord|word)?|pwd|pw|kodeord)\s*(?:er|is)?\s*[:=]\s*\S{4,}", re.IGNORECASE)
_FLAGS = {
    "password_not_required": (0x20, "whether the account may have an empty password"),
    "reversible": (0x80, "whether its password is stored so that it can be read again"),
    "password_never_expires": (0x10000, "whether its password never expires"),
    "smart_card_required": (0x40000, "whether it may log on with a smart card or a key only"),
    "unconstrained_delegation": (0x80000, "whether it may act as anybody who has logged on to it, everywhere"),
    "not_delegated": (0x100000, "whether nobody may act on its behalf"),
    "des_only": (0x200000, "whether it uses DES only"),
    "no_preauthentication": (0x400000, "whether anybody may ask for data encrypted with its password"),
    "protocol_transition": (0x1000000, "whether it may act as anybody without their logging on"),
}
_COMPUTED_FLAGS = {
    "locked": (0x10, "whether it is locked now after wrong passwords"),
    "password_expired": (0x800000, "whether its password has expired"),
}
_RECORD = {
    "dn": FieldSpec(FieldType.TEXT, "distinguished name"),
    "name": FieldSpec(FieldType.TEXT, "name for logging on (sAMAccountName)"),
    "sid": FieldSpec(FieldType.TEXT, "security identifier"),
    "kind": FieldSpec(
        FieldType.TEXT,
        "person (also services that use an ordinary account), computer, managed_service, domain_controller or trust",
    ),
    "well_known": FieldSpec(FieldType.TEXT, "administrator, guest, krbtgt or other, by identifier"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether it is not disabled", told=True),
    **{name: FieldSpec(FieldType.BOOLEAN, meaning) for name, (_, meaning) in {**_FLAGS, **_COMPUTED_FLAGS}.items()},
    "created": FieldSpec(FieldType.TIME, "when it was created"),
    "last_logon": FieldSpec(
        FieldType.TIME, "last log-on that the directory records, up to 14 days behind; absent for never", told=True
    ),
    "last_seen": FieldSpec(FieldType.TIME, "the same, or when it was created if it never logged on"),
    "password_set": FieldSpec(FieldType.TIME, "when its password was set; absent where it must be changed first"),
    "password_or_created": FieldSpec(FieldType.TIME, "the same, or when it was created if none was set"),
    "spns": FieldSpec(FieldType.TEXTS, "names of the services that run under it"),
    "is_service": FieldSpec(FieldType.BOOLEAN, "whether a service runs under it"),
    "encryption_types": FieldSpec(FieldType.INTEGER, "encryption types as bits; absent for the domain's default"),
    "aes": FieldSpec(
        FieldType.BOOLEAN, "whether AES is among its encryption types; true where the domain's default holds"
    ),
    "aes_set": FieldSpec(FieldType.BOOLEAN, "whether AES is set on the account itself, whatever the default is"),
    "des": FieldSpec(FieldType.BOOLEAN, "whether DES is among its encryption types, or the only one"),
    "admin_count": FieldSpec(FieldType.BOOLEAN, "whether it is or was in a group that the directory protects"),
    "privileged": FieldSpec(
        FieldType.BOOLEAN, f"whether it is, also through other groups, in one of {', '.join(sorted(PRIVILEGED))}"
    ),
    "administrator": FieldSpec(
        FieldType.BOOLEAN, f"whether it is, also through other groups, in one of {', '.join(sorted(ADMINISTRATORS))}"
    ),
    "privileged_groups": FieldSpec(FieldType.TEXTS, "in which of these groups"),
    "protected_user": FieldSpec(FieldType.BOOLEAN, "whether it is in Protected Users"),
    "primary_group": FieldSpec(FieldType.INTEGER, "last part of the primary group's identifier"),
    "primary_group_usual": FieldSpec(FieldType.BOOLEAN, "whether that is one that Windows itself sets"),
    "sid_history": FieldSpec(FieldType.TEXTS, "identifiers of former accounts that it still acts under"),
    "sid_history_dangerous": FieldSpec(
        FieldType.BOOLEAN, "whether one of these is of this domain, built in, or of a privileged group or account"
    ),
    "mailbox": FieldSpec(FieldType.BOOLEAN, "whether it has a mail address or an Exchange mailbox"),
    "key_credential": FieldSpec(
        FieldType.BOOLEAN, "whether a key can log on in place of the password, as far as it is shown"
    ),
    "replaces": FieldSpec(
        FieldType.BOOLEAN, "whether, as a delegated managed account, it takes over the rights of another account"
    ),
    "password_in_text": FieldSpec(
        FieldType.BOOLEAN,
        "whether its description or notes look as if they held a password, or an attribute holds one for Unix",
    ),
    "logon_script": FieldSpec(FieldType.TEXT, "script that runs at log-on"),
    "host_name": FieldSpec(FieldType.TEXT, "full host name, as the computer says"),
    "operating_system": FieldSpec(FieldType.TEXT, "operating system, as the computer says"),
    "operating_system_version": FieldSpec(FieldType.TEXT, "its version, as the computer says"),
    "sync_account": FieldSpec(FieldType.TEXT, "entra_sync or seamless_sso, by its name; else none"),
    "conflict": FieldSpec(FieldType.BOOLEAN, "whether it is what a conflict of two copies left behind"),
}
_FIELDS = {
    "accounts": FieldSpec(FieldType.RECORDS, "all accounts of the domain, by distinguished name", _RECORD),
    "administrators": FieldSpec(
        FieldType.INTEGER, "enabled accounts in Domain Admins, also through others; unreadable where some are missing"
    ),
    "same_spns": FieldSpec(FieldType.TEXTS, "service names that more than one account has"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return _STEPS if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    domain = read_domain(answers, _STEPS)
    if isinstance(domain, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, domain.reason, domain.place))
    groups, place = domain.list_groups_of_accounts(), "{default_nc}"
    nothing: frozenset[str] = frozenset()
    records = tuple(
        _build_record(domain, entry, groups.get(dn, nothing)) for dn, entry in sorted(domain.accounts.items())
    )
    admins = sum(
        1
        for dn, entry in domain.accounts.items()
        if "domain_admins" in groups.get(dn, nothing) and not (number_of(entry, "userAccountControl") or 0) & DISABLED
    )
    same = _list_same_spns(domain)
    cut = Unreadable(domain.cut, place)
    evidence: dict[str, Field] = {
        "accounts": Partial(records, domain.cut, place) if domain.cut else Known(records, place),
        "administrators": cut if domain.cut else Known(admins, place),
        "same_spns": Partial(same, domain.cut, place) if domain.cut else Known(same, place),
    }
    return dict.fromkeys(probes, evidence)


def _list_same_spns(domain: Domain) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    for entry in domain.accounts.values():
        for name in {text_of(value).lower() for value in entry.values("servicePrincipalName")}:
            seen[name] = seen.get(name, 0) + 1
    return tuple(sorted(name for name, times in seen.items() if times > 1))


def _build_record(domain: Domain, entry: LdapEntry, groups: frozenset[str]) -> Record:
    yes, no, nothing = Known(value=True, place=entry.dn), Known(value=False, place=entry.dn), Known((), entry.dn)

    def known(value: str | int | bool | tuple[str, ...]) -> Field:  # noqa: FBT001 - a value, not a switch
        # Most are one of these three, and a domain has tens of thousands of accounts.
        if isinstance(value, bool):
            return yes if value else no
        return Known(value, entry.dn) if value != () else nothing

    flags, computed = number_of(entry, "userAccountControl"), number_of(entry, _COMPUTED)
    unshown = Unreadable("needs read on userAccountControl", entry.dn)
    uncomputed = Unreadable(f"needs read on {_COMPUTED}", entry.dn)
    sid, created = sid_of(entry), read_attribute(entry, "whenCreated", "time")
    password, seen = read_attribute(entry, "pwdLastSet", "time"), read_attribute(entry, "lastLogonTimestamp", "time")
    history = read_attribute(entry, "sIDHistory", "sids")
    types = number_of(entry, "msDS-SupportedEncryptionTypes")
    group = number_of(entry, "primaryGroupID")
    return {
        "dn": known(entry.dn),
        "name": read_attribute(entry, "sAMAccountName", "text"),
        "sid": known(sid) if sid else Unreadable("needs read on objectSid", entry.dn),
        "kind": unshown if flags is None else known(tell_kind(entry, flags)),
        "well_known": known(_tell_well_known(domain, sid)),
        "enabled": unshown if flags is None else known(not flags & DISABLED),
        **{name: unshown if flags is None else known(bool(flags & bit)) for name, (bit, _) in _FLAGS.items()},
        **{
            name: uncomputed if computed is None else known(bool(computed & bit))
            for name, (bit, _) in _COMPUTED_FLAGS.items()
        },
        "created": created,
        "last_logon": seen,
        "last_seen": created if isinstance(seen, Absent) else seen,
        "password_set": password,
        "password_or_created": created if isinstance(password, Absent) else password,
        "spns": known(tuple(sorted(map(text_of, entry.values("servicePrincipalName"))))),
        "is_service": known(bool(entry.values("servicePrincipalName"))),
        "encryption_types": Absent(entry.dn) if not types else known(types),
        "aes": known(not types or bool(types & _AES)),
        "aes_set": known(bool((types or _NO_EXPLICIT_TYPES) & _AES)),
        "des": unshown if flags is None else known(bool(flags & 0x200000) or bool((types or 0) & _DES)),
        "admin_count": known((number_of(entry, "adminCount") or 0) > 0),
        "privileged": known(bool(groups & PRIVILEGED)),
        "administrator": known(bool(groups & ADMINISTRATORS)),
        "privileged_groups": known(tuple(sorted(groups & PRIVILEGED))),
        "protected_user": known("protected_users" in groups),
        "primary_group": Unreadable("needs read on primaryGroupID", entry.dn) if group is None else known(group),
        "primary_group_usual": (
            Unreadable("needs read on primaryGroupID", entry.dn) if group is None else known(group in _PRIMARY_GROUPS)
        ),
        "sid_history": known(()) if isinstance(history, Absent) else history,
        "sid_history_dangerous": known(_is_dangerous(domain, history)),
        "mailbox": known(bool(entry.values("mail") or entry.values("msExchMailboxGuid"))),
        "key_credential": known(bool(entry.values("msDS-KeyCredentialLink"))),
        "replaces": known(bool(entry.values("msDS-ManagedAccountPrecededByLink"))),
        "password_in_text": known(_has_password(entry)),
        "logon_script": read_attribute(entry, "scriptPath", "text"),
        "host_name": read_attribute(entry, "dNSHostName", "text"),
        "operating_system": read_attribute(entry, "operatingSystem", "text"),
        "operating_system_version": read_attribute(entry, "operatingSystemVersion", "text"),
        "sync_account": known(_tell_sync(entry)),
        "conflict": known("\\0acnf:" in entry.dn.lower() or "\ncnf:" in entry.dn.lower()),
    }


def tell_kind(entry: LdapEntry, flags: int) -> str:
    """Return what an account is: person, computer, managed_service, domain_controller or trust."""
    classes = {value.lower() for value in entry.values("objectClass")}
    if flags & _TRUST:
        return "trust"
    if flags & (_DOMAIN_CONTROLLER | _READ_ONLY):
        return "domain_controller"
    managed = {
        b"msds-managedserviceaccount",
        b"msds-groupmanagedserviceaccount",
        b"msds-delegatedmanagedserviceaccount",
    }
    if classes & managed:
        return "managed_service"
    return "computer" if flags & _WORKSTATION or b"computer" in classes else "person"


def _tell_well_known(domain: Domain, sid: str) -> str:
    head, _, number = sid.rpartition("-")
    names = {"500": "administrator", "501": "guest", "502": "krbtgt"}
    return names.get(number, "other") if head == domain.sid else "other"


def _is_dangerous(domain: Domain, history: Field) -> bool:
    sids = history.value if isinstance(history, Known) and isinstance(history.value, tuple) else ()
    for sid in map(str, sids):
        head, _, number = sid.rpartition("-")
        if head in {domain.sid, "S-1-5-32"} or (number.isdigit() and int(number) in _PRIVILEGED_RIDS):
            return True
    return False


def _has_password(entry: LdapEntry) -> bool:
    if any(entry.values(name) for name in ("unixUserPassword", "userPassword", "msSFU30Password")):
        return True
    return any(_PASSWORD.search(text_of(value)) for name in ("description", "info") for value in entry.values(name))


def _tell_sync(entry: LdapEntry) -> str:
    name = "".join(map(text_of, entry.values("sAMAccountName"))).lower()
    if name == "azureadssoacc$":
        return "seamless_sso"
    return "entra_sync" if name.startswith(("msol_", "adsyncmsa", "aad_")) else "none"


KIND = ProbeKind(
    name="ad_accounts",
    summary="the accounts of an Active Directory domain, with what makes each easy to take over",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
