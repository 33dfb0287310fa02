"""What sudoers comes to: aliases resolved, what a later entry overrides, and the settings that hold for everybody."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hardening.probes.sudo_grammar import Default, Grant, Member, Rule, Sudoers
from hardening.probes.sudo_tokens import Kind

_EVERYBODY = "ALL"
_ROOT = frozenset({"root", "#0", _EVERYBODY})
_MOST_MEMBERS = 5000
_DEEPEST_ALIAS = 100
_MOST_COMPARED = 2000
_MINUTES = re.compile(r"-?(?:[0-9]{1,9}(?:\.[0-9]*)?|\.[0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A rule in plain texts; a leading ``!`` excepts. ``effective`` is false where it decides nothing on this host."""

    users: tuple[str, ...]
    hosts: tuple[str, ...]
    runas: tuple[str, ...]
    groups: tuple[str, ...]
    commands: tuple[str, ...]
    tags: tuple[str, ...]
    digested: bool
    effective: bool
    place: str

    @property
    def needs_no_password(self) -> bool:
        """Whether sudo asks for no password."""
        return "NOPASSWD" in self.tags

    @property
    def grants_everything(self) -> bool:
        """Whether every command is allowed; what is excepted from ``ALL`` is easily walked around."""
        return _EVERYBODY in self.commands

    @property
    def grants_root(self) -> bool:
        """Whether commands run as root."""
        return not _ROOT.isdisjoint(self.runas) or any(text.startswith("%") for text in self.runas)

    @property
    def title(self) -> str:
        """The rule in one line."""
        runas = ", ".join(self.runas) + (f" : {', '.join(self.groups)}" if self.groups else "")
        tags = "".join(f"{tag}: " for tag in self.tags)
        text = f"{', '.join(self.users)} {', '.join(self.hosts)}=({runas}) {tags}{', '.join(self.commands)}"
        return f"{text[:300]} ({self.place})"


class Aliases:
    """Members of lists with aliases replaced; ``faults`` tells of aliases that contain themselves."""

    def __init__(self, known: Mapping[tuple[str, str], tuple[Member, ...]]) -> None:
        self._known = known
        self.faults: list[str] = []

    def expand(self, members: Iterable[Member], kind: str) -> tuple[str, ...]:
        """Return the texts of a list; an alias that is not defined stays, as sudo takes it for a name."""
        found: list[str] = []
        self._expand(tuple(members), kind, found, (), negated=False)
        return tuple(dict.fromkeys(found))

    def _expand(
        self, members: tuple[Member, ...], kind: str, found: list[str], chain: tuple[str, ...], *, negated: bool
    ) -> None:
        for member in members:
            inner = self._known.get((kind, member.text)) if member.kind is Kind.ALIAS else None
            circular = inner is not None and (member.text in chain or len(chain) >= _DEEPEST_ALIAS)
            if len(found) >= _MOST_MEMBERS or circular:
                self.faults.append(f"{kind}_Alias {member.text}: contains itself, or too much")
                return
            if inner is not None:
                self._expand(inner, kind, found, (*chain, member.text), negated=negated ^ member.negated)
                continue
            text = f"{member.text} {member.arguments}" if member.arguments else member.text
            found.append(f"!{text}" if negated ^ member.negated else text)


def build_permissions(sudoers: Sudoers, aliases: Aliases, host: str, runas_default: str) -> list[Permission]:
    """Return the rules in order; commands of one rule that share everything else stand together."""
    found = [
        _build_permission(rule, grants, aliases, host, runas_default)
        for rule in sudoers.rules
        for grants in _group(rule.grants)
    ]
    # The last rule that fits decides; among so many that nobody could read them, each counts.
    if len(found) > _MOST_COMPARED:
        return found
    return [
        replace(permission, effective=False)
        if any(_covers(later, permission) for later in found[index + 1 :])
        else permission
        for index, permission in enumerate(found)
    ]


def _group(grants: Sequence[Grant]) -> list[list[Grant]]:
    groups: list[list[Grant]] = []
    for grant in grants:
        if groups and _shared(groups[-1][0]) == _shared(grant):
            groups[-1].append(grant)
        else:
            groups.append([grant])
    return groups


def _shared(grant: Grant) -> tuple[object, ...]:
    return grant.runas, grant.groups, grant.tags, grant.digested


def _build_permission(
    rule: Rule, grants: Sequence[Grant], aliases: Aliases, host: str, runas_default: str
) -> Permission:
    first = grants[0]
    hosts = aliases.expand(rule.hosts, "Host")
    return Permission(
        users=aliases.expand(rule.users, "User"),
        hosts=hosts,
        runas=(runas_default,) if first.runas is None else aliases.expand(first.runas, "Runas"),
        groups=aliases.expand(first.groups, "Runas"),
        commands=aliases.expand((grant.command for grant in grants), "Cmnd"),
        tags=first.tags,
        digested=first.digested,
        effective=is_here(hosts, host),
        place=f"{rule.file}:{rule.line}",
    )


def is_here(hosts: Sequence[str], host: str) -> bool:
    """Say whether a list of hosts can mean this one; addresses and netgroups are taken for it."""
    answer = False
    for text in hosts:
        name = text.removeprefix("!")
        short = name.partition(".")[0]
        known = name == _EVERYBODY or (not host) or short == host or not re.fullmatch(r"[A-Za-z][\w.-]*", name)
        if text.startswith("!"):
            # What only might be excepted is not taken away.
            answer = answer and not (name == _EVERYBODY or (host != "" and short == host))
        else:
            answer = answer or known
    return answer


def _covers(later: Permission, earlier: Permission) -> bool:
    """Say whether whatever ``earlier`` allows is decided by ``later``, which stands behind it."""
    pairs = (
        (later.users, earlier.users),
        (later.hosts, earlier.hosts),
        (later.runas, earlier.runas),
        (later.commands, earlier.commands),
    )
    return later.effective and not later.digested and not later.groups and all(_has_all(*pair) for pair in pairs)


def _has_all(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    if any(text.startswith("!") for text in wide):
        return False
    return _EVERYBODY in wide or set(narrow) <= set(wide)


def is_effective(default: Default, later: Sequence[Default], aliases: Aliases, host: str) -> bool:
    """Say whether a setting holds for anybody: on this host, and not taken back behind it.

    All settings count in the order in which they stand, but those for commands after all others.
    """
    if default.scope == "@" and not is_here(aliases.expand(default.binding, "Host"), host):
        return False
    return len(later) > _MOST_COMPARED or not any(_replaces(other, default) for other in later)


def _replaces(other: Default, default: Default) -> bool:
    if other.name != default.name or other.operator in {"+=", "-="}:
        return False
    if other.scope == "" and default.scope != "!":
        return True
    return other.scope == default.scope and other.binding == default.binding


def find_setting(defaults: Sequence[Default], name: str, aliases: Aliases, host: str) -> Default | None:
    """Return the last setting of a name that holds for everybody here."""
    found = None
    for default in defaults:
        here = default.scope == "@" and is_here(aliases.expand(default.binding, "Host"), host)
        if default.name == name and (default.scope == "" or here):
            found = default
    return found


def parse_minutes(default: Default) -> int | None:
    """Return a time in whole minutes, rounded up; -1 for never; ``None`` where it is no time."""
    if default.operator == "!":
        return 0
    if not _MINUTES.fullmatch(default.value):
        return None
    minutes = float(default.value)
    return math.ceil(minutes) if minutes >= 0 else -1
