"""What the files of sysctl.d(5) set at boot, by the rules of systemd-sysctl(8).

A key may be written with dots or slashes: the first separator decides. Later files win; a key that is named, also one
that is only excluded (``-key``), is never set by a glob; of several globs the last one wins.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Field, Known, Unreadable
from hardening.probes.shell import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.probes.config_files import FileToRead

_SWAP = str.maketrans("./", "/.")

# What the kernel starts with where nothing sets it: docs.kernel.org, admin-guide/sysctl and networking/ip-sysctl
# (accept_source_route of ipv4/conf/default: net/ipv4/devinet.c). Values that a build option or a distribution's patch
# decides are left out: dmesg_restrict, sysrq, unprivileged_bpf_disabled, perf_event_paranoid, yama.
_KERNEL_DEFAULTS = {
    "fs/protected_fifos": "0",
    "fs/protected_hardlinks": "0",
    "fs/protected_regular": "0",
    "fs/protected_symlinks": "0",
    "fs/suid_dumpable": "0",
    "kernel/kexec_load_disabled": "0",
    "kernel/kptr_restrict": "0",
    "kernel/randomize_va_space": "2",
    "net/core/bpf_jit_harden": "0",
    "net/ipv4/icmp_echo_ignore_broadcasts": "1",
    "net/ipv4/icmp_ignore_bogus_error_responses": "1",
    "net/ipv4/ip_forward": "0",
    "net/ipv4/tcp_syncookies": "1",
    **{
        f"net/ipv4/conf/{name}/{key}": value
        for name in ("all", "default")
        for key, value in {
            "accept_redirects": "1",
            "accept_source_route": "0" if name == "all" else "1",
            "forwarding": "0",
            "log_martians": "0",
            "route_localnet": "0",
            "rp_filter": "0",
            "secure_redirects": "1",
            "send_redirects": "1",
        }.items()
    },
    **{
        f"net/ipv6/conf/{name}/{key}": value
        for name in ("all", "default")
        for key, value in {
            "accept_ra": "1",
            "accept_redirects": "1",
            "accept_source_route": "0",
            "disable_ipv6": "0",
            "forwarding": "0",
        }.items()
    },
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective line: ``sets`` is false for an exclusion (``-key``); ``order`` counts the files."""

    sets: bool
    value: str
    place: str
    order: int


@dataclass(frozen=True, slots=True)
class BootSettings:
    """Everything that a sequence of files sets, by path below /proc/sys, and the files that could not be read."""

    settings: dict[str, Setting] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def find(self, path: str) -> Field:
        """Return what these files set one path to; absent when they leave it alone."""
        explicit = self.settings.get(path)
        since = explicit.order if explicit else -1
        doubt = next((reason for order, reason in self.problems if order > since), "")
        if doubt:
            return Unreadable(doubt)
        if explicit:
            return Known(explicit.value, explicit.place) if explicit.sets else Absent(explicit.place)
        globs = [setting for key, setting in self.settings.items() if setting.sets and matches(path, key)]
        return Known(globs[-1].value, globs[-1].place) if globs else Absent()

    def paths(self, pattern: str) -> set[str]:
        """Return the paths named without a glob that match ``pattern``."""
        named = (key for key, setting in self.settings.items() if setting.sets and not is_glob(key))
        return {key for key in named if matches(key, pattern)}


def read_boot_settings(files: Sequence[FileToRead], lines: Mapping[str, list[tuple[int, str]]]) -> BootSettings:
    """Read files in the order given."""
    boot = BootSettings()
    for order, file in enumerate(files):
        if file.problem:
            boot.problems.append((order, file.problem))
        for number, line in lines.get(file.name, []) if not file.problem else []:
            _read_line(boot, line.strip(), f"{clean(file.name)}:{number}", order)
    return boot


def _read_line(boot: BootSettings, line: str, place: str, order: int) -> None:
    if not line or line[0] in "#;":
        return
    left, equals, right = line.partition("=")
    if not equals and not line.startswith("-"):
        return
    path = normalize(left.removeprefix("-").strip())
    setting = Setting(bool(equals), tidy(right), place, order)
    old = boot.settings.get(path)
    if old is not None and (old.sets, old.value) == (setting.sets, setting.value):
        # The same again keeps its place among the globs.
        boot.settings[path] = setting
        return
    boot.settings.pop(path, None)
    boot.settings[path] = setting


def kernel_default(path: str) -> Field:
    """Return what an unconfigured kernel starts with, where that is documented and the same everywhere."""
    value = _KERNEL_DEFAULTS.get(path)
    return Absent() if value is None else Known(value, "kernel default")


def normalize(key: str) -> str:
    """Return a key as the path below /proc/sys."""
    first = next((letter for letter in key if letter in "./"), "/")
    path = key if first == "/" else key.translate(_SWAP)
    return "/".join(part for part in path.split("/") if part)


def dotted(path: str) -> str:
    """Return a path below /proc/sys as a key with dots."""
    return path.translate(_SWAP)


def is_glob(key: str) -> bool:
    """Say whether a key holds a pattern."""
    return any(letter in key for letter in "*?[")


def matches(path: str, pattern: str) -> bool:
    """Say whether a path matches a pattern, component by component as glob(7) does."""
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def tidy(value: str) -> str:
    """Return a value with single spaces: the kernel prints tabs where files have spaces."""
    return " ".join(clean(value).split())
