"""Who can become administrator of an Active Directory domain, and by which steps.

Read are owner and access list of every account, group, container and policy of the domain and of every certificate
template; the shortest way is found offline. What is not among the edges of ``ad_paths`` is not searched.
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
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import LdapAnswer, LdapScope, LdapStep, Step
from hardening.probes.ad_accounts import tell_kind
from hardening.probes.ad_members import BUILTIN, DISABLED, build_steps, number_of, read_domain, sid_of
from hardening.probes.ad_paths import EDGES, Controlled, Descriptors, Graph, Path, parse_links
from hardening.probes.ad_pki import (
    DESCRIPTOR,
    build_pki_step,
    classes_of,
    found_pki,
    is_approved,
    is_named_by_client,
    list_published,
    logs_on,
)
from hardening.probes.ad_trustees import EVERYBODY, EVERYBODY_IN_DOMAIN, name_trustee
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found
from hardening.probes.ldap_values import first_text, read_attribute, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry
    from hardening.probes.ad_members import Domain

MOST_PATHS = 1_000
"""Ways that are kept, those of accounts that are in use first."""

_MEMBERS = build_steps("ad_control", ("lastLogonTimestamp", "objectClass"))
_OBJECTS = LdapStep(
    name="ad_control objects",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter="(|(objectClass=user)(objectClass=group)(objectClass=organizationalUnit)(objectClass=container)"
    "(objectClass=builtinDomain)(objectClass=domainDNS)(objectClass=groupPolicyContainer))",
    attributes=("displayName", "gPLink", "gPOptions", DESCRIPTOR, "objectClass"),
    sd_flags=7,
)
_PKI = build_pki_step("ad_control")
_KINDS = (
    ("domaindns", "domain"),
    ("organizationalunit", "ou"),
    ("grouppolicycontainer", "gpo"),
    ("pkicertificatetemplate", "template"),
    ("pkienrollmentservice", "authority"),
    ("user", "account"),
    ("group", "group"),
)
_GOAL_ACCOUNTS, _GOAL_GROUPS = (500, 502), (512, 516, 518, 519)
_CONTROLLER, _BLOCKS = 0x2000, 1
_PATH = {
    "account": FieldSpec(FieldType.TEXT, "distinguished name, or the identifier where there is no object"),
    "kind": FieldSpec(
        FieldType.TEXT,
        "person, computer, managed_service, trust, domain_controller, everybody (a group or identity that nearly "
        "everybody is in) or unknown (of another domain, deleted, or hidden)",
    ),
    "enabled": FieldSpec(
        FieldType.BOOLEAN, "whether it is not disabled; absent for what is no account here", told=True
    ),
    "usable": FieldSpec(FieldType.BOOLEAN, "whether somebody can act as it now: everything but a disabled account"),
    "last_logon": FieldSpec(FieldType.TIME, "last log-on that the directory records, up to 14 days behind", told=True),
    "length": FieldSpec(FieldType.INTEGER, "how many steps the way has"),
    "edges": FieldSpec(FieldType.TEXTS, f"the steps, in order: {', '.join(EDGES)}"),
    "objects": FieldSpec(FieldType.TEXTS, "what each step leads to, by distinguished name; the last is the goal"),
    "titles": FieldSpec(FieldType.TEXTS, "names of these for people, for policies; empty for the rest"),
    "path": FieldSpec(FieldType.TEXT, "the whole way in one text"),
}
_FIELDS = {
    "paths": FieldSpec(
        FieldType.RECORDS,
        f"who can become administrator of the domain without being one, each by the shortest way; at most {MOST_PATHS}",
        _PATH,
    ),
    "found": FieldSpec(FieldType.INTEGER, "how many there are, also where not all are listed"),
    "administrators": FieldSpec(
        FieldType.INTEGER, "enabled accounts that are administrators by being members, directly or through groups"
    ),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (*_MEMBERS, _OBJECTS, _PKI) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    domain, objects, pki = read_domain(answers, _MEMBERS), found(answers, _OBJECTS.name), found_pki(answers, _PKI)
    if isinstance(domain, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, domain.reason, domain.place))
    if isinstance(objects, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, objects.reason, objects.place))
    return dict.fromkeys(probes, _search(domain, objects, pki))


def _search(domain: Domain, answer: LdapAnswer, pki: LdapAnswer | Unreadable) -> Evidence:
    shared = Descriptors()
    objects = {entry.dn.lower(): _read_object(entry, shared) for entry in answer.entries}
    head = next((dn for dn, seen in objects.items() if seen.kind == "domain"), "")
    holder = f"cn=adminsdholder,cn=system,{head}"
    if not head or holder not in objects:
        return build_unreadable(_FIELDS, "needs read on the domain itself and on AdminSDHolder", "{default_nc}")
    templates = () if isinstance(pki, Unreadable) else pki.entries
    published = list_published(templates)
    issued = [entry for entry in templates if _is_issued(entry, published)]
    objects.update({entry.dn.lower(): _read_object(entry, shared) for entry in issued})
    names = _read_names(domain)
    wide_sids = (*EVERYBODY, *(f"{domain.sid}-{number}" for number in EVERYBODY_IN_DOMAIN))
    wide = frozenset(names.get(sid, sid) for sid in wide_sids)
    graph = Graph(
        domain=domain,
        objects=objects,
        names=names,
        head=head,
        open_templates=frozenset(entry.dn.lower() for entry in issued if _is_open(entry)),
        published=frozenset(entry.dn.lower() for entry in issued),
        wide=wide,
    )
    goals = {head, holder, *_list_goals(domain, names)}
    graph.search(goals)
    hidden = f"certificate templates: {pki.reason}" if isinstance(pki, Unreadable) else pki.cut
    troubles = [answer.cut, domain.cut, hidden]
    troubles += [objects[node].trouble for node in graph.list_reached() if node in objects]
    insiders = _list_insiders(domain, goals, wide)
    nodes = sorted(
        (_is_disabled(domain, node), node not in wide, graph.depth_of(node), node)
        for node in graph.list_reached()
        if node not in goals and node not in insiders and _is_somebody(graph, node)
    )
    records = [
        _build_path(domain, graph.trace(node), node, everybody=not one) for _, one, _, node in nodes[:MOST_PATHS]
    ]
    return _tell(records, len(nodes), [trouble for trouble in troubles if trouble], _count_enabled(domain, insiders))


def _tell(records: Iterable[Record], count: int, troubles: Sequence[str], administrators: int) -> Evidence:
    place, kept = "{default_nc}", tuple(sorted(records, key=_first))
    reasons = [*troubles]
    if count > len(kept):
        reasons.append(f"{count} can become administrators; the first {MOST_PATHS} are kept")
    paths: Field = Partial(kept, reasons[0], place) if reasons else Known(kept, place)
    return {
        "paths": paths,
        "found": Unreadable(troubles[0], place) if troubles else Known(count, place),
        "administrators": Known(administrators, place),
    }


def _read_object(entry: LdapEntry, shared: Descriptors) -> Controlled:
    classes, values = classes_of(entry), entry.values(DESCRIPTOR)
    kind = next((kind for name, kind in _KINDS if name in classes), "container")
    options, links = number_of(entry, "gPOptions") or 0, entry.values("gPLink")
    if values:
        grants, is_protected, damage = shared.read(values[0], kind)
        trouble = f"{entry.dn}: {damage}" if damage else ""
    else:
        grants, is_protected, trouble = (), False, f"needs read permissions on {entry.dn}"
    return Controlled(
        dn=entry.dn,
        kind=kind,
        title=first_text(entry, "displayName") if kind == "gpo" else "",
        grants=grants,
        is_protected=is_protected,
        blocks=bool(options & _BLOCKS),
        links=parse_links(links[0]) if links else (),
        trouble=trouble,
    )


def _is_issued(entry: LdapEntry, published: frozenset[str]) -> bool:
    names = {text_of(name).lower() for name in entry.values("cn")}
    return "pkicertificatetemplate" in classes_of(entry) and bool(names & published)


def _is_open(entry: LdapEntry) -> bool:
    """Say whether a template makes a certificate to log on as anybody; what is not shown counts as so."""
    return logs_on(entry) and is_named_by_client(entry) is not False and not is_approved(entry)


def _read_names(domain: Domain) -> Mapping[str, str]:
    return {sid_of(entry): dn for entries in (domain.accounts, domain.groups) for dn, entry in entries.items()}


def _list_goals(domain: Domain, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the administrators by identifier, their groups, and the domain controllers."""
    sids = [f"{domain.sid}-{number}" for number in (*_GOAL_ACCOUNTS, *_GOAL_GROUPS)]
    yield from (names[sid] for sid in (*sids, f"{BUILTIN}-544") if sid in names)
    for dn, entry in domain.accounts.items():
        if (number_of(entry, "userAccountControl") or 0) & _CONTROLLER:
            yield dn


def _list_insiders(domain: Domain, goals: Iterable[str], wide: frozenset[str]) -> frozenset[str]:
    """Return everybody who is an administrator by being a member of a group, and the groups between."""
    seen: set[str] = set()
    waiting = [goal for goal in goals if goal in domain.groups]
    while waiting:
        for member in domain.members.get(waiting.pop(), ()):
            if member not in seen and member not in wide:
                seen.add(member)
                waiting.append(member)
    return frozenset(seen)


def _is_disabled(domain: Domain, node: str) -> bool:
    account = domain.accounts.get(node)
    return account is not None and bool((number_of(account, "userAccountControl") or 0) & DISABLED)


def _count_enabled(domain: Domain, insiders: frozenset[str]) -> int:
    return sum(1 for dn in insiders if dn in domain.accounts and not _is_disabled(domain, dn))


def _is_somebody(graph: Graph, node: str) -> bool:
    """Say whether a node is one who acts: an account, everybody, or an identity that is not of this domain."""
    domain = graph.domain
    if node in domain.accounts or node in graph.wide or node.upper().startswith("S-1-"):
        return True
    if node in domain.groups:
        return "foreignsecurityprincipal" in classes_of(domain.groups[node])
    # A member from another domain of the forest is named, and its object lies there.
    return graph.edge_of(node) == "member_of" and node[node.find(",dc=") + 1 :] != graph.head


def _is_usable(domain: Domain, start: str, enabled: Field) -> Field:
    """Return whether somebody can act as it now; an identifier of this domain without an object leaves that open."""
    if isinstance(enabled, Known | Unreadable):
        return enabled
    if start.startswith(f"{domain.sid}-"):
        return Unreadable(f"needs read on the object of {start}, unless it is deleted", start)
    return Known(value=True, place=start)


def _build_path(domain: Domain, path: Path, node: str, *, everybody: bool) -> Record:
    entry = domain.accounts.get(node)
    flags = None if entry is None else number_of(entry, "userAccountControl")
    enabled: Field = Absent(path.start)
    kind = "everybody" if everybody else "unknown"
    if entry is not None:
        enabled, kind = Unreadable("needs read on userAccountControl", entry.dn), "person"
        if flags is not None:
            enabled, kind = Known(not flags & DISABLED, entry.dn), tell_kind(entry, flags)
    sid = sid_of(domain.groups[node]) if node in domain.groups else node
    name = name_trustee(sid, path.start)
    edges, objects, titles = (tuple(step[part] for step in path.steps) for part in range(3))
    return {
        "account": Known(name, path.start),
        "kind": Known(kind, path.start),
        "enabled": enabled,
        "usable": _is_usable(domain, path.start, enabled),
        "last_logon": Absent(path.start) if entry is None else read_attribute(entry, "lastLogonTimestamp", "time"),
        "length": Known(len(edges), path.start),
        "edges": Known(edges, path.start),
        "objects": Known(objects, path.start),
        "titles": Known(titles, path.start),
        "path": Known(" → ".join((name, *(part for edge, dn, _ in path.steps for part in (edge, dn)))), path.start),
    }


def _first(record: Record) -> tuple[bool, bool, int, str]:
    """Put those that can act now first, then everybody, then the shortest ways."""
    values = {name: seen.value for name, seen in record.items() if isinstance(seen, Known)}
    length = values["length"]
    assert isinstance(length, int)  # noqa: S101 - for the type checker; it was put in above
    return (not values.get("usable", True), values["kind"] != "everybody", length, str(values["account"]))


KIND = ProbeKind(
    name="ad_control",
    summary="who can become administrator of an Active Directory domain without being one, and by which steps",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
