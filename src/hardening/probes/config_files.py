"""In which order daemons read their files: the main file and drop-ins, and systemd's folders with masking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.probes.listing import Entry, Listing, Seen, Source
from hardening.probes.shell import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.model.probe import Probe

# systemd.unit(5), journald.conf(5): the first folder wins for a file name; /lib is /usr/lib where /usr is merged.
_SYSTEMD_ROOTS = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")


@dataclass(frozen=True, slots=True)
class FileToRead:
    """One file in reading order, or, with a ``problem``, something in its place that could not be read."""

    name: str
    problem: str = ""


def build_sources(probe: Probe) -> tuple[Source, ...]:
    """Return everything that a probe may read, the main files first."""
    if probe.text("format") != "systemd":
        return (Source(probe.text("path")), *_dropins(probe))
    mains = _systemd_mains(probe.text("path"))
    return (*map(Source, mains), *_systemd_dropins(mains))


def order_files(probe: Probe, listing: Listing) -> list[FileToRead]:
    """Return the files in the order in which the daemon reads them; what was refused stands where it would be read."""
    if probe.text("format") == "systemd":
        return _order_systemd(probe, listing)
    main = [classify(entry) for entry in listing.entries.get(Source(probe.text("path")), ())]
    main += refused_folders(listing, Source(probe.text("path")))
    dropins: list[FileToRead] = []
    for source in _dropins(probe):
        entries = sorted(listing.entries.get(source, ()), key=lambda entry: _order_key(entry.name))
        dropins += [classify(entry) for entry in entries if entry.seen is not Seen.DIRECTORY]
        dropins += refused_folders(listing, source)
    return dropins + main if probe.text("main") == "last" else main + dropins


def order_masked(listing: Listing, sources: Sequence[Source]) -> list[FileToRead]:
    """Return drop-ins by file name over all folders, each name from the first folder that has it.

    Folders that were refused come last: what they hold could override everything.
    """
    chosen: dict[str, Entry] = {}
    for source in sources:
        for entry in listing.entries.get(source, ()):
            if entry.seen is not Seen.DIRECTORY:
                chosen.setdefault(_base(entry.name), entry)
    ordered = [classify(chosen[name]) for name in sorted(chosen, key=_order_key)]
    return ordered + [file for source in sources for file in refused_folders(listing, source)]


def _order_systemd(probe: Probe, listing: Listing) -> list[FileToRead]:
    mains = _systemd_mains(probe.text("path"))
    main: list[FileToRead] = []
    for source in map(Source, mains):
        refused = refused_folders(listing, source)
        found = [entry for entry in listing.entries.get(source, ()) if entry.seen is not Seen.DANGLING]
        if refused or found:
            main = refused or [classify(found[0])]
            break
    return main + order_masked(listing, _systemd_dropins(mains))


def _dropins(probe: Probe) -> tuple[Source, ...]:
    return tuple(Source(text, pattern=True) for text in probe.texts("dropins"))


def _systemd_mains(path: str) -> tuple[str, ...]:
    root = next((root for root in _SYSTEMD_ROOTS if path.startswith(f"{root}/")), None)
    if root is None:
        return (path,)
    return tuple(other + path.removeprefix(root) for other in _SYSTEMD_ROOTS)


def _systemd_dropins(mains: Sequence[str]) -> tuple[Source, ...]:
    return tuple(Source(f"{main}.d/*.conf", pattern=True) for main in mains)


def classify(entry: Entry) -> FileToRead:
    """Return how a daemon meets what stands at a path."""
    match entry.seen:
        case Seen.FILE:
            return FileToRead(entry.name)
        # /dev/null and a link to nothing are how a file of another folder is masked: they hold nothing.
        case Seen.CHARACTER_DEVICE | Seen.DANGLING:
            return FileToRead("")
        case Seen.UNREADABLE:
            return FileToRead(entry.name, f"{clean(entry.name)}: may not be read")
        case Seen.HIDDEN:
            return FileToRead(entry.name, f"{clean(entry.name)}: leads nowhere, or where we may not look")
        case Seen.DIRECTORY | Seen.OTHER:
            return FileToRead(entry.name, f"{clean(entry.name)}: no file that can be read safely")


def refused_folders(listing: Listing, source: Source) -> list[FileToRead]:
    """Return the folders that did not let us look for a source."""
    return [FileToRead(name, f"{clean(name)}: folder refused") for name in listing.refused.get(source, ())]


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _order_key(name: str) -> bytes:
    return _base(name).encode("utf-8", "surrogateescape")
