"""The way to a server behind SSH: what a person said, completed from ssh_config, through any number of jump hosts."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import UsageError
from hardening.model.evidence import ABSENT, Absent
from hardening.model.target import Become, Credential, HostKeys, SshEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.inventory.ssh_config import SshConfig, SshSettings

SSH_PORT = 22
MOST_JUMPS = 8
"""Jump hosts that may stand one behind another."""
NONE = "none"
"""In place of a jump host or a file: none, whatever else is said."""

SYSTEM_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts"

_LAST_PORT = 65_535
_JUMP = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@\s]+)@)?(?P<host>\[[0-9A-Fa-f:.]+(?:%[^\[\]@\s]+)?\]|[^:\[\]@/\s]+)(?::(?P<port>\d+))?/?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person said about a server; empty and 0 are not said, and may stand in ``config``.

    ``address`` may be a name that only ssh_config knows. Without ``jump`` ssh_config decides on jump hosts.
    """

    address: str
    port: int = 0
    user: str = ""
    jump: SshEndpoint | Absent = ABSENT
    is_jump_said: bool = False
    become: Become = Become.NO
    known_hosts: str = ""
    host_keys: HostKeys = HostKeys.KNOWN
    credential: Credential = field(default_factory=Credential)
    config: SshConfig | Absent = ABSENT


def build_route(wanted: Wanted, chain: tuple[str, ...] = ()) -> SshEndpoint:
    """Return the endpoint that is wanted; ``chain`` are the names that led to it.

    Raises ``UsageError`` if jump hosts form a circle, ``ContentError`` for an invalid ssh_config.
    """
    if isinstance(wanted.config, Absent):
        return _build(wanted)
    said = wanted.config.look_up(wanted.address, user=wanted.user, port=wanted.port)
    known_hosts, *more = _known_hosts(wanted, said)
    jump = wanted.jump
    if not wanted.is_jump_said and said.jump:
        # A jump host is reached by what is said about it, and logged in to with what was said about all.
        behind = replace(wanted, address="", port=0, user="", become=Become.NO)
        jump = parse_jump(said.jump, behind, (*chain, wanted.address))
    complete = replace(
        wanted,
        address=said.address,
        port=said.port,
        user=said.user,
        jump=jump,
        known_hosts=known_hosts,
        credential=_find_proofs(wanted.credential, said),
    )
    return replace(_build(complete), more_known_hosts=tuple(more))


def parse_jump(text: str, behind: Wanted, chain: tuple[str, ...] = ()) -> SshEndpoint | Absent:
    """Return the jump hosts that `USER@HOST:PORT,…` means, the first one nearest to us; absent if none is named.

    ``behind`` says what holds for each of them. Raises ``UsageError``.
    """
    if text in {"", NONE}:
        return ABSENT
    jump: SshEndpoint | Absent = ABSENT
    for position, part in enumerate(text.split(",")):
        match = _JUMP.fullmatch(part.strip())
        port = int(match["port"] or 0) if match else -1
        if match is None or not 0 <= port <= _LAST_PORT or match["port"] == "0":
            msg = f"{text}: not a jump host; write USER@HOST:PORT, and a comma before the next one"
            raise UsageError(msg)
        name = match["host"].strip("[]")
        if name in chain or len(chain) >= MOST_JUMPS:
            raise _circle((*chain, name))
        one = replace(behind, address=name, port=port, user=match["user"] or "", jump=jump, is_jump_said=position > 0)
        jump = build_route(one, chain)
    return jump


def require_straight(endpoint: SshEndpoint) -> SshEndpoint:
    """Return an endpoint whose jump hosts are all different servers; raises ``UsageError`` for another one."""
    places = [(each.address.lower(), each.port) for each in _hops(endpoint)]
    if len(set(places)) < len(places):
        raise _circle(tuple(each.address for each in _hops(endpoint)))
    return endpoint


def _hops(endpoint: SshEndpoint | Absent) -> Iterator[SshEndpoint]:
    while not isinstance(endpoint, Absent):
        yield endpoint
        endpoint = endpoint.jump


def _circle(names: tuple[str, ...]) -> UsageError:
    return UsageError(f"the jump hosts form a circle: {' → '.join(names)}; leave one of them out")


def _build(wanted: Wanted) -> SshEndpoint:
    return SshEndpoint(
        address=wanted.address,
        port=wanted.port or SSH_PORT,
        user=wanted.user,
        jump=wanted.jump,
        become=wanted.become,
        known_hosts=wanted.known_hosts,
        host_keys=wanted.host_keys,
        credential=wanted.credential,
    )


def _known_hosts(wanted: Wanted, said: SshSettings) -> tuple[str, ...]:
    """Return the files with host keys: the one that was named, else those of ssh_config and the machine's own."""
    if wanted.known_hosts or not said.known_hosts:
        return (wanted.known_hosts,)
    return (*(name for name in said.known_hosts if name != NONE), SYSTEM_KNOWN_HOSTS)


def _find_proofs(credential: Credential, said: SshSettings) -> Credential:
    """Return what to log in with: what was said, else the first key of ssh_config that is there.

    A credential that has a key or a password already needs none of it.
    """
    if credential.key or credential.password:
        return credential
    return replace(credential, key=_first_there(said.keys), certificate=_first_there(said.certificates))


def _first_there(names: tuple[str, ...]) -> str:
    return next((name for name in names if os.path.lexists(Path(name))), names[0] if names else "")
