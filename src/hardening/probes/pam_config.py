"""What modules of PAM read besides their arguments: the files, one effective setting, and lines of ``key value``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardening.probes.listing import Source
from hardening.probes.pam_files import PamFiles
from hardening.probes.shell import clean

PWQUALITY = "/etc/security/pwquality.conf"
FAILLOCK = "/etc/security/faillock.conf"
PWHISTORY = "/etc/security/pwhistory.conf"
LOGIN_DEFS = "/etc/login.defs"
LOGIN_DEFAULTS = "/etc/default/login"

CONFIGURATION = (
    Source(PWQUALITY),
    Source(f"{PWQUALITY}.d/*.conf", pattern=True),
    Source(FAILLOCK),
    Source(PWHISTORY),
    Source(LOGIN_DEFS),
    Source(LOGIN_DEFAULTS),
)
ARGUMENTS = "module arguments"
WHOLE = re.compile(r"\s*([+-]?[0-9]{1,9})")
EQUALS = re.compile(r"([^\s=]+)(?:\s*=\s*|\s+|$)(.*)")
_DEFAULT = "default of the module"
_SPACE = " \t\r\n\f\v"


@dataclass(frozen=True, slots=True)
class Setting:
    """The effective value of an option; ``fault`` says why it cannot be told. ``given`` is false for a default."""

    value: str = ""
    place: str = _DEFAULT
    given: bool = False
    fault: str = ""


def read_lines(path: str, files: PamFiles) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file without comments."""
    for number, line in files.lines.get(path, []):
        yield number, line.partition("#")[0].strip(_SPACE)


def read_pairs(path: str, files: PamFiles) -> Iterator[tuple[int, str, str]]:
    """Yield number, key and value of the lines that have a key."""
    for number, line in read_lines(path, files):
        match = EQUALS.fullmatch(line)
        if match is not None:
            yield number, match[1], match[2]


def search_key(key: str, path: str, files: PamFiles) -> Setting | None:
    """Find a key as pam_modutil_search_key does: the first line counts, and case does not."""
    for number, name, value in read_pairs(path, files):
        if name.lower() == key.lower():
            return Setting(value, f"{clean(path)}:{number}", given=True)
    return None
