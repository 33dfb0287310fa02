"""The host firewall by the rules that the kernel holds, and by those that the next boot will load.

ufw, firewalld and the like are named as owners of rules, never believed. The default is what becomes of the first
packet from an address and to a port that no rule names, on the interfaces that lead outside; a policy of accept with a
last rule that drops is a drop, a base chain that accepts all before that is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.model.evidence import (
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
from hardening.model.step import Answer, Privilege, ShellStep, Step
from hardening.probes.firewall_boot import Boot, read_boot
from hardening.probes.firewall_iptables import parse_saved
from hardening.probes.firewall_nft import NftProblem, parse_nft
from hardening.probes.firewall_rules import DENYING, Packet, Table, count_rules, follow
from hardening.probes.firewall_script import KERNEL, SOURCES, build_files_script
from hardening.probes.kind import ProbeKind
from hardening.probes.listing import Listing, Seen, parse_listing, parse_numbered_lines
from hardening.probes.shell import CUT, clean, completed, first_line, parse_c_integer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.probes.config_lines import NumberedLines

_KERNEL, _FILES = "firewall", "firewall.files"
_ROOT = "the kernel's rules are shown to root only"

STATE: Mapping[str, FieldSpec] = {
    "state": FieldSpec(FieldType.TEXT, "when and family in one text, such as now ipv4"),
    "when": FieldSpec(FieldType.TEXT, "now, or boot"),
    "family": FieldSpec(FieldType.TEXT, "ipv4 or ipv6"),
    "active": FieldSpec(FieldType.BOOLEAN, "whether any rule or policy filters packets to this host"),
    "default": FieldSpec(
        FieldType.TEXT,
        "what becomes of a first packet from outside that no rule names: drop, reject, accept, or none without chains",
    ),
    "loopback": FieldSpec(FieldType.TEXT, "the same for a packet of this host to itself"),
    "rules": FieldSpec(FieldType.INTEGER, "number of rules that packets to this host may come by"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "states": FieldSpec(FieldType.RECORDS, "one record for each state and family of addresses", record=STATE),
    "managers": FieldSpec(
        FieldType.TEXTS, "who made the rules of now: ufw, firewalld, docker, fail2ban …, else nftables or iptables"
    ),
    "enabled": FieldSpec(FieldType.TEXTS, "managers that load rules at boot"),
    "enabled_count": FieldSpec(FieldType.INTEGER, "number of managers that load rules at boot"),
}

# Which chains and tables betray their maker, by the beginning of their names.
_MAKERS = (
    ("ufw-", "ufw"),
    ("ufw6-", "ufw"),
    ("firewalld", "firewalld"),
    ("filter_IN_", "firewalld"),
    ("INPUT_ZONES", "firewalld"),
    ("IN_public", "firewalld"),
    ("DOCKER", "docker"),
    ("docker", "docker"),
    ("f2b-", "fail2ban"),
    ("LIBVIRT_", "libvirt"),
    ("libvirt_", "libvirt"),
    ("KUBE-", "kubernetes"),
    ("cali-", "calico"),
    ("NETAVARK", "podman"),
    ("netavark", "podman"),
    ("CNI-", "cni"),
    ("io.systemd.", "systemd"),
)


@dataclass(slots=True)
class _Kernel:
    """What the kernel's step said."""

    interfaces: list[str] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    parts: list[tuple[str, str]] = field(default_factory=list)
    texts: dict[int, list[str]] = field(default_factory=dict)
    is_complete: bool = False

    def part(self, word: str) -> list[tuple[list[str], str]]:
        """Return the parts that begin with a word: the other words, and the text."""
        return [(head.split(" ")[1:], text) for head, text in self.parts if head.split(" ")[0] == word]

    @property
    def outside(self) -> tuple[str, ...]:
        """The interfaces that lead outside: with a default route, else all; an empty name is one that no rule names."""
        return tuple(dict.fromkeys(self.routes)) or tuple(dict.fromkeys(self.interfaces)) or ("",)


@dataclass(frozen=True, slots=True)
class _Tables:
    """Tables in force; ``hidden`` says why there may be more, which can only deny more."""

    tables: tuple[Table, ...]
    hidden: str = ""
    place: str = "kernel rules"


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    return (
        ShellStep(name=_KERNEL, privilege=Privilege.ROOT, script=KERNEL, output_limit=4_000_000),
        ShellStep(name=_FILES, privilege=Privilege.ROOT, script=build_files_script(), output_limit=4_000_000),
    )


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    if not probes:
        return {}
    kernel = _read_kernel(answers)
    files = _read_files(answers)
    if isinstance(kernel, Unreadable) and isinstance(files, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, kernel.reason))
    states: list[Record] = []
    managers: Field = kernel if isinstance(kernel, Unreadable) else Unreadable("no running system")
    outside = kernel.outside if isinstance(kernel, _Kernel) else ("",)
    if isinstance(kernel, _Kernel) and not kernel.part("none"):
        now = _read_tables(kernel)
        states += _build_states("now", now, outside)
        managers = now if isinstance(now, Unreadable) else _find_makers(now)
    boot = files if isinstance(files, Unreadable) else read_boot(*files)
    if not isinstance(files, Unreadable):
        saved: _Tables | Unreadable = boot if isinstance(boot, Unreadable) else _gather(boot)
        states += _build_states("boot", saved, outside)
    lost = next((answer for answer in (kernel, files) if isinstance(answer, Unreadable)), None)
    evidence: Evidence = {
        "states": Partial(tuple(states), lost.reason) if lost else Known(tuple(states)),
        "managers": managers,
        **_name_managers(boot),
    }
    return dict.fromkeys(probes, evidence)


def _name_managers(boot: Boot | Unreadable) -> Evidence:
    if isinstance(boot, Unreadable):
        return {"enabled": boot, "enabled_count": boot}
    if boot.unsure:
        return {"enabled": Partial(boot.managers, boot.unsure), "enabled_count": Unreadable(boot.unsure)}
    place = "systemd units"
    return {"enabled": Known(boot.managers, place), "enabled_count": Known(len(boot.managers), place)}


def _gather(boot: Boot) -> _Tables | Unreadable:
    if isinstance(boot.tables, Unreadable):
        return boot.tables
    return _Tables(boot.tables, place=", ".join(boot.files) or "systemd units")


def _read_kernel(answers: Mapping[str, Answer]) -> _Kernel | Unreadable:
    answer = completed(answers, _KERNEL)
    if isinstance(answer, Unreadable):
        return answer
    kernel = _split_parts(clean(answer.text))
    if answer.cut or not kernel.is_complete:
        return Unreadable(CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete")
    for words, _ in kernel.part("nft"):
        if words == ["1"]:
            kernel.parts.append(("problem", first_line(answer.error_text) or "nft failed"))
    return kernel


_HEADS = frozenset({"=none", "=refused", "=nf_tables", "=nft", "=legacy", "=saved"})
_UP, _LOOPBACK = 0x1, 0x8


def _split_parts(text: str) -> _Kernel:
    kernel = _Kernel()
    lines: list[str] = []
    for line in text.split("\n"):
        head, _, rest = line.partition(" ")
        if head == "=interface":
            flags, _, name = rest.partition(" ")
            number = parse_c_integer(flags) or 0
            if number & _UP and not number & _LOOPBACK:
                kernel.interfaces.append(name)
        elif head == "=route":
            kernel.routes.append(rest)
        elif line == "=end":
            kernel.is_complete = True
        elif head in _HEADS:
            lines = []
            kernel.parts.append((line[1:], ""))
        elif kernel.parts:
            lines.append(line)
            kernel.texts[len(kernel.parts) - 1] = lines
    kernel.parts = [(head, "\n".join(kernel.texts.get(at, ()))) for at, (head, _) in enumerate(kernel.parts)]
    return kernel


def _read_tables(kernel: _Kernel) -> _Tables | Unreadable:
    if kernel.part("refused"):
        return Unreadable(_ROOT)
    for _, reason in kernel.part("problem"):
        return Unreadable(reason)
    seen = _Tables(())
    for words, text in kernel.part("nft"):
        parsed = parse_nft(text)
        if isinstance(parsed, NftProblem):
            return Unreadable(parsed.reason)
        hidden = "nft is not installed: other rules may exist" if words == ["missing"] else ""
        seen = _Tables(tuple(parsed), hidden)
    for word in ("saved", "legacy"):
        for words, text in kernel.part(word):
            family = words[0] if words else ""
            saved = parse_saved(text, family, is_legacy=word == "legacy")
            if isinstance(saved, str):
                return Unreadable(saved)
            if word == "legacy" and (not saved or "(nf_tables)" in text):
                seen = _Tables(seen.tables, f"there are legacy tables, and no {family}tables-legacy-save to read them")
                continue
            again = {(family, table.name) for table in saved} if word == "saved" else set()
            kept = [table for table in seen.tables if (table.family, table.name) not in again]
            seen = _Tables((*kept, *saved), seen.hidden)
    return seen


def _read_files(answers: Mapping[str, Answer]) -> tuple[Listing, Mapping[str, NumberedLines]] | Unreadable:
    answer = completed(answers, _FILES)
    if isinstance(answer, Unreadable):
        return answer
    listing = parse_listing(answer.text, SOURCES)
    body, end, status = listing.rest.rpartition("=end ")
    if answer.cut or not listing.complete or not end:
        return Unreadable(CUT if answer.cut else first_line(answer.error_text) or "the listing did not end")
    if status.strip() not in {"0", "1"}:
        return Unreadable(first_line(answer.error_text) or "a file could not be read")
    names = {entry.name for entries in listing.entries.values() for entry in entries if entry.seen is Seen.FILE}
    return listing, parse_numbered_lines(body, names)


def _build_states(when: str, seen: _Tables | Unreadable, outside: Sequence[str]) -> list[Record]:
    return [_build_state(when, family, seen, outside) for family in ("ipv4", "ipv6")]


def _build_state(when: str, family: str, seen: _Tables | Unreadable, outside: Sequence[str]) -> Record:
    named: Record = {
        "state": Known(f"{when} {family}"),
        "when": Known(when),
        "family": Known(family),
    }
    if isinstance(seen, Unreadable):
        return {**named, **dict.fromkeys(("active", "default", "loopback", "rules"), seen)}
    rules = count_rules(seen.tables, family)
    judged = {
        "active": Known(rules > 0, seen.place),
        "default": _judge(seen.tables, family, outside),
        "loopback": _judge(seen.tables, family, ("lo",)),
        "rules": Known(rules, seen.place),
    }
    if seen.hidden:
        # More rules can only deny what is let through by these.
        sure = {"active": rules > 0, **{name: _denies(judged[name]) for name in ("default", "loopback")}}
        judged = {name: value if sure.get(name) else Unreadable(seen.hidden) for name, value in judged.items()}
    return {**named, **judged}


def _denies(value: Field) -> bool:
    return isinstance(value, Known) and value.value in DENYING


def _judge(tables: Sequence[Table], family: str, interfaces: Sequence[str]) -> Field:
    """Return the worst that becomes of a packet, over protocols and interfaces; what is open spoils a denial only."""
    fates = [
        (follow(tables, Packet(family=family, protocol=protocol, interface=interface)), interface)
        for interface in interfaces
        for protocol in ("tcp", "udp")
    ]
    order = {"none": 0, "accept": 1, "open": 2}
    fate, interface = min(fates, key=lambda pair: order.get(pair[0].outcome, 3))
    place = clean(f"{fate.place}, interface {interface}" if interface and fate.place else fate.place)
    if fate.outcome == "open":
        return Unreadable(f"a rule decides by more than is known here: {clean(fate.place)}"[:300])
    if fate.outcome in DENYING and any(found.outcome == "drop" for found, _ in fates):
        return Known("drop", place)
    return Known(fate.outcome, place)


def _find_makers(seen: _Tables) -> Field:
    found: set[str] = set()
    for table in seen.tables:
        names = [table.name, *table.chains]
        made = {maker for head, maker in _MAKERS if any(name.startswith(head) for name in names)}
        if not made and any(chain.rules or chain.policy != "accept" for chain in table.chains.values()):
            made = {"iptables" if table.is_legacy else "nftables"}
        found |= made
    makers = tuple(sorted(found))
    return Partial(makers, seen.hidden) if seen.hidden else Known(makers, "kernel rules")


KIND = ProbeKind(
    name="firewall",
    summary="the host firewall: rules in the kernel, and what the next boot loads",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
