"""Proves least privilege: an account that may run an installed plan and nothing else gets what full sudo gets."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardening.transports.kit import ROOT_SCRIPT, SCAN_SCRIPT
from tests.lab.hosts import Host
from tests.lab.keys import public_text
from tests.lab.lab import Lab
from tests.lab.network import GATEWAY
from tests.lab.scans import EXTENDED, Run, Scans

ACCOUNT = "scanner"
TARGET = f"{ACCOUNT}@kit"
KIT = ("--become", "kit")


@dataclass(frozen=True, slots=True)
class Installed:
    """A host on which a kit was installed as its own note says, and the folder of that kit."""

    host: Host
    folder: Path


def write_kit(scans: Scans, lab: Lab, folder: Path, *options: str) -> Path:
    """Write a kit for the account of these tests."""
    key = folder.parent / f"{folder.name}.pub"
    key.write_text(public_text(lab.user_key), "ascii")
    words = ("plan", "--kit", folder, "--account", ACCOUNT, "--from", f"{GATEWAY}/32", "--public-key", key)
    run = scans.run(*words, *options)
    assert run.status == 0, run.err
    return folder


def install(host: Host, folder: Path) -> None:
    """Do on a host what the note in a kit says, word by word."""
    note = (folder / "INSTALL.en.md").read_text("utf-8")
    commands = "\n".join(line.strip() for line in note.splitlines() if line.startswith("       "))
    there = host.root / "root" / "kit"
    there.mkdir(exist_ok=True)
    for path in folder.iterdir():
        (there / path.name).write_bytes(path.read_bytes())
    host.run("sh", "-euc", f"cd /root/kit; sha256sum -c SHA256SUMS; {commands}; rm -r /root/kit")


@pytest.fixture(scope="module")
def installed(lab: Lab, scans: Scans, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    host = lab.host("kit")
    folder = write_kit(scans, lab, tmp_path_factory.mktemp("kits") / "extended", *EXTENDED)
    install(host, folder)
    return Installed(host, folder)


@contextmanager
def replaced(host: Host, path: str, text: str) -> Iterator[None]:
    """Let a script of the kit hold another text while the block runs."""
    file = host.root / path.lstrip("/")
    before = file.read_text("utf-8")
    file.write_text(text, "utf-8")
    try:
        yield
    finally:
        file.write_text(before, "utf-8")


def log_in(lab: Lab, host: Host, *words: str) -> subprocess.CompletedProcess[str]:
    """Log in as the account with OpenSSH's own client and ask for something."""
    options = ("BatchMode=yes", f"UserKnownHostsFile={lab.known_hosts}", "ForwardAgent=yes", "ExitOnForwardFailure=yes")
    settings = [word for option in options for word in ("-o", option)]
    argv = ("ssh", "-F", "/dev/null", *settings, "-i", str(lab.user_key), f"{ACCOUNT}@{host.address}", *words)
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.usefixtures("installed")
def test_the_account_gets_the_results_of_full_sudo(scans: Scans) -> None:
    limited = scans.scan_once(TARGET, *KIT, *EXTENDED)
    full = scans.scan_once("audit@kit", "--become", "sudo", *EXTENDED)
    assert (limited.status, limited.outcomes) == (full.status, full.outcomes), limited.err


@pytest.mark.usefixtures("installed")
def test_nothing_is_left_unexamined_for_lack_of_rights(scans: Scans) -> None:
    run = scans.scan_once(TARGET, *KIT, *EXTENDED)
    assert "root" not in {group["need"] for group in run.report["unexamined"]}


@pytest.mark.usefixtures("installed")
def test_the_report_says_how_root_was_reached(scans: Scans) -> None:
    (target,) = scans.scan_once(TARGET, *KIT, *EXTENDED).report["targets"]
    privileges = target["privileges"]
    assert (privileges["user"], privileges["root"], privileges["become"]) == (ACCOUNT, True, "kit")


@pytest.mark.parametrize(
    "words",
    [(), ("id",), (f"{SCAN_SCRIPT} any; id",), (f"{SCAN_SCRIPT} root id",), ("sh",), ("sudo", "-n", ROOT_SCRIPT)],
    ids=["shell", "command", "more-behind-it", "argument", "sh", "sudo"],
)
def test_the_account_runs_nothing_else(installed: Installed, lab: Lab, words: tuple[str, ...]) -> None:
    run = log_in(lab, installed.host, *words)
    assert (run.returncode, run.stdout, "uid=" in run.stderr) == (64, "", False)


def test_the_account_gets_no_terminal(installed: Installed, lab: Lab) -> None:
    assert "PTY allocation request failed" in log_in(lab, installed.host, "-tt").stderr


def test_the_account_forwards_no_port(installed: Installed, lab: Lab) -> None:
    argv = log_in(lab, installed.host, "-W", "127.0.0.1:22")
    assert (argv.stdout, "administratively prohibited" in argv.stderr) == ("", True)


def test_another_address_is_not_let_in(installed: Installed, lab: Lab) -> None:
    run = log_in(lab, installed.host, "-b", "10.77.0.2")
    assert (run.returncode, "Permission denied" in run.stderr) == (255, True)


def test_sudo_allows_that_one_script_without_arguments(installed: Installed) -> None:
    allowed = installed.host.run("sudo", "-l", "-U", ACCOUNT)
    digest = re.search(r"([0-9a-f]{64})  hardening-root", (installed.folder / "SHA256SUMS").read_text("ascii"))
    assert digest
    assert [line.strip() for line in allowed.splitlines() if "NOPASSWD" in line] == [
        f'(root) NOPASSWD: sha256:{digest[1]} {ROOT_SCRIPT} ""'
    ]


def test_a_wrong_word_runs_no_step(installed: Installed) -> None:
    typed = "printf 'word; id\\n' | " + ROOT_SCRIPT
    assert installed.host.run("sh", "-c", f"{typed}; echo $?").splitlines()[1:] == ["65"]


def unreadable_for(run: Run) -> set[str]:
    return {check for check, outcome in run.outcomes.items() if outcome == "error"}


def test_a_script_that_was_altered_is_not_run(installed: Installed, scans: Scans) -> None:
    text = (installed.folder / "hardening-root").read_text("utf-8")
    with replaced(installed.host, ROOT_SCRIPT, text + "touch /run/altered\n"):
        run = scans.scan(TARGET, *KIT, *EXTENDED)
    said = f"sudo does not let the account run {ROOT_SCRIPT}"
    assert (said in run.said, (installed.host.root / "run" / "altered").exists()) == (True, False), run.err


def test_a_digest_in_sudoers_that_does_not_match_gives_no_root(installed: Installed, scans: Scans) -> None:
    line = (installed.host.root / "etc/sudoers.d/hardening").read_text("ascii")
    with replaced(installed.host, "/etc/sudoers.d/hardening", re.sub(r"[0-9a-f]{64}", "0" * 64, line)):
        run = scans.scan(TARGET, *KIT, *EXTENDED)
    full = scans.scan_once(TARGET, *KIT, *EXTENDED).outcomes
    verdicts = {check: outcome for check, outcome in run.outcomes.items() if outcome != "error"}
    assert f"sudo does not let the account run {ROOT_SCRIPT}" in run.said, run.err
    assert verdicts == {check: full[check] for check in verdicts}


def test_what_an_altered_script_would_have_answered_is_unexamined(installed: Installed, scans: Scans) -> None:
    full = scans.scan_once(TARGET, *KIT, *EXTENDED).outcomes
    text = (installed.folder / "hardening-root").read_text("utf-8")
    with replaced(installed.host, ROOT_SCRIPT, f"{text}#\n"):
        run = scans.scan(TARGET, *KIT, *EXTENDED)
    verdicts = {check: outcome for check, outcome in run.outcomes.items() if outcome != "error"}
    assert (bool(unreadable_for(run)), verdicts) == (True, {check: full[check] for check in verdicts})


@pytest.mark.usefixtures("installed")
def test_another_plan_than_the_installed_one_judges_nothing(scans: Scans) -> None:
    run = scans.scan(TARGET, *KIT, "-b", "linux-server:basic")
    reason = "the kit on the target is of another plan than this scan"
    assert (run.status, reason in run.said, "hardening plan --kit DIR" in run.said) == (3, True, True), run.err


@pytest.mark.usefixtures("installed")
def test_another_plan_passes_nothing_but_the_connection_itself(scans: Scans) -> None:
    passed = scans.scan(TARGET, *KIT, "-b", "linux-server:basic").passed
    assert {check for check in passed if not check.startswith("linux-ssh-connection-")} == set()


def test_where_no_kit_is_installed_the_scan_says_what_to_install(scans: Scans) -> None:
    run = scans.scan("audit@bastion", *KIT)
    assert (run.status, f"{SCAN_SCRIPT} did not run on the target" in run.said) == (3, True), run.err


@pytest.mark.usefixtures("installed")
def test_a_scan_without_the_kit_is_told_to_use_it(scans: Scans) -> None:
    run = scans.scan(TARGET, "--become", "sudo")
    assert (run.status, "scan with become: kit" in run.said) == (3, True), run.err


def test_a_kit_without_sudo_says_so(installed: Installed, scans: Scans) -> None:
    with replaced(installed.host, "/etc/sudoers.d/hardening", ""):
        run = scans.scan(TARGET, *KIT, *EXTENDED)
    assert f"sudo does not let the account run {ROOT_SCRIPT}" in run.said


PAGE = Path(__file__).parents[2] / "docs" / "operating.md"


def sudo_lines(host: Host) -> list[str]:
    """Return what sudo has said on a host, with the name of the account and the random words as the page has them."""
    said = host.run("journalctl", "--no-pager", "-q", "-o", "cat", "SYSLOG_IDENTIFIER=sudo")
    lines = [line.strip().replace(ACCOUNT, "audit") for line in said.splitlines() if "COMMAND=" in line]
    return [re.sub(r"\b[0-9a-f]{16}\b", "0123456789abcdef", line) for line in lines]


def await_lines(host: Host, wanted: set[str]) -> set[str]:
    """Return the lines that sudo has not said, some time later; the journal takes a moment."""
    deadline = time.monotonic() + 10
    while (missing := wanted - set(sudo_lines(host))) and time.monotonic() < deadline:
        time.sleep(0.2)
    return missing


def test_the_log_says_what_the_page_says(installed: Installed, scans: Scans) -> None:
    scans.scan_once(TARGET, *KIT, *EXTENDED)
    scans.scan_once("audit@kit", "--become", "sudo", *EXTENDED)
    page = {line.strip() for line in PAGE.read_text("utf-8").splitlines() if line.startswith("    audit : ")}
    assert (len(page), await_lines(installed.host, page)) == (2, set()), sudo_lines(installed.host)
