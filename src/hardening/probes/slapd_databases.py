"""Databases and overlays of slapd as records: who may read what, how its own administrator logs in. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent, Field, FieldSpec, FieldType, Known, Record, Unreadable
from hardening.probes.ldap_values import first_text, read_attribute, text_of
from hardening.probes.slapd_access import AccessRule, find_holders, parse_access

if TYPE_CHECKING:
    from hardening.model.step import LdapEntry

DATABASE = {
    "name": FieldSpec(FieldType.TEXT, "number, backend and suffix"),
    "suffixes": FieldSpec(FieldType.TEXTS, "what it holds"),
    "ruled": FieldSpec(FieldType.BOOLEAN, "whether it has any access rule; without one everybody reads everything"),
    "everybody_reads": FieldSpec(FieldType.TEXTS, "whole kinds of people who read attributes that no rule names"),
    "nobody_reads": FieldSpec(FieldType.BOOLEAN, "whether those who have not logged in read such attributes"),
    "everybody_writes": FieldSpec(FieldType.TEXTS, "whole kinds of people who write such attributes"),
    "password_readers": FieldSpec(FieldType.TEXTS, "whole kinds of people who read userPassword of others"),
    "password_accounts": FieldSpec(FieldType.TEXTS, "single accounts and groups who read userPassword of others"),
    "root_dn": FieldSpec(FieldType.TEXT, "the account that no access rule holds back"),
    "root_password": FieldSpec(FieldType.TEXT, "scheme of its password in the configuration"),
    "has_ppolicy": FieldSpec(FieldType.BOOLEAN, "whether the overlay ppolicy watches its passwords"),
    "default_policy": FieldSpec(FieldType.TEXT, "policy for those who have none of their own"),
    "hashes_cleartext": FieldSpec(FieldType.BOOLEAN, "whether passwords that come in clear text are hashed"),
    "has_log": FieldSpec(FieldType.BOOLEAN, "whether the overlay accesslog or auditlog keeps its changes"),
}
OVERLAY = {
    "name": FieldSpec(FieldType.TEXT, "name of the overlay"),
    "database": FieldSpec(FieldType.TEXT, "database that it is on"),
}
_ACCESS = ("ruled", "everybody_reads", "nobody_reads", "everybody_writes", "password_readers", "password_accounts")
_NUMBERED = re.compile(r"\{-?\d+\}")
_STORES = frozenset({"mdb", "hdb", "bdb", "ldif", "wt", "sql", "ndb"})
_HIDDEN_SECRET = "needs read on olcRootPW: whether there is none, or this account does not see it, is not known"  # noqa: S105 - no secret


@dataclass(frozen=True, slots=True)
class DatabaseReader:
    """What stands in the configuration about databases."""

    databases: tuple[LdapEntry, ...]
    overlays: tuple[LdapEntry, ...]
    frontend: LdapEntry

    def name(self, entry: LdapEntry) -> str:
        """Return how a database is called: its number, its backend, what it holds."""
        words = (first_text(entry, "olcDatabase"), first_text(entry, "olcSuffix"))
        return clean_line(" ".join(filter(None, words)), 200)

    def read_databases(self) -> tuple[Record, ...]:
        """Return a record for each database that holds entries, and for that of the configuration."""
        kept = (entry for entry in self.databases if _backend(entry) in _STORES | {"config"})
        return tuple(self._read(entry) for entry in sorted(kept, key=lambda entry: entry.dn))

    def read_overlays(self) -> tuple[Record, ...]:
        """Return a record for each overlay."""
        return tuple(
            {"name": Known(_overlay(entry), entry.dn), "database": Known(self._below(entry), entry.dn)}
            for entry in sorted(self.overlays, key=lambda entry: entry.dn)
        )

    def _below(self, overlay: LdapEntry) -> str:
        return next((self.name(entry) for entry in self.databases if _is_on(overlay, entry)), overlay.dn)

    def _read(self, entry: LdapEntry) -> Record:
        mine = [overlay for overlay in self.overlays if _is_on(overlay, entry)]
        every = mine + [overlay for overlay in self.overlays if _is_on(overlay, self.frontend)]
        names, policy = {_overlay(overlay) for overlay in every}, [o for o in mine if _overlay(o) == "ppolicy"]
        holder = policy[0] if policy else entry
        return {
            "name": Known(self.name(entry), entry.dn),
            "suffixes": Known(tuple(sorted(map(text_of, entry.values("olcSuffix")))), entry.dn),
            **self._read_access(entry),
            "root_dn": read_attribute(entry, "olcRootDN", "text"),
            "root_password": self._root_password(entry),
            "has_ppolicy": Known("ppolicy" in names, entry.dn),
            "default_policy": read_attribute(holder, "olcPPolicyDefault", "text"),
            "hashes_cleartext": read_attribute(holder, "olcPPolicyHashCleartext", "boolean"),
            "has_log": Known(not names.isdisjoint({"accesslog", "auditlog"}), entry.dn),
        }

    def _read_access(self, entry: LdapEntry) -> Record:
        try:
            rules = (*_rules(entry), *_rules(self.frontend))
        except ValueError as error:
            return dict.fromkeys(_ACCESS, Unreadable(str(error), entry.dn))
        if not rules and _backend(entry) == "config":
            # Only its own administrator gets into a configuration without rules.
            closed: Field = Known((), entry.dn)
            no, yes = Known(value=False, place=entry.dn), Known(value=True, place=entry.dn)
            return {**dict.fromkeys(_ACCESS, closed), "ruled": yes, "nobody_reads": no}
        readers, writers = find_holders(rules, "", "r"), find_holders(rules, "", "a")
        passwords = find_holders(rules, "userPassword", "r")
        return {
            "ruled": Known(bool(rules), entry.dn),
            "everybody_reads": Known(readers.wide, entry.dn),
            "nobody_reads": Known(any(_takes_in_nobody(who) for who in readers.wide), entry.dn),
            "everybody_writes": Known(writers.wide, entry.dn),
            "password_readers": Known(passwords.wide, entry.dn),
            "password_accounts": Known(passwords.narrow, entry.dn),
        }

    def _root_password(self, entry: LdapEntry) -> Field:
        seen = read_attribute(entry, "olcRootPW", "text")
        if not isinstance(seen, Absent) or not self._hides_secrets():
            return seen
        return Unreadable(_HIDDEN_SECRET, entry.dn)

    def _hides_secrets(self) -> bool:
        """Say whether a root password may be there that the account does not see."""
        if any(entry.values("olcRootPW") for entry in self.databases):
            return False
        own = [entry for entry in self.databases if _backend(entry) == "config"]
        if not own or not own[0].values("olcAccess"):
            return True
        try:
            rules = _rules(own[0])
        except ValueError:
            return True
        return any(rule.attributes or rule.is_part for rule in rules)


def _rules(entry: LdapEntry) -> tuple[AccessRule, ...]:
    values = sorted((text_of(value) for value in entry.values("olcAccess")), key=_position)
    return tuple(map(parse_access, values))


def _position(value: str) -> int:
    match = _NUMBERED.match(value)
    return int(match[0][1:-1]) if match else 0


def _backend(entry: LdapEntry) -> str:
    return _NUMBERED.sub("", first_text(entry, "olcDatabase")).lower()


def _overlay(entry: LdapEntry) -> str:
    return _NUMBERED.sub("", first_text(entry, "olcOverlay")).lower()


def _is_on(overlay: LdapEntry, database: LdapEntry) -> bool:
    return overlay.dn.lower().endswith("," + database.dn.lower())


def _takes_in_nobody(who: str) -> bool:
    return not any(word in ("users", "realusers") or word.startswith(("dn", "realdn")) for word in who.lower().split())
