"""The installed units, run by a real systemd: secrets arrive, gaps are no failure, trouble is, scans do not overlap."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardening.app.schedule import Schedule, render_units
from tests.lab.hosts import Host
from tests.lab.lab import Lab
from tests.lab.portable import install_into

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

HOST = "bastion"
SERVICE = "hardening-scan.service"
KEY = f"/run/credentials/{SERVICE}/key"
INVENTORY = """\
credentials:
  audit-key: {{key: {key}}}
targets:
  - name: web-01
    ssh: {{address: {address}, port: {port}, user: audit, become: sudo, known_hosts: ./known_hosts}}
    credential: audit-key
    baselines: [linux-server]
"""
ENDED = """\
[Service]
ExecStopPost=+/bin/sh -c 'echo "$SERVICE_RESULT $EXIT_STATUS" >/run/ended'
"""
"""How the service ended, told by systemd itself: a unit that ended well is soon forgotten."""
TROUBLE = "[Service]\nType=oneshot\nExecStart=/bin/touch /run/trouble\n"
WAIT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Scanner:
    """A host that scans itself over SSH, by the units that `hardening schedule install` writes."""

    host: Host
    program: Path
    known_hosts: str

    def install(self, *, calendar: str = "Mon *-*-* 03:00", port: int = 0) -> None:
        """Write site and units, and have systemd read them."""
        site = self.host.root / "etc/hardening"
        inventory = INVENTORY.format(key=KEY, address=self.host.address, port=port or self.host.port)
        for name, text, mode in (("inventory.yaml", inventory, 0o644), ("known_hosts", self.known_hosts, 0o644)):
            (site / name).write_text(text)
            (site / name).chmod(mode)
        schedule = Schedule(
            program=self.program,
            site=Path("/etc/hardening"),
            calendar=calendar,
            delay="0",
            arguments=("--check", "linux-perm-passwd"),
            credentials=("key=/etc/hardening/key",),
            on_failure="trouble.service",
        )
        units = self.host.root / "etc/systemd/system"
        for name, text in {**render_units(schedule), "trouble.service": TROUBLE}.items():
            (units / name).write_text(text)
        (units / f"{SERVICE}.d").mkdir(exist_ok=True)
        (units / f"{SERVICE}.d/ended.conf").write_text(ENDED)
        self.host.run("systemctl", "daemon-reload")
        self.host.run("rm", "-f", "/run/trouble", "/run/ended")

    def start(self) -> tuple[str, str]:
        """Run the service once; return its result and status as systemd says them, and whether it was trouble."""
        self.host.run("sh", "-c", f"systemctl start {SERVICE} || true")
        return self.outcome()

    def outcome(self) -> tuple[str, str]:
        """Return how the service ended, and whether `OnFailure=` started its unit."""
        trouble = self.host.run("sh", "-c", "sleep 1; [ -e /run/trouble ] && echo trouble || echo")
        return self.host.run("cat", "/run/ended").strip(), trouble.strip()

    def journal(self) -> str:
        """Return what the service said, for a failure of the test."""
        return self.host.run("sh", "-c", f"journalctl --no-pager --unit={SERVICE} | tail -n 30")


@pytest.fixture(scope="module")
def scanner(lab: Lab) -> Iterator[Scanner]:
    """Install this checkout into a booted host, with a key that only root can read."""
    host = lab.host(HOST)
    program = install_into(host.root)
    (host.root / "etc/hardening").mkdir(mode=0o755)
    key = host.root / "etc/hardening/key"
    key.write_bytes(lab.user_key.read_bytes())
    key.chmod(0o600)
    yield Scanner(host, program, "".join(f"{line}\n" for line in host.known_hosts))
    lab.stop(HOST)


@pytest.fixture
def opened(scanner: Scanner) -> Iterator[Callable[[], str]]:
    """Return what lets everybody write /etc/passwd; it is closed again."""
    yield lambda: scanner.host.run("chmod", "0666", "/etc/passwd")
    scanner.host.run("chmod", "0644", "/etc/passwd")


def test_scan_without_a_gap_succeeds_with_a_key_that_only_the_unit_gets(scanner: Scanner) -> None:
    scanner.install()
    assert scanner.start() == ("success 0", ""), scanner.journal()


def test_gap_is_no_failure_of_the_unit(scanner: Scanner, opened: Callable[[], str]) -> None:
    scanner.install()
    opened()
    assert scanner.start() == ("success 10", ""), scanner.journal()


def test_server_that_is_down_is_trouble(scanner: Scanner) -> None:
    scanner.install(port=1)
    assert scanner.start() == ("exit-code 3", "trouble"), scanner.journal()


def test_scan_does_not_start_beside_another(scanner: Scanner) -> None:
    scanner.install()
    scanner.start()
    lock = "/var/lib/private/hardening/scan.lock"
    scanner.host.run("flock", "--exclusive", lock, "sh", "-c", f"systemctl start {SERVICE} || true")
    assert scanner.outcome() == ("exit-code 2", "trouble")
    assert "another scan with --exclusive runs" in scanner.journal()


def test_scans_of_the_unit_are_kept_where_only_it_can_read(scanner: Scanner) -> None:
    scanner.install()
    scanner.start()
    state = scanner.host.root / "var/lib/private/hardening"
    assert (state.stat().st_mode & 0o777, (state / "history.sqlite").exists()) == (0o700, True)
    assert len(list((state / "chain").glob("*.manifest"))) >= 1


def test_timer_starts_the_scan(scanner: Scanner) -> None:
    scanner.install(calendar="*:*:0/10")
    before = scanner.host.run("systemctl", "show", SERVICE, "--property=InvocationID")
    scanner.host.run("systemctl", "start", "hardening-scan.timer")
    try:
        until = time.monotonic() + WAIT_SECONDS
        while scanner.host.run("systemctl", "show", SERVICE, "--property=InvocationID") == before:
            assert time.monotonic() < until, scanner.host.run("systemctl", "list-timers", "--no-pager")
            time.sleep(1)
        shown = scanner.host.run("systemctl", "show", "hardening-scan.timer", "--property=LastTriggerUSec")
        assert re.fullmatch(r"LastTriggerUSec=\w+ .+", shown.strip())
    finally:
        scanner.host.run("systemctl", "stop", "hardening-scan.timer")
