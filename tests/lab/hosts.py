"""Booted hosts: starting one from its trees, what a test may ask it, and stopping it so that nothing is left."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.lab.catalogue import LAYERS, Account, HostSpec, jumps
from tests.lab.cgroups import members, name_groups, remove_groups
from tests.lab.commands import LabError, run
from tests.lab.keys import Keys, known_hosts_lines
from tests.lab.network import Network, address, address6, address_behind
from tests.lab.processes import Process, load_process

BOOT: Final = Path(__file__).with_name("boot.sh")
DISGUISE: Final = Path(__file__).with_name("disguise.sh")
BOOT_SECONDS: Final = 60
ANSWER_SECONDS: Final = 30
READ_ONLY: Final = "--read-only --overlay=+/var::/var"
NSPAWN: Final = Path("/run/systemd/nspawn/propagate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A running host.

    `known_hosts` is what an administrator has on file about it, `host_keys` what it shows now; `rekeyed` differs.
    `leader` is its PID 1 as this machine sees it.
    """

    name: str
    address: str
    address6: str
    port: int
    accounts: Mapping[str, Account]
    key: Path
    known_hosts: tuple[str, ...]
    host_keys: tuple[str, ...]
    namespace: str
    leader: Process
    log: Path

    @property
    def root(self) -> Path:
        """Name its file tree, seen from this machine; an absolute symbolic link in it leads out of it."""
        return Path(f"/proc/{self.leader.pid}/root")

    @property
    def sshd_pid(self) -> int:
        """Find the pid of its listening sshd in this machine's pid namespace."""
        daemons = [child.pid for child in self.leader.children() if child.command() == "sshd"]
        if len(daemons) != 1:
            message = f"lab: host {self.name} has {len(daemons)} listening sshd"
            raise LabError(message)
        return daemons[0]

    def run(self, *argv: str) -> str:
        """Run a program in the host as its root, without SSH."""
        return run(*_inside(self.leader), *argv)


@dataclass(frozen=True, slots=True)
class HostFolder:
    """Where a lab keeps what belongs to one host: log, notification socket, mount point and the launcher's identity."""

    folder: Path
    name: str

    @property
    def log(self) -> Path:
        """Name the file with what the launcher and the host's PID 1 said."""
        return self.folder / "log"

    @property
    def groups(self) -> tuple[Path, ...]:
        """Read which control groups are the host's own; another process, in another group, may ask."""
        try:
            return tuple(Path(line) for line in (self.folder / "groups").read_text().splitlines())
        except FileNotFoundError:
            return ()

    def make_groups(self, name: str) -> None:
        """Record the host's control groups, then make them."""
        groups = name_groups(name)
        (self.folder / "groups").write_text("".join(f"{group}\n" for group in groups))
        for group in groups:
            group.mkdir()

    def remember(self, launcher: Process) -> None:
        """Record which process holds the host up."""
        (self.folder / "launcher").write_text(f"{launcher.pid} {launcher.started}\n")

    def launcher(self) -> Process:
        """Read which process holds the host up; one that never was has the pid 0."""
        try:
            pid, started = (self.folder / "launcher").read_text().split()
        except (FileNotFoundError, ValueError):
            return Process(0, 0)
        return Process(int(pid), int(started))


def load_host(spec: HostSpec, place: HostFolder, network: Network, keys: Keys) -> Host:
    """Describe a host that runs, started by whomever; raise LabError if it does not run."""
    leaders = place.launcher().children() if place.launcher().is_alive() else ()
    if not leaders:
        message = f"lab: host {spec.name} does not run: {_last_words(place)}"
        raise LabError(message)
    depth = len(jumps(spec.name))
    where = address_behind(spec.number, depth) if depth else address(spec.number)
    return Host(
        name=spec.name,
        address=where,
        address6="" if spec.behind else address6(spec.number),
        port=22,
        accounts={account.name: account for account in spec.accounts},
        key=keys.user,
        known_hosts=recorded_lines(spec, keys),
        host_keys=known_hosts_lines(where, keys.host(spec.name, spec.host_keys)),
        namespace=network.namespace(spec.name),
        leader=leaders[0],
        log=place.log,
    )


def recorded_lines(spec: HostSpec, keys: Keys) -> tuple[str, ...]:
    """Render the known_hosts lines of an administrator who visited the host before."""
    shown = keys.host(spec.name, spec.host_keys)
    recorded = keys.host(f"{spec.name}-before", spec.host_keys) if spec.key_changed else shown
    depth = len(jumps(spec.name))
    places = [address_behind(spec.number, depth)] if depth else [address(spec.number), address6(spec.number)]
    return tuple(line for place in places for line in known_hosts_lines(place, recorded))


def start_host(spec: HostSpec, trees: tuple[Path, ...], place: HostFolder, network: Network, keys: Keys) -> None:
    """Boot a host and wait until its systemd says that it is up; whatever fails leaves nothing behind."""
    place.folder.mkdir(parents=True)
    try:
        if spec.behind:
            network.attach_behind(spec.behind, spec.name, spec.number, len(jumps(spec.name)))
        else:
            network.attach(spec.name, spec.number)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
            notifications.bind(str(place.folder / "notify"))
            notifications.settimeout(0.5)
            launcher = _launch(spec, trees, place, network, keys)
            _await_ready(notifications, launcher, place)
        if spec.is_disguised:
            values = (LAYERS / spec.layer / "proc.conf").read_text()
            own = LAYERS / spec.layer / "disguise.sh"
            script = own.read_text() if own.exists() else ""
            run(*_inside(launcher.children()[0]), "/bin/sh", "-euc", DISGUISE.read_text(), "disguise", values, script)
    except BaseException:
        stop_host(place, network)
        raise


def await_answer(host: Host, network: Network) -> None:
    """Wait until a host lets itself be connected to; else raise LabError with what both ends of its wire look like."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            with network.entered(), socket.create_connection((host.address, host.port), timeout=2):
                return
        except OSError as error:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            near = run("ip", "-netns", network.name, "-stats", "neigh", "show", host.address)
            far = host.run("ss", "--listening", "--tcp", "--numeric")
            message = (
                f"lab: host {host.name} runs and does not answer: {error}; neighbour: {near}; it listens at: {far}"
            )
            raise LabError(message) from error


def stop_host(place: HostFolder, network: Network) -> None:
    """End a host at once, and remove its namespace, its groups and its folder; half a host is fine too."""
    launcher = place.launcher()
    if launcher.is_alive():
        for leader in launcher.children():  # its PID 1: its pid namespace, mounts and launcher end with it
            leader.end()
        with contextlib.suppress(LabError):
            launcher.wait(patience=2)
        launcher.end()
    while pids := members(place.groups):  # a host that was interrupted before it had a PID 1
        for pid in pids:
            load_process(pid).end()
    with contextlib.suppress(FileNotFoundError):
        (NSPAWN / network.namespace(place.name)).rmdir()
    network.detach(place.name)
    remove_groups(place.groups)
    shutil.rmtree(place.folder, ignore_errors=True)


def _launch(spec: HostSpec, trees: tuple[Path, ...], place: HostFolder, network: Network, keys: Keys) -> Process:
    """Start the launcher without waiting; no subprocess.Popen, because hosts for use by hand outlive this process."""
    namespace = network.namespace(spec.name)
    place.make_groups(namespace)
    argv = (
        *("unshare", "--mount", "--propagation", "private", "sh", str(BOOT)),
        spec.name,
        str(place.folder),
        namespace,
        ":".join(str(tree) for tree in trees),
        str(keys.host(spec.name, spec.host_keys)),
        uuid.uuid5(uuid.NAMESPACE_DNS, spec.name).hex,
        *(str(group) for group in place.groups),
    )
    settings = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "NOTIFY_SOCKET": str(place.folder / "notify"),
        "LAB_OPTIONS": READ_ONLY if spec.is_read_only else "",
    }
    pid = os.posix_spawnp(
        argv[0],
        argv,
        settings,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(place.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    launcher = load_process(pid)
    place.remember(launcher)
    return launcher


def _await_ready(notifications: socket.socket, launcher: Process, place: HostFolder) -> None:
    for _ in range(2 * BOOT_SECONDS):
        with contextlib.suppress(TimeoutError):
            if "READY=1" in notifications.recv(4096).decode().splitlines():
                return
        if not launcher.is_alive():
            break
    message = f"lab: host {place.name} did not boot: {_last_words(place)}"
    raise LabError(message)


def _inside(leader: Process) -> tuple[str, ...]:
    """Build the beginning of a command that runs in the namespaces of a host."""
    return ("nsenter", f"--target={leader.pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--")


def _last_words(place: HostFolder) -> str:
    try:
        return place.log.read_text(errors="replace").strip()[-1500:] or "nothing was said"
    except FileNotFoundError:
        return "it was not started"
