"""Proves that each way in which a connection fails is named, with a line that mends it, after one login at most."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.hosts import Host
from tests.lab.lab import Lab
from tests.lab.scans import SUDO_PASSWORD, WRONG_PASSWORD, Scans

SUDO = ("--become", "sudo")
ORDER = [
    "credential",
    "name",
    "port",
    "greeting",
    "algorithms",
    "host_key",
    "login",
    "shell",
    "sudo",
    "rights",
    "clock",
]


@dataclass(frozen=True, slots=True)
class Visit:
    """What the doctor says about one target."""

    status: int
    stages: list[dict[str, str]]

    @property
    def last(self) -> Mapping[str, str]:
        """The stage at which it ended."""
        return self.stages[-1]

    def stage(self, name: str) -> Mapping[str, str]:
        """Return one stage."""
        (found,) = [stage for stage in self.stages if stage["stage"] == name]
        return found


def examine(scans: Scans, target: str, *options: object) -> Visit:
    """Let the doctor look at `account@host`."""
    return examine_words(scans, *scans.words(target)[1:-2], *options)


def examine_words(scans: Scans, *words: object) -> Visit:
    run = scans.run("doctor", *words, "--json", "-q")
    answer: Any = json.loads(run.out)
    (target,) = answer["targets"]
    assert target["failed"] == (run.status == 10), run.out
    return Visit(run.status, target["stages"])


def test_a_host_in_order_passes_every_stage(scans: Scans) -> None:
    visit = examine(scans, "audit@plain", *SUDO)
    assert (visit.status, [stage["stage"] for stage in visit.stages]) == (0, ORDER)


def test_a_host_in_order_has_nothing_to_mend_before_its_rights(scans: Scans) -> None:
    visit = examine(scans, "audit@plain", *SUDO)
    assert {stage["stage"] for stage in visit.stages if stage["state"] != "ok"} <= {"algorithms", "rights"}


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("audit@plain", SUDO, "sudo makes the account root without a password"),
        (
            "asks@plain",
            (*SUDO, "--sudo-password-from", f"env:{SUDO_PASSWORD}"),
            "sudo asked for the password and took it",
        ),
        ("audit@plain", (), "root rights were not asked for"),
        ("asks@plain", SUDO, "sudo asks for a password and none is configured"),
        (
            "nosudoers@plain",
            (*SUDO, "--sudo-password-from", f"env:{SUDO_PASSWORD}"),
            "sudoers on the target does not name",
        ),
        ("tty@plain", (*SUDO, "--sudo-password-from", f"env:{SUDO_PASSWORD}"), "sudo wants a terminal"),
        ("asks@plain", (*SUDO, "--sudo-password-from", f"env:{WRONG_PASSWORD}"), "sudo refused the password"),
        ("audit@nosudo", SUDO, "sudo is not installed on the target"),
    ],
    ids=["free", "password", "none", "unasked", "not-named", "requiretty", "wrong", "missing"],
)
def test_how_sudo_stands_is_named(scans: Scans, target: str, options: tuple[str, ...], words: str) -> None:
    assert words in examine(scans, target, *options).stage("sudo")["what"]


@pytest.mark.parametrize(
    ("target", "options", "line"),
    [
        ("tty@plain", SUDO, "echo 'Defaults:tty !requiretty' | sudo tee /etc/sudoers.d/tty-tty"),
        ("audit@nosudo", SUDO, "sudo apt-get install sudo"),
        ("nosudoers@plain", (), "hardening plan --kit ./kit --account nosudoers"),
    ],
)
def test_what_is_wrong_with_sudo_has_a_line(scans: Scans, target: str, options: tuple[str, ...], line: str) -> None:
    password = ("--sudo-password-from", f"env:{SUDO_PASSWORD}") if options else ()
    assert examine(scans, target, *options, *password).stage("sudo")["line"] == line


def test_rights_that_are_missing_are_told_by_kind(scans: Scans) -> None:
    visit = examine(scans, "audit@plain")
    lacking = [stage for stage in visit.stages if stage["stage"] == "rights"]
    assert any("kind accounts (root)" in stage["what"] and stage["line"] for stage in lacking), lacking


def test_an_unknown_key_comes_with_the_line_that_makes_it_known(lab: Lab, scans: Scans, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    host = lab.host("plain")
    words = (f"ssh://audit@{host.address}", "--key", host.key, "--known-hosts", known, *SUDO)
    unknown = examine_words(scans, *words)
    os.system(unknown.last["line"])  # noqa: S605 - the line is there to be pasted
    again = examine_words(scans, *words)
    assert (unknown.status, unknown.last["stage"], "SHA256:" in unknown.last["what"], again.status) == (
        *(10, "host_key", True),
        0,
    )


def test_a_changed_key_is_named(scans: Scans) -> None:
    visit = examine(scans, "audit@rekeyed")
    assert (visit.last["stage"], "has changed" in visit.last["what"]) == ("host_key", True)


@pytest.mark.parametrize(
    ("peer", "stage"),
    [
        ("closed", "port"),
        ("reset", "greeting"),
        ("silent", "greeting"),
        ("http", "greeting"),
        ("greets-then-closes", "algorithms"),
    ],
)
def test_a_peer_that_is_no_server_fails_at_its_stage(lab: Lab, scans: Scans, peer: str, stage: str) -> None:
    where = lab.peer(peer)
    key = lab.host("plain").key
    visit = examine_words(
        scans, f"ssh://audit@{where.address}:{where.port}", "--key", key, "--known-hosts", "/dev/null"
    )
    assert (visit.status, visit.last["stage"], bool(visit.last["line"])) == (10, stage, True), visit.last


def test_a_name_that_nobody_knows(lab: Lab, scans: Scans) -> None:
    visit = examine_words(scans, "ssh://audit@nowhere.invalid", "--key", lab.user_key)
    assert (visit.last["stage"], visit.last["line"]) == ("name", "getent ahosts nowhere.invalid")


def test_a_key_that_is_none(scans: Scans, lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("this is no key\n", "ascii")
    visit = examine_words(scans, f"ssh://audit@{lab.host('plain').address}", "--key", tmp_path / "key")
    assert (visit.last["stage"], len(visit.stages)) == ("credential", 1)


def refused_logins(host: Host) -> int:
    """Count the connections that ended while this account was still to log in."""
    return host.run("journalctl", "--no-pager", "-q").count("by authenticating user pwonly")


def test_a_refused_login_is_tried_once(scans: Scans, lab: Lab) -> None:
    host = lab.host("plain")
    before = refused_logins(host)
    visit = examine(scans, "pwonly@plain")
    deadline = time.monotonic() + 10
    while refused_logins(host) == before and time.monotonic() < deadline:
        time.sleep(0.1)
    expected = f"ssh-copy-id -i {shlex.quote(str(host.key) + '.pub')} pwonly@{host.address}"
    seen = (visit.last["stage"], visit.last["line"], refused_logins(host) - before)
    assert seen == ("login", expected, 1)


@pytest.mark.parametrize(
    ("account", "line"), [("nologin", "sudo usermod --shell /bin/sh nologin"), ("mustchange", "sudo passwd mustchange")]
)
def test_an_account_that_runs_nothing(scans: Scans, account: str, line: str) -> None:
    visit = examine(scans, f"{account}@plain")
    assert (visit.status, visit.last["stage"], visit.last["line"]) == (10, "shell", line), visit.last


def test_a_noisy_shell_is_no_failure(scans: Scans) -> None:
    shell = examine(scans, "noisy@plain", *SUDO).stage("shell")
    assert (shell["state"], "NOISE ON STDOUT" in shell["what"]) == ("warn", True)


def test_weak_algorithms_are_named_with_the_lines_that_end_them(scans: Scans) -> None:
    algorithms = examine(scans, "audit@weak", *SUDO).stage("algorithms")
    wanted = ("KexAlgorithms -", "diffie-hellman-group1-sha1", "Ciphers -", "3des-cbc", "MACs -", "hmac-md5")
    assert (algorithms["state"], [word for word in wanted if word not in algorithms["line"]]) == ("warn", [])


def test_a_host_behind_a_bastion_passes(scans: Scans) -> None:
    assert examine(scans, "audit@inner", *SUDO).status == 0


def test_people_read_their_language(scans: Scans) -> None:
    run = scans.run("doctor", *scans.words("audit@plain")[1:-2], *SUDO, "--lang", "nb", "-q")
    assert ("Vertsnøkkel: nøkkelen er kjent" in run.out, "klokkene er enige" in run.out) == (True, True), run.out


def test_several_targets_are_told_one_after_another(scans: Scans, lab: Lab) -> None:
    other = f"ssh://audit@{lab.host('nosudo').address}"
    run = scans.run("doctor", other, *scans.words("audit@plain")[1:-2], "--json", "-q")
    assert len(json.loads(run.out)["targets"]) == 2
