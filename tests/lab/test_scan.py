"""Proves what a scan of real servers comes to: exit status, verdicts, and that missing rights cost no truth."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.lab.catalogue import PASSWORD
from tests.lab.lab import Lab
from tests.lab.scans import EXTENDED, QUICK, SUDO_PASSWORD, WRONG_PASSWORD, Scans

SUDO = ("--become", "sudo")
SUDO_BY_PASSWORD = (*SUDO, "--sudo-password-from", f"env:{SUDO_PASSWORD}")
FULL = {"plain": SUDO, "hardened": SUDO_BY_PASSWORD, "weak": SUDO, "nosudo": ()}


def _outcomes(scans: Scans, target: str, *options: str) -> dict[str, str]:
    return scans.scan_once(target, *options, *EXTENDED).outcomes


@pytest.mark.parametrize("level", ["linux-server", "linux-server:extended"])
@pytest.mark.parametrize(("name", "status"), [("weak", 10), ("hardened", 0)])
def test_exit_status_tells_a_weak_host_from_a_hardened_one(scans: Scans, name: str, status: int, level: str) -> None:
    run = scans.scan_once(f"audit@{name}", *FULL[name], "-b", level)
    assert (run.status, "Traceback" in run.err) == (status, False), run.err


def test_the_installed_command_scans_and_writes_both_reports(scans: Scans, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("hardening")
    words = [*scans.words("audit@weak"), *SUDO, "-o", f"html={tmp_path / 'gap.html'}"]
    run = subprocess.run([program, *words], env=scans.environment(), capture_output=True, text=True, check=False)
    page = (tmp_path / "gap.html").read_text("utf-8")
    assert (run.returncode, run.stdout.startswith("{"), "linux-perm-shadow" in page) == (10, True, True), run.stderr


def test_nothing_on_the_hardened_host_is_a_gap_or_unexamined(scans: Scans) -> None:
    outcomes = _outcomes(scans, "audit@hardened", *SUDO_BY_PASSWORD)
    assert {check for check, outcome in outcomes.items() if outcome not in {"pass", "not_applicable"}} == set()


def test_everything_on_the_weak_host_is_examined(scans: Scans) -> None:
    outcomes = _outcomes(scans, "audit@weak", *SUDO)
    assert {check for check, outcome in outcomes.items() if outcome == "error"} == set()


@pytest.mark.parametrize(
    "check",
    [
        "linux-no-empty-shadow",
        "linux-perm-shadow",
        "linux-perm-passwd",
        "linux-uid0-only-root",
        "linux-ssh-empty-passwords",
        "linux-ssh-root-login",
        "linux-private-key-files",
        "linux-shadow-group-empty",
        "linux-auditd-installed",
        "linux-cpu-mitigations",
    ],
)
def test_what_the_weak_host_was_given_is_found(scans: Scans, check: str) -> None:
    assert _outcomes(scans, "audit@weak", *SUDO)[check] == "fail"


@pytest.mark.parametrize("name", ["plain", "hardened", "weak"])
def test_what_passes_without_root_passes_with_root(scans: Scans, name: str) -> None:
    with_root = _outcomes(scans, f"audit@{name}", *FULL[name])
    without = _outcomes(scans, f"audit@{name}")
    verdicts = {check: outcome for check, outcome in without.items() if outcome != "error"}
    assert verdicts == {check: with_root[check] for check in verdicts}


@pytest.mark.parametrize("name", ["plain", "hardened"])
def test_rights_that_are_missing_are_named(scans: Scans, name: str) -> None:
    run = scans.scan_once(f"audit@{name}", *EXTENDED)
    needs = {group["need"]: set(group["checks"]) for group in run.report["unexamined"]}
    errors = {check for check, outcome in run.outcomes.items() if outcome == "error"}
    assert (needs, bool(errors), "need root rights" in run.said) == ({"root": errors}, True, True)


@pytest.mark.parametrize(
    ("target", "options"),
    [
        pytest.param("noisy@plain", SUDO, id="through a noisy login shell"),
        pytest.param("asks@plain", SUDO_BY_PASSWORD, id="with a sudo password"),
    ],
)
def test_the_same_host_gets_the_same_verdicts(scans: Scans, target: str, options: Sequence[str]) -> None:
    assert _outcomes(scans, target, *options) == _outcomes(scans, "audit@plain", *SUDO)


def test_a_host_behind_a_bastion_is_scanned(scans: Scans) -> None:
    run = scans.scan("audit@inner", *SUDO)
    assert {outcome for outcome in run.outcomes.values() if outcome == "error"} == set()


def test_a_recording_gives_the_same_report_again(scans: Scans, tmp_path: Path) -> None:
    at_once = scans.run("collect", *scans.words("audit@weak")[1:-2], *SUDO, "--keep-raw", "--into", tmp_path / "kept")
    (recording,) = (tmp_path / "kept").glob("*.recording.json.gz")
    again = scans.run("scan", f"recorded:{recording}", "-o", "json=-")
    assert (at_once.status, again.outcomes) == (0, scans.scan_once("audit@weak", *SUDO).outcomes)


INVENTORY = """
credentials:
  lab: {{key: {key}, sudo_password: "env:{sudo}"}}
  both: {{key: {key}, password: "env:{sudo}", sudo_password: "env:{sudo}"}}
  wrong: {{key: {key}, sudo_password: "env:{wrong}"}}
targets:
{targets}
"""
TARGET = """
  - name: {name}
    ssh: {{address: {address}, port: {port}, user: {user}, become: sudo, known_hosts: {known_hosts}{more}}}
    credential: {credential}
    labels: {{state: {state}}}
"""


@pytest.fixture(scope="module")
def inventory(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an inventory of good and bad hosts and peers."""
    texts = []

    def add(name: str, address: str, port: int = 22, *, state: str = "bad", **further: str) -> None:
        settings = {"user": "audit", "credential": "lab", "more": "", "known_hosts": lab.known_hosts, **further}
        texts.append(TARGET.format(name=name, address=address, port=port, state=state, **settings))

    for name in ("plain", "weak", "bastion"):
        add(name, lab.host(name).address, state="good")
    add("hardened", lab.host("hardened").address, state="good", credential="both")
    add("inner", lab.host("inner").address, state="good", more=", jump: bastion")
    add("wrong-sudo", lab.host("plain").address, state="refused", user="asks", credential="wrong")
    add("no-sudo", lab.host("nosudo").address, state="refused")
    for name in ("rekeyed", "hangs", "closes"):
        add(name, lab.host(name).address)
    for name in ("silent", "reset", "closed", "nobody"):
        add(name, lab.peer(name).address, lab.peer(name).port, known_hosts="/dev/null")
    path = tmp_path_factory.mktemp("site") / "inventory.yaml"
    names = {"key": str(lab.user_key), "sudo": SUDO_PASSWORD, "wrong": WRONG_PASSWORD}
    path.write_text(INVENTORY.format(targets="".join(texts), **names))
    path.chmod(0o600)
    return path


def test_bad_hosts_do_not_cost_the_good_ones_their_scan(scans: Scans, inventory: Path) -> None:
    run = scans.run("scan", "-i", inventory, "-o", "json=-", limits=QUICK)
    errors = {target["name"]: target["counts"]["errors"] for target in run.report["targets"]}
    reached = {
        name: error for name, error in errors.items() if name in {"plain", "weak", "hardened", "bastion", "inner"}
    }
    assert (run.status, reached) == (10, dict.fromkeys(reached, 0)), run.err


def test_each_bad_host_is_a_line_of_its_own_and_passes_nothing(scans: Scans, inventory: Path) -> None:
    run = scans.run("scan", "-i", inventory, "--select", "state=bad", "-o", "json=-", limits=QUICK)
    names = [target["name"] for target in run.report["targets"]]
    unnamed = [name for name in names if run.err.count(f" - {name} was not reached: ") != 1 and name != "closes"]
    assert (run.status, run.passed_by_answers, unnamed) == (3, set(), []), run.err


def test_secrets_of_an_inventory_stand_nowhere(scans: Scans, inventory: Path, tmp_path: Path) -> None:
    options = ("--keep-raw", "-vv", "-o", f"html={tmp_path / 'gap.html'}", "-o", "json=-")
    run = scans.run("scan", "-i", inventory, "--select", "state!=bad", *options, limits=QUICK)
    written = [path for path in [*scans.folder.rglob("*"), tmp_path / "gap.html"] if path.is_file()]
    texts = [run.out, run.err, *(_plain_text(path) for path in written)]
    assert [text[:200] for text in texts if PASSWORD in text] == []


def _plain_text(path: Path) -> str:

    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")
