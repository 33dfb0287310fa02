"""In what form a directory keeps passwords: the scheme of each userPassword, never the hash.

A password that is not shown looks like none. A second search, for accounts without one, makes the difference: a server
answers it only for accounts whose passwords we may look for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, FieldSpec, FieldType, Known, Partial, Unreadable, build_unreadable
from hardening.model.step import LdapScope, LdapStep, Step
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found
from hardening.probes.ldap_values import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_PLACE = "userPassword"
_ACCOUNTS = "(|(objectClass=person)(objectClass=account)(objectClass=posixAccount)(objectClass=simpleSecurityObject))"
_WITH = LdapStep(
    name="stored_passwords",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter=_ACCOUNTS,
    attributes=("userPassword",),
)
_WITHOUT = LdapStep(
    name="stored_passwords none",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter=f"(&{_ACCOUNTS}(!(userPassword=*)))",
    attributes=("objectClass",),
)
_FIELDS = {
    "accounts": FieldSpec(
        FieldType.RECORDS,
        "accounts with a password, by distinguished name; partial where passwords of some are not shown",
        {
            "dn": FieldSpec(FieldType.TEXT, "distinguished name"),
            "schemes": FieldSpec(FieldType.TEXTS, "schemes of its passwords, such as {SSHA}; {CLEARTEXT} for none"),
        },
    )
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_WITH, _WITHOUT) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    return dict.fromkeys(probes, _read(answers))


def _read(answers: Mapping[str, Answer]) -> Evidence:
    accounts, none = found(answers, _WITH.name), found(answers, _WITHOUT.name)
    if isinstance(accounts, Unreadable):
        return build_unreadable(_FIELDS, accounts.reason, _PLACE)
    seen = sorted((entry for entry in accounts.entries if entry.values("userPassword")), key=lambda entry: entry.dn)
    empty = set() if isinstance(none, Unreadable) else {entry.dn for entry in none.entries}
    hidden = len({entry.dn for entry in accounts.entries} - empty - {entry.dn for entry in seen})
    if hidden and not seen:
        return build_unreadable(_FIELDS, f"needs read on userPassword: of {hidden} accounts none shows one", _PLACE)
    records = tuple(
        {
            "dn": Known(entry.dn, entry.dn),
            "schemes": Known(tuple(sorted(set(map(text_of, entry.values("userPassword"))))), entry.dn),
        }
        for entry in seen
    )
    missing = accounts.cut or (f"needs read on userPassword: {hidden} accounts do not show theirs" if hidden else "")
    return {"accounts": Partial(records, missing, _PLACE) if missing else Known(records, _PLACE)}


KIND = ProbeKind(
    name="stored_passwords",
    summary="in what form a directory keeps passwords, by scheme",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
