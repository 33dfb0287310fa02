"""Proves that the hosts and peers of the lab behave as the other tests rely on."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import paramiko
import pytest

from tests.lab.catalogue import CATALOGUE, PASSWORD, SUITE
from tests.lab.commands import LabError
from tests.lab.lab import Lab
from tests.lab.logins import Said, ask, log_in_and_ask, logged_in, logged_in_over
from tests.lab.network import GATEWAY

SUDO_BY_PASSWORD = "sudo -k -S -p prompt: id -u"
QUICK = [name for name, spec in CATALOGUE.items() if spec.suite == SUITE]
ALL = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in CATALOGUE]


@pytest.mark.parametrize("name", ["plain", "hardened", "weak", "nosudo", "bastion"])
def test_audit_logs_in_with_its_key(lab: Lab, name: str) -> None:
    assert log_in_and_ask(lab, name, "audit", "id -un; uname -n") == Said(0, f"audit\n{name}\n", "")


@pytest.mark.parametrize("account", ["asks", "nosudoers", "tty", "encrypted", "pwonly"])
def test_accounts_of_plain_log_in(lab: Lab, account: str) -> None:
    assert log_in_and_ask(lab, "plain", account, "id -un") == Said(0, f"{account}\n", "")


@pytest.mark.parametrize(
    ("host", "account"), [("plain", "audit"), ("plain", "noisy"), ("bastion", "audit"), ("weak", "blank")]
)
def test_free_sudo_asks_nothing(lab: Lab, host: str, account: str) -> None:
    said = log_in_and_ask(lab, host, account, "sudo -n id -u")
    assert (said.status, said.output.splitlines()[-1]) == (0, "0")


@pytest.mark.parametrize(("host", "account"), [("plain", "asks"), ("hardened", "audit")])
def test_asking_sudo_takes_the_password(lab: Lab, host: str, account: str) -> None:
    said = log_in_and_ask(lab, host, account, SUDO_BY_PASSWORD, f"{PASSWORD}\n")
    assert (said.status, said.output) == (0, "0\n")


@pytest.mark.parametrize(("host", "account"), [("plain", "asks"), ("hardened", "audit")])
def test_asking_sudo_refuses_without_a_password(lab: Lab, host: str, account: str) -> None:
    said = log_in_and_ask(lab, host, account, "sudo -n id -u")
    assert (said.status, said.output, said.errors) == (1, "", "sudo: a password is required\n")


def test_asking_sudo_refuses_a_wrong_password(lab: Lab) -> None:
    said = log_in_and_ask(lab, "plain", "asks", SUDO_BY_PASSWORD, "wrong\n")
    assert (said.status, said.output) == (1, "")


def test_sudo_refuses_who_is_not_in_sudoers(lab: Lab) -> None:
    said = log_in_and_ask(lab, "plain", "nosudoers", SUDO_BY_PASSWORD, f"{PASSWORD}\n")
    assert "nosudoers is not in the sudoers file" in said.errors


def test_requiretty_refuses_without_a_terminal(lab: Lab) -> None:
    said = log_in_and_ask(lab, "plain", "tty", SUDO_BY_PASSWORD, f"{PASSWORD}\n")
    assert (said.status, said.errors) == (1, "sudo: sorry, you must have a tty to run sudo\n")


def test_requiretty_accepts_a_terminal(lab: Lab) -> None:
    said = log_in_and_ask(lab, "plain", "tty", SUDO_BY_PASSWORD, f"{PASSWORD}\n", terminal=True)
    assert (said.status, said.output.split()[-1]) == (0, "0")


def test_noisy_speaks_on_both_streams_before_the_answer(lab: Lab) -> None:
    assert log_in_and_ask(lab, "plain", "noisy", "id -un") == Said(0, "NOISE ON STDOUT\nnoisy\n", "NOISE ON STDERR\n")


def test_encrypted_key_needs_its_passphrase(lab: Lab) -> None:
    with pytest.raises(paramiko.PasswordRequiredException):
        paramiko.Ed25519Key.from_private_key_file(str(lab.encrypted_key))


def test_mustchange_logs_in_and_runs_nothing(lab: Lab) -> None:
    said = log_in_and_ask(lab, "plain", "mustchange", "id -un")
    assert (said.status, said.output) == (1, "")
    assert "Password change required" in said.errors


def test_nologin_runs_nothing(lab: Lab) -> None:
    assert log_in_and_ask(lab, "plain", "nologin", "id -un") == Said(
        1, "This account is currently not available.\n", ""
    )


def test_nosudo_has_no_sudo(lab: Lab) -> None:
    assert log_in_and_ask(lab, "nosudo", "audit", "sudo -n true").status == 127


@pytest.mark.parametrize("account", ["root", "toor", "blank"])
def test_weak_opens_for_bad_passwords(lab: Lab, account: str) -> None:
    assert log_in_and_ask(lab, "weak", account, "sudo id -u").output == "0\n"


def test_inner_is_out_of_reach(lab: Lab) -> None:
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection((lab.host("inner").address, 22), timeout=5)


def test_inner_answers_through_the_bastion(lab: Lab) -> None:
    bastion, inner = lab.host("bastion"), lab.host("inner")
    with logged_in(lab, bastion, bastion.accounts["audit"]) as jump:
        transport = jump.get_transport()
        assert transport
        channel = transport.open_channel("direct-tcpip", (inner.address, inner.port), ("127.0.0.1", 0))
        with logged_in_over(lab, channel, inner, inner.accounts["audit"]) as client:
            assert ask(client, "uname -n").output == "inner\n"


def test_rekeyed_shows_another_key_than_known(lab: Lab) -> None:
    with pytest.raises(paramiko.BadHostKeyException):
        log_in_and_ask(lab, "rekeyed", "audit", "true")


def test_host_keys_differ_between_hosts(lab: Lab) -> None:
    keys = [line.split()[2] for name in QUICK for line in lab.host(name).host_keys]
    assert len(keys) == len(set(keys))


def test_hangs_never_answers(lab: Lab) -> None:
    host = lab.host("hangs")
    with logged_in(lab, host, host.accounts["audit"]) as client, pytest.raises(TimeoutError):
        ask(client, "true", patience=1)


def test_closes_breaks_off_after_a_kilobyte(lab: Lab) -> None:
    said = log_in_and_ask(lab, "closes", "audit", "seq 100000")
    assert (said.status, len(said.output)) == (-1, 1024)


def test_hosts_answer_over_ipv6(lab: Lab) -> None:
    host = lab.host("plain")
    with socket.create_connection((host.address6, 22), timeout=5) as connection:
        assert connection.recv(4) == b"SSH-"


def test_hosts_have_no_way_out(lab: Lab) -> None:
    routes = lab.host("plain").run("ip", "route")
    assert [line.split()[0] for line in routes.splitlines()] == ["10.77.0.0/16"]


def test_tests_run_in_the_network_of_the_lab(lab: Lab) -> None:
    with socket.create_connection((lab.host("plain").address, 22), timeout=5) as connection:
        assert connection.getsockname()[0] == GATEWAY


@pytest.mark.parametrize(("name", "value"), [("hardened", "2"), ("weak", "0")])
def test_kernel_values_are_shown_and_not_set(lab: Lab, name: str, value: str) -> None:
    here = Path("/proc/sys/kernel/kptr_restrict")
    before = here.read_text()
    said = log_in_and_ask(lab, name, "audit", "cat /proc/sys/kernel/kptr_restrict /proc/sys/kernel/yama/ptrace_scope")
    assert (said.output.split()[0], here.read_text()) == (value, before)


@pytest.mark.parametrize(("name", "forward"), [("hardened", "0"), ("weak", "1")])
def test_network_values_are_the_kernels_own(lab: Lab, name: str, forward: str) -> None:
    assert lab.host(name).run("sysctl", "-n", "net.ipv4.ip_forward").strip() == forward


@pytest.mark.parametrize("name", ["hardened", "weak"])
def test_judged_hosts_look_like_machines(lab: Lab, name: str) -> None:
    script = (
        "cat /proc/2/comm; cat /proc/1/environ; ls -d /run/systemd/container /run/host /.dockerenv 2>/dev/null || true"
    )
    assert lab.host(name).run("sh", "-c", script) == "kthreadd\n"


def test_plain_looks_like_a_container(lab: Lab) -> None:
    assert lab.host("plain").run("cat", "/run/systemd/container") == "systemd-nspawn\n"


def test_hardened_filters_both_families(lab: Lab) -> None:
    ruleset = lab.host("hardened").run("nft", "list", "ruleset")
    assert "table inet filter" in ruleset
    assert "hook input priority filter; policy drop" in ruleset


@pytest.mark.parametrize("name", ALL)
def test_all_services_of_a_host_run(lab: Lab, name: str) -> None:
    rows = lab.host(name).run("systemctl", "--failed", "--plain", "--no-legend").splitlines()
    failed = {row.split()[0] for row in rows if not row.startswith("user@")}  # logins that are refused leave such units
    assert failed == set()


@pytest.mark.parametrize("name", ALL)
def test_hosts_are_completely_booted(lab: Lab, name: str) -> None:
    assert lab.host(name).run("systemctl", "list-jobs", "--plain", "--no-legend") == ""


def test_root_shows_the_files_of_a_host(lab: Lab) -> None:
    host = lab.host("plain")
    assert (host.root / "etc/hostname").read_text() == "plain\n"


def test_sshd_can_be_traced_from_outside(lab: Lab, tmp_path: Path) -> None:
    host, trace = lab.host("plain"), tmp_path / "trace"
    argv = ["strace", "-f", "-e", "trace=execve", "-o", str(trace), "-p", str(host.sshd_pid)]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr
        assert "attached" in tracer.stderr.readline()
        log_in_and_ask(lab, "plain", "audit", "/usr/bin/stat /etc/hostname")
        tracer.terminate()
    assert 'execve("/usr/bin/stat"' in trace.read_text()


def test_unknown_host_is_an_error_with_a_name(lab: Lab) -> None:
    with pytest.raises(LabError, match="plain"):
        lab.host("plane")
