"""Measures a whole domain: the baseline for Active Directory, and ldapdomaindump reading the same one in the same run.

`python benchmarks/directory.py [RUNS] [DIRECTORY]` as root; README.md beside it says what is measured.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY)]  # the lab lives in tests/, its neighbours here in benchmarks/

from benchmarks.measure import Ended, run_program  # noqa: E402
from benchmarks.one_host import print_machine  # noqa: E402
from tests.lab.cache import cache_folder  # noqa: E402
from tests.lab.directory.controllers import DOMAIN  # noqa: E402
from tests.lab.directory.servers import LARGE, Directory, start_directory, stop_directory  # noqa: E402
from tests.lab.lab import build_materials, open_lab  # noqa: E402

COUNTER: Final = str(REPOSITORY / "benchmarks" / "count_searches.py")
VARIABLE: Final = "BENCHMARK_PASSWORD"
SCAN: Final = "hardening scan"
DUMP: Final = "ldapdomaindump"
MOST_MEMORY: Final = 300


@dataclass(frozen=True, slots=True)
class Bench:
    """A domain, and a folder for what the programs write."""

    server: Directory
    folder: Path

    def environment(self) -> dict[str, str]:
        """Return the surroundings of every program that is measured."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "STATE_DIRECTORY": str(self.folder / "state"),
            "PYTHONPATH": str(REPOSITORY),
            VARIABLE: self.server.passwords[self.server.user],
        }

    def scan(self) -> Ended:
        """Run the whole command, which judges, with the page and the JSON report."""
        words = (
            *("scan", f"ldaps://{self.server.address}", "--user", self.server.user),
            *("--password-from", f"env:{VARIABLE}", "--ca-file", str(self.server.ca_file), "-q"),
            *("-b", "active-directory:extended", "--fail-on", "never", "--on-incomplete", "warn"),
            *("-o", f"html={self.folder / 'ad.html'}", "-o", f"json={self.folder / 'ad.json'}"),
        )
        return self._run("hardening", words)

    def dump(self) -> Ended:
        """Run the dump with all that it writes by itself."""
        # It wants the domain in front, as Windows writes it.
        account = f"{DOMAIN}\\{self.server.user.partition('@')[0]}"
        login = ("-u", account, "-p", self.server.passwords[self.server.user], "-at", "SIMPLE")
        words = (*login, "-o", str(self.folder / "dump"), f"ldaps://{self.server.address}")
        (self.folder / "dump").mkdir(exist_ok=True)
        return self._run("ldapdomaindump", words)

    def _run(self, name: str, words: tuple[str, ...]) -> Ended:
        return run_program([sys.executable, COUNTER, name, *words], (0,), self.environment())


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians of one way."""

    wall: float
    cpu: float
    peak: float
    searches: int


def measure_way(ask: Callable[[], Ended], runs: int) -> Cost:
    """Run one way some times after once that is not counted, and return its medians."""
    ask()
    ended = [ask() for _ in range(runs)]
    return Cost(
        wall=statistics.median(each.wall for each in ended),
        cpu=statistics.median(each.cpu for each in ended),
        peak=max(each.peak for each in ended),
        searches=int(ended[-1].parts["searches"]),
    )


def judge_limits(costs: Mapping[str, Cost]) -> bool:
    """Print each limit with its figures; return whether all are met."""
    scan, dump = costs[SCAN], costs[DUMP]
    limits = (
        ("time, not above that of the dump", scan.wall, dump.wall),
        ("peak memory in MB", scan.peak, MOST_MEMORY),
    )
    print()
    for text, value, limit in limits:
        print(f"{'met    ' if value <= limit else 'NOT MET'}  {text}: {value:.2f} against {limit:.2f}")
    print(f"scan ÷ dump: time {scan.wall / dump.wall:.2f}, memory {scan.peak / dump.peak:.2f}")
    return all(value <= limit for _, value, limit in limits)


def main(runs: int, name: str) -> int:
    """Measure both in one run, print, and say whether the limits are met."""
    with open_lab(build_materials(os.environ)) as lab, tempfile.TemporaryDirectory() as folder:
        bench = Bench(start_directory(lab, name, cache_folder(os.environ)), Path(folder))
        print_machine()
        print(f"{name}: medians of {runs} runs after one not counted; memory is the most of all")
        costs = {SCAN: measure_way(bench.scan, runs), DUMP: measure_way(bench.dump, runs)}
        stop_directory(lab, name)
    print(f"\n{'':<20}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}{'searches':>10}")
    for way, cost in costs.items():
        print(f"{way:<20}{cost.wall:>10.2f}{cost.cpu:>10.2f}{cost.peak:>10.0f}{cost.searches:>10}")
    return 0 if judge_limits(costs) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, sys.argv[2] if len(sys.argv) > 2 else LARGE.name))
