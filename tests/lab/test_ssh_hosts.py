"""Servers that differ in how one gets in: login shells, few sessions, old algorithms, other releases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hardening.model.step import ShellStep
from hardening.model.target import HostKeys
from hardening.transports import open_session
from hardening.transports.session import Opening
from tests.lab.hosts import Host
from tests.lab.lab import Lab
from tests.lab.scans import EXTENDED, SUDO_PASSWORD, Run, Scans
from tests.lab.sessions import SHORT, WHO, StartSshd, endpoint, failure, opening, run, value, who
from tests.transports.conformance import EVERY_BYTE, completed

CONNECTION_CHECKS = ("linux-ssh-connection-host-key", "linux-ssh-connection-kex", "linux-ssh-connection-protocol")
OLD_KEX = ("KexAlgorithms=diffie-hellman-group14-sha1",)
OLD_HOST_KEY = ("HostKeyAlgorithms=ssh-rsa",)


@pytest.mark.parametrize("as_root", [False, True])
@pytest.mark.parametrize("shell", ["csh", "fish"])
def test_the_login_shell_does_not_matter(lab: Lab, shell: str, *, as_root: bool) -> None:
    assert who(endpoint(lab, lab.host("shells"), shell), as_root=as_root) == ("root" if as_root else shell)


@pytest.mark.parametrize("shell", ["csh", "fish"])
def test_every_byte_survives_the_login_shell(lab: Lab, shell: str) -> None:
    answers = run(endpoint(lab, lab.host("shells"), shell), ShellStep(name="one", script=f"printf '{EVERY_BYTE}'"))
    assert completed(answers["one"]).stdout == bytes(range(256))


@pytest.mark.parametrize("shell", ["csh", "fish"])
def test_a_scan_sees_the_same_through_any_login_shell(scans: Scans, shell: str) -> None:
    options = (*EXTENDED, "--become", "sudo")
    outcomes = scans.scan_once(f"{shell}@shells", *options).outcomes
    assert outcomes == scans.scan_once("csh@shells", *options).outcomes
    assert "pass" in outcomes.values()


def test_two_sessions_a_connection_are_enough(scans: Scans) -> None:
    outcomes = scans.scan("audit@narrow", "--become", "sudo").outcomes
    assert [check for check, outcome in outcomes.items() if outcome == "error"] == []


def test_two_batches_at_a_time_are_never_open(lab: Lab) -> None:
    session = open_session(endpoint(lab, lab.host("narrow")), opening())
    said = [completed(session.run([WHO], as_root=number % 2 == 0)["who"]).text for number in range(6)]
    session.close()
    assert said == ["root\n", "audit\n"] * 3


WALKED = (
    *("linux-capabilities-inventory", "linux-sticky-bit", "linux-suid-inventory", "linux-suid-inventory-tools"),
    *("linux-unowned-files", "linux-world-writable-files"),
)
STOCK = ("audit@bastion", "--become", "sudo", *EXTENDED)


def test_a_read_only_root_costs_no_answer(scans: Scans) -> None:
    frozen = scans.scan_once("audit@frozen", "--become", "sudo", *EXTENDED)
    assert frozen.outcomes == scans.scan_once(*STOCK).outcomes


def test_the_root_of_that_host_is_read_only(lab: Lab) -> None:
    said = lab.host("frozen").run("sh", "-c", "touch /etc/written 2>&1 || true")
    assert said.strip().endswith("Read-only file system")


def test_tools_of_busybox_tell_all_but_what_a_walk_finds(scans: Scans) -> None:
    outcomes = scans.scan_once("audit@busybox", "--become", "sudo", *EXTENDED).outcomes
    stock = scans.scan_once(*STOCK).outcomes
    changed = {check: outcome for check, outcome in outcomes.items() if outcome != stock[check]}
    # Whoever puts links to busybox in place of packaged files has changed packaged files.
    assert changed == {"linux-package-verify": "fail", **dict.fromkeys(WALKED, "error")}


def test_sudo_for_two_commands_is_told_from_no_sudo(scans: Scans) -> None:
    run = scans.scan("limited@plain", "--become", "sudo", "--sudo-password-from", f"env:{SUDO_PASSWORD}")
    assert "sudoers on the target does not allow the account to run /bin/sh as root" in run.said, run.err


def test_sudo_for_two_commands_gains_nothing(scans: Scans) -> None:
    without = scans.scan_once("limited@plain")
    assert scans.scan("limited@plain", "--become", "sudo").outcomes == without.outcomes


@pytest.fixture(params=[OLD_KEX, OLD_HOST_KEY], ids=["key exchange", "host key"])
def old(request: pytest.FixtureRequest, scans: Scans, start_sshd: StartSshd) -> tuple[str, Run]:
    """Scan a server that knows SHA-1 only, and say what is old about it."""
    target = start_sshd(*request.param, "HostKey=/etc/ssh/ssh_host_rsa_key")
    login = ("--user", "audit", "--key", target.credential.key, "--known-hosts", target.known_hosts)
    name = "kex" if request.param is OLD_KEX else "host-key"
    scan = scans.run("scan", f"ssh://{target.address}:{target.port}", *login, "-o", "json=-")
    return f"linux-ssh-connection-{name}", scan


def test_a_server_that_knows_sha1_only_is_judged_although_nobody_can_log_in(old: tuple[str, Run]) -> None:
    check, scan = old
    expected = {name: "fail" if name == check else "pass" for name in CONNECTION_CHECKS}
    assert {name: scan.outcomes[name] for name in CONNECTION_CHECKS} == expected


def test_everything_else_about_it_was_not_looked_at(old: tuple[str, Run]) -> None:
    _, scan = old
    rest = {outcome for check, outcome in scan.outcomes.items() if check not in CONNECTION_CHECKS}
    assert rest == {"error"}


def test_what_is_old_about_it_is_a_gap(old: tuple[str, Run]) -> None:
    _, scan = old
    assert scan.status == 10
    assert "no algorithm in common" in scan.said


def test_a_server_of_today_passes(scans: Scans) -> None:
    outcomes = scans.scan_once("audit@bastion").outcomes
    assert {name: outcomes[name] for name in CONNECTION_CHECKS} == dict.fromkeys(CONNECTION_CHECKS, "pass")


def test_a_link_local_address_has_a_zone(lab: Lab, plain: Host) -> None:
    rows = plain.run("ip", "-o", "-6", "address", "show", "dev", "eth0", "scope", "link").split()
    address = f"{rows[rows.index('inet6') + 1].partition('/')[0]}%lab0"
    known = lab.folder / "known_hosts.link"
    lines = [
        text.split(" ", 1)[1]
        for text in lab.known_hosts.read_text().splitlines()
        if text.startswith(f"{plain.address} ")
    ]
    known.write_text("".join(f"{address} {text}\n" for text in lines))
    target = replace(endpoint(lab, plain), address=address, known_hosts=str(known))
    assert who(target) == "audit"


def test_a_new_key_is_accepted_by_choice_and_said_to_be(lab: Lab, plain: Host, tmp_path: Path) -> None:
    accepting = Opening(resolve=opening().resolve, limits=SHORT, accepted_hosts=tmp_path / "accepted")
    target = replace(endpoint(lab, plain), known_hosts="/nonexistent", host_keys=HostKeys.ACCEPT_NEW)
    session = open_session(target, accepting)
    session.close()
    assert value(session.connection, "host_key_accepted") is True


def test_a_key_that_a_person_accepted_is_said_to_be(lab: Lab, plain: Host) -> None:
    session = open_session(endpoint(lab, plain), opening())
    session.close()
    assert value(session.connection, "host_key_accepted") is False


def test_a_changed_key_is_refused_although_new_ones_are_accepted(lab: Lab) -> None:
    target = replace(endpoint(lab, lab.host("rekeyed")), host_keys=HostKeys.ACCEPT_NEW)
    assert "has changed" in failure(target).reason


def test_a_name_of_ssh_config_is_scanned(lab: Lab, scans: Scans, tmp_path: Path) -> None:
    inner, bastion = lab.host("inner"), lab.host("bastion")
    tmp_path.chmod(0o700)
    (tmp_path / "hosts").write_text(f"Host outer\n  HostName {bastion.address}\n")
    (tmp_path / "config").write_text(f"""
Include {tmp_path}/hosts
Host behind
  HostName {inner.address}
  ProxyJump outer
Host *
  User audit
  IdentityFile {lab.user_key}
  UserKnownHostsFile {lab.known_hosts}
""")
    for path in tmp_path.iterdir():
        path.chmod(0o600)
    scan = scans.run("scan", "ssh://behind", "--ssh-config", tmp_path / "config", "-o", "json=-")
    assert [(result["target"], result["outcome"]) for result in scan.report["results"][:1]] == [("behind", "pass")]


@pytest.mark.slow
@pytest.mark.parametrize(("suite", "version"), [("bullseye", "11"), ("trixie", "13")])
def test_other_releases_answer_every_question(scans: Scans, suite: str, version: str) -> None:
    scan = scans.scan_once(f"audit@{suite}", *EXTENDED, "--become", "sudo")
    assert scan.report["targets"][0]["system"]["version"] == version
    assert [check for check, outcome in scan.outcomes.items() if outcome == "error"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suite", "kex"), [("bullseye", "curve25519-sha256@libssh.org"), ("trixie", "mlkem768x25519-sha256")]
)
def test_with_other_releases_the_best_key_exchange_is_agreed_on(lab: Lab, suite: str, kex: str) -> None:
    session = open_session(endpoint(lab, lab.host(suite)), opening())
    session.close()
    assert value(session.connection, "kex") == kex
