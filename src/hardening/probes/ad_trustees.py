"""Who stands in the access lists of Active Directory: identities that everybody is in, and names for people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.sid import render_sid
from hardening.model.step import LdapScope, LdapStep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.model.step import LdapAnswer, LdapEntry

_BUILTIN = "S-1-5-32"
EVERYBODY: Mapping[str, str] = {
    "S-1-1-0": "Everyone",
    "S-1-5-2": "Network",
    "S-1-5-4": "Interactive",
    "S-1-5-7": "Anonymous Logon",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-13": "Terminal Server Users",
    "S-1-5-14": "Remote Interactive Logon",
    "S-1-5-15": "This Organization",
    f"{_BUILTIN}-545": "",
    f"{_BUILTIN}-546": "",
    f"{_BUILTIN}-554": "",
}
"""Identities that nearly everybody has, with the names of those that are no groups of the directory."""

EVERYBODY_IN_DOMAIN = (513, 514, 515)
"""Last parts of the identifiers of a domain's groups for all users, guests and computers."""


def build_names_step(kind: str) -> LdapStep:
    """Return the search for everything in the domain that rights can be given to, for one kind of question."""
    return LdapStep(
        name=f"{kind} names",
        base="{default_nc}",
        scope=LdapScope.SUBTREE,
        filter="(objectSid=*)",
        attributes=("lastLogonTimestamp", "objectSid", "sAMAccountName", "userAccountControl"),
    )


def read_trustees(answer: LdapAnswer) -> Mapping[str, LdapEntry]:
    """Return the objects that rights can be given to, by identifier."""
    return {sid: entry for entry in answer.entries for sid in map(render_sid, entry.values("objectSid")) if sid}


def name_trustee(sid: str, dn: str) -> str:
    """Return how a trustee is called: its distinguished name, else a well-known name, else the identifier."""
    if EVERYBODY.get(sid):
        return f"{EVERYBODY[sid]} ({sid})"
    return dn or sid


def is_everybody(sid: str) -> bool:
    """Say whether nearly everybody is meant."""
    head, _, last = sid.rpartition("-")
    in_domain = head.startswith("S-1-5-21-") and last.isdigit() and int(last) in EVERYBODY_IN_DOMAIN
    return sid in EVERYBODY or in_domain
