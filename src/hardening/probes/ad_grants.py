"""Which entries of an access list give somebody power over an object of Active Directory. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.security_descriptor import CONTAINER_INHERIT, INHERIT_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.model.security_descriptor import AccessEntry, SecurityDescriptor

_GENERIC_ALL, _GENERIC_WRITE = 0x10000000, 0x40000000
_EVERYTHING = 0xF01FF
_WRITE_DACL, _WRITE_OWNER = 0x40000, 0x80000
_CREATE, _WRITE_SELF, _WRITE_PROPERTY, _EXTENDED = 0x1, 0x8, 0x20, 0x100

GET_CHANGES = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"
GET_CHANGES_ALL = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"
RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"  # noqa: S105 - the number of a right
ENROL = "0e10c968-78fb-11d2-90d4-00c04f79dc55"
_MEMBER = "bf9679c0-0de6-11d0-a285-00aa003049e2"
_MEMBERSHIP = "bc0ac240-79a9-11d0-9020-00c04fc2d4cf"
_POLICY_LINKS = "f30e3bbe-9ff0-11d1-b603-0000f80367c1"
_MANAGED_ACCOUNT = "0feb936f-47b3-49f2-9386-1dedc2c23765"

_WRITES = {
    "account": "writes",
    "group": "adds_members",
    "gpo": "edits_policy",
    "template": "changes_template",
    "ou": "links_policy",
    "domain": "links_policy",
}
"""What writing every attribute of an object comes to."""

# SYSTEM, enterprise domain controllers, Administrators, the one who creates, the object itself; by number of a domain:
# Administrator, Domain Admins, Domain Controllers, Schema Admins, Enterprise Admins.
_BUILT_IN = re.compile(
    r"S-1-5-18|S-1-5-9|S-1-5-32-544|S-1-3-[0-4]|S-1-5-10|S-1-5-21-\d+-\d+-\d+-(500|512|516|518|519)", re.ASCII
)


def is_built_in(sid: str) -> bool:
    """Say whether somebody has all power anyway."""
    return _BUILT_IN.fullmatch(sid) is not None


def find_grants(descriptor: SecurityDescriptor, kind: str) -> Iterator[tuple[str, str, int]]:
    """Return who holds which right, with the flags of the entry; built-in administrators are left out.

    What only objects below inherit counts on the domain and on OUs.
    """
    if descriptor.owner and not is_built_in(descriptor.owner):
        yield descriptor.owner, "owner", 0
    held: dict[tuple[str, str], int] = {}
    changes: dict[str, set[str]] = {}
    for entry, mask in _list_allowed(descriptor, kind):
        for right in _name_rights(entry, mask, kind):
            held.setdefault((entry.trustee, right), entry.flags)
        if kind == "domain" and mask & _EXTENDED and not entry.flags & INHERIT_ONLY:
            changes.setdefault(entry.trustee, set()).add(entry.right)
    for trustee in _list_replicators(changes):
        held.setdefault((trustee, "replicate"), 0)
    yield from ((trustee, right, flags) for (trustee, right), flags in sorted(held.items()))


def find_control(descriptor: SecurityDescriptor, kind: str) -> tuple[tuple[str, str], ...]:
    """Return who may take an object over, and by what; built-in administrators are left out.

    ``kind`` is account, group, ou, container, domain, gpo, template or authority. What only objects below inherit
    stands in their own lists.
    """
    found: set[tuple[str, str]] = set()
    changes: dict[str, set[str]] = {}
    if descriptor.owner and not is_built_in(descriptor.owner):
        found.add((descriptor.owner, "owns"))
    if not descriptor.has_list:
        found.add(("S-1-1-0", "everything"))
    for entry, mask in _list_allowed(descriptor):
        found.update((entry.trustee, right) for right in _name_control(entry, mask, kind))
        if kind == "domain" and mask & _EXTENDED:
            changes.setdefault(entry.trustee, set()).add(entry.right)
    found.update((trustee, "replicates") for trustee in _list_replicators(changes))
    return tuple(sorted(found))


def find_readers(descriptor: SecurityDescriptor, attributes: frozenset[str]) -> tuple[str, ...]:
    """Return who may read a confidential attribute, given by the identifiers of its schema objects.

    Built-in administrators are left out. Such an attribute is shown to those who hold the control access right for it,
    or all such rights.
    """
    return tuple(
        sorted(
            {
                entry.trustee
                for entry, mask in _list_allowed(descriptor)
                if mask & _EXTENDED and (not entry.right or entry.right in attributes)
            }
            | ({"S-1-1-0"} if not descriptor.has_list else set())
        )
    )


def _list_allowed(descriptor: SecurityDescriptor, below: str = "") -> Iterator[tuple[AccessEntry, int]]:
    """Yield each entry that grants something to others than administrators, with what no refusal before it takes away.

    ``below`` is the kind of an object for which entries count too that only objects below inherit.
    """
    refused: dict[tuple[str, str], int] = {}
    for entry in descriptor.entries:
        if is_built_in(entry.trustee) or (entry.flags & INHERIT_ONLY and not _reaches_below(entry, below)):
            continue
        if entry.denies and not entry.is_conditional and not entry.flags & INHERIT_ONLY:
            place = entry.trustee, entry.right
            refused[place] = refused.get(place, 0) | _expand(entry.mask)
        if entry.allows:
            refusals = refused.get((entry.trustee, ""), 0) | refused.get((entry.trustee, entry.right), 0)
            yield entry, _expand(entry.mask) & ~refusals


def _list_replicators(changes: Mapping[str, set[str]]) -> Iterator[str]:
    for trustee, seen in changes.items():
        if "" in seen or {GET_CHANGES, GET_CHANGES_ALL} <= seen:
            yield trustee


def _name_control(entry: AccessEntry, mask: int, kind: str) -> Iterator[str]:
    if not entry.right and mask & _EVERYTHING == _EVERYTHING:
        yield "everything"
        return
    if mask & _WRITE_DACL:
        yield "write_dacl"
    if mask & _WRITE_OWNER:
        yield "write_owner"
    if mask & _WRITE_PROPERTY and not entry.right and kind in _WRITES:
        yield _WRITES[kind]
    if mask & _WRITE_PROPERTY and entry.right == _POLICY_LINKS and kind in {"ou", "domain"}:
        yield "links_policy"
    if kind == "group" and (
        (mask & _WRITE_PROPERTY and entry.right in {_MEMBER, _MEMBERSHIP})
        or (mask & _WRITE_SELF and entry.right in {"", _MEMBER})
    ):
        yield "adds_members"
    if mask & _EXTENDED and entry.right in {"", RESET_PASSWORD} and kind == "account":
        yield "resets_password"
    if mask & _EXTENDED and entry.right in {"", ENROL} and kind == "template":
        yield "enrols"


def _reaches_below(entry: AccessEntry, kind: str) -> bool:
    return kind in ("domain", "ou") and bool(entry.flags & CONTAINER_INHERIT)


def _expand(mask: int) -> int:
    if mask & _GENERIC_ALL:
        mask |= _EVERYTHING
    return mask | _WRITE_PROPERTY if mask & _GENERIC_WRITE else mask


def _name_rights(entry: AccessEntry, mask: int, kind: str) -> Iterator[str]:
    if not entry.right and mask & _EVERYTHING == _EVERYTHING:
        yield "everything"
        return
    if mask & _WRITE_DACL:
        yield "write_dacl"
    if mask & _WRITE_OWNER:
        yield "write_owner"
    if mask & _WRITE_PROPERTY and not entry.right:
        yield "write_properties"
    if mask & _WRITE_PROPERTY and entry.right == _MEMBER:
        yield "write_members"
    if mask & _EXTENDED and entry.right in ("", RESET_PASSWORD) and kind not in ("gpo", "template", "pki"):
        yield "reset_password"
    if mask & _CREATE and ((kind == "ou" and entry.right in ("", _MANAGED_ACCOUNT)) or kind == "pki"):
        yield "create_children"
