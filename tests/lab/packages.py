"""What the lab needs from this machine: programs, the mirrors that root trees are made from, and one kernel limit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.lab.commands import LabError, run

PACKAGES = (
    "busybox",
    "debian-archive-keyring",
    "iproute2",
    "mmdebstrap",
    "openssh-client",
    "podman",
    "postgresql",
    "runc",
    "strace",
    "systemd-container",
    "util-linux",
)
LOCK_SECONDS = 600
INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 1024


def install(packages: Sequence[str] = PACKAGES) -> None:
    """Install what is missing; without anything missing this asks dpkg once and changes nothing."""
    if os.geteuid() != 0:
        message = (
            "lab: needs root (namespaces, mounts, apt): run the tests as root, or leave the lab out with -m 'not lab'"
        )
        raise LabError(message)
    if not shutil.which("apt-get"):
        message = "lab: needs a Debian machine (apt-get is missing), or leave the lab out with -m 'not lab'"
        raise LabError(message)
    # A program may have come another way than by its package, which need not go together with it.
    missing = [name for name in packages if name not in _installed() and not shutil.which(name)]
    if missing:
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", *missing)


def allow_many_hosts() -> None:
    """Raise the number of inotify instances: a booted host takes ten, and root may have 128 in all."""
    if int(INOTIFY_LIMIT.read_text()) < INOTIFY_INSTANCES:
        INOTIFY_LIMIT.write_text(f"{INOTIFY_INSTANCES}\n")


def apt_sources(suite: str) -> tuple[str, ...]:
    """Build the sources.list lines for a Debian suite from the mirrors that this machine's own apt uses."""
    targets = _debian_targets()
    if not targets:  # apt knows the origin of a source only when its lists are there
        _apt_get("update")
        targets = _debian_targets()
    own = [f"deb {site} {release} main" for _, site, release in targets if release.startswith(suite)]
    foreign = [f"deb {site} {suite} main" for label, site, _ in targets if label == "Debian"]
    lines = own or foreign[:1]
    if not lines:
        message = "lab: this machine's apt sources name no Debian mirror; add one and run apt-get update"
        raise LabError(message)
    return tuple(dict.fromkeys(lines))


def _installed() -> set[str]:
    rows = run("dpkg-query", "--show", "--showformat", "${binary:Package} ${db:Status-Abbrev}\n").splitlines()
    return {name.partition(":")[0] for name, state in (row.split(maxsplit=1) for row in rows) if state.startswith("ii")}


def _debian_targets() -> list[tuple[str, str, str]]:
    fields = "$(ORIGIN)|$(COMPONENT)|$(CREATED_BY)|$(LABEL)|$(SITE)|$(RELEASE)"
    rows = [row.split("|") for row in run("apt-get", "indextargets", "--format", fields).splitlines()]
    return [(row[3], row[4], row[5]) for row in rows if row[:3] == ["Debian", "main", "Packages"]]


def _apt_get(*arguments: str) -> None:
    run(
        "apt-get",
        "--quiet",
        "--option",
        f"DPkg::Lock::Timeout={LOCK_SECONDS}",
        *arguments,
        environment={"DEBIAN_FRONTEND": "noninteractive"},
        timeout=2 * LOCK_SECONDS,
    )
