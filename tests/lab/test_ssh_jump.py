"""Targets behind jump hosts: one connection to each jump host, and one clear reason where it comes to nothing."""
# ruff: noqa: D102 - the name of a test is its sentence, in a class as well

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hardening.errors import ConnectError
from hardening.model.evidence import Absent
from hardening.model.step import NotRun, ShellStep
from hardening.model.target import SshEndpoint
from hardening.transports import open_session
from hardening.transports.session import Opening, Session
from tests.lab.hosts import Host
from tests.lab.lab import Lab
from tests.lab.scans import Scans
from tests.lab.sessions import SHORT, WHO, StartSshd, endpoint, failure, log_of, opening, sshd_on, value, who
from tests.transports.conformance import completed

MANY = 8


@pytest.fixture
def bastion(lab: Lab) -> Host:
    return lab.host("bastion")


@pytest.fixture
def start_bastion(lab: Lab, bastion: Host) -> Iterator[StartSshd]:
    """Start further servers with options of their own on the jump host."""
    with sshd_on(lab, bastion) as start:
        yield start


def inner_behind(lab: Lab, jump: SshEndpoint) -> SshEndpoint:
    return replace(endpoint(lab, lab.host("inner")), jump=jump)


def deep_behind(lab: Lab, jump: SshEndpoint) -> SshEndpoint:
    return replace(endpoint(lab, lab.host("deep")), jump=inner_behind(lab, jump))


def open_many(targets: Sequence[SshEndpoint], shared: Opening) -> list[Session | ConnectError]:
    """Open sessions at the same time."""

    def reach(target: SshEndpoint) -> Session | ConnectError:
        try:
            return open_session(target, shared)
        except ConnectError as error:
            return error

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(reach, targets))


@contextmanager
def opened(targets: Sequence[SshEndpoint]) -> Iterator[list[Session]]:
    """Keep sessions open that share their jump hosts, as those of a scan do."""
    shared = opening()
    with ExitStack() as stack:
        stack.enter_context(shared.bastions.held())
        sessions = []
        for session in open_many(targets, shared):
            assert not isinstance(session, ConnectError)
            stack.callback(session.close)
            sessions.append(session)
        yield sessions


def has_ended(host: Host, server: SshEndpoint) -> bool:
    """Whether a server has no connection any more, a moment after it was closed."""
    for _ in range(100):
        if not host.run("sh", "-c", f"pgrep -P $(cat /run/sshd-{server.port}.pid) || true"):
            return True
        time.sleep(0.05)
    return False


class TestOneJumpHost:
    """A target that can be reached through another one only."""

    def test_the_target_answers_through_its_jump_host(self, lab: Lab, bastion: Host) -> None:
        assert who(inner_behind(lab, endpoint(lab, bastion)), as_root=True) == "root"

    def test_the_target_does_not_answer_otherwise(self, lab: Lab) -> None:
        assert isinstance(failure(endpoint(lab, lab.host("inner"))), ConnectError)

    def test_the_host_key_of_the_jump_host_is_checked(self, lab: Lab, bastion: Host) -> None:
        jump = replace(endpoint(lab, bastion), known_hosts=os.devnull)
        error = failure(inner_behind(lab, jump))
        assert error.reason.startswith(f"jump host {jump.address}: the host key of {jump.address} is not known")

    def test_the_host_key_of_the_target_is_checked(self, lab: Lab, bastion: Host) -> None:
        inner = replace(inner_behind(lab, endpoint(lab, bastion)), known_hosts=os.devnull)
        assert failure(inner).reason.startswith(f"{inner.address}: the host key of {inner.address} is not known")

    def test_what_was_seen_of_the_jump_host_is_not_said_of_the_target(self, lab: Lab, bastion: Host) -> None:
        assert failure(inner_behind(lab, endpoint(lab, bastion, "nobody-there"))).connection == {}

    def test_a_jump_host_that_cannot_connect_says_so(self, lab: Lab, bastion: Host) -> None:
        inner = replace(inner_behind(lab, endpoint(lab, bastion)), port=23)
        assert failure(inner).reason == (
            f"jump host {bastion.address}: it cannot connect to 10.78.0.6:23: Connection refused"
        )

    def test_a_jump_host_that_forwards_nothing_says_so(self, lab: Lab) -> None:
        guarded = lab.host("guarded")
        assert failure(inner_behind(lab, endpoint(lab, guarded))).reason == (
            f"jump host {guarded.address}: it forwards no connection to 10.78.0.6: open failed"
        )

    def test_a_jump_host_that_forwards_nothing_comes_with_the_remedy(self, lab: Lab) -> None:
        error = failure(inner_behind(lab, endpoint(lab, lab.host("guarded"))))
        assert error.remedy.startswith("allow it in the sshd_config of the jump host (AllowTcpForwarding local")

    def test_a_key_that_is_missing_for_the_jump_host_is_told_of_the_jump_host(self, lab: Lab, bastion: Host) -> None:
        error = failure(inner_behind(lab, endpoint(lab, bastion, key="/missing")))
        assert error.reason.startswith(f"jump host {bastion.address}: /missing: the private key cannot be read")


class TestChain:
    """A jump host behind a jump host."""

    def test_the_target_answers(self, lab: Lab, bastion: Host) -> None:
        assert who(deep_behind(lab, endpoint(lab, bastion)), as_root=True) == "root"

    def test_it_is_the_target_that_answers(self, lab: Lab, bastion: Host) -> None:
        with opened([deep_behind(lab, endpoint(lab, bastion))]) as (session,):
            answers = session.run([ShellStep(name="name", script="uname -n")], as_root=False)
        assert completed(answers["name"]).text == "deep\n"

    def test_the_outer_jump_host_is_named_where_it_fails(self, lab: Lab, bastion: Host) -> None:
        error = failure(deep_behind(lab, endpoint(lab, bastion, "nobody-there")))
        assert error.reason.startswith(f"jump host {bastion.address}: the login as nobody-there was refused")

    def test_the_inner_jump_host_is_named_where_it_fails(self, lab: Lab, bastion: Host) -> None:
        deep = deep_behind(lab, endpoint(lab, bastion))
        assert not isinstance(deep.jump, Absent)
        error = failure(replace(deep, jump=replace(deep.jump, user="nobody-there")))
        assert error.reason.startswith("jump host 10.78.0.6: the login as nobody-there was refused")

    def test_the_command_takes_a_chain(self, scans: Scans) -> None:
        assert scans.scan("audit@deep", "--check", "linux-perm-shadow").outcomes == {"linux-perm-shadow": "pass"}


class TestSharing:
    """Many targets behind one jump host."""

    def test_many_targets_cost_one_connection(self, lab: Lab, bastion: Host, start_bastion: StartSshd) -> None:
        jump = start_bastion()
        before = log_of(bastion, jump).count("Accepted publickey")
        with opened([inner_behind(lab, jump)] * MANY) as sessions:
            said = {completed(session.run([WHO], as_root=False)["who"]).text for session in sessions}
        assert (said, log_of(bastion, jump).count("Accepted publickey") - before) == ({"audit\n"}, 1)

    def test_a_chain_shares_each_of_its_jump_hosts(self, lab: Lab, bastion: Host, start_bastion: StartSshd) -> None:
        jump = start_bastion()
        with opened([deep_behind(lab, jump), inner_behind(lab, jump), deep_behind(lab, jump)]):
            assert log_of(bastion, jump).count("Accepted publickey") == 1

    def test_a_refused_login_is_not_tried_again(self, lab: Lab, bastion: Host, start_bastion: StartSshd) -> None:
        jump = replace(start_bastion(), user="nobody-there")
        shared = opening()
        with shared.bastions.held():
            failures = open_many([inner_behind(lab, jump)] * MANY, shared)
        reasons = {error.reason for error in failures if isinstance(error, ConnectError)}
        assert len(reasons) == 1
        assert log_of(bastion, jump).count("Invalid user nobody-there") == 1

    def test_each_target_has_its_own_reason(self, lab: Lab, bastion: Host) -> None:
        targets = [replace(inner_behind(lab, endpoint(lab, bastion)), port=port) for port in range(7000, 7000 + MANY)]
        shared = opening()
        with shared.bastions.held():
            failures = open_many(targets, shared)
        reasons = [str(error) for error in failures]
        assert [
            f":{target.port}: Connection refused" in text for target, text in zip(targets, reasons, strict=True)
        ] == ([True] * MANY)

    def test_the_last_session_closes_the_connection(self, lab: Lab, bastion: Host, start_bastion: StartSshd) -> None:
        jump, shared = start_bastion(), opening()
        sessions = [open_session(inner_behind(lab, jump), shared) for _ in range(2)]
        for session in sessions:
            session.close()
        assert has_ended(bastion, jump)

    def test_what_a_target_cost_is_its_own(self, lab: Lab, bastion: Host) -> None:
        with opened([inner_behind(lab, endpoint(lab, bastion))] * 2) as (first, second):
            assert first.traffic.round_trips == second.traffic.round_trips
            assert second.traffic.bytes_received > 1000


class TestDeath:
    """A jump host that goes away."""

    @staticmethod
    def kill_sessions(bastion: Host, jump: SshEndpoint) -> None:
        """End the connections of a server, and the server."""
        bastion.run("sh", "-c", f"pkill -P $(cat /run/sshd-{jump.port}.pid); kill $(cat /run/sshd-{jump.port}.pid)")

    def test_what_was_being_asked_ends_with_one_reason(self, lab: Lab, bastion: Host, start_bastion: StartSshd) -> None:
        jump = start_bastion()
        with opened([inner_behind(lab, jump)] * 3) as sessions, ThreadPoolExecutor(3) as pool:
            slow = ShellStep(name="slow", script="sleep 30")
            asked = [pool.submit(session.run, [slow], as_root=False) for session in sessions]
            bastion.run("sleep", "0.5")
            self.kill_sessions(bastion, jump)
            answers = [each.result()["slow"] for each in asked]
        where = f"{bastion.address}:{jump.port}"
        assert answers == [NotRun(f"jump host {where}: the connection broke, and that to 10.78.0.6 with it")] * 3

    def test_those_who_come_later_are_told_once_why(self, lab: Lab, bastion: Host, start_bastion: StartSshd) -> None:
        jump = start_bastion()
        shared = opening()
        with shared.bastions.held():
            session = open_session(inner_behind(lab, jump), shared)
            self.kill_sessions(bastion, jump)
            session.run([WHO], as_root=False)
            reasons = {str(error).partition(";")[0] for error in open_many([inner_behind(lab, jump)] * MANY, shared)}
            session.close()
        assert reasons == {f"jump host {bastion.address}:{jump.port}: the port is closed"}


class TestHostKeysByChoice:
    """New host keys that are accepted, and kept in a file of our own."""

    @pytest.fixture
    def accepting(self, tmp_path: Path) -> list[str]:
        return ["--host-keys", "accept-new", "--known-hosts", str(tmp_path / "nothing")]

    def test_a_jump_host_is_accepted_as_its_target_is(self, lab: Lab, scans: Scans, accepting: list[str]) -> None:
        outcomes = scans.scan("audit@inner", "--check", "linux-perm-shadow", *accepting).outcomes
        kept = (scans.folder / "state" / "known_hosts").read_text()
        assert outcomes == {"linux-perm-shadow": "pass"}
        assert [line.split()[0] for line in kept.splitlines()] == [lab.host("bastion").address, "10.78.0.6"]


def test_a_session_behind_a_jump_host_sees_the_target(lab: Lab, bastion: Host) -> None:
    inner = lab.host("inner")
    shown = inner.run("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    with opened([inner_behind(lab, endpoint(lab, bastion))]) as (session,):
        assert value(session.connection, "host_key_fingerprint") == shown


def test_a_jump_host_that_does_not_answer_costs_its_time_once(lab: Lab) -> None:
    silent = lab.peer("silent")
    jump = replace(endpoint(lab, lab.host("bastion")), address=silent.address, port=silent.port)
    shared = Opening(resolve=opening().resolve, limits=replace(SHORT, connect_seconds=1))
    with shared.bastions.held():
        errors = open_many([inner_behind(lab, jump)] * MANY, shared)
    assert {str(error).partition(";")[0] for error in errors} == {
        f"jump host {silent.address}:{silent.port}: something listens, but no SSH greeting came within 1 s"
    }
