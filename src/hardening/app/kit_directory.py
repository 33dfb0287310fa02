"""The part of a kit for directories: the read rights of one account, as commands that delegate them, by the plan alone.

Rights on values that hold a password or its hash are never delegated in Active Directory, and in OpenLDAP in a file of
their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.app.kit_texts import DIRECTORY_NOTES
from hardening.collect.plan import build_plan
from hardening.errors import UsageError
from hardening.model.directory import ROOT_DSE
from hardening.model.ldap_filter import list_attributes, parse_filter
from hardening.model.platform import DirectoryKind
from hardening.model.secret_attributes import is_reduced, is_secret
from hardening.model.step import LdapIdentity, LdapScope, LdapStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hardening.model.check import Check

DIRECTORY_ACCOUNT_TO_FILL_IN = "ACCOUNT-OF-THE-SCANNER"
"""Stands where no account was given; no directory knows it, so nothing is delegated until it is filled in."""

_ACTIVE_DIRECTORY_ACCOUNT = re.compile(r"[\w.-]+\\[\w .$-]+|[\w.+-]+@[\w.-]+|S-1-[0-9-]+", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*=[^\"\\\r\n]+", re.ASCII)

# What a domain keeps from an ordinary account as Microsoft ships it.
_KEPT_BACK = "CN=Password Settings Container,"
_VARIABLES = {"default_nc": "$domain", "config_nc": "$config", "schema_nc": "$schema", "root_nc": "$root"}
_INHERITED = {LdapScope.BASE: "", LdapScope.ONE: " /I:P", LdapScope.SUBTREE: " /I:T"}
_DESCRIPTOR = "ntsecuritydescriptor"
# Everything that a directory makes up itself, so that nobody can be given it alone.
_CONSTRUCTED = frozenset({"msds-user-account-control-computed", "distinguishedname", "dn"})
_BASIS_OF_COMPUTED = "userAccountControl"

# Attributes that slapd knows only while the overlay is loaded; it refuses a rule with a name that it does not know.
_PPOLICY = re.compile(r"(olcPPolicy|pwd)[A-Za-z]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What must be readable below one base: attributes, and access lists where ``descriptors``."""

    base: str
    scope: LdapScope
    attributes: tuple[str, ...]
    descriptors: bool


def build_directory_files(checks: Iterable[Check], account: str, *, version: str) -> Mapping[str, str]:
    """Return the files by name; none where the checks ask nothing of a directory. Raises ``UsageError``."""
    asked = tuple(checks)
    is_name = bool(_NAME.fullmatch(account))
    if account and not is_name and not _ACTIVE_DIRECTORY_ACCOUNT.fullmatch(account):
        msg = f"{account!r} is no account of a directory; write EXAMPLE\\audit, or a name such as cn=audit,dc=example"
        raise UsageError(msg)
    files: dict[str, str] = {}
    domain = _list_readings(asked, DirectoryKind.ACTIVE_DIRECTORY)
    if domain:
        files |= _render_active_directory(domain, DIRECTORY_ACCOUNT_TO_FILL_IN if is_name or not account else account)
    tree = _list_readings(asked, DirectoryKind.OPENLDAP)
    if tree:
        files |= _render_openldap(tree, account if is_name else DIRECTORY_ACCOUNT_TO_FILL_IN)
    if files:
        files |= {
            f"DIRECTORY.{language}.md": text.format(version=version) for language, text in DIRECTORY_NOTES.items()
        }
    return files


def _list_readings(checks: Sequence[Check], kind: DirectoryKind) -> tuple[Reading, ...]:
    """Return what the checks of one kind of directory read, each base once."""
    own = [check for check in checks if any(kind.value in condition.directory for condition in check.applies_to)]
    found: dict[tuple[str, LdapScope], tuple[dict[str, str], bool]] = {}
    for step in build_plan(own).steps:
        if not isinstance(step, LdapStep) or step.identity is not LdapIdentity.OWN or step == ROOT_DSE:
            continue
        names, descriptors = found.get((step.base, step.scope), ({}, False))
        for name in (*step.attributes, *list_attributes(parse_filter(step.filter))):
            names.setdefault(name.lower(), name)
        found[step.base, step.scope] = (names, descriptors or bool(step.sd_flags))
    return tuple(
        Reading(
            base=base,
            scope=scope,
            attributes=tuple(names[name] for name in sorted(names) if not is_secret(name) and name != _DESCRIPTOR),
            descriptors=descriptors,
        )
        for (base, scope), (names, descriptors) in sorted(found.items())
    )


def _render_active_directory(readings: Sequence[Reading], account: str) -> Mapping[str, str]:
    needed = [reading for reading in readings if reading.base.startswith(_KEPT_BACK)]
    others = [reading for reading in readings if reading not in needed]
    bases = sorted({_fill(reading.base) for reading in readings})
    head = _HEAD.format(account=account)
    files = {
        "ad-grant-narrow.ps1": head + _NARROW + _render_grants(others),
        "ad-revoke.ps1": head + _REVOKE + "".join(f'dsacls "{base}" /R "${{account}}"\n' for base in bases),
    }
    if needed:
        files["ad-grant.ps1"] = head + _GRANT + _render_grants(needed)
    return files


def _render_grants(readings: Iterable[Reading]) -> str:
    return "".join(f"{line}\n" for reading in readings for line in _list_grants(reading))


def _list_grants(reading: Reading) -> Iterator[str]:
    where = f'dsacls "{_fill(reading.base)}"{_INHERITED[reading.scope]} /G "${{account}}:'
    yield ""
    yield f'{where}LC"'
    if reading.descriptors:
        yield f'{where}RC"'
    names = {_BASIS_OF_COMPUTED if name.lower() in _CONSTRUCTED else name for name in reading.attributes}
    for name in sorted(names, key=str.lower):
        if not is_reduced(name):
            yield f'{where}RP;{name}"'


def _fill(base: str) -> str:
    for name, variable in _VARIABLES.items():
        base = base.replace(f"{{{name}}}", variable)
    return base


def _render_openldap(readings: Sequence[Reading], account: str) -> Mapping[str, str]:
    files = {
        "openldap-grant.ldif": _OPENLDAP + _render_rules(readings, account, secret=False),
        "openldap-grant-hashes.ldif": _HASHES + _render_rules(readings, account, secret=True),
    }
    return {name: text for name, text in files.items() if "olcAccess: " in text}


def _render_rules(readings: Iterable[Reading], account: str, *, secret: bool) -> str:
    rules: dict[str, dict[str, str]] = {"olcDatabase={0}config,cn=config": {}, "olcDatabase={1}mdb,cn=config": {}}
    config, tree = rules
    for reading in readings:
        wanted = [name for name in reading.attributes if is_reduced(name) is secret]
        database = config if reading.base.lower().endswith("cn=config") else tree
        rules[database].update((name.lower(), name) for name in wanted)
    return "".join(
        _render_rule(database, names, account)
        for database, attributes in rules.items()
        for names in _part(attributes.values(), secret=secret)
    )


def _part(attributes: Iterable[str], *, secret: bool) -> Iterator[Sequence[str]]:
    """Yield the attributes of each rule: those that slapd knows only with an overlay go apart."""
    names = sorted(attributes, key=str.lower)
    overlay = [name for name in names if _PPOLICY.fullmatch(name)]
    always = [name for name in names if name not in overlay]
    if always:
        yield always if secret else ["entry", *always]
    if overlay:
        yield overlay


def _render_rule(database: str, names: Sequence[str], account: str) -> str:
    rule = f'{{0}}to attrs={",".join(names)} by dn.exact="{account}" read by * break'
    return f"\ndn: {database}\nchangetype: modify\nadd: olcAccess\nolcAccess: {rule}\n"


_HEAD = """\
# Made by hardening for the searches of one plan; run in PowerShell on a domain controller, as a domain administrator.
$account = '{account}'
$dse = [ADSI]'LDAP://RootDSE'
$domain = [string]$dse.defaultNamingContext
$config = [string]$dse.configurationNamingContext
$schema = [string]$dse.schemaNamingContext
$root = [string]$dse.rootDomainNamingContext
"""
_GRANT = """\
# What a domain keeps from an ordinary account: each line lets the account read one thing.
"""
_NARROW = """\
# Only for a domain where reading was taken from ordinary accounts, as when the group Pre-Windows 2000 Compatible Access
# was emptied. Each line lets the account read one thing; for an attribute that the schema lacks it fails, and may.
"""
_REVOKE = """\
# Takes back all rights of the account on these objects, also those that somebody else gave it there.
"""
_OPENLDAP = """\
# Made by hardening for the searches of one plan: ldapmodify -c -Y EXTERNAL -H ldapi:/// -f openldap-grant.ldif
# Each rule lets the account read these attributes, and leaves everything else to the rules that follow.
# Where the entries lie in another database than {1}mdb, write its name: ldapsearch -b cn=config olcSuffix tells it.
"""
_HASHES = """\
# Lets the account read password hashes, and logins in the configuration; the scanner keeps their scheme only.
# Without it the checks of hash schemes are errors. Whoever gets hold of the account could read the hashes themselves.
"""
