"""Proves what bad servers and bad peers come to: one clear line with the remedy, `error` and never `pass`, status 3."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.lab.catalogue import PASSWORD
from tests.lab.lab import Lab
from tests.lab.scans import QUICK, SUDO_PASSWORD, WRONG, WRONG_PASSWORD, Run, Scans

SUDO = ("--become", "sudo")
SUDO_BY_PASSWORD = (*SUDO, "--sudo-password-from", f"env:{SUDO_PASSWORD}")
WRONG_SUDO = (*SUDO, "--sudo-password-from", f"env:{WRONG_PASSWORD}")


def lines_of_what_was_not_examined(run: Run) -> list[str]:
    (section,) = re.findall(r"What could not be examined\n(.*?)\n\n", run.err, re.DOTALL)
    return str(section).replace("\n  · ", " ").splitlines()


def assert_one_clear_line(run: Run, reason: str, remedy: str) -> None:
    """Assert that the summary says it in one line, with reason and remedy whole, and nothing of our insides."""
    (line,) = (line for line in lines_of_what_was_not_examined(run) if reason in line)
    assert remedy in line
    assert [word for word in ("Traceback", "more characters", PASSWORD, WRONG) if word in run.err + run.out] == []


def assert_not_reached(run: Run, reason: str, remedy: str) -> None:
    """Assert that nothing is said about a target but why it was not reached."""
    assert (run.status, run.passed_by_answers, run.report["counts"]["errors"] > 0) == (3, set(), True)
    assert [target["reached"] for target in run.report["targets"]] == [False]
    assert len(lines_of_what_was_not_examined(run)) == 1
    assert_one_clear_line(run, reason, remedy)


ADDRESS = "check address and port, that the server runs, and the firewalls on the way"
PEER = "check that an SSH server answers on this port"


@pytest.mark.parametrize(
    ("name", "reason", "remedy"),
    [
        ("nobody", "no answer in time", ADDRESS),
        ("full-backlog", "no answer in time", ADDRESS),
        ("closed", "the port is closed", ADDRESS),
        ("silent", "something listens, but no SSH greeting came within 3 s", "check the load of the server"),
        ("reset", "the connection was closed before any SSH greeting", "check that sshd runs there"),
        ("greets-then-silent", "the server greeted and then said nothing more within 3 s", "check the load"),
        ("greets-then-closes", "the peer closed the connection", PEER),
        ("http", "the connection was closed before any SSH greeting", "check that sshd runs there"),
        ("endless-greeting", "the peer does not speak SSH as expected", PEER),
    ],
)
def test_a_peer_that_is_no_ssh_server(lab: Lab, scans: Scans, name: str, reason: str, remedy: str) -> None:
    peer = lab.peer(name)
    words = ("scan", f"ssh://audit@{peer.address}:{peer.port}", "--key", lab.user_key, "-o", "json=-")
    assert_not_reached(scans.run(*words, limits=QUICK), reason, remedy)


def test_a_name_that_nobody_knows(lab: Lab, scans: Scans) -> None:
    run = scans.run("scan", "ssh://audit@no-such-host.invalid", "--key", lab.user_key, "-o", "json=-", limits=QUICK)
    assert_not_reached(run, "the name could not be resolved", "check the address and the name service")


@pytest.mark.parametrize(
    ("target", "options", "reason", "remedy"),
    [
        pytest.param(
            "audit@plain",
            ("--known-hosts", "/dev/null"),
            "is not known: ssh-ed25519 SHA256:",
            "ssh-ed25519 AAAA",
            id="new",
        ),
        pytest.param("audit@rekeyed", (), "has changed: ssh-ed25519 SHA256:", "known_hosts", id="changed"),
        pytest.param("pwonly@plain", (), "the login as pwonly was refused (tried: key", "check the account", id="key"),
        pytest.param("nologin@plain", (), "This account is currently not available", "log in by hand", id="nologin"),
        pytest.param("mustchange@plain", (), "Your password has expired", "log in by hand", id="expired"),
        pytest.param("audit@hangs", (), "nothing came from the target for 4 s", "log in by hand", id="hangs"),
        pytest.param("audit@hangs", SUDO, "nothing came from the target for 4 s", "log in by hand", id="hangs-sudo"),
    ],
)
def test_a_server_that_does_not_let_us_ask(
    scans: Scans, target: str, options: Sequence[str], reason: str, remedy: str
) -> None:
    assert_not_reached(scans.scan(target, *options, limits=QUICK), reason, remedy)


@pytest.mark.parametrize(
    ("target", "options", "reason", "remedy"),
    [
        pytest.param("asks@plain", SUDO, "sudo asks for a password and none is configured", "sudo_password", id="none"),
        pytest.param("asks@plain", WRONG_SUDO, "sudo refused the password; it was sent once", "check the", id="wrong"),
        pytest.param(
            "nosudoers@plain",
            SUDO_BY_PASSWORD,
            "sudoers on the target does not name the account",
            "put",
            id="not named",
        ),
        pytest.param("tty@plain", SUDO_BY_PASSWORD, "sudo wants a terminal (requiretty)", "!requiretty", id="tty"),
        pytest.param("audit@nosudo", SUDO, "sudo is not installed on the target", "install sudo", id="missing"),
        pytest.param(
            "asks@plain",
            (*SUDO, "--sudo-password-from", "env:LAB_UNSET"),
            "sudo asks for a password, which cannot be had: env:LAB_UNSET: the variable is not set",
            "make the sudo_password of the credential resolvable",
            id="unset",
        ),
    ],
)
def test_sudo_that_gives_no_root(scans: Scans, target: str, options: Sequence[str], reason: str, remedy: str) -> None:
    run = scans.scan(target, *options)
    assert_one_clear_line(run, reason, remedy)
    without = scans.scan_once(target)
    assert (run.status, run.outcomes) == (without.status, without.outcomes)
    assert "could not be examined" in run.said.rpartition("Exit code")[2]


def _heard(lab: Lab, identifier: str, words: str) -> int:
    """Count lines in the journal of the plain host."""
    journal = lab.host("plain").run("journalctl", "--no-pager", "-o", "cat", "-t", identifier)
    return journal.count(words)


def test_a_refused_password_is_tried_once(lab: Lab, scans: Scans) -> None:
    said = "Failed password for pwonly"
    host, before = lab.host("plain"), _heard(lab, "sshd", said)
    words = ("scan", f"ssh://pwonly@{host.address}", "--known-hosts", lab.known_hosts, "-o", "json=-")
    run = scans.run(*words, *SUDO, "--password-from", f"env:{WRONG_PASSWORD}")
    assert_not_reached(run, "the login as pwonly was refused (tried: password)", "check the account")
    assert _heard(lab, "sshd", said) == before + 1


def test_a_refused_sudo_password_is_tried_once(lab: Lab, scans: Scans) -> None:
    said = "pam_unix(sudo:auth): authentication failure"
    before = _heard(lab, "sudo", said)
    scans.scan("asks@plain", *WRONG_SUDO)
    assert _heard(lab, "sudo", said) == before + 1


def test_a_server_that_closes_in_mid_answer_passes_nothing(scans: Scans) -> None:
    run = scans.scan("audit@closes", limits=QUICK)
    assert (run.status, run.passed_by_answers, "the connection broke before the command ended" in run.said) == (
        3,
        set(),
        True,
    )
    assert "Traceback" not in run.err


def test_a_server_that_closes_in_mid_answer_of_root_passes_nothing(scans: Scans) -> None:
    run = scans.scan("audit@closes", *SUDO, limits=QUICK)
    assert (run.status, run.passed_by_answers, "Traceback" in run.err) == (3, set(), False)


def test_a_refused_scan_writes_its_page_all_the_same(scans: Scans, tmp_path: Path) -> None:
    scans.scan("audit@rekeyed", "-o", f"html={tmp_path / 'gap.html'}")
    assert "has changed: ssh-ed25519" in (tmp_path / "gap.html").read_text("utf-8")
