"""Targets named on the command line without an inventory: `local`, `ssh://audit@web-01:22`, `recorded:FILE`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from hardening.errors import UsageError
from hardening.model.evidence import ABSENT, Absent
from hardening.model.target import (
    Become,
    Credential,
    Endpoint,
    LocalEndpoint,
    RecordedEndpoint,
    SshEndpoint,
)

_LAST_PORT = 65_535
_SSH_PORT = 22
_JUMP = re.compile(r"(?:(?P<user>[^@\s]+)@)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[^:\[\]@/\s]+)(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressOptions:
    """What the command line says about all targets that it names by address; empty means not said."""

    user: str = ""
    key: str = ""
    known_hosts: str = ""
    jump: str = ""
    become: Become = Become.NO
    sudo_password: str = ""
    password: str = ""


def is_address(text: str) -> bool:
    """Say whether a word on the command line is an address rather than a name from the inventory."""
    return text == "local" or text.startswith(("ssh://", "recorded:"))


def parse_address(text: str, options: AddressOptions) -> Endpoint:
    """Return the endpoint that an address means; raises ``UsageError`` with the form that is expected."""
    credential = Credential(key=options.key, password=options.password, sudo_password=options.sudo_password)
    if text == "local":
        return LocalEndpoint(become=options.become, credential=credential)
    if text.startswith("recorded:"):
        path = text.removeprefix("recorded:")
        if not path:
            msg = "recorded: names no file; write recorded:FILE"
            raise UsageError(msg)
        return RecordedEndpoint(path)
    if text.startswith("ssh://"):
        return _parse_ssh(text, options, credential)
    msg = f"{text}: not an address; use local, ssh://USER@HOST:PORT or recorded:FILE, or a name from the inventory"
    raise UsageError(msg)


def _parse_ssh(text: str, options: AddressOptions, credential: Credential) -> SshEndpoint:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        msg = f"{text}: not an address ({error}); write ssh://USER@HOST:PORT"
        raise UsageError(msg) from error
    if not host or parts.path.strip("/") or parts.query or parts.fragment:
        msg = f"{text}: not an address; write ssh://USER@HOST:PORT"
        raise UsageError(msg)
    if parts.password is not None:
        msg = f"ssh://{host}: a password on the command line can be read by others; use --password-from env:NAME"
        raise UsageError(msg)
    return SshEndpoint(
        address=host,
        port=port or _SSH_PORT,
        user=unquote(parts.username or "") or options.user,
        jump=parse_jump(options.jump, options.known_hosts, credential),
        become=options.become,
        known_hosts=options.known_hosts,
        credential=credential,
    )


def parse_jump(text: str, known_hosts: str, credential: Credential) -> SshEndpoint | Absent:
    """Return the jump host that `USER@HOST:PORT` means, absent if nothing is named; raises ``UsageError``."""
    if not text:
        return ABSENT
    match = _JUMP.fullmatch(text)
    port = int(match["port"] or _SSH_PORT) if match else 0
    if match is None or not 0 < port <= _LAST_PORT:
        msg = f"{text}: not a jump host; write USER@HOST:PORT"
        raise UsageError(msg)
    return SshEndpoint(
        address=match["host"].strip("[]"),
        port=port,
        user=match["user"] or "",
        known_hosts=known_hosts,
        credential=credential,
    )


def name_of(endpoint: Endpoint) -> str:
    """Return the name of a target that has none: its host, with the port where it is not the usual one."""
    match endpoint:
        case SshEndpoint(address=address, port=port):
            return address if port == _SSH_PORT else f"{address}:{port}"
        case LocalEndpoint():
            return "local"
        case RecordedEndpoint(path):
            return path.rsplit("/", 1)[-1].removesuffix(".gz").removesuffix(".json").removesuffix(".recording")
