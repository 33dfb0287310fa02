"""Measures many hosts: booted ones with a real sshd each, near and far away, and recorded ones in large numbers.

`python benchmarks/fleet.py [--hosts N] [--replay N] [--baseline ID]` as root; README.md beside it says what is
measured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY)]  # the lab lives in tests/, its neighbours here in benchmarks/

from benchmarks.measure import TICKS, Ended, run_program  # noqa: E402
from tests.lab.catalogue import AUDIT, CATALOGUE, STOCK, HostSpec  # noqa: E402
from tests.lab.hosts import Host, HostFolder, await_answer, load_host, start_host  # noqa: E402
from tests.lab.lab import Lab, build_materials, open_lab  # noqa: E402
from tests.lab.network import GATEWAY  # noqa: E402

FIRST_NUMBER: Final = 100
MOST_HOSTS: Final = 150
FIRST_PORT: Final = 20_000
LATENCY: Final = 50
REACHED: Final = (0,)
JUDGED: Final = (0, 3, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of figures: what was done to how many targets, and what that cost here and on the hosts."""

    name: str
    targets: int
    ended: Ended
    hosts_cpu: float = 0


@dataclass(frozen=True, slots=True)
class Fleet:
    """Booted hosts, and a folder for what is written."""

    lab: Lab
    hosts: tuple[Host, ...]
    folder: Path
    baseline: str

    def environment(self) -> dict[str, str]:
        """Return the surroundings of every program that is measured."""
        state = str(self.folder / "state")
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", "STATE_DIRECTORY": state}

    def write_inventory(self, count: int, *, far: bool) -> Path:
        """Write an inventory of the first hosts, each at its own address or behind the relay."""
        known = self.folder / ("known_hosts.far" if far else "known_hosts")
        rows, lines = [], []
        for number, host in enumerate(self.hosts[:count]):
            address, port = (GATEWAY, FIRST_PORT + number) if far else (host.address, host.port)
            rows.append(f"  - {{name: {host.name}, ssh: {{address: {address}, port: {port}}}}}\n")
            keys = [line.split(" ", 1)[1] for line in host.host_keys]
            lines += [f"[{address}]:{port} {key}\n" if far else f"{address} {key}\n" for key in keys]
        known.write_text("".join(lines))
        path = self.folder / f"inventory-{count}-{'far' if far else 'near'}.yaml"
        path.write_text(
            f"credentials: {{lab: {{key: {self.hosts[0].key}}}}}\n"
            f"defaults:\n  credential: lab\n  baselines: [{self.baseline}]\n"
            f"  ssh: {{user: audit, become: sudo, known_hosts: {known}}}\n"
            f"targets:\n{''.join(rows)}"
        )
        for each in (path, known):
            each.chmod(0o600)
        return path

    def collect(self, count: int, *, workers: int, far: bool = False, words: Sequence[str] = ()) -> Line:
        """Collect from the first hosts, and say what it cost."""
        inventory = self.write_inventory(count, far=far)
        into = self.folder / "kept"
        shutil.rmtree(into, ignore_errors=True)
        before = read_cpu(self.hosts)
        argv = [_program(), "collect", "-i", str(inventory), "--workers", str(workers), "--into", str(into), "-q"]
        ended = run_program([*argv, *words], REACHED, self.environment())
        where = f"{LATENCY} ms away" if far else "near"
        name = f"collect, {where}, {workers} workers"
        return Line(name=name, targets=count, ended=ended, hosts_cpu=read_cpu(self.hosts) - before)


def read_cpu(hosts: Sequence[Host]) -> float:
    """Add up the processor seconds of all hosts: of what runs, and of what ended and was waited for."""
    namespaces = {Path(f"/proc/{host.leader.pid}/ns/pid").readlink() for host in hosts}
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if (place / "ns" / "pid").readlink() in namespaces:
                total += sum(int(text) for text in (place / "stat").read_text().rpartition(")")[2].split()[11:15])
        except OSError:  # it ended meanwhile, and counts with its parent
            continue
    return total / TICKS


def _program() -> str:
    return str(Path(sys.executable).with_name("hardening"))


def start_hosts(lab: Lab, count: int) -> tuple[Host, ...]:
    """Boot hosts with a stock tree each."""
    hosts = []
    keys, trees = lab.materials.keys, lab.materials.trees[STOCK]
    for number in range(FIRST_NUMBER, FIRST_NUMBER + count):
        spec = HostSpec(name=f"f{number}", number=number, accounts=(AUDIT,), host_keys=("ed25519",))
        CATALOGUE[spec.name] = spec
        place = HostFolder(lab.folder / "hosts" / spec.name, spec.name)
        start_host(spec, trees, place, lab.network, keys)
        host = load_host(spec, place, lab.network, keys)
        await_answer(host, lab.network)
        hosts.append(host)
    return tuple(hosts)


@contextmanager
def relayed(hosts: Sequence[Host]) -> Iterator[None]:
    """Put all hosts as far away as the latency says, at ports of this end of the network."""
    routes = [f"{FIRST_PORT + number}={host.address}:{host.port}" for number, host in enumerate(hosts)]
    argv = [sys.executable, str(REPOSITORY / "benchmarks" / "relay.py"), str(LATENCY), GATEWAY, *routes]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        if program.stdout is None or program.stdout.readline().strip() != "ready":
            message = "the relay did not start"
            raise RuntimeError(message)
        yield
        program.communicate()


def measure_hosts(fleet: Fleet) -> list[Line]:
    """Collect from one host, from some and from all, near and far away."""
    count = len(fleet.hosts)
    fleet.collect(1, workers=1)  # what is loaded from disk for the first time is in nobody's figures
    steps = sorted({1, min(10, count), count})
    lines = [fleet.collect(step, workers=16) for step in steps]
    lines.append(fleet.collect(count, workers=32))
    with relayed(fleet.hosts):
        lines.append(fleet.collect(count, workers=32, far=True))
    return lines


def measure_replay(recording: Path, count: int, baseline: str, folder: Path) -> list[Line]:
    """Replay one recording under many names: collect, judge and report, and a whole scan with history and seal."""
    inventory = folder / "replayed.yaml"
    rows = [f"  - {{name: t{number:05d}, recorded: {recording}}}\n" for number in range(count)]
    inventory.write_text(f"defaults: {{baselines: [{baseline}]}}\ntargets:\n{''.join(rows)}")
    inventory.chmod(0o600)
    kept = folder / "replayed"
    shutil.rmtree(kept, ignore_errors=True)
    state = str(folder / "state")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "STATE_DIRECTORY": state}
    report = f"html:summary={folder / 'summary.html'}"
    stages: Mapping[str, tuple[Sequence[str], Sequence[int]]] = {
        "replay: collect": (("collect", "-i", str(inventory), "--into", str(kept), "-q"), REACHED),
        "replay: judge and report": (("evaluate", str(kept), "-o", report, "-q"), JUDGED),
        "replay: scan with history and seal": (("scan", "-i", str(inventory), "-o", report, "-q"), JUDGED),
    }
    lines = []
    for name, (words, statuses) in stages.items():
        lines.append(Line(name=name, targets=count, ended=run_program([_program(), *words], statuses, environment)))
        print_line(lines[-1])
    return lines


def print_line(line: Line) -> None:
    """Print one row as it is known: the later ones take long."""
    each = line.ended.cpu / line.targets * 1000
    print(
        f"| {line.name} | {line.targets} | {line.ended.wall:.1f} s | {line.ended.cpu:.1f} s | {each:.0f} ms "
        f"| {line.ended.peak:.0f} MB | {line.hosts_cpu:.1f} s |",
        flush=True,
    )


def judge(lines: Sequence[Line], cores: int) -> Iterator[tuple[str, float, float]]:
    """Yield each limit with what was measured and what it may be."""
    near = [line for line in lines if line.name.startswith("collect, near, 16")]
    one, most = near[0], near[-1]
    if most.targets > one.targets:
        beyond = (most.ended.cpu - one.ended.cpu) / (most.targets - one.targets) * 1000
        yield "client CPU a further host, ms", beyond, 25
        yield "peak memory, MB", most.ended.peak, 150
        allowed = 1.25 * (most.hosts_cpu + most.ended.cpu) / cores + 1
        yield f"wall of {most.targets} hosts, s", most.ended.wall, allowed
    close = next(line for line in lines if line.name.startswith("collect, near, 32"))
    far = next(line for line in lines if " ms away" in line.name)
    yield f"what {LATENCY} ms of latency add, s", far.ended.wall - close.ended.wall, 2


def main() -> int:
    """Measure, print, and say which limits are met."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--replay", type=int, default=1000)
    parser.add_argument("--baseline", default="linux-server")
    asked = parser.parse_args()
    hosts = min(asked.hosts, MOST_HOSTS)
    with tempfile.TemporaryDirectory(prefix="fleet-") as name, open_lab(build_materials(os.environ)) as lab:
        folder = Path(name)
        began = time.monotonic()
        fleet = Fleet(lab, start_hosts(lab, hosts), folder, asked.baseline)
        print(f"{hosts} hosts booted in {time.monotonic() - began:.0f} s\n")
        print(
            "| what | targets | wall | client CPU | a target | peak | CPU of the hosts |\n|---|---|---|---|---|---|---|"
        )
        lines = measure_hosts(fleet)
        for line in lines:
            print_line(line)
        limits = list(judge(lines, os.cpu_count() or 1))
        if asked.replay:
            fleet.collect(1, workers=1, words=["--keep-raw"])
            (recording,) = (folder / "kept").glob("*.recording.json.gz")
            kept = shutil.copy(recording, folder / "one.recording.json.gz")
            measure_replay(Path(kept), asked.replay, asked.baseline, folder)
    print()
    for what, measured, allowed in limits:
        print(f"{'ok  ' if measured <= allowed else 'MISS'} {what}: {measured:.1f} (at most {allowed:.1f})")
    return 0 if all(measured <= allowed for _, measured, allowed in limits) else 1


if __name__ == "__main__":
    sys.exit(main())
