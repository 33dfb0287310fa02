"""What a target turned out to be, and the conditions that decide whether a check applies to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hardening.model.evidence import ABSENT, Absent, Unreadable

AT_REST = "hardening_at_rest"
"""The environment variable that a session sets where kernel and processes are the visit's own, not the target's.

Scripts that ask for a running system look for ``"/proc/sys/kernel$hardening_at_rest"``: no such folder where it is set.
"""

_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSystem:
    """The operating system seen on a target.

    ``distribution`` and ``like`` are ``ID`` and ``ID_LIKE`` of os-release(5); ``version`` is ``VERSION_ID``
    (empty on rolling releases). ``container`` and ``running`` say whether the kernel belongs to somebody else
    and whether there is a running system at all; without one, no ``kernel``.

    On Windows ``distribution`` is `windows-server` or `windows-client`, ``version`` that of its name (`2012r2`, `2022`,
    `11`), and ``kernel`` its full number with the update (`10.0.20348.2700`), of which ``build`` is the third part.
    ``role`` is `member`, `domain_controller` or `stand_alone`, ``installation`` is `core` or `desktop`; ``powershell``
    and ``language_mode`` are those that answered. All are empty elsewhere, and where they could not be seen.
    """

    family: str
    distribution: str
    like: tuple[str, ...] = ()
    version: str = ""
    title: str = ""
    kernel: str = ""
    architecture: str = ""
    hostname: str = ""
    container: bool = False
    running: bool = True
    build: int = -1
    role: str = ""
    installation: str = ""
    powershell: str = ""
    language_mode: str = ""


class DirectoryKind(StrEnum):
    """What a directory is; ``OTHER`` is one that we do not know, of which little is judged."""

    ACTIVE_DIRECTORY = "active-directory"
    OPENLDAP = "openldap"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The directory seen on a target.

    ``vendor`` is what the root DSE says of its maker, ``server`` its host name, ``domain`` its first naming context.
    Functional levels are the numbers of Active Directory (7 is 2016), -1 where none is told.
    """

    kind: DirectoryKind
    vendor: str = ""
    server: str = ""
    domain: str = ""
    forest_level: int = -1
    domain_level: int = -1
    server_level: int = -1

    @property
    def title(self) -> str:
        """What it is and of what, in the words of its makers."""
        name = {"active-directory": "Active Directory", "openldap": "OpenLDAP"}.get(self.kind, self.vendor or "LDAP")
        return f"{name}, {self.domain}" if self.domain else name


@dataclass(frozen=True, slots=True)
class Platform:
    """The facets of a target; a facet that nobody could look at is unreadable, one that is not there absent."""

    os: OperatingSystem | Absent | Unreadable = ABSENT
    directory: Directory | Absent | Unreadable = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformCondition:
    """One way in which a check applies: everything that is given must hold. ``()`` and ``""`` ask nothing.

    ``directory`` names kinds of directory, ``role`` and ``installation`` those of a Windows server; any named will do.
    """

    os_family: str = ""
    distribution: tuple[str, ...] = ()
    version_at_least: str = ""
    version_below: str = ""
    container: bool | Absent = ABSENT
    running: bool | Absent = ABSENT
    directory: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    installation: tuple[str, ...] = ()

    @property
    def asks_for_system(self) -> bool:
        """Whether it asks anything of the operating system."""
        return self != PlatformCondition(directory=self.directory)

    def holds_for(self, system: OperatingSystem) -> bool:
        """Say whether the operating system meets everything that this condition asks."""
        return (
            (not self.os_family or system.family == self.os_family)
            and (not self.distribution or system.distribution in self.distribution)
            and (not self.version_at_least or version_numbers(system.version) >= version_numbers(self.version_at_least))
            and (not self.version_below or version_numbers(system.version) < version_numbers(self.version_below))
            and (isinstance(self.container, Absent) or system.container == self.container)
            and (isinstance(self.running, Absent) or system.running == self.running)
            and (not self.role or system.role in self.role)
            and (not self.installation or system.installation in self.installation)
        )


def version_numbers(version: str) -> tuple[int, ...]:
    """Return the numbers in a release number, for comparing; ``"22.04"`` gives ``(22, 4)``."""
    return tuple(int(number) for number in _NUMBERS.findall(version))
