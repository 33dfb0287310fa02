"""Servers as a directory tells of them: what runs on one, and whether it is one that somebody else names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class ServerKind(StrEnum):
    """What a computer is, by the operating system that it told the directory."""

    WINDOWS_SERVER = "windows-server"
    UNIX = "unix"
    CLIENT = "client"
    OTHER = "other"
    UNTOLD = "untold"


SEEN_DAYS = 60
"""A computer is in use if it was seen in so many days, unless somebody says otherwise."""

SERVERS = frozenset({ServerKind.WINDOWS_SERVER, ServerKind.UNIX})
"""The kinds that are scanned as servers."""

_UNIX = re.compile(
    r"linux|samba|ubuntu|debian|red ?hat|rhel|centos|rocky|alma|oracle|suse|sles|fedora|amazon|bsd|unix|solaris",
    re.IGNORECASE,
)
_CLIENT = re.compile(r"^windows|mac ?os|os x|\bios\b|android|chrome ?os", re.IGNORECASE)
_WINDOWS_SERVER = re.compile(r"(windows|hyper-v).*server|^windows nt", re.IGNORECASE)


def tell_server(operating_system: str) -> ServerKind:
    """Return what a computer is by the text that it wrote into `operatingSystem`; these are names of makers."""
    if not operating_system.strip():
        return ServerKind.UNTOLD
    if _WINDOWS_SERVER.search(operating_system):
        return ServerKind.WINDOWS_SERVER
    if _CLIENT.search(operating_system):
        return ServerKind.CLIENT
    return ServerKind.UNIX if _UNIX.search(operating_system) else ServerKind.OTHER


def normalise_host(text: str) -> str:
    """Return a host name as names are compared: in small letters, without a dot at its end."""
    return text.strip().rstrip(".").lower()


def is_ip_address(text: str) -> bool:
    """Say whether a text is an IP address, with or without a zone."""
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class HostNames:
    """Names that something is known by: full ones count as they are, a short one for its host in any domain."""

    full: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)

    def add(self, name: str, addresses: Iterable[str]) -> None:
        """Add a thing by its name and the addresses that lead to it.

        A name without a domain counts only where no address says which domain is meant.
        """
        hosts = {normalise_host(address) for address in addresses if address and not is_ip_address(address)}
        full = {host for host in hosts if "." in host}
        own = normalise_host(name)
        self.full |= full | ({own} if "." in own else set())
        self.short |= hosts - full | ({own} if "." not in own and not full else set())

    def holds(self, host: str) -> bool:
        """Say whether a host with this full name is among them."""
        host = normalise_host(host)
        return host in self.full or host.partition(".")[0] in self.short
