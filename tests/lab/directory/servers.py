"""Directories as processes of the lab: each in a network namespace of its own, ended with the lab like its hosts."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.lab.commands import LabError
from tests.lab.directory import slapd
from tests.lab.directory.authority import Authority, Fault
from tests.lab.directory.controllers import SambaSpec, build_samba, prepare_samba
from tests.lab.directory.slapd import SlapdSpec, build_slapd
from tests.lab.hosts import HostFolder, stop_host
from tests.lab.lab import Lab
from tests.lab.network import address
from tests.lab.processes import load_process

START_SECONDS: Final = 60
TLS: Final = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySpec:
    """A directory as it is to be started."""

    name: str
    number: int
    state: SlapdSpec | SambaSpec
    fault: Fault = Fault.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A running directory.

    ``user`` is an ordinary account, ``admin`` one that may read everything; ``passwords`` is by account.
    ``ca_file`` is the authority of its certificate, or of another one where that is the fault.
    """

    name: str
    address: str
    domain: str
    user: str
    admin: str
    passwords: Mapping[str, str]
    ca_file: Path
    folder: Path
    place: HostFolder

    def stop_at_once(self) -> None:
        """Kill the server, as a crash would; its namespace stays."""
        for leader in self.place.launcher().children():
            leader.end()


CURRENT_TLS: Final = "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"

CATALOGUE: Final = {
    spec.name: spec
    for spec in (
        DirectorySpec(name="slapd-hard", number=60, state=SlapdSpec(is_hard=True, takes_certificates=True)),
        DirectorySpec(name="slapd-weak", number=61, state=SlapdSpec(is_hard=False)),
        DirectorySpec(name="slapd-limited", number=62, state=SlapdSpec(is_hard=False, entries=60, size_limit=25)),
        DirectorySpec(
            name="slapd-refers", number=63, state=SlapdSpec(is_hard=False, refers_to="elsewhere.example.org")
        ),
        DirectorySpec(name="slapd-large", number=64, state=SlapdSpec(is_hard=False, entries=3000)),
        DirectorySpec(name="slapd-expired", number=65, state=SlapdSpec(is_hard=True), fault=Fault.EXPIRED),
        DirectorySpec(name="slapd-early", number=66, state=SlapdSpec(is_hard=True), fault=Fault.NOT_YET_VALID),
        DirectorySpec(name="slapd-renamed", number=67, state=SlapdSpec(is_hard=True), fault=Fault.OTHER_NAME),
        DirectorySpec(name="slapd-unknown", number=68, state=SlapdSpec(is_hard=True), fault=Fault.UNKNOWN_AUTHORITY),
        DirectorySpec(name="slapd-bare", number=69, state=SlapdSpec(is_hard=True), fault=Fault.BARE_AUTHORITY),
        DirectorySpec(name="dc-seeded", number=70, state=SambaSpec(seeds=("accounts", "weak"))),
        DirectorySpec(
            name="dc-clean", number=71, state=SambaSpec(seeds=("accounts", "clean"), tls_priority=CURRENT_TLS)
        ),
        DirectorySpec(name="slapd-kit", number=74, state=SlapdSpec(is_hard=True)),
        DirectorySpec(name="dc-narrow", number=75, state=SambaSpec(seeds=("accounts", "narrow"))),
        DirectorySpec(name="dc-kerberos", number=77, state=SambaSpec(seeds=("accounts", "kerberos"), trusts_tls=True)),
        DirectorySpec(name="dc-signing", number=78, state=SambaSpec(seeds=("accounts", "kerberos"))),
        DirectorySpec(name="dc-tenth", number=79, state=SambaSpec(seeds=("accounts", "tenth"))),
        DirectorySpec(name="dc-servers", number=76, state=SambaSpec(seeds=("accounts", "servers"))),
    )
}


LARGE: Final = DirectorySpec(name="dc-large", number=80, state=SambaSpec(seeds=("accounts", "large")))
"""The domain of the benchmark, which takes minutes to make; no test asks for it."""


def prepare(cache: Path) -> None:
    """Make the domains that controllers start from; what the cache has takes no time."""
    for spec in CATALOGUE.values():
        if isinstance(spec.state, SambaSpec):
            prepare_samba(spec.state, cache)


def start_directory(lab: Lab, name: str, cache: Path) -> Directory:
    """Return a directory, started if it does not run yet."""
    spec = LARGE if name == LARGE.name else CATALOGUE[name]
    place = HostFolder(lab.folder / "hosts" / name, name)
    if not place.launcher().is_alive():
        stop_host(place, lab.network)
        place.folder.mkdir(parents=True)
        try:
            _start(spec, place, lab, cache)
        except BaseException:
            stop_host(place, lab.network)
            raise
    return _describe(spec, place)


def _describe(spec: DirectorySpec, place: HostFolder) -> Directory:
    where = address(spec.number)
    if isinstance(spec.state, SambaSpec):
        user, admin, passwords = spec.state.user, spec.state.admin, spec.state.passwords
        domain = spec.state.domain
    else:
        user, admin, domain = slapd.AUDIT, slapd.ADMIN, slapd.SUFFIX
        passwords = {user: slapd.PASSWORD, admin: slapd.PASSWORD}
    return Directory(
        name=spec.name,
        address=where,
        domain=domain,
        user=user,
        admin=admin,
        passwords=passwords,
        ca_file=place.folder / TLS / "trusted.pem",
        folder=place.folder,
        place=place,
    )


def _start(spec: DirectorySpec, place: HostFolder, lab: Lab, cache: Path) -> None:
    _write_papers(spec, place.folder / TLS)
    lab.network.attach(spec.name, spec.number)
    match spec.state:
        case SlapdSpec():
            command = build_slapd(spec.state, place.folder)
        case SambaSpec():
            command = build_samba(spec.state, place.folder, cache, address(spec.number))
    # Its own pid namespace: all of it ends with the launcher. Its own mounts: Samba has a /run of its own.
    argv = (
        *("nsenter", f"--net=/run/netns/{lab.network.namespace(spec.name)}", "unshare", "--mount", "--pid", "--fork"),
        *("--propagation", "private", "--kill-child", "--mount-proc", *command),
    )
    pid = os.posix_spawnp(
        argv[0],
        argv,
        {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(place.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    place.remember(load_process(pid))
    for port in (389, 636):
        _await_port(address(spec.number), port, place)


def _write_papers(spec: DirectorySpec, folder: Path) -> None:
    """Write the server's certificate, that of its authority, and the one that a scan is given to trust."""
    authority = Authority(f"authority of {spec.name}", is_bare=spec.fault is Fault.BARE_AUTHORITY)
    names = (f"{spec.name}.kommune.test", address(spec.number))
    authority.issue(names, spec.fault).write(folder, "server")
    authority.issue((), client="audit").write(folder, "client")
    (folder / "ca.pem").write_bytes(authority.pem)
    other = spec.fault is Fault.UNKNOWN_AUTHORITY
    (folder / "trusted.pem").write_bytes(Authority("another authority").pem if other else authority.pem)


def _await_port(where: str, port: int, place: HostFolder) -> None:
    deadline = time.monotonic() + START_SECONDS
    while place.launcher().is_alive() and time.monotonic() < deadline:
        try:
            socket.create_connection((where, port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    words = place.log.read_text(errors="replace").strip()[-1500:] if place.log.exists() else "nothing was said"
    message = f"lab: {place.name} does not answer at port {port}: {words}"
    raise LabError(message)


def stop_directory(lab: Lab, name: str) -> None:
    """End a directory; the next one who asks for it gets it fresh."""
    stop_host(HostFolder(lab.folder / "hosts" / name, name), lab.network)
    shutil.rmtree(lab.folder / "hosts" / name, ignore_errors=True)
