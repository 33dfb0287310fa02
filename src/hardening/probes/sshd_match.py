"""Whether a connection meets the criteria of a Match line: sshd_config(5), and PATTERNS in ssh_config(5)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import Enum, auto
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


class Meets(Enum):
    """Whether a connection meets criteria; UNKNOWN where only sshd can tell."""

    YES = auto()
    NO = auto()
    UNKNOWN = auto()


_OF_LISTS = frozenset({"user", "group", "host", "address", "localaddress", "rdomain"})
_OF_CONNECTIONS = _OF_LISTS | {"all", "invalid-user", "localport", "version"}
"""The criteria of OpenSSH 10; `version` is the same for every connection, and sshd knows its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What `sshd -T -C` is told; what is empty was not told, and meets no criterion."""

    user: str = ""
    host: str = ""
    address: str = ""
    local_address: str = ""
    local_port: str = ""
    rdomain: str = ""
    is_user_invalid: bool = False
    groups: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, specification: str, groups: frozenset[str]) -> Self:
        """Return the connection of a specification such as `user=root,host=x,addr=10.0.0.1`."""
        words = specification.split(",")
        told = dict(word.split("=", 1) for word in words if "=" in word)
        return cls(
            user=told.get("user", ""),
            host=told.get("host", ""),
            address=told.get("addr", ""),
            local_address=told.get("laddr", ""),
            local_port=told.get("lport", ""),
            rdomain=told.get("rdomain", ""),
            is_user_invalid="invalid-user" in words,
            groups=groups,
        )


def meets_criteria(connection: Connection, arguments: Sequence[str]) -> Meets:
    """Say whether the connection meets all criteria of a Match line, given its arguments."""
    verdicts = [_meets_criterion(connection, name, value) for name, value in split_criteria(arguments)]
    if not verdicts or Meets.NO in verdicts:
        return Meets.NO
    return Meets.UNKNOWN if Meets.UNKNOWN in verdicts else Meets.YES


def split_criteria(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """Return the criteria of a Match line with their patterns; `all` and `invalid-user` have none."""
    criteria: list[tuple[str, str]] = []
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        name = name.lower()
        if name not in {"all", "invalid-user"} and not equals:
            value = rest.pop(0) if rest else ""
        criteria.append((name, value))
    return criteria


def can_be_met(arguments: Sequence[str]) -> bool:
    """Say whether any connection can meet the criteria: a list of negations alone matches nothing."""
    return not any(
        value and all(pattern.startswith("!") for pattern in value.split(","))
        for name, value in split_criteria(arguments)
        if name in _OF_LISTS
    )


def can_be_made_up(arguments: Sequence[str]) -> bool:
    """Say whether a connection can be made up for the criteria; what `exec` decides is no matter of connections."""
    return all(name in _OF_CONNECTIONS for name, _ in split_criteria(arguments))


def _meets_criterion(connection: Connection, name: str, value: str) -> Meets:
    met: Mapping[str, Callable[[], bool]] = {
        "all": lambda: True,
        "invalid-user": lambda: connection.is_user_invalid,
        "user": lambda: _is_admitted({connection.user}, value, _matches_pattern),
        "group": lambda: _is_admitted(connection.groups, value, _matches_pattern),
        "host": lambda: _is_admitted({connection.host.lower()}, value.lower(), _matches_pattern),
        "address": lambda: _is_admitted({connection.address}, value, _matches_address),
        "localaddress": lambda: _is_admitted({connection.local_address}, value, _matches_address),
        "localport": lambda: bool(value) and connection.local_port == value,
        "rdomain": lambda: _is_admitted({connection.rdomain}, value, _matches_pattern),
    }
    if name not in met:
        return Meets.UNKNOWN
    return Meets.YES if met[name]() else Meets.NO


def _is_admitted(texts: Collection[str], patterns: str, matches: Callable[[str, str], bool]) -> bool:
    """Say whether one of the texts matches a pattern of the list with commas, and none a pattern behind `!`."""
    listed = patterns.split(",")
    wanted = [pattern for pattern in listed if not pattern.startswith("!")]
    unwanted = [pattern[1:] for pattern in listed if pattern.startswith("!")]
    told = [text for text in texts if text]
    return any(matches(text, pattern) for text in told for pattern in wanted) and not any(
        matches(text, pattern) for text in told for pattern in unwanted
    )


def _matches_pattern(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _matches_address(text: str, pattern: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    try:
        return address in ipaddress.ip_network(pattern)
    except ValueError:
        return _matches_pattern(text, pattern)
