"""Access lists of Windows as text (SDDL), and who beside administrators may change what they protect.

Denials are left out: an entry that allows counts, as a person who looks for a way in would count it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FILE_WRITE = 0x0002 | 0x0004 | 0x0004_0000 | 0x0008_0000 | 0x4000_0000 | 0x1000_0000
"""Rights by which a file is changed: write, append, change its list or owner, and the generic ones that hold them."""

FOLDER_WRITE = 0x0002 | 0x0040 | 0x0004_0000 | 0x0008_0000 | 0x4000_0000 | 0x1000_0000
"""The same of a folder: add files, delete what is in it. That anybody may add folders below C: is left out."""

_NAMES = {
    "AN": "S-1-5-7",
    "AO": "S-1-5-32-548",
    "AU": "S-1-5-11",
    "BA": "S-1-5-32-544",
    "BG": "S-1-5-32-546",
    "BO": "S-1-5-32-551",
    "BU": "S-1-5-32-545",
    "CG": "S-1-3-1",
    "CO": "S-1-3-0",
    "DA": "S-1-5-21-*-512",
    "DU": "S-1-5-21-*-513",
    "EA": "S-1-5-21-*-519",
    "ED": "S-1-5-9",
    "ER": "S-1-5-32-573",
    "IU": "S-1-5-4",
    "LA": "S-1-5-21-*-500",
    "LG": "S-1-5-21-*-501",
    "LS": "S-1-5-19",
    "NS": "S-1-5-20",
    "NU": "S-1-5-2",
    "OW": "S-1-3-4",
    "PO": "S-1-5-32-550",
    "PU": "S-1-5-32-547",
    "RC": "S-1-5-12",
    "RD": "S-1-5-32-555",
    "RM": "S-1-5-32-580",
    "SO": "S-1-5-32-549",
    "SU": "S-1-5-6",
    "SY": "S-1-5-18",
    "WD": "S-1-1-0",
}
_RIGHTS = {
    "GA": 0x1000_0000,
    "GX": 0x2000_0000,
    "GW": 0x4000_0000,
    "GR": 0x8000_0000,
    "RC": 0x0002_0000,
    "SD": 0x0001_0000,
    "WD": 0x0004_0000,
    "WO": 0x0008_0000,
    "FA": 0x001F_01FF,
    "FR": 0x0012_0089,
    "FW": 0x0012_0116,
    "FX": 0x0012_00A0,
    "KA": 0x000F_003F,
    "KR": 0x0002_0019,
    "KW": 0x0002_0006,
    "CC": 0x0001,
    "DC": 0x0002,
    "LC": 0x0004,
    "SW": 0x0008,
    "RP": 0x0010,
    "WP": 0x0020,
    "DT": 0x0040,
    "LO": 0x0080,
    "CR": 0x0100,
}
_LIST = re.compile(r"D:([A-Z_]*)((?:\([^()]*(?:\([^()]*\)[^()]*)*\))*)")
_ENTRY = re.compile(r"\((X?A|O?A|X?D|O?D);([A-Z]*);([^;]*);[^;]*;[^;]*;([^;)]*)[^)]*\)")
_DOMAIN = re.compile(r"S-1-5-21-[0-9]+-[0-9]+-[0-9]+-([0-9]+)")
_MOST = 100_000

_TRUSTED = frozenset(
    {
        "S-1-5-18",
        "S-1-5-32-544",
        "S-1-3-0",
        "S-1-3-4",
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
    }
)
"""SYSTEM, administrators, who made or owns a thing, and TrustedInstaller."""

_TRUSTED_IN_DOMAINS = frozenset({"500", "512", "519"})


@dataclass(frozen=True, slots=True)
class SddlEntry:
    """One entry that allows: whom, what, and whether it is only for what lies below."""

    sid: str
    mask: int
    inherit_only: bool


def parse_sddl(text: str) -> tuple[SddlEntry, ...] | None:
    """Return the entries that allow; everybody everything where there is no list; ``None`` for what is no SDDL."""
    if len(text) > _MOST or not re.match(r"(?:[OGDS]:|$)", text):
        return None
    found = _LIST.search(text)
    if found is None or "NO_ACCESS_CONTROL" in found[1]:
        return (SddlEntry("S-1-1-0", 0x1000_0000, inherit_only=False),)
    return tuple(
        SddlEntry(_NAMES.get(entry[4], entry[4]), _mask(entry[3]), "IO" in _pairs(entry[2]))
        for entry in _ENTRY.finditer(found[2])
        if "A" in entry[1]
    )


def find_writers(text: str, mask: int) -> tuple[str, ...] | None:
    """Return the SIDs beside administrators and Windows itself that have a right in ``mask``; ``None`` for no SDDL."""
    entries = parse_sddl(text)
    if entries is None:
        return None
    allowed = {entry.sid for entry in entries if entry.mask & mask and not entry.inherit_only}
    return tuple(sorted(sid for sid in allowed if not is_trusted(sid)))


def is_trusted(sid: str) -> bool:
    """Say whether a SID stands for administrators, or for Windows itself."""
    domain = _DOMAIN.fullmatch(sid)
    rid = domain[1] if domain else sid.removeprefix("S-1-5-21-*-")
    return sid in _TRUSTED or (sid.startswith("S-1-5-21-") and rid in _TRUSTED_IN_DOMAINS)


def _mask(text: str) -> int:
    if re.fullmatch(r"0[xX][0-9A-Fa-f]{1,8}", text):
        return int(text, 16)
    if re.fullmatch(r"[0-9]{1,10}", text):
        return int(text)
    mask = 0
    for pair in _pairs(text):
        mask |= _RIGHTS.get(pair, 0)
    return mask


def _pairs(text: str) -> list[str]:
    return [text[start : start + 2] for start in range(0, len(text), 2)]
