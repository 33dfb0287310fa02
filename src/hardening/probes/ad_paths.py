"""The shortest way from each account of an Active Directory domain to power over all of it. Pure.

The search goes backwards, from the administrators outwards, and asks each object once who may take it over; so its cost
is that of reading the domain once. A node is an object by its name in small letters, an identifier that has no object,
or the policies that apply below an object.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.model.security_descriptor import SecurityDescriptor, parse_descriptor
from hardening.probes.ad_grants import find_control
from hardening.probes.ldap_values import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hardening.probes.ad_members import Domain

PROTECTED = 0x1000
"""In the control bits of a descriptor: nothing is inherited from above."""

EDGES = (
    "member_of",
    "owns",
    "everything",
    "write_dacl",
    "write_owner",
    "writes",
    "adds_members",
    "resets_password",
    "replicates",
    "contains",
    "edits_policy",
    "links_policy",
    "linked_to",
    "applies_to",
    "changes_template",
    "enrols",
    "certifies",
)
"""Every way from one object to the next that is looked for."""

NOT_SEARCHED = (
    "operators",
    "delegation",
    "keys",
    "single_attributes",
    "sid_history",
    "authority",
    "sysvol",
    "sites",
    "sessions",
    "trusts",
    "refusals",
)
"""What else may lead to the administrators and is not looked for here."""

_POLICIES, _ENFORCED = "policies of ", "enforced policies of "
_CONTROL = frozenset({"owns", "everything", "write_dacl", "write_owner"})
_LINK = re.compile(r"\[LDAP://([^\]]+);(\d{1,9})\]", re.IGNORECASE)
_FIRST_NAME = re.compile(r"(?:[^,\\]|\\.)*,", re.DOTALL)
_DISABLED_LINK, _ENFORCED_LINK = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Controlled:
    """An object as the search sees it. ``grants`` say who may take it over by what, ``trouble`` why that is unknown.

    ``kind`` is account, group, ou, container, domain, gpo, template or authority; ``title`` is a name for people where
    the object has another. ``blocks`` says that policies from above stop here; ``links`` are the policies that are
    linked here, with whether each is enforced.
    """

    dn: str
    kind: str
    title: str = ""
    grants: tuple[tuple[str, str], ...] = ()
    is_protected: bool = False
    blocks: bool = False
    links: tuple[tuple[str, bool], ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """The steps from somebody to a goal: each edge, the object that it leads to, and a name of that for people."""

    start: str
    steps: tuple[tuple[str, str, str], ...]


@dataclass(slots=True)
class Descriptors:
    """Descriptors that were read; the objects of a domain share a few."""

    _read: dict[tuple[bytes, str], tuple[tuple[tuple[str, str], ...], bool, str]] = field(default_factory=dict)

    def read(self, data: bytes, kind: str) -> tuple[tuple[tuple[str, str], ...], bool, str]:
        """Return who may take an object over, whether nothing is inherited, and why that is unknown."""
        place = data, kind
        if place not in self._read:
            parsed = parse_descriptor(data)
            if isinstance(parsed, SecurityDescriptor):
                self._read[place] = find_control(parsed, kind), bool(parsed.control & PROTECTED), ""
            else:
                self._read[place] = (), False, parsed.reason
        return self._read[place]


def parse_links(value: bytes) -> tuple[tuple[str, bool], ...]:
    """Return the policies that ``gPLink`` names and that are not switched off there, and whether each is enforced."""
    return tuple(
        (dn.lower(), bool(int(options) & _ENFORCED_LINK))
        for dn, options in _LINK.findall(text_of(value))
        if not int(options) & _DISABLED_LINK
    )


def parent_of(dn: str) -> str:
    """Return the name of the object above; empty if there is none."""
    match = _FIRST_NAME.match(dn)
    return dn[match.end() :] if match else ""


def _plainest(step: tuple[str, str]) -> tuple[bool, str, str]:
    """Put rights before policies: of two ways of one length the plainer one is told."""
    source, edge = step
    return (edge == "applies_to", source, edge)


@dataclass(slots=True)
class Graph:
    """A domain's objects and who may take each over.

    ``names`` are the objects by identifier, ``open_templates`` those by which anybody who may enrol becomes somebody
    else, ``published`` those that an authority issues by. Groups in ``wide`` are not taken apart: everybody is in them.
    """

    domain: Domain
    objects: Mapping[str, Controlled]
    names: Mapping[str, str]
    head: str
    open_templates: frozenset[str]
    published: frozenset[str]
    wide: frozenset[str]
    _next: dict[str, tuple[str, str]] = field(default_factory=dict)
    _depths: dict[str, int] = field(default_factory=dict)

    def search(self, goals: Iterable[str]) -> None:
        """Find the shortest way from every node to one of the goals."""
        waiting = deque(sorted(goals))
        self._next, self._depths = dict.fromkeys(waiting, ("", "")), dict.fromkeys(waiting, 0)
        while waiting:
            node = waiting.popleft()
            for source, edge in sorted(set(self._list_sources(node)), key=_plainest):
                if source not in self._next:
                    self._next[source] = (edge, node)
                    self._depths[source] = self._depths[node] + 1
                    waiting.append(source)

    def list_reached(self) -> tuple[str, ...]:
        """Return every node from which a goal is reached, the goals among them."""
        return tuple(self._next)

    def depth_of(self, node: str) -> int:
        """Return how far a node that reaches a goal is from it."""
        return self._depths[node]

    def edge_of(self, node: str) -> str:
        """Return by which edge a node that reaches a goal takes its first step; empty for a goal."""
        return self._next[node][0]

    def trace(self, start: str) -> Path:
        """Return the way from a node that reaches a goal; steps that only pass through containers become one."""
        steps: list[tuple[str, str]] = []
        node = start
        while self._next[node][0]:
            edge, node = self._next[node]
            shown = self._object_of(node)
            if steps and edge == "contains" == steps[-1][0]:
                steps[-1] = edge, shown
            elif not steps or steps[-1][1] != shown:
                steps.append((edge, shown))
        return Path(self._name_of(start), tuple((edge, self._name_of(dn), self._title_of(dn)) for edge, dn in steps))

    def _object_of(self, node: str) -> str:
        return node.removeprefix(_ENFORCED).removeprefix(_POLICIES)

    def _name_of(self, node: str) -> str:
        if node in self.objects:
            return self.objects[node].dn
        entry = self.domain.accounts.get(node) or self.domain.groups.get(node)
        return entry.dn if entry else node

    def _title_of(self, node: str) -> str:
        return self.objects[node].title if node in self.objects else ""

    def _list_sources(self, node: str) -> Iterator[tuple[str, str]]:
        """Yield who is one step away from a node, and by which edge."""
        if node.startswith(_ENFORCED):
            yield from self._list_policies(node.removeprefix(_ENFORCED), enforced=True)
        elif node.startswith(_POLICIES):
            yield from self._list_policies(node.removeprefix(_POLICIES), enforced=False)
        else:
            yield from self._list_holders(node)

    def _list_holders(self, node: str) -> Iterator[tuple[str, str]]:
        if node in self.domain.members and node not in self.wide:
            yield from ((member, "member_of") for member in self.domain.members[node])
        seen = self.objects.get(node)
        if seen is None:
            return
        for sid, edge in seen.grants:
            if edge == "links_policy" or (edge == "enrols" and node not in self.open_templates):
                continue
            yield self._node_of(sid), edge
        above = parent_of(node)
        if not seen.is_protected and above in self.objects:
            yield above, "contains"
        if seen.kind == "account":
            yield from ((prefix + above, "applies_to") for prefix in (_POLICIES, _ENFORCED) if above in self.objects)
        if node == self.head:
            yield from ((template, "certifies") for template in self.published)

    def _list_policies(self, place: str, *, enforced: bool) -> Iterator[tuple[str, str]]:
        """Yield what decides the policies that apply below a place: those linked here, who links here, those above."""
        seen = self.objects.get(place)
        if seen is None:
            return
        yield from ((policy, "linked_to") for policy, is_enforced in seen.links if is_enforced is enforced)
        above = parent_of(place)
        if above in self.objects and (enforced or not seen.blocks):
            yield (_ENFORCED if enforced else _POLICIES) + above, "contains"
        if not enforced:
            return
        # Who may link a policy may also enforce it; only on a domain and an OU, and by whatever lets one change these.
        if seen.kind in {"ou", "domain"}:
            holders = ((sid, edge) for sid, edge in seen.grants if edge in _CONTROL or edge == "links_policy")
            yield from ((self._node_of(sid), edge) for sid, edge in holders)
            if not seen.is_protected and above in self.objects:
                yield above, "contains"

    def _node_of(self, sid: str) -> str:
        return self.names.get(sid, sid)
