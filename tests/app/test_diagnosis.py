"""What the doctor makes of an examination: each stage, its state, its remedy and the line to paste."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardening.app.diagnosis import diagnose
from hardening.app.diagnosis_lines import Diagnosis, State
from hardening.app.examination import Examination
from hardening.errors import ConnectError
from hardening.model.evidence import ABSENT, Absent, Evidence, Known, Partial, Unreadable
from hardening.model.platform import Platform
from hardening.model.probe import Probe
from hardening.model.snapshot import EndpointRecord, Privileges, Snapshot
from hardening.model.target import Become, Credential, LocalEndpoint, SshEndpoint, Target
from hardening.transports.session import Milestone, ShellWords

SSH = SshEndpoint(address="web-01", user="audit", become=Become.SUDO, credential=Credential(key="/k/id"))
GREETED: Evidence = {"server_version": Known("SSH-2.0-OpenSSH_9.2")}
AGREED: Evidence = {
    **GREETED,
    "kex": Known("curve25519-sha256"),
    "cipher_in": Known("aes256-gcm@openssh.com"),
    "host_key_fingerprint": Known("SHA256:abc"),
    "authentication": Known("publickey"),
    "kex_offered": Known(("curve25519-sha256",)),
}
ALL = frozenset(Milestone)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEg="


def snapshot(
    *, connection: Evidence = AGREED, failure: str = "", privileges: Privileges | Absent = ABSENT, time: int = 1000
) -> Snapshot:
    return Snapshot(
        target="web-01",
        platform=Platform(os=Unreadable("not asked")),
        endpoints=(
            EndpointRecord(channel="ssh", address="", connection=connection, failure=failure, remedy="mend it"),
        ),
        privileges=Privileges(user="audit", uid=1000, root=True) if isinstance(privileges, Absent) else privileges,
        evidence={},
        steps=(),
        time=1000,
        duration_ms=0,
        target_time=time,
        plan_digest="",
        tool_version="",
        content_digest="",
    )


def seen(**changes: object) -> Examination:
    """Return an examination of a server in order, with changes."""
    target = Target(name="web-01", endpoints=(SSH,))
    whole = Examination(target=target, addresses=("192.0.2.1",), milestones=ALL, snapshot=snapshot())
    return replace(whole, **changes)  # type: ignore[arg-type] # changes of fields by name


def failed(milestones: set[Milestone], reason: str, remedy: str = "", connection: Evidence | None = None) -> Diagnosis:
    """Return the last stage of a visit that ended there."""
    error = ConnectError(reason, remedy, connection)
    changes = {
        "milestones": frozenset(milestones),
        "failure": error,
        "snapshot": snapshot(connection={}, failure=reason),
    }
    last = diagnose(seen(**changes))[-1]
    assert last.state is State.FAIL
    return last


def stage(name: str, examination: Examination) -> Diagnosis:
    (found,) = [line for line in diagnose(examination) if line.stage == name]
    return found


def test_a_server_in_order_has_no_trouble() -> None:
    assert {line.state for line in diagnose(seen())} == {State.OK}


def test_a_missing_key_is_our_own_trouble() -> None:
    assert failed(set(), "/k/id: no such file").stage == "credential"


def test_a_name_without_address_ends_at_the_name() -> None:
    lines = diagnose(seen(addresses=Unreadable("unknown"), milestones=frozenset({Milestone.CREDENTIAL})))
    assert (lines[-1].stage, lines[-1].line) == ("name", "getent ahosts web-01")


def test_a_closed_port_is_opened_by_starting_the_server() -> None:
    error = ConnectError("web-01: the port is closed", "check it")
    error.__cause__ = ConnectionRefusedError()
    examination = seen(milestones=frozenset({Milestone.CREDENTIAL}), failure=error)
    assert stage("port", examination).line == "sudo systemctl enable --now ssh"


def test_silence_on_the_way_is_tried_by_hand() -> None:
    assert failed({Milestone.CREDENTIAL}, "no answer in time").line == "nc -vz web-01 22"


def test_a_reset_while_connecting_is_a_missing_greeting() -> None:
    error = ConnectError("web-01: the connection was closed before any SSH greeting", "check it")
    error.__cause__ = ConnectionResetError()
    examination = seen(
        milestones=frozenset({Milestone.CREDENTIAL}), failure=error, snapshot=snapshot(connection={}, failure="closed")
    )
    assert diagnose(examination)[-1].stage == "greeting"


def test_no_greeting_is_a_stage_of_its_own() -> None:
    assert failed({Milestone.CREDENTIAL, Milestone.PORT}, "closed").stage == "greeting"


def test_no_algorithm_in_common_is_a_stage_of_its_own() -> None:
    assert failed({Milestone.CREDENTIAL, Milestone.PORT}, "none in common", "", GREETED).stage == "algorithms"


def test_an_unknown_key_comes_with_its_line() -> None:
    remedy = f"compare with `ssh-keygen` on the server itself, then add to /k/known hosts: web-01 {KEY}"
    remedy = remedy.replace("/k/known hosts", "/k/known_hosts")
    milestones = ALL - {Milestone.HOST_KEY, Milestone.LOGIN}
    last = failed(set(milestones), "not known", remedy, AGREED)
    assert (last.stage, last.line) == ("host_key", f"echo 'web-01 {KEY}' >> /k/known_hosts")


def test_a_changed_key_shows_the_new_line_and_adds_nothing() -> None:
    milestones = ALL - {Milestone.HOST_KEY, Milestone.LOGIN}
    last = failed(set(milestones), "has changed", f"compare, and replace that line by: web-01 {KEY}", AGREED)
    assert last.line == f"web-01 {KEY}"


def test_a_refused_key_is_copied_to_the_account() -> None:
    last = failed(set(ALL - {Milestone.LOGIN}), "refused", "", AGREED)
    assert (last.stage, last.line) == ("login", "ssh-copy-id -i /k/id.pub audit@web-01")


def test_a_hostile_greeting_stays_on_its_line() -> None:
    greeting = {**AGREED, "server_version": Known("SSH-2.0-\x1b[2J\nok")}
    assert "\x1b" not in stage("greeting", seen(snapshot=snapshot(connection=greeting))).what


@pytest.mark.parametrize(
    ("option", "name", "algorithm"),
    [
        ("KexAlgorithms", "kex_offered", "diffie-hellman-group14-sha1"),
        ("HostKeyAlgorithms", "host_key_algorithms_offered", "ssh-rsa"),
        ("Ciphers", "ciphers_offered", "aes256-cbc"),
        ("MACs", "macs_offered", "hmac-sha1-etm@openssh.com"),
    ],
)
def test_a_weak_algorithm_comes_with_its_end(option: str, name: str, algorithm: str) -> None:
    offers = {**AGREED, name: Known((algorithm, "curve25519-sha256"))}
    line = stage("algorithms", seen(snapshot=snapshot(connection=offers)))
    expected = (
        f"printf '{option} -{algorithm}\\n' | sudo tee /etc/ssh/sshd_config.d/00-algorithms.conf && sudo sshd -t && "
        "sudo systemctl reload ssh"
    )
    assert (line.state, line.line) == (State.WARN, expected)


def test_a_shell_that_runs_nothing_ends_the_examination() -> None:
    last = diagnose(seen(snapshot=snapshot(failure="the account's shell did not run the batch")))[-1]
    assert (last.stage, last.line) == ("shell", "sudo usermod --shell /bin/sh audit")


def test_an_expired_password_is_no_matter_of_the_shell() -> None:
    last = diagnose(seen(snapshot=snapshot(failure="Your password has expired")))[-1]
    assert last.line == "sudo passwd audit"


def test_another_kit_comes_with_what_to_install() -> None:
    target = Target(name="web-01", endpoints=(replace(SSH, become=Become.KIT),))
    last = diagnose(seen(target=target, snapshot=snapshot(failure="another plan")))[-1]
    assert (last.stage, last.remedy, last.line) == ("kit", "mend it", "hardening plan --kit ./kit --account audit")


def test_a_shell_that_speaks_is_a_warning() -> None:
    line = stage("shell", seen(shell=ShellWords("hello\n", 0)))
    assert (line.state, line.what) == (State.WARN, "the shell says something of its own before each command: hello")


def test_a_refused_sudo_does_not_hide_the_rest() -> None:
    refused = Privileges(user="audit", uid=1000, refused="sudo is not installed on the target", remedy="install it")
    lines = diagnose(seen(snapshot=snapshot(privileges=refused)))
    assert [line.stage for line in lines][-3:] == ["sudo", "rights", "clock"]


@pytest.mark.parametrize(
    ("become", "asked", "uid", "words"),
    [
        (Become.SUDO, True, 1000, "sudo asked for the password and took it"),
        (Become.SUDO, False, 1000, "sudo makes the account root without a password"),
        (Become.KIT, False, 1000, "the installed script runs as root, and nothing else does"),
        (Become.NO, False, 0, "the account is root"),
        (Become.SUDO, False, 0, "the account is root"),
    ],
)
def test_the_way_to_root_is_named(become: Become, asked: bool, uid: int, words: str) -> None:  # noqa: FBT001 - a case
    target = Target(name="web-01", endpoints=(replace(SSH, become=become),))
    held = snapshot(privileges=Privileges(user="audit", uid=uid, root=True))
    assert stage("sudo", seen(target=target, asked_password=asked, snapshot=held)).what == words


def test_rights_that_are_missing_are_counted_by_kind() -> None:
    unread: dict[Probe, Evidence] = {
        Probe("accounts"): {"users": Unreadable("/etc/shadow may not be read")},
        Probe("sysctl", (("key", "a"),)): {"states": Partial((), "cut")},
        Probe("sysctl", (("key", "b"),)): {"states": Known(())},
        Probe("connection"): {"kex": Unreadable("no")},
    }
    held = replace(snapshot(privileges=Privileges(user="audit", uid=1000)), evidence=unread)
    lines = [line.what for line in diagnose(seen(snapshot=held)) if line.stage == "rights"]
    assert lines == [
        "1 questions of kind accounts (root) were not answered in full: /etc/shadow may not be read",
        "1 questions of kind sysctl (root) were not answered in full: cut",
    ]


@pytest.mark.parametrize(
    ("time", "state", "words"),
    [
        (1300, State.OK, "the clocks agree"),
        (1301, State.WARN, "the clock of the target is 301 s ahead of ours"),
        (0, State.WARN, "the clock of the target is 1000 s behind ours"),
    ],
)
def test_clocks_are_compared(time: int, state: State, words: str) -> None:
    line = stage("clock", seen(snapshot=snapshot(time=time)))
    assert (line.state, line.what) == (state, words)


def test_this_machine_has_no_stages_of_a_connection() -> None:
    local = seen(target=Target(name="local", endpoints=(LocalEndpoint(),)))
    assert [line.stage for line in diagnose(local)] == ["shell", "sudo", "rights", "clock"]


def test_a_strange_account_is_quoted_in_a_line() -> None:
    refused = Privileges(user="a b;id", uid=1000)
    assert stage("sudo", seen(snapshot=snapshot(privileges=refused))).line.endswith("--account 'a b;id'")
