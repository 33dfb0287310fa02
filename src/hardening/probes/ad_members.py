"""Who is in which group of an Active Directory domain, directly or through others, with the primary group; pure.

Groups are told by their security identifiers, since their names are translated. Everything is resolved from what two
searches found, without asking the server to follow chains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Unreadable
from hardening.model.sid import render_sid
from hardening.model.step import LdapScope, LdapStep
from hardening.probes.ldap_answers import found
from hardening.probes.ldap_values import integer_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hardening.model.step import Answer, LdapAnswer, LdapEntry

DISABLED = 0x2
CONTROLLER = 0x2000 | 0x4000000
BUILTIN = "S-1-5-32"

DOMAIN_GROUPS: Mapping[int, str] = {
    512: "domain_admins",
    516: "domain_controllers",
    518: "schema_admins",
    519: "enterprise_admins",
    520: "group_policy_creators",
    521: "read_only_domain_controllers",
    525: "protected_users",
    526: "key_admins",
    527: "enterprise_key_admins",
}
BUILTIN_GROUPS: Mapping[int, str] = {
    544: "administrators",
    548: "account_operators",
    549: "server_operators",
    550: "print_operators",
    551: "backup_operators",
    552: "replicators",
    554: "pre_windows_2000",
}
ADMINISTRATORS = frozenset({"administrators", "domain_admins", "enterprise_admins", "schema_admins"})
PRIVILEGED = ADMINISTRATORS | {
    "account_operators",
    "server_operators",
    "print_operators",
    "backup_operators",
    "key_admins",
    "enterprise_key_admins",
}
"""Groups whose members can take over the domain: those that the directory protects, and those that write keys."""


def build_steps(kind: str, attributes: tuple[str, ...] = ()) -> tuple[LdapStep, LdapStep, LdapStep]:
    """Return the searches for the domain's identifier, its accounts, and its groups, for one kind of question."""
    domain = "{default_nc}"
    return (
        LdapStep(
            name=f"{kind} domain",
            base=domain,
            scope=LdapScope.BASE,
            filter="(objectClass=*)",
            attributes=("objectSid",),
        ),
        LdapStep(
            name=f"{kind} accounts",
            base=domain,
            scope=LdapScope.SUBTREE,
            filter="(objectClass=user)",
            attributes=tuple(
                sorted({"objectSid", "primaryGroupID", "sAMAccountName", "userAccountControl", *attributes})
            ),
        ),
        LdapStep(
            name=f"{kind} groups",
            base=domain,
            scope=LdapScope.SUBTREE,
            filter="(|(objectClass=group)(objectClass=foreignSecurityPrincipal))",
            attributes=("member", "objectClass", "objectSid", "sAMAccountName"),
        ),
    )


@dataclass(frozen=True, slots=True)
class Membership:
    """One account or foreign identity in a group, and the groups between them, from the outside in."""

    dn: str
    through: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain's accounts and groups, by distinguished name in small letters; ``cut`` says that some are missing."""

    sid: str
    accounts: Mapping[str, LdapEntry]
    groups: Mapping[str, LdapEntry]
    members: Mapping[str, tuple[str, ...]]
    cut: str

    def well_known(self, dn: str) -> str:
        """Return which of the groups that we know by identifier one is; empty if none."""
        head, _, last = sid_of(self.groups[dn]).rpartition("-")
        number = int(last) if last.isdigit() else 0
        if head == BUILTIN:
            return BUILTIN_GROUPS.get(number, "")
        return DOMAIN_GROUPS.get(number, "") if head == self.sid else ""

    def list_members(self, group: str) -> tuple[Membership, ...]:
        """Return who is in a group in the end, once each by the shortest way; circles of groups end by themselves."""
        found_members: dict[str, Membership] = {}
        seen = {group}
        waiting: list[tuple[str, tuple[str, ...]]] = [(group, ())]
        while waiting:
            following: list[tuple[str, tuple[str, ...]]] = []
            for at, through in waiting:
                for member in self.members.get(at, ()):
                    if member in self.groups and not is_foreign(self.groups[member]):
                        if member not in seen:
                            seen.add(member)
                            following.append((member, (*through, self.groups[member].dn)))
                    elif member not in found_members:
                        entry = self.accounts.get(member) or self.groups.get(member)
                        found_members[member] = Membership(entry.dn if entry else member, through)
            waiting = following
        return tuple(found_members[name] for name in sorted(found_members))

    def list_groups_of_accounts(self) -> Mapping[str, frozenset[str]]:
        """Return in which well-known groups each account is, directly or through others."""
        groups: dict[str, set[str]] = {}
        for dn in self.groups:
            if name := self.well_known(dn):
                for member in self.list_members(dn):
                    groups.setdefault(member.dn.lower(), set()).add(name)
        return {dn: frozenset(names) for dn, names in groups.items()}


def read_domain(answers: Mapping[str, Answer], steps: Sequence[LdapStep]) -> Domain | Unreadable:
    """Return the domain that the three searches of ``build_steps`` found."""
    head, accounts, groups = (found(answers, step.name) for step in steps)
    for answer in (head, accounts, groups):
        if isinstance(answer, Unreadable):
            return answer
    assert not isinstance(head, Unreadable)  # noqa: S101 - for the type checker; the loop has returned
    assert not isinstance(accounts, Unreadable)  # noqa: S101 - likewise
    assert not isinstance(groups, Unreadable)  # noqa: S101 - likewise
    sid = sid_of(head.entries[0]) if head.entries else ""
    if not sid:
        return Unreadable("needs read on the objectSid of the domain itself", "{default_nc}")
    accounts_by_dn = {entry.dn.lower(): entry for entry in accounts.entries}
    groups_by_dn = {entry.dn.lower(): entry for entry in groups.entries}
    if not any(entry.values("member") for entry in groups.entries if sid_of(entry) == f"{BUILTIN}-544"):
        # It always has members, so that groups without any would prove nothing.
        return Unreadable("needs read on the members of groups: Administrators shows none", "{default_nc}")
    members = _join_members(sid, accounts_by_dn.items(), groups_by_dn)
    return Domain(sid, accounts_by_dn, groups_by_dn, members, accounts.cut or groups.cut)


def _join_members(
    sid: str, accounts: Iterable[tuple[str, LdapEntry]], groups: Mapping[str, LdapEntry]
) -> Mapping[str, tuple[str, ...]]:
    """Return the direct members of each group: those that it lists, and those whose primary group it is."""
    members = {dn: [text_of(value).lower() for value in entry.values("member")] for dn, entry in groups.items()}
    by_sid = {sid_of(entry): dn for dn, entry in groups.items()}
    for dn, entry in accounts:
        number = number_of(entry, "primaryGroupID")
        group = by_sid.get(f"{sid}-{number}")
        if group is not None:
            members[group].append(dn)
    return {dn: tuple(names) for dn, names in members.items()}


def find_hidden_controllers(answer: LdapAnswer) -> Unreadable | None:
    """Return that accounts are hidden: every domain has controllers, and this answer should hold their accounts.

    Without them an empty list would prove nothing.
    """
    flags = [number_of(entry, "userAccountControl") for entry in answer.entries]
    if answer.cut or any(each is None or each & CONTROLLER for each in flags):
        return None
    return Unreadable("needs read on accounts: not even a domain controller is seen", "{default_nc}")


def is_foreign(entry: LdapEntry) -> bool:
    """Say whether an entry stands for an identity of another domain, or one that Windows itself knows."""
    return b"foreignsecurityprincipal" in {value.lower() for value in entry.values("objectClass")}


def sid_of(entry: LdapEntry) -> str:
    """Return the security identifier of an entry as text; empty where it is not shown."""
    values = entry.values("objectSid")
    return (render_sid(values[0]) or "") if values else ""


def number_of(entry: LdapEntry, attribute: str) -> int | None:
    """Return the first value of an attribute as a number; ``None`` where there is none."""
    values = entry.values(attribute)
    return integer_of(values[0]) if values else None
