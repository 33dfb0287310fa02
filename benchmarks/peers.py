"""Measures a scan beside OpenSCAP and Lynis on the same booted host, in the same run.

`python benchmarks/peers.py [RUNS]` as root; README.md beside it says what is measured.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY)]  # the lab lives in tests/, its neighbours here in benchmarks/

from benchmarks.measure import Ended, read_cpu, run_program  # noqa: E402
from benchmarks.one_host import BASELINE, BENCHMARKS, GAPS, print_machine  # noqa: E402
from tests.lab.cache import cache_folder  # noqa: E402
from tests.lab.catalogue import PASSWORD  # noqa: E402
from tests.lab.hosts import Host  # noqa: E402
from tests.lab.judges import PLACE, build_judges, lay_over  # noqa: E402
from tests.lab.lab import Lab, build_materials, open_lab  # noqa: E402

HOST: Final = "hardened"
SCAN: Final = "hardening scan, extended"
OSCAP: Final = "oscap, ANSSI high"
LYNIS: Final = "lynis, quick"
PROFILE: Final = "xccdf_org.ssgproject.content_profile_anssi_bp28_high"
"""The largest profile of the content for Debian 12, which has none of CIS."""
SUDO: Final = "BENCH_SUDO"
SAMPLING_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A program that asks: its whole command, the statuses it may end with, and whether it runs on the host itself."""

    argv: tuple[str, ...]
    statuses: tuple[int, ...]
    is_inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Medians of what a way costs; ``work`` is the time from connecting, or starting on the host, to the last byte."""

    wall: float
    work: float
    target_cpu: float
    target_memory: float
    client_cpu: float


def build_ways(lab: Lab, host: Host, folder: Path, data_stream: str) -> Mapping[str, Way]:
    """Return the commands: ours comes over SSH with sudo, the others are started as root on the host itself."""
    space = ("--mount", "--uts", "--ipc", "--net", "--pid", "--wd=/root", "--")
    inside = ("nsenter", f"--target={host.leader.pid}", *space)
    scan = (
        *("scan", f"ssh://audit@{host.address}", "--key", str(host.key), "--known-hosts", str(lab.known_hosts)),
        *("--become", "sudo", "--sudo-password-from", f"env:{SUDO}", "-b", BASELINE),
        *("-o", f"html={folder / 'gap.html'}", "-o", "json=-"),
    )
    oscap = ("oscap", "xccdf", "eval", "--profile", PROFILE, "--results", "/run/oscap.xml", f"{PLACE}/{data_stream}")
    lynis = ("lynis", "audit", "system", "--quick", "--no-colors")
    return {
        SCAN: Way(
            argv=(sys.executable, str(BENCHMARKS / "parts.py"), "START", *scan), statuses=(0, 3, GAPS), is_inside=False
        ),
        OSCAP: Way(argv=(*inside, *oscap), statuses=(0, 2), is_inside=True),
        LYNIS: Way(argv=(*inside, *lynis), statuses=(0, 78), is_inside=True),
    }


def ask(way: Way, environment: Mapping[str, str]) -> Ended:
    """Run a way once."""
    argv = [str(time.time()) if word == "START" else word for word in way.argv]
    return run_program(argv, way.statuses, environment)


def measure_way(host: Host, way: Way, environment: Mapping[str, str], runs: int) -> Cost:
    """Run a way some times, and once more with the memory of the host sampled, which would slow a timed run."""
    ask(way, environment)
    before = read_cpu(host)
    ended = [ask(way, environment) for _ in range(runs)]
    over_network = (read_cpu(host) - before) / runs
    with _sampling_memory(host) as held:
        ask(way, environment)
    wall, cpu = (median(values) for values in ([each.wall for each in ended], [each.cpu for each in ended]))
    return Cost(
        wall=wall,
        work=wall if way.is_inside else median(each.parts["connect to last byte"] for each in ended),
        target_cpu=cpu if way.is_inside else over_network,  # what nsenter starts is waited for here, not on the host
        target_memory=held[0],
        client_cpu=0 if way.is_inside else cpu,
    )


@contextmanager
def _sampling_memory(host: Host) -> Iterator[list[float]]:
    """Yield the most memory in MB that the processes of a host held above what they held before."""
    idle = _memory_of(host)
    held = [0.0]
    stopped = threading.Event()

    def sample() -> None:
        while not stopped.wait(SAMPLING_SECONDS):
            held[0] = max(held[0], _memory_of(host) - idle)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield held
    finally:
        stopped.set()
        thread.join()


def _memory_of(host: Host) -> float:
    """Add up the proportional set sizes in MB of all processes in the pid namespace of a host."""
    namespace = Path(f"/proc/{host.leader.pid}/ns/pid").readlink()
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if (place / "ns" / "pid").readlink() == namespace:
                lines = (place / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:  # it ended meanwhile
            continue
    return total / 1024


def print_costs(costs: Mapping[str, Cost]) -> None:
    """Print a table, and each time as a multiple of ours."""
    head = ("wall s", "work s", "target CPU s", "target MB", "client CPU s", "× our work")
    print(f"\n{'':<28}" + "".join(f"{word:>14}" for word in head))
    for name, cost in costs.items():
        figures = (cost.wall, cost.work, cost.target_cpu, cost.target_memory, cost.client_cpu)
        cells = (*(f"{figure:.2f}" for figure in figures), f"{cost.work / costs[SCAN].work:.1f}")
        print(f"{name:<28}" + "".join(f"{cell:>14}" for cell in cells))


def judge_limits(costs: Mapping[str, Cost]) -> bool:
    """Print each limit with its figures; return whether all are met."""
    ours = costs[SCAN].work
    limits = (
        ("connect to last byte ≤ oscap", ours, costs[OSCAP].work),
        ("connect to last byte ≤ a tenth of lynis", ours, costs[LYNIS].work / 10),
    )
    print()
    for text, value, limit in limits:
        print(f"{'met    ' if value <= limit else 'NOT MET'}  {text}: {value:.2f} against {limit:.2f}")
    return all(value <= limit for _, value, limit in limits)


def main(runs: int) -> int:
    """Measure all ways in one run, print, and say whether the limits are met."""
    materials = build_materials(os.environ)
    judges = build_judges(cache_folder(os.environ), materials.keys, materials.trees["base"][0])
    with open_lab(materials) as lab, tempfile.TemporaryDirectory() as name:
        host, folder = lab.host(HOST), Path(name)
        lay_over(host, judges)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "LANG": "C.UTF-8",
            "STATE_DIRECTORY": str(folder / "state"),
            SUDO: PASSWORD,
        }
        ways = build_ways(lab, host, folder, judges.data_stream.name)
        print_machine()
        print(f"medians of {runs} runs after one that does not count; ssg-debian {judges.version}")
        costs: dict[str, Cost] = {}
        for label, way in ways.items():
            print(f"\n{label}:\n  {shlex.join(way.argv)}")
            costs[label] = measure_way(host, way, environment, runs)
    print_costs(costs)
    return 0 if judge_limits(costs) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
