"""Packet filter rules of the next boot: which managers start, and what their files say.

A manager is read as its own start does: nftables and the savers of iptables by their rule files, ufw by its switch,
its default and the rules of its user, firewalld by its default zone and zones that are bound to an interface.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from hardening.model.evidence import Unreadable
from hardening.probes.firewall_iptables import parse_saved
from hardening.probes.firewall_nft import NftProblem, parse_nft_file
from hardening.probes.firewall_rules import Chain, Condition, Key, Rule, Table, Verdict
from hardening.probes.firewall_script import (
    FIREWALLD,
    LINKS,
    NFT_FILES,
    SAVED,
    SYSTEMD,
    UFW_DEFAULTS,
    UFW_RULES,
    UFW_SWITCH,
    UNIT_FILES,
    UNITS,
    ZONES,
)
from hardening.probes.listing import Listing, Seen, Source
from hardening.probes.shell import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.probes.config_lines import NumberedLines

_NFT_FILE = re.compile(r"^[ \t]*Exec(?:Start|Reload)=.*?\s(?:-f|--file)[ =]?\s*(\S+)", re.MULTILINE)
_SETTING = re.compile(r"""^[ \t]*(\w+)[ \t]*=[ \t]*["']?([^"'\s#]*)["']?""", re.MULTILINE)
_ZONE = re.compile(r"<zone\b([^>]*)>")
_TARGET = re.compile(r"""\btarget=["']([^"']*)["']""")
_BOUND = re.compile(r"""<interface\b[^>]*\bname=["']([^"']*)["']""")
_LOOPBACK = Rule((Condition(Key.INTERFACE, ("lo",)),), Verdict.ACCEPT, text="loopback")


@dataclass(frozen=True, slots=True)
class Boot:
    """Managers that start at boot, and the tables that they load, or why those are not known.

    ``unsure`` says why there may be one more.
    """

    managers: tuple[str, ...]
    tables: tuple[Table, ...] | Unreadable
    files: tuple[str, ...] = ()
    unsure: str = ""


class _NotKnown(Exception):  # noqa: N818 - it is caught in this module, where it becomes a state
    """What keeps us from saying which rules a manager will load."""


@dataclass(frozen=True, slots=True)
class _Files:
    listing: Listing
    lines: Mapping[str, NumberedLines]

    def has(self, source: Source) -> bool:
        """Say whether anything stands at a path; a link to nothing is nothing."""
        entries = self.listing.entries.get(source, ())
        return any(entry.seen not in {Seen.DANGLING, Seen.HIDDEN} for entry in entries)

    def read(self, source: Source) -> str | None:
        """Return the text of a file, or ``None`` if there is none; raises ``_NotKnown`` if it may not be read."""
        refused = self.listing.refused.get(source, ())
        if refused:
            msg = f"{clean(refused[0])}: folder refused"
            raise _NotKnown(msg)
        for entry in self.listing.entries.get(source, ()):
            if entry.seen in {Seen.UNREADABLE, Seen.HIDDEN, Seen.OTHER}:
                msg = f"{clean(entry.name)}: may not be read, needs root"
                raise _NotKnown(msg)
            if entry.seen is Seen.FILE:
                return self.text(entry.name)
        return None

    def text(self, name: str) -> str:
        """Return the text of a file that was read."""
        return "\n".join(line for _, line in self.lines.get(name, ()))

    def names(self, source: Source) -> list[str]:
        """Return the files that a pattern finds; raises ``_NotKnown`` where one of them may not be read."""
        if self.listing.refused.get(source):
            msg = f"{clean(self.listing.refused[source][0])}: folder refused"
            raise _NotKnown(msg)
        entries = self.listing.entries.get(source, ())
        for entry in entries:
            if entry.seen in {Seen.UNREADABLE, Seen.HIDDEN}:
                msg = f"{clean(entry.name)}: may not be read, needs root"
                raise _NotKnown(msg)
        return [entry.name for entry in entries if entry.seen is Seen.FILE]


def read_boot(listing: Listing, lines: Mapping[str, NumberedLines]) -> Boot | Unreadable:
    """Return what the next boot will load; unreadable where no systemd is there to start it."""
    files = _Files(listing, lines)
    if not any(files.has(source) for source in SYSTEMD):
        return Unreadable("no systemd: what starts at boot is not known")
    starting = [unit for unit in UNITS if _starts(unit, files)]
    tables: list[Table] = []
    used: list[str] = []
    managers: list[str] = []
    problem = unsure = ""
    for unit in starting:
        try:
            if unit == "ufw" and not _is_ufw_on(files):
                continue
            managers.append(unit)
            found, places = _LOADERS[unit](unit, files)
        except _NotKnown as reason:
            problem = problem or f"{unit}: {reason}"
            unsure = unsure or ("" if unit in managers else problem)
            continue
        tables += found
        used += places
    known = Unreadable(problem) if problem else tuple(tables)
    return Boot(tuple(dict.fromkeys(managers)), known, tuple(used), unsure)


def _starts(unit: str, files: _Files) -> bool:
    links = [entry for source in LINKS[unit] for entry in files.listing.entries.get(source, ())]
    for source in UNIT_FILES[unit]:
        entries = files.listing.entries.get(source, ())
        if entries:
            # The first folder that has the unit counts; a link to /dev/null there masks it.
            return bool(links) and entries[0].seen in {Seen.FILE, Seen.UNREADABLE}
    return False


def _is_ufw_on(files: _Files) -> bool:
    return _settings(files.read(UFW_SWITCH) or "").get("ENABLED", "no").lower() == "yes"


def _settings(text: str) -> dict[str, str]:
    return dict(_SETTING.findall(text))


_Loaded = tuple[list[Table], list[str]]


def _load_ufw(_: str, files: _Files) -> _Loaded:
    settings = _settings(files.read(UFW_DEFAULTS) or "")
    policy = settings.get("DEFAULT_INPUT_POLICY", "DROP").lower()
    tables = []
    for family, source in UFW_RULES.items():
        is_filtered = family == "ip" or settings.get("IPV6", "no").lower() == "yes"
        # Where ufw does not look after IPv6, it closes it.
        chain = Chain("INPUT", [_LOOPBACK], "filter", "input", policy if is_filtered else "drop")
        saved = parse_saved(files.read(source) or "", family) if is_filtered else []
        if isinstance(saved, str):
            msg = f"{source.text}: {saved}"
            raise _NotKnown(msg)
        table = Table(family, "ufw", {"INPUT": chain})
        for known in saved:
            table.chains.update(known.chains)
        user = table.chains.get("ufw6-user-input" if family == "ip6" else "ufw-user-input")
        chain.rules += user.rules if user else []
        for name in ("skip-to-policy-input", "user-limit", "user-limit-accept"):
            for head in ("ufw", "ufw6"):
                table.chains.setdefault(f"{head}-{name}", Chain(f"{head}-{name}", [Rule((), Verdict.REJECT)]))
        tables.append(table)
    return tables, [UFW_SWITCH.text, UFW_DEFAULTS.text]


def _load_firewalld(_: str, files: _Files) -> _Loaded:
    name = _settings(files.read(FIREWALLD) or "").get("DefaultZone", "") or "public"
    zones: dict[str, str] = {}
    for source in ZONES:
        for path in files.names(source):
            zones.setdefault(path.rpartition("/")[2].removesuffix(".xml"), files.text(path))
    if name not in zones:
        msg = f"no file of the default zone {clean(name)[:50]}"
        raise _NotKnown(msg)
    chain = Chain(f"zone {clean(name)}", [_LOOPBACK], "filter", "input", _judge_zone(zones[name]))
    for text in zones.values():
        rules = [
            Rule((Condition(Key.INTERFACE, (bound,)),), Verdict(_judge_zone(text))) for bound in _BOUND.findall(text)
        ]
        chain.rules += rules
    return [Table("inet", "firewalld", {chain.name: chain})], [FIREWALLD.text]


def _judge_zone(text: str) -> str:
    head = _ZONE.search(text)
    target = _TARGET.search(head[1]) if head else None
    return {"ACCEPT": "accept", "DROP": "drop"}.get(target[1] if target else "", "reject")


def _load_saved(unit: str, files: _Files) -> _Loaded:
    tables: list[Table] = []
    places = []
    for family, source in SAVED[unit]:
        saved = parse_saved(files.read(source) or "", family)
        if isinstance(saved, str):
            msg = f"{source.text}: {saved}"
            raise _NotKnown(msg)
        tables += saved
        places.append(source.text)
    return tables, places


def _load_nftables(unit: str, files: _Files) -> _Loaded:
    text = next((text for text in (files.read(source) for source in UNIT_FILES[unit]) if text), "")
    named = _NFT_FILE.search(text)
    if named is None:
        msg = "its unit names no file of rules"
        raise _NotKnown(msg)
    places: list[str] = []
    return _read_nft(named[1], files, places), places


def _read_nft(path: str, files: _Files, places: list[str]) -> list[Table]:
    if path in places or len(places) > 100:  # noqa: PLR2004 - nft itself allows 16 levels
        msg = f"{clean(path)} is included twice"
        raise _NotKnown(msg)
    texts = {name: files.text(name) for source in NFT_FILES for name in files.names(source)}
    if path not in texts:
        msg = f"{clean(path)} is not among the files that are read"
        raise _NotKnown(msg)
    places.append(path)
    parsed = parse_nft_file(texts[path])
    if isinstance(parsed, NftProblem):
        msg = f"{clean(path)}: {parsed.reason}"
        raise _NotKnown(msg)
    tables, includes = parsed
    for included in includes:
        pattern = included if included.startswith("/") else f"/etc/{included.removeprefix('./')}"
        matching = [name for name in sorted(texts) if fnmatchcase(name, pattern)]
        is_looked_at = any(fnmatchcase(pattern, source.text) for source in NFT_FILES if source.pattern)
        if not matching and not (is_looked_at and "*" in pattern):
            msg = f"{clean(pattern)} is not among the files that are read"
            raise _NotKnown(msg)
        for name in matching:
            tables += _read_nft(name, files, places)
    return tables


_LOADERS = {
    "ufw": _load_ufw,
    "firewalld": _load_firewalld,
    "nftables": _load_nftables,
    "netfilter-persistent": _load_saved,
    "iptables": _load_saved,
    "ip6tables": _load_saved,
}
