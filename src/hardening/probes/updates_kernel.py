"""Whether the newest installed kernel is the one that runs, by the package database and the kernel's own words."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Field, Known, Unreadable
from hardening.probes.versions import compare_dpkg, compare_rpm

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE = "/proc/sys/kernel/osrelease"
_DPKG_NAME = re.compile(r"linux-image-(?:unsigned-)?(.+)")
# Debian builds a new version under the same release; its kernel says which one it is.
_DEBIAN_BUILD = re.compile(r"\bDebian (\S+)")
_UBUNTU_BUILD = re.compile(r"Ubuntu (\S+?)-[a-z][a-z0-9-]* ")
_RPM_FLAVOURS = re.compile(r"\.el[0-9]+uek\.|\+(?:rt|64k)$|\.rt[0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSeen:
    """The kernels of the package database and what the running one says of itself; ``trouble`` if rows are missing."""

    manager: str
    packages: tuple[tuple[str, ...], ...]
    running: str
    build: str
    trouble: str


@dataclass(frozen=True, slots=True)
class _Installed:
    release: str
    version: str


def build_kernel(seen: KernelSeen) -> Mapping[str, Field]:
    """Return the fields about the kernel."""
    running: Field = Known(seen.running, _PLACE) if seen.running else Absent(_PLACE)
    if seen.trouble:
        return {
            "kernel_running": running,
            "kernel_newest": Unreadable(seen.trouble),
            "kernel_current": Unreadable(seen.trouble),
        }
    place = f"{'rpm' if seen.manager == 'dnf' else 'dpkg'} database"
    installed = _list_dpkg(seen) if seen.manager == "apt" else _list_rpm(seen)
    if not installed:
        return {"kernel_running": running, "kernel_newest": Absent(place), "kernel_current": Absent(place)}
    newest = installed[-1]
    return {
        "kernel_running": running,
        "kernel_newest": Known(f"{newest.release} {newest.version}".strip(), place),
        "kernel_current": _judge(seen, installed, newest, place),
    }


def _judge(seen: KernelSeen, installed: list[_Installed], newest: _Installed, place: str) -> Field:
    if not seen.running:
        return Unreadable("no running kernel to compare with", _PLACE)
    if seen.running == newest.release:
        build = _running_build(seen)
        return Known(not build or not newest.version or build == newest.version, place)
    if any(seen.running == kernel.release for kernel in installed):
        return Known(value=False, place=place)
    compare = compare_dpkg if seen.manager == "apt" else compare_rpm
    if compare(seen.running, newest.release) < 0:
        return Known(value=False, place=place)
    return Unreadable("the running kernel belongs to no installed package", place)


def _running_build(seen: KernelSeen) -> str:
    for pattern in (_DEBIAN_BUILD, _UBUNTU_BUILD):
        match = pattern.search(seen.build)
        if match is not None and seen.manager == "apt":
            return match[1]
    return ""


def _list_dpkg(seen: KernelSeen) -> list[_Installed]:
    found = []
    for row in seen.packages:
        match = _DPKG_NAME.fullmatch(row[0]) if len(row) == 2 else None  # noqa: PLR2004 - name and version
        if match is not None and not match[1].endswith("-dbg"):
            found.append(_Installed(match[1], row[1]))
    return sorted(found, key=functools.cmp_to_key(_compare_dpkg))


def _list_rpm(seen: KernelSeen) -> list[_Installed]:
    """Return the kernels of the running one's flavour: a real-time kernel beside a plain one is no newer one."""
    rows = [row for row in seen.packages if len(row) == 3]  # noqa: PLR2004 - name, version and architecture
    flavour = _flavour(seen.running)
    names = {row[0] for row in rows}
    found = []
    for name, version, arch in rows:
        if name == "kernel" and "kernel-core" in names:
            continue
        suffix = {"kernel-rt-core": "+rt", "kernel-64k-core": "+64k"}.get(name, "")
        release = f"{version.partition(':')[2]}.{arch}"
        release = f"{release}-default".replace(f".{arch}", "") if name == "kernel-default" else release + suffix
        if _flavour(release) == flavour:
            found.append(_Installed(release, ""))
    return sorted(found, key=functools.cmp_to_key(_compare_rpm))


def _compare_dpkg(one: _Installed, other: _Installed) -> int:
    return compare_dpkg(one.version, other.version) or compare_dpkg(one.release, other.release)


def _compare_rpm(one: _Installed, other: _Installed) -> int:
    return compare_rpm(one.release, other.release)


def _flavour(release: str) -> str:
    match = _RPM_FLAVOURS.search(release)
    return match.group().rstrip("0123456789") if match else ""
