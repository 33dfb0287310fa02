"""Time sources that configuration files name, as chronyd, systemd-timesyncd, ntpd and openntpd read them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.probes.config_files import classify, order_masked, refused_folders
from hardening.probes.config_lines import READERS, select
from hardening.probes.listing import Listing, Source
from hardening.probes.shell import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.probes.config_lines import NumberedLines

_CHRONY = (Source("/etc/chrony/chrony.conf"), Source("/etc/chrony.conf"))
_CHRONY_MORE = (
    Source("/etc/chrony/conf.d/*.conf", pattern=True),
    Source("/etc/chrony.d/*.conf", pattern=True),
    Source("/etc/chrony/sources.d/*.sources", pattern=True),
    Source("/run/chrony-dhcp/*.sources", pattern=True),
)
_NTP = (Source("/etc/ntpsec/ntp.conf"), Source("/etc/ntp.conf"))
_NTP_MORE = (Source("/etc/ntpsec/ntp.d/*.conf", pattern=True),)
_OPENNTPD = (Source("/etc/openntpd/ntpd.conf"), Source("/etc/ntpd.conf"))
_TIMESYNCD = tuple(
    Source(f"{root}/systemd/timesyncd.conf") for root in ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
)
_TIMESYNCD_MORE = tuple(Source(f"{main.text}.d/*.conf", pattern=True) for main in _TIMESYNCD)
_PROGRAMS = {
    "chrony": (Source("/usr/sbin/chronyd"),),
    "ntp": (Source("/usr/sbin/ntpd"),),
    "timesyncd": (Source("/usr/lib/systemd/systemd-timesyncd"), Source("/lib/systemd/systemd-timesyncd")),
}

SOURCES = (
    *_CHRONY,
    *_CHRONY_MORE,
    *_NTP,
    *_NTP_MORE,
    *_OPENNTPD,
    *_TIMESYNCD,
    *_TIMESYNCD_MORE,
    *(source for sources in _PROGRAMS.values() for source in sources),
)

# chrony.conf(5): a pool takes four servers unless told otherwise; ntp.conf(5): about as many.
_POOL = 4
_FOLDERS = {"confdir", "sourcedir"}


@dataclass(slots=True)
class Configured:
    """What files configure; ``problem`` says why there may be more."""

    servers: tuple[str, ...] = ()
    count: int = 0
    problem: str = ""
    files: list[str] = field(default_factory=list)

    def add(self, server: str, count: int) -> None:
        """Add a source."""
        self.servers = tuple(dict.fromkeys((*self.servers, server)))
        self.count += count


@dataclass(frozen=True, slots=True)
class _Files:
    listing: Listing
    lines: Mapping[str, NumberedLines]

    def read(self, sources: Sequence[Source], found: Configured) -> list[tuple[str, str]]:
        """Return names and texts of what stands at some sources, noting what could not be read."""
        texts = []
        for source in sources:
            entries = sorted(self.listing.entries.get(source, ()), key=lambda entry: entry.name)
            files = [classify(entry) for entry in entries] + refused_folders(self.listing, source)
            for file in files:
                if file.problem:
                    found.problem = found.problem or file.problem
                elif file.name:
                    texts.append((file.name, "\n".join(line for _, line in self.lines.get(file.name, ()))))
        return texts


def read_sources(listing: Listing, lines: Mapping[str, NumberedLines], running: Sequence[str]) -> Configured:
    """Return the sources of the daemons that run, or where none does, of the first one that is installed."""
    found = Configured()
    files = _Files(listing, lines)
    installed = [name for name, programs in _PROGRAMS.items() if any(listing.entries.get(file) for file in programs)]
    for name in running or installed[:1]:
        match name:
            case "chrony":
                _read_chrony(files, found)
            case "ntp" | "openntpd":
                _read_ntp(files, found)
            case "timesyncd":
                _read_timesyncd(listing, lines, found)
            case _:
                found.problem = found.problem or f"the configuration of {clean(name)[:50]} is not read"
    return found


def _read_chrony(files: _Files, found: Configured) -> None:
    main = files.read(_CHRONY, found)
    for name, text in (*main[:1], *_read_more(files, found, main[:1])):
        found.files.append(clean(name))
        for words in _split_lines(text, "#;!%"):
            _read_chrony_line(words, found)


def _read_more(files: _Files, found: Configured, main: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the files in folders that the main file names; a folder that was not looked into is a problem."""
    more: list[tuple[str, str]] = []
    known = {source.text.rpartition("/")[0]: source for source in _CHRONY_MORE}
    for words in (words for _, text in main for words in _split_lines(text, "#;!%")):
        keyword = words[0].lower()
        if keyword in _FOLDERS:
            for folder in (word.rstrip("/").replace("/var/run/", "/run/") for word in words[1:]):
                if folder in known:
                    more += files.read([known[folder]], found)
                else:
                    found.problem = found.problem or f"{folder} is not looked into"
        elif keyword == "include" and len(words) > 1:
            source = known.get(words[1].rpartition("/")[0])
            if source is None:
                found.problem = found.problem or f"{words[1]} is not looked into"
            else:
                more += files.read([source], found)
    return more


def _read_chrony_line(words: Sequence[str], found: Configured) -> None:
    keyword, *rest = words
    if not rest:
        return
    match keyword.lower():
        case "server" | "peer":
            found.add(clean(rest[0]), 1)
        case "pool":
            options = [word.lower() for word in rest]
            given = options[options.index("maxsources") + 1 :][:1] if "maxsources" in options else []
            found.add(clean(rest[0]), int(given[0]) if given and re.fullmatch(r"[0-9]{1,3}", given[0]) else _POOL)
        case "refclock":
            found.add(clean(" ".join(rest[:2])), 1)
        case _:
            pass


def _read_ntp(files: _Files, found: Configured) -> None:
    main = files.read(_NTP, found)[:1] or files.read(_OPENNTPD, found)[:1]
    for name, text in (*main, *files.read(_NTP_MORE, found)):
        found.files.append(clean(name))
        for words in _split_lines(text, "#"):
            match [words[0].lower(), *words[1:]]:
                case ["server" | "peer", address, *_] if not address.startswith("127.127.1."):
                    found.add(clean(address), 1)
                case ["pool" | "servers", address, *_]:
                    found.add(clean(address), _POOL)
                case ["refclock" | "sensor", address, *_]:
                    found.add(clean(address), 1)
                case ["includefile", path, *_]:
                    found.problem = found.problem or f"{clean(path)[:100]} is not looked into"
                case _:
                    pass


def _read_timesyncd(listing: Listing, lines: Mapping[str, NumberedLines], found: Configured) -> None:
    mains = [entry for source in _TIMESYNCD for entry in listing.entries.get(source, ())]
    order = [classify(mains[0])] if mains else []
    servers: list[str] = []
    fallback: list[str] = []
    is_fallback_set = False
    for file in (*order, *order_masked(listing, _TIMESYNCD_MORE)):
        if file.problem:
            found.problem = found.problem or file.problem
        if file.problem or not file.name:
            continue
        found.files.append(clean(file.name))
        assignments = list(READERS["systemd"](lines.get(file.name, [])))
        for assignment in select(assignments, "NTP", "Time", ignore_case=False):
            servers = [*servers, *assignment.value.split()] if assignment.value else []
        for assignment in select(assignments, "FallbackNTP", "Time", ignore_case=False):
            fallback = [*fallback, *assignment.value.split()] if assignment.value else []
            is_fallback_set = True
    if not servers and not is_fallback_set and mains:
        # What is built in stands in the file as a comment.
        texts = (line for _, line in lines.get(mains[0].name, ()))
        fallback = next((line.partition("=")[2].split() for line in texts if line.startswith("#FallbackNTP=")), [])
    for server in servers or fallback:
        found.add(clean(server), 1)


def _split_lines(text: str, comments: str) -> list[list[str]]:
    lines = (line.strip() for line in text.split("\n"))
    return [line.split() for line in lines if line and line[0] not in comments]
