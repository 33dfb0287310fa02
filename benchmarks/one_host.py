"""Measures one host: our script on the host itself, a scan over SSH, and the same kind of questions asked by others.

`python benchmarks/one_host.py [RUNS]` as root; README.md beside it says what is measured.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY)]  # the lab lives in tests/, its neighbours here in benchmarks/

from benchmarks.measure import Cost, Ended, measure, run_program  # noqa: E402
from benchmarks.questions import PLACE, Question, build_questions  # noqa: E402
from hardening.app.assign import Plans  # noqa: E402
from hardening.app.content import load_all_content, parse_references  # noqa: E402
from hardening.model.step import Privilege  # noqa: E402
from hardening.transports.framing import render_batch  # noqa: E402
from tests.lab.hosts import Host  # noqa: E402
from tests.lab.lab import Lab, build_materials, open_lab  # noqa: E402

BASELINE: Final = "linux-server:extended"
BENCHMARKS: Final = REPOSITORY / "benchmarks"
GAPS: Final = 10
MOST_RUNS_OF_OTHERS: Final = 3
SCRIPT: Final = "(a) own script on the host"
SCAN: Final = "(b) hardening scan"
PARAMIKO: Final = "(c) testinfra, paramiko"
CONTROL: Final = "(c) testinfra, ssh + ControlPath"
EXECS: Final = "(d) one exec each, paramiko defaults"


@dataclass(frozen=True, slots=True)
class Bench:
    """Where all ways of asking are tried: one host of the lab, and a folder for what they write."""

    lab: Lab
    host: Host
    folder: Path

    def environment(self) -> dict[str, str]:
        """Return the surroundings of every program that is measured."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "STATE_DIRECTORY": str(self.folder / "state"),
            "PYTHONPATH": str(REPOSITORY),
            PLACE: str(self.folder / "questions.json"),
        }

    def ask_own_script(self) -> Ended:
        """Run the two batches of a scan in shells on the host, as root and as the account, without a scanner."""
        return run_program(["sh", str(self.folder / "own.sh")], (0,), self.environment())

    def ask_by_scan(self, *, in_parts: bool = False) -> Ended:
        """Run the whole command, with both reports."""
        words = (
            *("scan", f"ssh://audit@{self.host.address}", "--key", str(self.host.key), "--become", "sudo"),
            *("--known-hosts", str(self.lab.known_hosts), "-b", BASELINE),
            *("-o", f"html={self.folder / 'gap.html'}", "-o", "json=-"),
        )
        start = (
            [sys.executable, str(BENCHMARKS / "parts.py"), str(time.time())] if in_parts else [_program("hardening")]
        )
        return run_program([*start, *words], (GAPS,), self.environment())

    def ask_by_testinfra(self, backend: str, config: str = "ssh_config") -> Ended:
        """Run the questions as tests of testinfra."""
        words = (
            *("-q", "-c", "/dev/null", "--rootdir", str(BENCHMARKS), "-p", "no:cacheprovider", "-p", "no:randomly"),
            *(f"--hosts={backend}://audit@{self.host.address}", f"--ssh-config={self.folder / config}"),
            *("--sudo", str(BENCHMARKS / "questions.py")),
        )
        return run_program([_program("pytest"), *words], (0,), self.environment())

    def ask_over_control_path(self) -> Ended:
        """Run them over the ssh program; its shared connection is new in each run, and ended after it."""
        path = self.folder / "control"
        ended = self.ask_by_testinfra("ssh", "ssh_config_control")
        run_program(["ssh", "-S", str(path), "-O", "exit", self.host.address], (0, 255), self.environment())
        return ended

    def ask_one_by_one(self) -> Ended:
        """Run the questions as one exec each."""
        words = (self.host.address, str(self.host.key), str(self.lab.known_hosts))
        return run_program([sys.executable, str(BENCHMARKS / "execs.py"), *words], (0,), self.environment())

    def prepare(self) -> list[Question]:
        """Write what the programs need: our two scripts, the questions, a configuration for ssh; return the second."""
        content = load_all_content(())
        plan = Plans(content, frozenset()).plan_for(parse_references((BASELINE,), content))
        questions = list(build_questions(plan.probes))
        (self.folder / "questions.json").write_text(json.dumps(questions))
        lines = []
        for privilege, account in ((Privilege.ROOT, ""), (Privilege.ANY, "--setuid=1000 --setgid=1000")):
            batch = self.folder / f"{privilege}.sh"
            batch.write_text(f"hardening_word={'0' * 32}\n{render_batch(plan.steps_as(privilege))}")
            where = f"--target={self.host.leader.pid} --mount --uts --ipc --net --pid {account}"
            lines.append(f"nsenter {where} -- /bin/sh <{batch} >/dev/null 2>&1")
        (self.folder / "own.sh").write_text("\n".join(lines) + "\n")
        settings = (
            f"Host *\n  IdentityFile {self.host.key}\n  UserKnownHostsFile {self.lab.known_hosts}\n"
            "  StrictHostKeyChecking no\n  LogLevel ERROR\n"
        )
        (self.folder / "ssh_config").write_text(settings)
        (self.folder / "ssh_config_control").write_text(f"{settings}  ControlPath {self.folder / 'control'}\n")
        return questions


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def print_costs(costs: Mapping[str, Cost]) -> None:
    """Print a table, and each cost as a multiple of the scan's."""
    head = ("wall s", "client CPU s", "target CPU s", "execve", "received kB", "sent kB", "turns", "peak MB", "× scan")
    print(f"\n{'':<38}" + "".join(f"{word:>14}" for word in head))
    for name, cost in costs.items():
        cells = (
            *(f"{seconds:.2f}" for seconds in (cost.wall, cost.cpu, cost.target_cpu)),
            *(f"{cost.programs or '–'}", f"{cost.received / 1000:.0f}", f"{cost.sent / 1000:.0f}", f"{cost.turns}"),
            *(f"{cost.peak:.0f}", f"{cost.wall / costs[SCAN].wall:.1f}"),
        )
        print(f"{name:<38}" + "".join(f"{cell:>14}" for cell in cells))


def judge_limits(own: Cost, scan: Cost, others: Cost, parts: Mapping[str, float]) -> bool:
    """Print each limit with its figures; return whether all are met."""
    wire = parts["connect to last byte"]
    limits = (
        ("connect to last byte ≤ 1.3 × (a) + 0.15 s", wire, 1.3 * own.wall + 0.15, wire <= 1.3 * own.wall + 0.15),
        ("whole command ≤ (a) + 0.9 s", scan.wall, own.wall + 0.9, scan.wall <= own.wall + 0.9),
        ("testinfra over paramiko ≥ 5 × (b)", others.wall, 5 * scan.wall, others.wall >= 5 * scan.wall),
        ("scanner's peak memory < 120 MB", scan.peak, 120, scan.peak < 120),
    )
    print()
    for text, value, limit, is_met in limits:
        print(f"{'met    ' if is_met else 'NOT MET'}  {text}: {value:.2f} against {limit:.2f}")
    return all(is_met for *_, is_met in limits)


def print_machine() -> None:
    """Print what the figures were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1_000_000
    print(f"machine: {os.cpu_count()} × {model}, {memory} GB, Linux {platform.release()}")
    print(f"python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")


def main(runs: int) -> int:
    """Measure all ways in one run, print, and say whether the limits are met."""
    with open_lab(build_materials(os.environ)) as lab, tempfile.TemporaryDirectory() as name:
        bench = Bench(lab, lab.host("plain"), Path(name))
        questions = bench.prepare()
        ways: dict[str, Callable[[], Ended]] = {
            SCRIPT: bench.ask_own_script,
            SCAN: bench.ask_by_scan,
            f"{SCAN}, in parts": lambda: bench.ask_by_scan(in_parts=True),
            PARAMIKO: lambda: bench.ask_by_testinfra("paramiko"),
            CONTROL: bench.ask_over_control_path,
            EXECS: bench.ask_one_by_one,
        }
        print_machine()
        print(f"medians of {runs} runs, of at most {MOST_RUNS_OF_OTHERS} of others, after one not counted; {BASELINE}")
        print(f"the others are asked {len(questions)} questions: the same, without what is slow by itself")
        costs: dict[str, Cost] = {}
        for way, ask in ways.items():
            print(f"  {way} …", file=sys.stderr)
            often = runs if way.startswith((SCRIPT, SCAN)) else min(runs, MOST_RUNS_OF_OTHERS)
            costs[way] = measure(bench.host, ask, runs=often, folder=bench.folder, link="v-plain")
    parts = costs.pop(f"{SCAN}, in parts").parts
    print_costs(costs)
    print("\nparts of (b): " + ", ".join(f"{part} {seconds:.2f} s" for part, seconds in parts.items()))
    return 0 if judge_limits(costs[SCRIPT], costs[SCAN], costs[PARAMIKO], parts) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 7))
