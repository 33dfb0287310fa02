"""Fifty questions of the kind that `linux-server:extended` asks, as others ask them: one command each.

pytest runs this file as tests of testinfra; `one_host` runs `COMMANDS` one exec each.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

FILES = (
    *("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/ssh/sshd_config", "/etc/sudoers"),
    *("/usr/bin", "/usr/sbin", "/usr/lib", "/var/log", "/etc/ssh/ssh_host_ed25519_key", "/etc/passwd-"),
)
KEYS = (
    *("net.ipv4.tcp_syncookies", "net.ipv4.conf.all.accept_source_route", "net.ipv4.conf.all.rp_filter"),
    *("net.ipv4.conf.all.accept_redirects", "net.ipv4.ip_forward", "kernel.dmesg_restrict"),
    *("kernel.randomize_va_space", "kernel.kptr_restrict", "fs.protected_symlinks", "fs.protected_hardlinks"),
)
PACKAGES = ("openssh-server", "sudo", "auditd", "snmpd", "telnetd", "nis", "rsyslog", "chrony")
SERVICES = ("ssh", "nftables", "auditd", "ufw", "rsyslog", "chrony")
SSHD = (
    *("permitrootlogin", "passwordauthentication", "permitemptypasswords", "hostbasedauthentication", "ignorerhosts"),
    *("maxauthtries", "logingracetime", "ciphers", "macs"),
)
USERS = ("root", "daemon", "audit", "nobody", "sshd")


@pytest.mark.parametrize("path", FILES)
def test_file(host: Any, path: str) -> None:  # noqa: ANN401, D103 - testinfra has no types
    file = host.file(path)
    assert (file.exists, file.user, file.mode >= 0) == (True, "root", True)


@pytest.mark.parametrize("key", KEYS)
def test_sysctl(host: Any, key: str) -> None:  # noqa: ANN401, D103
    assert host.sysctl(key) >= 0


@pytest.mark.parametrize("name", PACKAGES)
def test_package(host: Any, name: str) -> None:  # noqa: ANN401, D103
    assert host.package(name).is_installed in {True, False}


@pytest.mark.parametrize("name", SERVICES)
def test_service(host: Any, name: str) -> None:  # noqa: ANN401, D103
    assert host.service(name).is_enabled in {True, False}


@pytest.mark.parametrize("keyword", SSHD)
def test_sshd(host: Any, keyword: str) -> None:  # noqa: ANN401, D103
    assert f"\n{keyword} " in "\n" + host.check_output("/usr/sbin/sshd -T")


@pytest.mark.parametrize("name", USERS)
def test_user(host: Any, name: str) -> None:  # noqa: ANN401, D103
    assert host.user(name).exists


def build_commands() -> Mapping[str, str]:
    """Return the same questions as one shell command each, by the name of the question."""
    return {
        **{f"file {path}": f"stat -L -c %a:%U:%G {shlex.quote(path)}" for path in FILES},
        **{f"sysctl {key}": f"/usr/sbin/sysctl -n {key}" for key in KEYS},
        **{f"package {name}": f"dpkg-query -W -f '${{Status}}' {name}" for name in PACKAGES},
        **{f"service {name}": f"systemctl is-enabled {name}" for name in SERVICES},
        **{f"sshd {keyword}": f"/usr/sbin/sshd -T | grep ^{keyword}" for keyword in SSHD},
        **{f"user {name}": f"getent shadow {name} | cut -d: -f3-" for name in USERS},
    }
