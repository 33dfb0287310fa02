"""A directory made of recorded entries: it answers searches as a server does, and counts them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hardening.collect.plan import build_plan
from hardening.collect.searches import deal_out, merge_searches
from hardening.evaluate.judge import Judged, judge_evidence
from hardening.model.ldap_filter import fits, parse_filter
from hardening.model.step import Answer, LdapAnswer, LdapEntry, LdapScope, LdapStep
from hardening.probes import KINDS
from tests.content.shipped import load_shipped
from tests.model.test_security_descriptor import OWNER, build_descriptor, build_entry
from tests.probes.ldif import parse_ldif

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hardening.model.check import Check
    from hardening.model.evidence import Evidence
    from hardening.model.probe import Probe

FOLDER = Path(__file__).parent / "active_directory"
NOW = 1767225600
_DOMAIN = "DC=example,DC=org"
_DESCRIPTOR = "ntsecuritydescriptor"
_PROTECTED = 0x9004
_ADMINISTRATORS_ALONE = build_descriptor(control=_PROTECTED)
_NAMES = {
    "{default_nc}": _DOMAIN,
    "{root_nc}": _DOMAIN,
    "{config_nc}": f"CN=Configuration,{_DOMAIN}",
    "{schema_nc}": f"CN=Schema,CN=Configuration,{_DOMAIN}",
}


def search(entries: Iterable[LdapEntry], step: LdapStep) -> LdapAnswer:
    """Return what the entries answer to one search; a base that is not there is result 32."""
    base = step.base
    for name, dn in _NAMES.items():
        base = base.replace(name, dn)
    base = base.lower()
    below = [entry for entry in entries if entry.dn.lower() == base or entry.dn.lower().endswith(f",{base}")]
    if not below and step.scope is LdapScope.BASE:
        return LdapAnswer(result=32)
    node = parse_filter(step.filter)
    wanted = frozenset(name.lower() for name in step.attributes)
    return LdapAnswer(
        entries=tuple(
            LdapEntry(entry.dn, {name: values for name, values in entry.attributes.items() if name in wanted})
            for entry in below
            if _is_in_scope(entry, base, step.scope) and fits(node, entry)
        )
    )


def _is_in_scope(entry: LdapEntry, base: str, scope: LdapScope) -> bool:
    dn = entry.dn.lower()
    match scope:
        case LdapScope.BASE:
            return dn == base
        case LdapScope.ONE:
            return dn != base and "," not in dn.removesuffix(f",{base}")
        case LdapScope.SUBTREE:
            # The configuration is a part of its own.
            return base.startswith("cn=") or not dn.endswith(_NAMES["{config_nc}"].lower())


def collect(name: str, checks: Iterable[Check], *, hidden: str = "") -> tuple[Mapping[Probe, Evidence], int]:
    """Return the evidence that a recorded domain gives for some checks, and how many searches it took.

    ``hidden`` is an attribute that the account may not read.
    """
    rights = _read_rights(name)
    entries = tuple(
        LdapEntry(entry.dn, {key: values for key, values in entry.attributes.items() if key != hidden.lower()})
        for entry in (
            LdapEntry(each.dn, {**each.attributes, _DESCRIPTOR: (rights.get(each.dn, _ADMINISTRATORS_ALONE),)})
            for each in parse_ldif((FOLDER / f"{name}.ldif").read_text(encoding="utf-8"))
        )
    )
    plan = build_plan(checks)
    steps = [step for kind in KINDS.values() for step in kind.steps(_of_kind(plan.probes, kind.name))]
    searches = merge_searches(step for step in steps if isinstance(step, LdapStep))
    answers: dict[str, Answer] = {item.step.name: search(entries, item.step) for item in searches}
    dealt = deal_out(searches, answers)
    evidence: dict[Probe, Evidence] = {}
    for kind in KINDS.values():
        if probes := _of_kind(plan.probes, kind.name):
            evidence.update(kind.parse(probes, dealt))
    return evidence, len(searches)


def _read_rights(name: str) -> Mapping[str, bytes]:
    """Return the descriptors of the objects on which somebody beside administrators has rights."""
    path = FOLDER / f"{name}.rights"
    given: dict[str, list[bytes]] = {}
    owners: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        if line.startswith("#"):
            continue
        dn, sid, mask, right = line.split("\t")
        entries = given.setdefault(dn, [])
        if mask == "owner":
            owners[dn] = sid
        else:
            entries.append(build_entry(5 if right else 0, 0, int(mask, 16), sid, right))
    return {
        dn: build_descriptor(*entries, owner=owners.get(dn, OWNER), control=_PROTECTED) for dn, entries in given.items()
    }


def _of_kind(probes: Iterable[Probe], kind: str) -> tuple[Probe, ...]:
    return tuple(probe for probe in probes if probe.kind == kind)


def checks_of_directory() -> tuple[Check, ...]:
    """Return the checks of the baseline that rest on kinds for Active Directory."""
    content = load_shipped()
    named = {check for control in content.baselines["active-directory"].controls for check in control.checks}
    return tuple(
        content.checks[check]
        for check in sorted(named)
        if all(probe.kind.startswith("ad_") for probe in content.checks[check].probes.values())
    )


def judge(check: Check, evidence: Mapping[Probe, Evidence]) -> Judged:
    """Return what a check comes to, with its own parameters."""
    return judge_evidence(
        check,
        {name: evidence[probe] for name, probe in check.probes.items()},
        {name: spec.default for name, spec in check.parameters.items()},
        fields={name: KINDS[probe.kind].fields for name, probe in check.probes.items()},
        time=NOW,
    )
