"""Proves what a scan costs a server: one connection, two channels, few processes, nothing written; as seen from it."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardening.app.assign import select_checks
from hardening.app.content import load_all_content, parse_references
from hardening.probes import KINDS
from hardening.probes.kind import Channel
from tests.lab.lab import Lab
from tests.lab.logins import log_in_and_ask
from tests.lab.scans import EXTENDED, Run, Scans
from tests.lab.traces import Call, Trace, traced

MOST_PROGRAMS = 60
BATCH_SHELL = re.compile(r'"/bin/sh", \["/bin/sh", "-c", "echo \\"\$1\$2\\";')
"""A shell that receives a script on standard input: see `bootstrap`."""
EFFECTIVE_SSHD = re.compile(r'\["(?:/usr/sbin/)?sshd", "-T"')
HARMLESS = {"/dev/null", "/dev/tty"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A scan of the whole extended baseline as user and as root, and all that it did on the host."""

    run: Run
    trace: Trace

    @property
    def batch_shells(self) -> list[Call]:
        """The shells that ran a script of ours."""
        return [call for call in self.trace.programs() if BATCH_SHELL.match(call.arguments)]

    def below(self, shells: list[Call]) -> list[Call]:
        """Return all programs that these shells started."""
        pids = self.trace.below({shell.pid for shell in shells})
        after = self.trace.calls.index(min(shells, key=self.trace.calls.index))
        later = self.trace.calls[after:]
        return [call for call in self.trace.programs(pids) if call in later and call not in shells]


WRITTEN = "/run/lock/written"


@pytest.fixture(scope="module")
def seen(lab: Lab, scans: Scans, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Scan a host under strace, once for all tests."""
    words = scans.words("audit@plain")
    with traced(lab.host("plain"), tmp_path_factory.mktemp("trace")) as trace:
        run = scans.run(*words, "--become", "sudo", *EXTENDED)
    return Seen(run, trace)


def test_the_scan_under_strace_sees_what_any_scan_sees(seen: Seen, scans: Scans) -> None:
    assert seen.run.outcomes == scans.scan_once("audit@plain", "--become", "sudo", *EXTENDED).outcomes


def test_the_scan_under_strace_asks_every_kind() -> None:
    content = load_all_content(())
    checks = select_checks(parse_references(("linux-server:extended",), content), content, frozenset())
    shell = {name for name, kind in KINDS.items() if kind.channel in {Channel.SHELL, Channel.SESSION}}
    assert shell - {probe.kind for check in checks for probe in check.probes.values()} == set()


def test_a_scan_is_one_connection(seen: Seen) -> None:
    assert seen.trace.count("accept") + seen.trace.count("accept4") == 1


def test_a_scan_is_two_channels_by_the_count_of_the_server(seen: Seen) -> None:
    channels = [call for call in seen.trace.programs() if re.match(r'"/bin/bash", \["bash", "-c"', call.arguments)]
    assert (len(channels), len(seen.batch_shells)) == (2, 2)


def test_the_snapshot_counts_what_the_server_counts(seen: Seen) -> None:
    folder = seen.run.kept_in
    (path,) = folder.glob("*.snapshot.json.gz")
    assert '"channels":2,' in gzip.decompress(path.read_bytes()).decode().replace(" ", "")


def test_a_scan_starts_few_programs(seen: Seen) -> None:
    programs = [call for call in seen.below(seen.batch_shells) if not EFFECTIVE_SSHD.search(call.arguments)]
    assert len(programs) <= MOST_PROGRAMS, [call.arguments[:120] for call in programs]


def test_a_scan_runs_the_steps_as_root_and_as_the_account(seen: Seen) -> None:
    ids = [call for call in seen.below(seen.batch_shells) if call.path.endswith("/id")]
    assert len(ids) == 2


def test_a_scan_changes_no_file(seen: Seen) -> None:
    pids = seen.trace.below({shell.pid for shell in seen.batch_shells})
    writes = {(call.name, call.path) for call in seen.trace.calls if call.pid in pids and call.writes}
    assert {path for _, path in writes} - HARMLESS == set(), writes


def test_a_write_would_be_seen(lab: Lab, tmp_path: Path) -> None:
    with traced(lab.host("plain"), tmp_path) as trace:
        log_in_and_ask(lab, "plain", "audit", f"sh -c 'exec 3>{WRITTEN}; rm {WRITTEN}'")
    assert {call.name for call in trace.calls if call.writes and call.path == WRITTEN} == {"openat", "unlinkat"}
