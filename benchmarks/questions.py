"""What a plan asks, as others ask it: one call of testinfra, or one shell command, for each thing.

`one_host` writes the questions of a plan with `build_questions`; pytest runs this file as tests of testinfra that read
them, and `execs` runs each as a command. What takes long by itself (the walk over all files, comparing packages with
their checksums, pending updates) is left out, in favour of the others.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hardening.model.probe import Probe

PLACE = "HARDENING_QUESTIONS"
"""The variable that names the file with the questions."""


class Question(NamedTuple):
    """Something to be asked: with which of testinfra's modules, and about what."""

    module: str
    subject: str


_SUBJECTS: dict[str, tuple[str, str]] = {
    "file_status": ("file", "path"),
    "sysctl": ("sysctl", "key"),
    "packages": ("package", "names"),
    "service": ("service", "names"),
    "config_key": ("content", "path"),
    "mount": ("mount", "path"),
    "kernel_module": ("module", "name"),
}
_COMMANDS = {
    "accounts": "getent shadow",
    "apt_config": "apt-config dump",
    "audit_log": "cat /etc/audit/auditd.conf",
    "audit_rules": "auditctl -l",
    "banners": "cat /etc/issue /etc/issue.net /etc/motd",
    "boot_loader": "cat /boot/grub/grub.cfg",
    "containers": "ls -l /run/docker.sock /run/podman/podman.sock",
    "crypto_policy": "cat /etc/crypto-policies/config",
    "dns_resolvers": "cat /etc/resolv.conf",
    "firewall": "nft list ruleset",
    "home_files": "ls -lAn /root /home",
    "interfaces": "ip -o address",
    "kernel": "cat /proc/cmdline",
    "last_logins": "lastlog",
    "listening": "ss -ltunp",
    "log_forwarding": "cat /etc/rsyslog.conf",
    "mounts": "cat /proc/self/mounts",
    "name_services": "cat /etc/nsswitch.conf",
    "os_support": "cat /etc/os-release",
    "package_sources": "cat /etc/apt/sources.list",
    "pam_setting": "cat /etc/pam.d/sshd /etc/pam.d/login /etc/pam.d/common-auth",
    "pam_stack": "cat /etc/pam.d/sshd /etc/pam.d/login /etc/pam.d/common-auth",
    "scheduled": "ls -ln /etc/crontab /etc/cron.d /var/spool/cron",
    "shell_startup": "cat /etc/profile",
    "software_support": "dpkg-query -W",
    "ssh_host_keys": "ls -ln /etc/ssh",
    "sshd": "/usr/sbin/sshd -T",
    "sudo_rules": "cat /etc/sudoers",
    "time_sync": "timedatectl show",
    "user_limits": "cat /etc/security/limits.conf",
}
_AS_COMMANDS: dict[str, Callable[[str], str]] = {
    "command": str,
    "file": lambda path: f"stat -L -c %a:%U:%G {shlex.quote(path)}",
    "content": lambda path: f"cat {shlex.quote(path)}",
    "sysctl": lambda key: f"/usr/sbin/sysctl -n {shlex.quote(key)}",
    "package": lambda name: f"dpkg-query -W -f '${{Status}}' {shlex.quote(name)}",
    "service": lambda name: f"systemctl is-enabled {shlex.quote(name)}",
    "mount": lambda path: f"findmnt -n {shlex.quote(path)}",
    "module": lambda name: f"modprobe -n -v {shlex.quote(name)}",
}


def build_questions(probes: Iterable[Probe]) -> Iterator[Question]:
    """Yield what the probes of a plan ask, each thing that is asked once or more as often as it is asked."""
    for probe in probes:
        parameters = dict(probe.parameters)
        if probe.kind in _SUBJECTS:
            module, name = _SUBJECTS[probe.kind]
            subject = parameters[name]
            yield from (Question(module, str(each)) for each in (subject if isinstance(subject, tuple) else (subject,)))
        elif probe.kind == "file_list":
            patterns = parameters["patterns"]
            yield Question("command", f"stat -c %a:%U:%G {' '.join(patterns) if isinstance(patterns, tuple) else ''}")
        elif probe.kind in _COMMANDS:
            yield Question("command", _COMMANDS[probe.kind])


def load_questions() -> list[Question]:
    """Return the questions in the file that the surroundings name."""
    place = os.environ.get(PLACE, "")
    return [Question(*each) for each in json.loads(Path(place).read_text("utf-8"))] if place else []


def as_command(question: Question) -> str:
    """Return the question as a command of a shell."""
    return _AS_COMMANDS[question.module](question.subject)


@pytest.mark.parametrize("question", load_questions(), ids=str)
def test_question(host: Any, question: Question) -> None:  # noqa: ANN401, D103 - testinfra has no types
    match question.module:
        case "file":
            file = host.file(question.subject)
            assert not file.exists or None not in {file.user, file.group, file.mode}
        case "content":
            file = host.file(question.subject)
            assert not file.exists or isinstance(file.content, bytes)
        case "package":
            assert host.package(question.subject).is_installed in {True, False}
        case "mount":
            assert host.mount_point(question.subject).exists in {True, False}
        case _:
            assert host.run(as_command(question)).rc is not None
