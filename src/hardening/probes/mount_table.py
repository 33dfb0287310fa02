"""What is mounted now and what will be after the next boot, by the rules of mount(8), fstab(5) and systemd.mount(5)."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hardening.probes.config_lines import READERS
from hardening.probes.listing import Seen
from hardening.probes.mount_files import (
    ABOVE_FSTAB,
    DROPINS,
    FSTAB,
    LINKS,
    TABLE,
    UNITS,
    MountFiles,
)
from hardening.probes.shell import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hardening.probes.listing import Entry

_OCTAL = re.compile(r"\\([0-7]{3})")
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")
_MOUNTINFO_FIELDS = 6
_FSTAB_FIELDS = 4
# mount(8): options that switch the flags that follow; later ones win.
_SWITCHES: Mapping[str, Mapping[str, bool]] = {
    **{name: {name: True} for name in ("nodev", "nosuid", "noexec", "ro")},
    **{name: {f"no{name}": False} for name in ("dev", "suid", "exec")},
    "rw": {"ro": False},
    "user": {"nodev": True, "nosuid": True, "noexec": True},
    "users": {"nodev": True, "nosuid": True, "noexec": True},
    "owner": {"nodev": True, "nosuid": True},
    "group": {"nodev": True, "nosuid": True},
}
# systemd mounts these itself (mount-setup.c) and then applies the options of fstab; their units do not count.
_API: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "/dev": ("devtmpfs", "devtmpfs", ("nosuid",)),
    "/dev/shm": ("tmpfs", "tmpfs", ("nodev", "nosuid")),  # noqa: S108 - a path to look at
    "/proc": ("proc", "proc", ("nodev", "noexec", "nosuid")),
    "/run": ("tmpfs", "tmpfs", ("nodev", "nosuid")),
    "/sys": ("sysfs", "sysfs", ("nodev", "noexec", "nosuid")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """One mount. ``device`` is its number as the kernel writes it; ``is_automatic`` says that it comes at boot.

    ``number`` is that of the mount itself, and ``parent`` that of the mount in which it stands; empty in files.
    """

    path: str
    source: str
    fstype: str
    options: tuple[str, ...]
    place: str
    device: str = ""
    number: str = ""
    parent: str = ""
    is_automatic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BootMounts:
    """What the files set up, by path; ``problems`` say what could not be read, ``masked`` which paths stay free."""

    mounts: Mapping[str, Mounted]
    masked: Mapping[str, str]
    problems: tuple[str, ...]


def read_mounts_now(files: MountFiles) -> list[Mounted]:
    """Return the kernel's table in its order, with the mounts that others hide."""
    return [found for number, line in files.lines.get(TABLE.text, ()) for found in _read_mountinfo(number, line)]


def find_visible_mount(mounts: Sequence[Mounted], path: str) -> Mounted | None:
    """Return the mount in which a path is found now: from the root on, each mount is entered where the way meets it.

    So a mount is hidden by one on a folder around it, however late or deep it stands in the table itself.
    """
    numbers = {mount.number for mount in mounts}
    inside: dict[str, list[Mounted]] = defaultdict(list)
    for mount in mounts:
        if covers(mount.path, path):
            stands = mount.parent in numbers and mount.parent != mount.number
            inside[mount.parent if stands else ""].append(mount)
    found: Mounted | None = None
    entered = {""}
    waiting = inside[""]
    while waiting:
        nearest = min(len(mount.path) for mount in waiting)
        found = next(mount for mount in reversed(waiting) if len(mount.path) == nearest)
        waiting = [] if found.number in entered else inside[found.number]
        entered.add(found.number)
    return found


def find_mount(mounts: Iterable[Mounted], path: str) -> Mounted | None:
    """Return the mount of a file that holds a path: the last one on the nearest folder."""
    best: Mounted | None = None
    for mount in mounts:
        if covers(mount.path, path) and (best is None or len(mount.path) >= len(best.path)):
            best = mount
    return best


def covers(folder: str, path: str) -> bool:
    """Say whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder if folder.endswith("/") else f"{folder}/")


def _read_mountinfo(number: int, line: str) -> Iterator[Mounted]:
    left, dash, right = line.partition(" - ")
    before, after = left.split(" "), right.split(" ")
    if not dash or len(before) < _MOUNTINFO_FIELDS or len(after) < _MOUNTINFO_FIELDS // 2:
        return
    options = list(dict.fromkeys((*before[5].split(","), *after[2].split(","))))
    if "ro" in options and "rw" in options:
        options.remove("rw")
    yield Mounted(
        path=clean(unescape(before[4])),
        source=clean(unescape(after[1])),
        fstype=clean(after[0]),
        options=tuple(clean(unescape(option)) for option in options),
        place=f"{TABLE.text}:{number}",
        device=before[2],
        number=before[0],
        parent=before[1],
    )


def unescape(text: str) -> str:
    """Return a text of fstab or of the kernel's table without its octal escapes."""
    raw = _OCTAL.sub(lambda match: chr(int(match[1], 8) & 0xFF), text)
    # Escapes are bytes: those above 0x7f are part of a letter in UTF-8.
    return raw if raw == text else raw.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def settle_options(text: str) -> tuple[str, ...]:
    """Return options as they come out: flags that are on, and every other option as it stands."""
    flags: dict[str, bool] = {}
    others: dict[str, None] = {}
    for option in map(str.strip, text.split(",")):
        if option in _SWITCHES:
            flags.update(_SWITCHES[option])
        if option and option not in flags and option not in {"rw", "dev", "suid", "exec"}:
            others[option] = None
    return (*sorted(name for name, is_on in flags.items() if is_on), *others)


def read_boot_mounts(files: MountFiles) -> BootMounts:
    """Return what /etc/fstab and mount units set up, the units by systemd's precedence."""
    problems = [f"{FSTAB.text}: {problem}"] if (problem := files.problem(FSTAB)) else []
    fstab = _read_fstab(files)
    if not files.has_systemd:
        return BootMounts(mounts={mount.path: mount for mount in fstab}, masked={}, problems=tuple(problems))
    problems += [f"mount units: {found}" for source in (*UNITS, *DROPINS, *LINKS) if (found := files.problem(source))]
    mounts: dict[str, Mounted] = {
        path: Mounted(path=path, source=source, fstype=fstype, options=options, place="systemd's own mount")
        for path, (source, fstype, options) in _API.items()
    }
    from_fstab: dict[str, Mounted] = {}
    for mount in fstab:
        from_fstab.setdefault(mount.path, mount)
    units, masked = _read_units(files)
    for path in sorted({*from_fstab, *units}):
        chosen = _choose(path, from_fstab.get(path), units.get(path), masked)
        if chosen is not None:
            mounts[path] = chosen
    return BootMounts(mounts=mounts, masked=masked, problems=tuple(dict.fromkeys(problems)))


def _choose(path: str, line: Mounted | None, unit: _Unit | None, masked: Mapping[str, str]) -> Mounted | None:
    if path in _API or unit is None:
        return None if path in masked and path not in _API else line
    if line is not None and not unit.is_above_fstab:
        return _apply(line, unit.dropins)
    if path in masked or unit.mount is None:
        return None
    is_wanted = unit.is_wanted or (line is not None and line.is_automatic)
    return _apply(replace(unit.mount, is_automatic=is_wanted), unit.dropins)


def _read_fstab(files: MountFiles) -> list[Mounted]:
    found = []
    for number, line in files.lines.get(FSTAB.text, ()):
        words = line.split()
        if len(words) < _FSTAB_FIELDS - 1 or words[0].startswith("#"):
            continue
        options = unescape(words[3]) if len(words) >= _FSTAB_FIELDS else "defaults"
        source, path, fstype = (clean(unescape(word)) for word in words[:3])
        if fstype in {"swap", "ignore"} or not path.startswith("/"):
            continue
        named = options.split(",")
        found.append(
            Mounted(
                path=path.rstrip("/") or "/",
                source=source,
                fstype=fstype,
                options=settle_options(clean(options)),
                place=f"{FSTAB.text}:{number}",
                is_automatic="noauto" not in named or "x-systemd.automount" in named,
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """The file of a mount unit that counts, its drop-ins in order, and whether something wants it at boot."""

    mount: Mounted | None
    dropins: tuple[Mapping[str, str], ...]
    is_wanted: bool
    is_above_fstab: bool


def _read_units(files: MountFiles) -> tuple[dict[str, _Unit], dict[str, str]]:
    names: dict[str, Entry] = {}
    for source in UNITS:
        for entry in files.listing.entries.get(source, ()):
            names.setdefault(_base(entry.name), entry)
    dropins = _collect_dropins(files)
    wanted = {_base(entry.name) for source in LINKS for entry in files.listing.entries.get(source, ())}
    units: dict[str, _Unit] = {}
    masked: dict[str, str] = {}
    for name in {*names, *dropins}:
        path = clean(unit_path(name))
        parts = dropins.get(name, ())
        if name not in names:
            units[path] = _Unit(mount=None, dropins=parts, is_wanted=name in wanted, is_above_fstab=False)
            continue
        file = names[name].name
        lines = files.lines.get(file, [])
        if names[name].seen is not Seen.FILE or not lines:
            masked[path] = clean(file)
        units[path] = _Unit(
            mount=_read_unit(path, file, _section(lines)) if lines else None,
            dropins=parts,
            is_wanted=name in wanted,
            is_above_fstab=file.startswith(ABOVE_FSTAB),
        )
    return units, masked


def _collect_dropins(files: MountFiles) -> dict[str, tuple[Mapping[str, str], ...]]:
    """Return what the drop-ins of each unit set, in the order of their names over all folders."""
    chosen: dict[str, dict[str, Entry]] = defaultdict(dict)
    for source in DROPINS:
        for entry in files.listing.entries.get(source, ()):
            unit = entry.name.rpartition("/")[0].removesuffix(".d")
            chosen[_base(unit)].setdefault(_base(entry.name), entry)
    return {
        unit: tuple(_section(files.lines.get(entries[name].name, [])) for name in sorted(entries))
        for unit, entries in chosen.items()
    }


def _section(lines: Sequence[tuple[int, str]]) -> dict[str, str]:
    return {found.key: found.value for found in READERS["systemd"](list(lines)) if found.section == "Mount"}


def _read_unit(path: str, name: str, settings: Mapping[str, str]) -> Mounted:
    return Mounted(
        path=path,
        source=clean(settings.get("What", "")),
        fstype=clean(settings.get("Type", "")),
        options=settle_options(clean(settings.get("Options", ""))),
        place=clean(name),
    )


def _apply(mount: Mounted, dropins: Sequence[Mapping[str, str]]) -> Mounted:
    for settings in dropins:
        if "Options" in settings:
            mount = replace(mount, options=settle_options(clean(settings["Options"])))
        mount = replace(
            mount,
            source=clean(settings.get("What", mount.source)),
            fstype=clean(settings.get("Type", mount.fstype)),
        )
    return mount


def unit_path(name: str) -> str:
    """Return the path that the name of a mount unit stands for, as systemd-escape(1) turns it back."""
    stem = name.removesuffix(".mount")
    path = "/" if stem == "-" else "/" + stem.replace("-", "/")
    raw = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), path)
    return raw if raw == path else raw.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def _base(name: str) -> str:
    return name.rpartition("/")[2]
