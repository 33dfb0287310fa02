"""The ssh transport against real servers: what every transport promises, logins, host keys, sudo, and bad peers."""
# ruff: noqa: D102 - the name of a test is its sentence, in a class as well

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest

from hardening.model.evidence import Unreadable
from hardening.model.step import NotRun, ShellStep
from hardening.model.target import Become, Credential, SshEndpoint
from hardening.transports import open_session
from hardening.transports.session import BecomeRefused, Limits, Session
from tests.lab.catalogue import PASSWORD
from tests.lab.hosts import Host
from tests.lab.keys import PASSPHRASE
from tests.lab.lab import Lab
from tests.lab.sessions import (
    SHORT,
    WHO,
    StartSshd,
    endpoint,
    failure,
    log_of,
    opening,
    refusal,
    run,
    value,
    who,
)
from tests.transports.conformance import LiveConformance, OpenSession, RootConformance, completed


class TestSsh(LiveConformance, RootConformance):
    """What every transport promises."""

    short_seconds = 1.0

    @pytest.fixture(scope="class")
    @classmethod
    def open_target(cls, lab: Lab) -> OpenSession:
        target = endpoint(lab, lab.host("plain"))
        return lambda limits: open_session(target, opening(limits))

    @pytest.fixture(scope="class")
    @classmethod
    def open_root(cls, open_target: OpenSession) -> OpenSession:
        return open_target


class TestCost:
    """What a visit costs."""

    @pytest.fixture
    def session(self, lab: Lab, plain: Host) -> Iterator[Session]:
        session = open_session(endpoint(lab, plain), opening())
        session.run([WHO], as_root=True)
        session.run([WHO], as_root=False)
        yield session
        session.close()

    def test_two_batches_cost_two_channels(self, session: Session) -> None:
        assert session.traffic.channels == 2

    def test_two_batches_cost_thirteen_turns(self, session: Session) -> None:
        assert session.traffic.round_trips == 13

    def test_received_bytes_are_those_on_the_wire(self, session: Session) -> None:
        assert session.traffic.bytes_received > 2000

    def test_all_of_it_is_one_connection(self, start_sshd: StartSshd, plain: Host) -> None:
        target = start_sshd()
        session = open_session(target, opening())
        before = log_of(plain, target).count("Connection from")
        session.run([WHO], as_root=True)
        session.run([WHO], as_root=False)
        session.close()
        assert log_of(plain, target).count("Connection from") == before


class TestLogin:
    """How accounts are opened, and what is said when they are not."""

    def test_a_key(self, lab: Lab, plain: Host) -> None:
        assert who(endpoint(lab, plain)) == "audit"

    def test_a_key_with_a_passphrase(self, lab: Lab, plain: Host) -> None:
        target = endpoint(lab, plain, "encrypted", key=str(lab.encrypted_key), passphrase=PASSPHRASE)
        assert who(target) == "encrypted"

    def test_a_key_whose_passphrase_is_missing(self, lab: Lab, plain: Host) -> None:
        error = failure(endpoint(lab, plain, "encrypted", key=str(lab.encrypted_key)))
        assert error.reason == f"{lab.encrypted_key}: the private key is encrypted and no passphrase is configured"

    def test_a_key_whose_passphrase_is_wrong(self, lab: Lab, plain: Host) -> None:
        error = failure(endpoint(lab, plain, "encrypted", key=str(lab.encrypted_key), passphrase="wrong"))
        assert error.reason == f"{lab.encrypted_key}: the passphrase does not open the private key"

    def test_a_password(self, lab: Lab, plain: Host) -> None:
        assert who(endpoint(lab, plain, "pwonly", password=PASSWORD)) == "pwonly"

    def test_a_password_where_only_questions_are_answered(self, start_sshd: StartSshd) -> None:
        target = start_sshd(
            "PasswordAuthentication=no", "KbdInteractiveAuthentication=yes", user="pwonly", password=PASSWORD
        )
        session = open_session(target, opening())
        session.close()
        assert value(session.connection, "authentication") == "keyboard-interactive"

    def test_a_key_and_then_a_password(self, start_sshd: StartSshd, lab: Lab) -> None:
        target = start_sshd(
            "AuthenticationMethods=publickey,password", user="asks", key=str(lab.user_key), password=PASSWORD
        )
        session = open_session(target, opening())
        session.close()
        assert value(session.connection, "authentication") == "publickey, password"

    def test_a_key_where_a_password_is_wanted_as_well(self, start_sshd: StartSshd) -> None:
        error = failure(start_sshd("AuthenticationMethods=publickey,password"))
        assert "(publickey was accepted, but the server wants more)" in error.reason

    def test_a_refused_key_is_named(self, lab: Lab, plain: Host) -> None:
        error = failure(endpoint(lab, plain, "pwonly"))
        assert error.reason == f"{plain.address}: the login as pwonly was refused (tried: key {lab.user_key})"

    def test_a_refused_password_is_tried_once(self, start_sshd: StartSshd, plain: Host) -> None:
        target = start_sshd(user="pwonly", password="wrong")
        failure(target)
        assert log_of(plain, target).count("Failed password for pwonly") == 1

    def test_a_refused_answer_is_tried_once(self, start_sshd: StartSshd, plain: Host) -> None:
        target = start_sshd(
            "PasswordAuthentication=no", "KbdInteractiveAuthentication=yes", user="pwonly", password="wrong"
        )
        failure(target)
        assert log_of(plain, target).count("PAM: Authentication failure for pwonly") == 1

    def test_what_the_server_would_take_is_named(self, lab: Lab) -> None:
        error = failure(endpoint(lab, lab.host("hardened"), password=PASSWORD))
        assert error.reason.endswith("(tried: password, a way it does not take); the server takes publickey")

    def test_a_refused_login_still_tells_about_the_server(self, lab: Lab, plain: Host) -> None:
        error = failure(endpoint(lab, plain, "pwonly"))
        assert value(error.connection, "kex") == "curve25519-sha256@libssh.org"

    def test_a_refused_login_leaves_the_method_open(self, lab: Lab, plain: Host) -> None:
        error = failure(endpoint(lab, plain, "pwonly"))
        assert isinstance(error.connection["authentication"], Unreadable)


class TestAgent:
    """Keys that an agent holds."""

    @pytest.fixture
    def agent(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
        place = tmp_path / "agent"
        process = subprocess.Popen(["ssh-agent", "-D", "-a", str(place)], stdout=subprocess.DEVNULL)
        for _ in range(100):
            if place.exists():
                break
            time.sleep(0.02)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
        monkeypatch.setenv("HOME", str(tmp_path))
        asker = tmp_path / "asker"
        asker.write_text(f"#!/bin/sh\necho {PASSPHRASE}\n")
        asker.chmod(0o700)
        environment = {**os.environ, "SSH_ASKPASS": str(asker), "SSH_ASKPASS_REQUIRE": "force"}

        def add(key: Path) -> None:
            subprocess.run(["ssh-add", "-q", str(key)], check=True, env=environment)

        yield add
        process.terminate()
        process.wait()

    def test_opens_an_account(self, agent: Callable[[Path], None], lab: Lab, plain: Host) -> None:
        agent(lab.user_key)
        session = open_session(replace(endpoint(lab, plain), credential=Credential()), opening())
        session.close()
        assert value(session.connection, "authentication") == "agent"

    def test_stands_in_for_a_missing_passphrase(self, agent: Callable[[Path], None], lab: Lab, plain: Host) -> None:
        agent(lab.encrypted_key)
        assert who(endpoint(lab, plain, "encrypted", key=str(lab.encrypted_key))) == "encrypted"

    def test_is_not_forwarded(self, agent: Callable[[Path], None], lab: Lab, plain: Host) -> None:
        agent(lab.user_key)
        target = replace(endpoint(lab, plain), credential=Credential())
        answers = run(target, ShellStep(name="agent", script='echo "${SSH_AUTH_SOCK-none}"'))
        assert completed(answers["agent"]).stdout == b"none\n"

    def test_without_keys_leaves_nothing_to_log_in_with(
        self, agent: Callable[[Path], None], lab: Lab, plain: Host
    ) -> None:
        del agent
        error = failure(replace(endpoint(lab, plain), credential=Credential()))
        assert error.reason == "there is no key and no password to log in with"


class TestHostKeys:
    """Only known servers are logged in to."""

    def test_an_unknown_key_is_refused(self, lab: Lab, plain: Host) -> None:
        error = failure(replace(endpoint(lab, plain), known_hosts=os.devnull))
        assert f"the host key of {plain.address} is not known: ssh-ed25519 SHA256:" in error.reason

    def test_the_fingerprint_is_that_of_ssh_keygen(self, lab: Lab, plain: Host) -> None:
        shown = plain.run("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").split()[1]
        session = open_session(endpoint(lab, plain), opening())
        session.close()
        assert value(session.connection, "host_key_fingerprint") == shown

    def test_the_line_that_the_remedy_shows_makes_it_known(self, lab: Lab, plain: Host, tmp_path: Path) -> None:
        error = failure(replace(endpoint(lab, plain), known_hosts=str(tmp_path / "known_hosts")))
        (tmp_path / "known_hosts").write_text(error.remedy.rpartition(": ")[2])
        assert who(replace(endpoint(lab, plain), known_hosts=str(tmp_path / "known_hosts"))) == "audit"

    def test_a_changed_key_is_refused(self, lab: Lab) -> None:
        rekeyed = lab.host("rekeyed")
        assert f"the host key of {rekeyed.address} has changed" in failure(endpoint(lab, rekeyed)).reason

    def test_a_revoked_key_is_refused(self, lab: Lab, plain: Host, tmp_path: Path) -> None:
        known = lab.known_hosts.read_text("ascii")
        key = next(line for line in known.splitlines() if line.startswith(f"{plain.address} ssh-ed25519"))
        (tmp_path / "known_hosts").write_text(f"@revoked * {key.split(' ', 1)[1]}\n{key}\n")
        error = failure(replace(endpoint(lab, plain), known_hosts=str(tmp_path / "known_hosts")))
        assert "is revoked" in error.reason

    @pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
    def test_the_server_is_asked_for_the_key_that_is_known(
        self, lab: Lab, plain: Host, tmp_path: Path, kind: str
    ) -> None:
        known = lab.known_hosts.read_text("ascii").splitlines()
        lines = [line for line in known if line.startswith(f"{plain.address} {kind}")]
        (tmp_path / "known_hosts").write_text("".join(f"{line}\n" for line in lines))
        session = open_session(replace(endpoint(lab, plain), known_hosts=str(tmp_path / "known_hosts")), opening())
        session.close()
        assert value(session.connection, "host_key_type") == kind

    def test_no_password_goes_to_an_unknown_server(self, start_sshd: StartSshd, plain: Host) -> None:
        target = start_sshd(user="pwonly", password=PASSWORD)
        failure(replace(target, known_hosts=os.devnull))
        assert "password for pwonly" not in log_of(plain, target)


class TestConnection:
    """What is seen of a connection, also when it comes to nothing."""

    def test_offers_are_those_of_the_server(self, start_sshd: StartSshd) -> None:
        session = open_session(start_sshd("Ciphers=aes256-ctr,aes128-ctr"), opening())
        session.close()
        assert value(session.connection, "ciphers_offered") == ("aes256-ctr", "aes128-ctr")

    def test_agreements_are_those_of_the_server(self, start_sshd: StartSshd) -> None:
        session = open_session(start_sshd("Ciphers=aes256-ctr", "MACs=hmac-sha2-512"), opening())
        session.close()
        assert (value(session.connection, "cipher_out"), value(session.connection, "mac_in")) == (
            "aes256-ctr",
            "hmac-sha2-512",
        )

    def test_ciphers_that_authenticate_by_themselves_have_no_mac(self, start_sshd: StartSshd) -> None:
        session = open_session(start_sshd("Ciphers=aes256-gcm@openssh.com"), opening())
        session.close()
        assert value(session.connection, "mac_out") == "implicit"

    def test_a_server_with_outdated_algorithms_only_is_refused(self, start_sshd: StartSshd) -> None:
        error = failure(start_sshd("KexAlgorithms=diffie-hellman-group14-sha1"))
        assert "no algorithm in common: Incompatible ssh peer (no acceptable kex algorithm)" in error.reason

    def test_the_offers_of_a_server_that_was_refused_are_kept(self, start_sshd: StartSshd) -> None:
        error = failure(start_sshd("KexAlgorithms=diffie-hellman-group14-sha1"))
        offered = value(error.connection, "kex_offered")
        assert isinstance(offered, tuple)
        assert offered[0] == "diffie-hellman-group14-sha1"

    def test_what_was_never_agreed_on_is_unreadable(self, start_sshd: StartSshd) -> None:
        error = failure(start_sshd("KexAlgorithms=diffie-hellman-group14-sha1"))
        assert error.connection["kex"] == Unreadable("the connection ended before this was settled")

    def test_a_server_without_a_free_channel_runs_nothing(self, start_sshd: StartSshd, plain: Host) -> None:
        target = start_sshd("MaxSessions=0")
        where = f"{plain.address}:{target.port}"
        assert run(target)["who"] == NotRun(f"{where}: the server refused a channel: Connect failed")

    def test_ipv6(self, lab: Lab, plain: Host) -> None:
        address = f"fd77::1:{plain.address.rpartition('.')[2]}"
        assert who(replace(endpoint(lab, plain), address=address)) == "audit"


class TestSudo:
    """Becoming root on real hosts."""

    def test_without_a_password(self, lab: Lab, plain: Host) -> None:
        assert who(endpoint(lab, plain), as_root=True) == "root"

    @pytest.mark.parametrize(("name", "user", "password"), [("plain", "asks", ""), ("hardened", "audit", PASSWORD)])
    def test_with_a_password(self, lab: Lab, name: str, user: str, password: str) -> None:
        key = str(lab.user_key)
        target = endpoint(lab, lab.host(name), user, key=key, password=password, sudo_password=PASSWORD)
        assert who(target, as_root=True) == "root"

    def test_a_wrong_password(self, lab: Lab, plain: Host) -> None:
        target = endpoint(lab, plain, "asks", key=str(lab.user_key), sudo_password="wrong")
        assert refusal(target).reason == "sudo refused the password; it was sent once and is not sent again"

    def test_a_wrong_password_is_sent_once(self, lab: Lab, plain: Host) -> None:
        target = endpoint(lab, plain, "asks", key=str(lab.user_key), sudo_password="wrong")
        refusal(target)
        journal = plain.run("journalctl", "--quiet", "--output=cat", "--identifier=sudo", "--lines=3")
        assert "asks : 1 incorrect password attempt" in journal

    def test_a_missing_password(self, lab: Lab, plain: Host) -> None:
        assert refusal(endpoint(lab, plain, "asks")).reason == "sudo asks for a password and none is configured"

    def test_an_account_that_sudoers_does_not_name(self, lab: Lab, plain: Host) -> None:
        target = endpoint(lab, plain, "nosudoers", key=str(lab.user_key), sudo_password=PASSWORD)
        assert refusal(target).reason == "sudoers on the target does not name the account"

    def test_an_account_that_needs_a_terminal(self, lab: Lab, plain: Host) -> None:
        target = endpoint(lab, plain, "tty", key=str(lab.user_key), sudo_password=PASSWORD)
        assert refusal(target).reason == "sudo wants a terminal (requiretty)"

    def test_an_expired_password(self, lab: Lab, plain: Host) -> None:
        target = endpoint(lab, plain, "mustchange", key=str(lab.user_key), sudo_password=PASSWORD)
        assert refusal(target).reason == "the password of the account on the target has expired"

    def test_a_host_without_sudo(self, lab: Lab) -> None:
        assert refusal(endpoint(lab, lab.host("nosudo"))).reason == "sudo is not installed on the target"

    def test_after_a_refusal_the_account_still_answers(self, lab: Lab) -> None:
        session = open_session(endpoint(lab, lab.host("nosudo")), opening())
        with pytest.raises(BecomeRefused):
            session.run([WHO], as_root=True)
        answers = session.run([WHO], as_root=False)
        session.close()
        assert completed(answers["who"]).stdout == b"audit\n"

    def test_root_is_not_asked_for_where_nobody_wants_it(self, lab: Lab, plain: Host) -> None:
        assert refusal(endpoint(lab, plain, become=Become.NO)).reason == "root rights were not asked for"


class TestTrouble:
    """Hosts and peers that fail, each in its own way."""

    @pytest.mark.parametrize("as_root", [False, True])
    def test_a_noisy_login_shell_does_not_matter(self, lab: Lab, plain: Host, *, as_root: bool) -> None:
        assert who(endpoint(lab, plain, "noisy"), as_root=as_root) == ("root" if as_root else "noisy")

    def test_an_account_without_a_shell_is_quoted(self, lab: Lab, plain: Host) -> None:
        assert run(endpoint(lab, plain, "nologin"))["who"] == NotRun(
            "the account's shell did not run the batch (exit status 1): This account is currently not available."
        )

    def test_a_host_that_hangs_after_the_login(self, lab: Lab) -> None:
        limits = replace(SHORT, idle_seconds=1)
        answers = run(endpoint(lab, lab.host("hangs")), limits=limits)
        assert answers["who"] == NotRun("nothing came from the target for 1 s")

    def test_a_host_that_closes_in_mid_answer(self, lab: Lab) -> None:
        steps = [ShellStep(name=str(number), script="head -c 300 /dev/zero; sleep 0.1") for number in range(10)]
        answers = run(endpoint(lab, lab.host("closes")), *steps)
        assert answers["9"] == NotRun("the connection broke before the command ended")

    def test_no_part_of_an_answer_passes_for_a_whole_one(self, lab: Lab) -> None:
        step = ShellStep(name="long", script="head -c 5000 /dev/zero; sleep 0.5")
        assert isinstance(run(endpoint(lab, lab.host("closes")), step)["long"], NotRun)

    def test_a_session_whose_connection_broke_runs_nothing_more(self, lab: Lab) -> None:
        session = open_session(endpoint(lab, lab.host("closes")), opening())
        session.run([ShellStep(name="long", script="head -c 5000 /dev/zero; sleep 0.5")], as_root=False)
        answers = session.run([WHO], as_root=False)
        session.close()
        assert answers["who"] == NotRun("the connection is gone")

    def test_closing_from_another_thread_ends_a_batch(self, lab: Lab, plain: Host) -> None:
        session = open_session(endpoint(lab, plain), opening())
        closer = Timer(0.5, session.close)
        closer.start()
        answers = session.run([ShellStep(name="hangs", script="sleep 300")], as_root=False)
        closer.join()
        assert answers["hangs"] == NotRun("the connection broke before the command ended")

    def test_a_batch_past_its_deadline_ends_on_the_target_as_well(self, lab: Lab, plain: Host) -> None:
        run(endpoint(lab, plain), ShellStep(name="hangs", script="sleep 4242"), limits=Limits(deadline_seconds=1))
        assert is_gone(plain, "sleep 4242")

    def test_a_batch_of_root_past_its_deadline_ends_on_the_target_as_well(self, lab: Lab, plain: Host) -> None:
        step = ShellStep(name="hangs", script="sleep 4343")
        run(endpoint(lab, plain), step, as_root=True, limits=Limits(deadline_seconds=2))
        assert is_gone(plain, "sleep 4343")

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("silent", "something listens, but no SSH greeting came within 1 s"),
            ("reset", "the connection was closed before any SSH greeting"),
            ("greets-then-silent", "the server greeted and then said nothing more within 1 s"),
            ("greets-then-closes", "the peer closed the connection"),
            ("http", "the connection was closed before any SSH greeting"),
            ("endless-greeting", "the peer does not speak SSH as expected"),
            ("full-backlog", "no answer in time"),
            ("closed", "the port is closed"),
            ("nobody", "no answer in time"),
        ],
    )
    def test_a_bad_peer_is_named(self, lab: Lab, name: str, reason: str) -> None:
        peer = lab.peer(name)
        target = SshEndpoint(
            address=peer.address,
            port=peer.port,
            user="audit",
            known_hosts=str(lab.known_hosts),
            credential=Credential(key=str(lab.user_key)),
        )
        assert reason in failure(target, replace(SHORT, connect_seconds=1)).reason

    def test_a_name_that_does_not_exist(self, lab: Lab, plain: Host) -> None:
        error = failure(replace(endpoint(lab, plain), address="nowhere.invalid"))
        assert error.reason.startswith("nowhere.invalid: the name could not be resolved")


def is_gone(host: Host, command: str) -> bool:
    """Whether no process runs a command any more, a moment after its deadline."""
    for _ in range(100):
        if command not in host.run("ps", "-ww", "-eo", "args"):
            return True
        time.sleep(0.1)
    return False
