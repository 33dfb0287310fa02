"""How apt reads its sources: one line each, or stanzas of deb822 (sources.list(5))."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.probes.apt_config import parse_apt_truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hardening.probes.config_lines import NumberedLines

_ONE_LINE = re.compile(r"\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)(?:\s+.*)?")
_OPTION = re.compile(r"([A-Za-z-]+)\s*[+-]?=\s*(\S*)")
_KEY = re.compile(r"([A-Za-z-]+)[ \t]*:(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSource:
    """One address that packages come from. ``verified`` is a text where it says neither yes nor no."""

    place: str
    manager: str
    uri: str
    enabled: bool
    verified: bool | str
    index_verified: bool | str


def read_one_line(name: str, lines: NumberedLines) -> list[PackageSource]:
    """Return the sources of a file in the style of one line each."""
    found = []
    for number, line in lines:
        match = _ONE_LINE.fullmatch(line.partition("#")[0].rstrip())
        if match is not None:
            options = {key.lower(): value for key, value in _OPTION.findall(match[2] or "")}
            found.append(_build(f"{name}:{number}", match[3], options, enabled=True))
    return found


def read_deb822(name: str, lines: NumberedLines) -> list[PackageSource]:
    """Return the sources of a file of stanzas; a stanza may be switched off, and may hold several addresses."""
    found = []
    for number, stanza in _split_stanzas(lines):
        enabled = parse_apt_truth(stanza.get("enabled", "yes"))
        options = {"trusted": stanza.get("trusted", ""), "allow-insecure": stanza.get("allow-insecure", "")}
        found += [
            _build(f"{name}:{number}", uri, options, enabled=enabled is not False)
            for uri in stanza.get("uris", "").split()
        ]
    return found


def _split_stanzas(lines: Iterable[tuple[int, str]]) -> list[tuple[int, Mapping[str, str]]]:
    stanzas: list[tuple[int, dict[str, str]]] = []
    key = ""
    is_open = False
    for number, line in lines:
        if not line.strip():
            is_open = False
            continue
        if not is_open:
            stanzas.append((number, {}))
            is_open, key = True, ""
        match = _KEY.fullmatch(line)
        if match is not None and not line[0].isspace():
            key = match[1].lower()
            stanzas[-1][1][key] = match[2].strip()
        elif key:
            stanzas[-1][1][key] += f" {line.strip()}"
    return [(number, stanza) for number, stanza in stanzas]


def _build(place: str, uri: str, options: Mapping[str, str], *, enabled: bool) -> PackageSource:
    verified = _is_verified((options.get("trusted", ""), options.get("allow-insecure", "")))
    return PackageSource(
        place=place, manager="apt", uri=uri, enabled=enabled, verified=verified, index_verified=verified
    )


def _is_verified(overrides: Sequence[str]) -> bool | str:
    """Say whether signatures decide: apt checks them unless an option of the source switches that off."""
    truths = [parse_apt_truth(text) for text in overrides]
    if any(truths):
        return False
    return next((text for text, truth in zip(overrides, truths, strict=True) if truth is None), True)
