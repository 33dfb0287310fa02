"""An Ansible inventory as a tree of groups, however it was written, and what its variables mean to us.

Read are the variables that say where a server is and who we are there. Variables of `all` give way to those of groups,
groups to the groups in them and, of equal depth, to those later in the alphabet, all of them to the server's own.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.documents.words import near_hint
from hardening.inventory.imported import Found, FoundGroup, FoundTarget
from hardening.inventory.membership import MOST_HINTS
from hardening.model.place import NOWHERE, Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

ALL = "all"
_IMPLIED = frozenset({ALL, "ungrouped"})
_SSH = frozenset(
    {"", "ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh", "ansible.builtin.paramiko_ssh"}
)
_LOCAL = frozenset({"local", "ansible.builtin.local"})
_SUDO = frozenset({"", "sudo", "ansible.builtin.sudo"})
_TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
_TEMPLATE = re.compile(r"{{\s*(.*?)\s*}}")
_VAULT = "$ANSIBLE_VAULT"
_DEEPEST = 10

_NAMES: Mapping[str, tuple[str, ...]] = {
    "address": ("ansible_host", "ansible_ssh_host"),
    "port": ("ansible_port", "ansible_ssh_port"),
    "user": ("ansible_user", "ansible_ssh_user"),
    "key": ("ansible_private_key_file", "ansible_ssh_private_key_file"),
    "connection": ("ansible_connection",),
    "become": ("ansible_become",),
    "method": ("ansible_become_method",),
}
_ARGUMENTS = ("ansible_ssh_common_args", "ansible_ssh_extra_args", "ansible_ssh_args")
_SECRETS = (
    "ansible_password",
    "ansible_ssh_pass",
    "ansible_ssh_password",
    "ansible_become_password",
    "ansible_become_pass",
    "ansible_sudo_pass",
)
READ = frozenset({*(name for names in _NAMES.values() for name in names), *_ARGUMENTS, *_SECRETS})
"""The variables that mean something to us; others are kept only as far as these may name them."""

Variables = dict[str, str]


@dataclass(slots=True)
class AnsibleGroup:
    """One group while it is read."""

    place: Place = NOWHERE
    hosts: dict[str, Place] = field(default_factory=dict)
    children: dict[str, Place] = field(default_factory=dict)
    variables: Variables = field(default_factory=dict)


class AnsibleTree:
    """Groups and servers while they are read, and what they come to."""

    def __init__(self) -> None:
        self.groups: dict[str, AnsibleGroup] = {}
        self.hosts: dict[str, Variables] = {}
        self.places: dict[str, Place] = {}
        self.problems: list[Problem] = []
        self.notes: dict[Problem, None] = {}
        self._shared: dict[tuple[str, ...], Variables] = {}

    def group(self, name: str, place: Place) -> AnsibleGroup:
        """Return a group, made if it was not met before."""
        return self.groups.setdefault(name, AnsibleGroup(place))

    def add_host(self, name: str, group: str, place: Place, variables: Mapping[str, str]) -> None:
        """Put a server into a group; variables that were said before give way."""
        self.group(group, place).hosts.setdefault(name, place)
        self.places.setdefault(name, place)
        self.hosts.setdefault(name, {}).update(variables)

    def build(self) -> Found:
        """Return what all of it means; raises nothing, what is wrong is among the problems."""
        known = set(self.groups)
        for name, group in self.groups.items():
            for child, place in group.children.items():
                if child not in known:
                    hint = near_hint(child, known) if len(self.problems) < MOST_HINTS else ""
                    self.problems.append(Problem(place, f"group {name} has no group {child} in it", hint))
        around: dict[str, list[str]] = {}
        for name, group in self.groups.items():
            for child in group.children.keys() & known:
                around.setdefault(child, []).append(name)
        depths = self._measure(around)
        if self.problems:
            return Found(problems=tuple(self.problems))
        inside: dict[str, list[str]] = {}
        for name, group in self.groups.items():
            for host in group.hosts:
                inside.setdefault(host, []).append(name)
        reader = _Reader(self.notes)
        targets = []
        for host in self.hosts:
            variables = {**self._join(tuple(inside.get(host, ())), around, depths), **self.hosts[host]}
            target = reader.read(host, self.places[host], variables, self.problems)
            targets.extend([target] if target else [])
        return Found(
            targets=tuple(targets),
            groups=tuple(self._find_groups({target.name for target in targets})),
            credentials=reader.credentials,
            notes=tuple(self.notes),
            problems=tuple(self.problems),
        )

    def _measure(self, around: Mapping[str, list[str]]) -> Mapping[str, int]:
        """Return how deep each group stands; a circle is a problem."""
        missing = {name: len(around.get(name, ())) for name in self.groups}
        depths = {name: 0 if name == ALL else 1 for name in self.groups}
        ready = [name for name, count in missing.items() if not count]
        for name in ready:
            for child in self.groups[name].children:
                if child in missing:
                    depths[child] = max(depths[child], depths[name] + 1)
                    missing[child] -= 1
                    if not missing[child]:
                        ready.append(child)
        stuck = [name for name, count in missing.items() if count]
        if stuck:
            first = stuck[0]
            names = self._find_circle(first, frozenset(stuck))
            what = f"the groups contain each other: {' → '.join(names)}"
            self.problems.append(Problem(self.groups[names[0]].place, what, "take one of them out of the other"))
        return depths

    def _find_circle(self, start: str, stuck: frozenset[str]) -> list[str]:
        """Return a circle among groups that are in one or lie behind one: backwards one always comes to it."""
        trail: dict[str, None] = {}
        at = start
        while at not in trail:
            trail[at] = None
            at = next(name for name in stuck if at in self.groups[name].children)
        names = list(trail)
        circle = names[names.index(at) :]
        return [at, *reversed(circle)]

    def _join(self, groups: tuple[str, ...], around: Mapping[str, list[str]], depths: Mapping[str, int]) -> Variables:
        if groups not in self._shared:
            found = dict.fromkeys((ALL, *groups))
            waiting = list(groups)
            while waiting:
                for name in around.get(waiting.pop(), ()):
                    if name not in found:
                        found[name] = None
                        waiting.append(name)
            joined: Variables = {}
            for name in sorted(found, key=lambda name: (depths.get(name, 0), name)):
                if name in self.groups:
                    joined.update(self.groups[name].variables)
            self._shared[groups] = joined
        return self._shared[groups]

    def _find_groups(self, taken: set[str]) -> Iterable[FoundGroup]:
        for name, group in self.groups.items():
            targets = tuple(host for host in group.hosts if host in taken)
            if name not in _IMPLIED and (targets or group.children):
                yield FoundGroup(name=name, place=group.place, targets=targets, groups=tuple(group.children))


class _Reader:
    """Turns the variables of servers into settings, and names the keys that they log in with."""

    def __init__(self, notes: dict[Problem, None]) -> None:
        self.credentials: dict[str, str] = {}
        self._by_key: dict[str, str] = {}
        self._notes = notes

    def read(self, name: str, place: Place, variables: Variables, problems: list[Problem]) -> FoundTarget | None:
        """Return a server as an entry; ``None`` with a note or a problem if it cannot be one."""
        around = {"inventory_hostname": name, "inventory_hostname_short": name.partition(".")[0], **variables}
        try:
            said = {word: self._find(names, around) for word, names in _NAMES.items()}
            jump = self._find_jump(name, place, around)
        except _UnknownError as error:
            problems.append(Problem(place, f"{name}: {error}", error.remedy))
            return None
        if any(variables.get(secret) for secret in _SECRETS):
            remedy = "name where they are in a credential, as password: ansible-vault:PATH#KEY"
            self._note(place, f"{name}: passwords are not copied", remedy)
        if said["connection"].lower() in _LOCAL:
            return FoundTarget(name=name, place=place, way="local", settings=self._become(name, place, said))
        if said["connection"].lower() not in _SSH:
            self._note(place, f"{name} is left out: its connection is {said['connection']}", "add it by hand")
            return None
        settings = {"address": said["address"] or name, "port": said["port"], "user": said["user"], "jump": jump}
        settings |= self._become(name, place, said)
        return FoundTarget(
            name=name,
            place=place,
            settings={word: text for word, text in settings.items() if text},
            credential=self._name_key(said["key"]),
        )

    def _find(self, names: tuple[str, ...], variables: Variables) -> str:
        return next((_fill(variables[name], variables, name) for name in names if variables.get(name)), "")

    def _become(self, name: str, place: Place, said: Mapping[str, str]) -> dict[str, str]:
        if said["become"].lower() not in _TRUE:
            return {}
        if said["method"] not in _SUDO:
            self._note(place, f"{name}: become through {said['method']} is left out", "only sudo is known")
            return {}
        return {"become": "sudo"}

    def _find_jump(self, name: str, place: Place, variables: Variables) -> str:
        for variable in _ARGUMENTS:
            if not variables.get(variable):
                continue
            text = _fill(variables[variable], variables, variable)
            try:
                jump, runs = _read_arguments(shlex.split(text))
            except ValueError:
                self._note(place, f"{name}: {variable} is left out: a quotation does not end", "close it")
                continue
            if runs:
                self._note(place, f"{name}: ProxyCommand is left out, as nothing is run", "use ProxyJump, or `jump:`")
            if jump:
                return jump
        return ""

    def _name_key(self, key: str) -> str:
        if not key:
            return ""
        if key not in self._by_key:
            stem = re.sub(r"[^A-Za-z0-9_-]+", "-", key.rstrip("/").rpartition("/")[2]).strip("-") or "key"
            name, number = stem, 1
            while name in self.credentials:
                number += 1
                name = f"{stem}-{number}"
            self.credentials[name] = key
            self._by_key[key] = name
        return self._by_key[key]

    def _note(self, place: Place, what: str, remedy: str) -> None:
        self._notes[Problem(place, what, remedy)] = None


class _UnknownError(Exception):
    """A value stands in something that we cannot know."""

    def __init__(self, what: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(what)


_DYNAMIC = "set it in the inventory, or let `hardening inventory import ansible-inventory` ask Ansible"


def _fill(text: str, variables: Mapping[str, str], name: str) -> str:
    """Return a value with the variables in it replaced; anything cleverer than a name is beyond us."""
    for _ in range(_DEEPEST):
        if text.startswith(_VAULT):
            msg = f"{name} is encrypted"
            raise _UnknownError(msg, "write it plainly, or add the server by hand")
        unknown = [each for each in _TEMPLATE.findall(text) if each not in variables]
        if unknown:
            msg = f"{name} stands in the variable {unknown[0]}, which is not set here"
            raise _UnknownError(msg, _DYNAMIC)
        filled = _TEMPLATE.sub(lambda found: variables[found[1]], text)
        if filled == text:
            if "{%" in text or "{{" in text:
                break
            return text
        if len(filled) > _LONGEST:
            break
        text = filled
    msg = f"{name} cannot be worked out"
    raise _UnknownError(msg, _DYNAMIC)


_LONGEST = 4096


def _read_arguments(words: list[str]) -> tuple[str, bool]:
    """Return the jump hosts that arguments of ssh name, and whether they would run a program."""
    jump, runs = "", False
    for position, word in enumerate(words):
        following = words[position + 1] if position + 1 < len(words) else ""
        if word == "-J":
            jump = jump or following
        elif word.startswith("-J"):
            jump = jump or word[2:]
        option = following if word == "-o" else word[2:] if word.startswith("-o") else ""
        keyword, _, value = option.replace(" ", "=", 1).partition("=")
        if keyword.lower() == "proxyjump":
            jump = jump or value.strip()
        runs = runs or keyword.lower() == "proxycommand"
    return jump, runs
