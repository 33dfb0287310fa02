"""One lab from its opening to its end: hosts and peers by name, started when first asked for.

Its records under /run allow another process to end it. How a host is started stands in `hosts`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.lab import packages
from tests.lab.cache import cache_folder
from tests.lab.catalogue import CATALOGUE, STOCK, SUITE, Account, Login
from tests.lab.commands import LabError
from tests.lab.hosts import Host, HostFolder, await_answer, load_host, recorded_lines, start_host, stop_host
from tests.lab.keys import Keys, load_keys
from tests.lab.network import PEERS, Network
from tests.lab.peers import PEER_TABLE, READY, Peer
from tests.lab.processes import Process, load_process
from tests.lab.trees import build_base, build_layer, build_small

REPOSITORY: Final = Path(__file__).parents[2]
RUNS: Final = Path("/run/hardening-lab")
BY_HAND: Final = "hardening-lab"
SUITES: Final = tuple(sorted({spec.suite for spec in CATALOGUE.values()}))


@dataclass(frozen=True, slots=True)
class Materials:
    """What is made before a lab opens and outlives it: keys, the lower folders of each layer's overlay, known_hosts.

    ``small`` is a root tree of its own, without systemd.
    """

    keys: Keys
    trees: Mapping[str, tuple[Path, ...]]
    small: Path
    known_hosts: str


def build_materials(environment: Mapping[str, str], suites: Collection[str] = (SUITE,)) -> Materials:
    """Install programs, make keys and build the trees of some suites; what the cache has takes no time.

    Needs the outside network.
    """
    packages.install()
    packages.allow_many_hosts()
    cache = cache_folder(environment)
    keys = load_keys(cache)
    layers = sorted({spec.layer for spec in CATALOGUE.values() if spec.suite == SUITE} - {STOCK})
    others = {spec.tree: spec.suite for spec in CATALOGUE.values() if spec.suite in {*suites} - {SUITE}}
    with ThreadPoolExecutor() as pool:
        lines = pool.map(lambda spec: recorded_lines(spec, keys), CATALOGUE.values())
        small = pool.submit(build_small, cache, SUITE)
        others_built = pool.map(lambda suite: build_base(cache, keys, suite), others.values())
        base = build_base(cache, keys, SUITE)
        uppers = list(pool.map(lambda name: build_layer(cache, keys, base, name), layers))
    trees: dict[str, tuple[Path, ...]] = {STOCK: (base,)}
    trees |= {name: (upper, base) for name, upper in zip(layers, uppers, strict=True)}
    trees.update((name, (tree,)) for name, tree in zip(others, others_built, strict=True))
    known_hosts = "".join(f"{line}\n" for host in lines for line in host)
    return Materials(keys, trees, small.result(), known_hosts)


@dataclass(frozen=True, slots=True)
class Lab:
    """A running lab. Its parts are started on demand, from the main thread."""

    network: Network
    materials: Materials
    peer_stack: ExitStack = field(default_factory=ExitStack)

    @property
    def folder(self) -> Path:
        """Name the folder with the records of this lab."""
        return RUNS / self.network.name

    @property
    def known_hosts(self) -> Path:
        """Name a known_hosts file with what an administrator has on file about every host."""
        return self.folder / "known_hosts"

    @property
    def user_key(self) -> Path:
        """Name the private key that opens nearly every account."""
        return self.materials.keys.user

    @property
    def encrypted_key(self) -> Path:
        """Name the private key that needs the passphrase `keys.PASSPHRASE`."""
        return self.materials.keys.encrypted

    def key_for(self, account: Account) -> Path:
        """Name the private key that opens an account."""
        return self.encrypted_key if account.login is Login.ENCRYPTED_KEY else self.user_key

    def host(self, name: str) -> Host:
        """Return a host, booted if it does not run yet, and with it the one it hangs behind."""
        if name not in CATALOGUE:
            message = f"lab: no host is called {name}; there are {', '.join(CATALOGUE)}"
            raise LabError(message)
        spec = CATALOGUE[name]
        if spec.behind:
            self.host(spec.behind)
        place = self._place(name)
        keys = self.materials.keys
        if not place.launcher().is_alive():
            if threading.current_thread() is not threading.main_thread():
                message = f"lab: start host {name} in the main thread before threads use it"
                raise LabError(message)
            stop_host(place, self.network)
            if spec.tree not in self.materials.trees:
                message = f"lab: {spec.suite} is built for tests marked slow, and by hand"
                raise LabError(message)
            start_host(spec, self.materials.trees[spec.tree], place, self.network, keys)
        host = load_host(spec, place, self.network, keys)
        if not spec.behind:
            await_answer(host, self.network)
        return host

    def running(self) -> tuple[str, ...]:
        """Name the hosts that run."""
        return tuple(name for name in CATALOGUE if self._place(name).launcher().is_alive())

    def stop(self, name: str) -> None:
        """End one host; the next one who asks for it gets it freshly booted."""
        stop_host(self._place(name), self.network)

    def peer(self, name: str) -> Peer:
        """Return a peer that fails in its own way; the program that plays them all is started with the first one."""
        if not (self.folder / "peers").exists():
            self.peer_stack.enter_context(_companion("tests.lab.peers", PEERS))
            (self.folder / "peers").touch()
        return PEER_TABLE[name]

    def _place(self, name: str) -> HostFolder:
        return HostFolder(self.folder / "hosts" / name, name)


@contextmanager
def open_lab(materials: Materials) -> Iterator[Lab]:
    """Open a lab of this process's own and stay inside its network; however this process ends, the lab ends with it."""
    sweep()
    name = f"hardening-test-{os.getpid()}"
    with ExitStack() as stack:
        stack.enter_context(_companion("tests.lab.reaper", str(RUNS / name)))
        lab = create_lab(name, materials)
        stack.callback(destroy, lab.folder)
        owner = load_process(os.getpid())
        (lab.folder / "owner").write_text(f"{owner.pid} {owner.started}\n")
        stack.enter_context(lab.network.entered())
        stack.enter_context(lab.peer_stack)
        yield lab


def create_lab(name: str, materials: Materials) -> Lab:
    """Make the records and the network of a lab without hosts."""
    lab = Lab(Network(name), materials)
    lab.folder.mkdir(parents=True)
    try:
        lab.known_hosts.write_text(materials.known_hosts)
        lab.network.create()
    except BaseException:
        destroy(lab.folder)
        raise
    return lab


def destroy(folder: Path) -> None:
    """End a lab by its records: hosts, namespaces, control groups, folder."""
    network = Network(folder.name)
    for place in sorted((folder / "hosts").glob("*")):
        stop_host(HostFolder(place, place.name), network)
    network.destroy()
    shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """End the labs of processes that are gone."""
    for record in RUNS.glob("*/owner"):
        pid, started = record.read_text().split()
        if not Process(int(pid), int(started)).is_alive():
            destroy(record.parent)


@contextmanager
def _companion(module: str, argument: str) -> Iterator[None]:
    """Run a module of the lab beside this process; it ends when its standard input does, so also when we are killed."""
    with subprocess.Popen(
        [sys.executable, "-m", module, argument],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as program:
        if program.stdout is None or program.stdout.readline().strip() != READY:
            message = f"lab: python -m {module} did not start"
            raise LabError(message)
        yield
