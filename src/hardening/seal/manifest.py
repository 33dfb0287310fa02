"""The manifest of a scan: a text that `sha256sum -c` reads, with what else there is to say in its comments."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hardening.model.clean import clean_line

MANIFEST = "MANIFEST"
SIGNATURE = "MANIFEST.sig"
NONE = "none"
_FIRST = "# hardening evidence 1"
_FACT = re.compile(r"# ([a-z-]+): (.*)")
_FILE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """``facts`` are words by name; ``seen`` is a line for each endpoint; ``files`` are digests by name.

    ``previous`` is the SHA-256 of the manifest before, or `none`.
    """

    scan: str
    number: int
    previous: str
    facts: Mapping[str, str] = field(default_factory=dict)
    seen: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def render_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as it is signed."""
    lines = [
        _FIRST,
        f"# scan: {clean_line(manifest.scan)}",
        f"# number: {manifest.number}",
        f"# previous: {manifest.previous}",
        *(f"# {name}: {clean_line(value)}" for name, value in manifest.facts.items()),
        *(f"# seen: {clean_line(line)}" for line in manifest.seen),
        *(f"{digest}  {name}" for name, digest in sorted(manifest.files.items())),
        "",
    ]
    return "\n".join(lines).encode("utf-8", "replace")


def parse_manifest(data: bytes) -> Manifest:
    """Return what a manifest says; raises ``ValueError``."""
    lines = data.decode("utf-8").split("\n")
    if lines[:1] != [_FIRST] or lines[-1]:
        msg = "not a manifest of this version"
        raise ValueError(msg)
    facts: dict[str, str] = {}
    seen: list[str] = []
    files: dict[str, str] = {}
    for line in lines[1:-1]:
        if fact := _FACT.fullmatch(line):
            name, value = fact.groups()
            if name == "seen":
                seen.append(value)
            else:
                facts[name] = value
        elif file := _FILE.fullmatch(line):
            files[file[2]] = file[1]
        else:
            msg = f"a line is neither a fact nor a digest: {clean_line(line, 60)}"
            raise ValueError(msg)
    try:
        scan, number, previous = facts.pop("scan"), int(facts.pop("number")), facts.pop("previous")
    except KeyError as error:
        msg = f"{error} is missing"
        raise ValueError(msg) from error
    return Manifest(scan=scan, number=number, previous=previous, facts=facts, seen=tuple(seen), files=files)


def digest(data: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
