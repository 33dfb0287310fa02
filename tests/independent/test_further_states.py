"""States of our own for the rules of the shared ones: spellings and places that the tools' manuals decide.

Each says what the tool does with it by its documentation, so what the verdict must be.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.content.shipped import load_shipped
from tests.independent.agreement import judge_states, load_mapping
from tests.independent.states import State, build_stock
from tests.lab import packages
from tests.lab.cache import cache_folder

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(600)]

Delta = Mapping[str, Mapping[str, Any]]


def _file(text: str, mode: str = "0644") -> Mapping[str, Any]:
    return {"type": "file", "mode": mode, "uid": 0, "gid": 0, "text": text}


def _build_table(stock: Path) -> list[tuple[str, str, str, Delta]]:
    def text(path: str) -> str:
        return (stock / path).read_text()

    null = {"type": "symlink", "target": "/dev/null", "mode": "0777", "uid": 0, "gid": 0}
    open_home = {"type": "dir", "mode": "0755", "uid": 1001, "gid": 1001}
    folder = "usr/lib/modules/6.1.0-1-amd64"
    module = {
        f"{folder}/modules.dep": _file("kernel/fs/cramfs/cramfs.ko:\n"),
        f"{folder}/kernel/fs/cramfs/cramfs.ko": _file(""),
    }
    return [
        (
            "sysctl_kernel_randomize_va_space",
            "slash",
            "fail",
            {
                "etc/sysctl.d/50-a.conf": _file("kernel.randomize_va_space = 2\n"),
                "etc/sysctl.d/60-b.conf": _file("kernel/randomize_va_space=0\n"),
            },
        ),
        (
            "sysctl_kernel_randomize_va_space",
            "masked",
            "pass",
            {"usr/lib/sysctl.d/60-x.conf": _file("kernel.randomize_va_space=0\n"), "etc/sysctl.d/60-x.conf": null},
        ),
        (
            "sysctl_kernel_randomize_va_space",
            "dash",
            "fail",
            {"etc/sysctl.d/60-x.conf": _file("-kernel.randomize_va_space = 1\n")},
        ),
        (
            "sysctl_kernel_randomize_va_space",
            "semicolon",
            "pass",
            {"etc/sysctl.d/60-x.conf": _file(";kernel.randomize_va_space = 0\n")},
        ),
        ("sudo_add_use_pty", "bak", "pass", {"etc/sudoers.d/x.bak": _file("Defaults !use_pty\n", "0440")}),
        ("sudo_add_use_pty", "zz", "fail", {"etc/sudoers.d/zz": _file("Defaults !use_pty\n", "0440")}),
        (
            "sudo_remove_no_authenticate",
            "cont",
            "fail",
            {"etc/sudoers.d/zz": _file("Defaults \\\n   !authenticate\n", "0440")},
        ),
        (
            "sudo_remove_no_authenticate",
            "cmnd",
            "fail",
            {"etc/sudoers.d/zz": _file("Defaults!/usr/bin/id !authenticate\n", "0440")},
        ),
        (
            "sudo_remove_no_authenticate",
            "list",
            "fail",
            {"etc/sudoers.d/zz": _file("Defaults env_reset, !authenticate , mail_badpass\n", "0440")},
        ),
        (
            "sudo_remove_no_authenticate",
            "comment",
            "pass",
            {"etc/sudoers.d/zz": _file("# Defaults !authenticate\n", "0440")},
        ),
        (
            "accounts_umask_etc_profile",
            "profiled",
            "fail",
            {"etc/profile": _file(text("etc/profile") + "\numask 027\n"), "etc/profile.d/zz.sh": _file("umask 022\n")},
        ),
        (
            "accounts_umask_etc_profile",
            "symbolic",
            "pass",
            {"etc/profile": _file(text("etc/profile") + "\numask u=rwx,g=rx,o=\n")},
        ),
        (
            "accounts_umask_etc_login_defs",
            "four",
            "pass",
            {"etc/login.defs": _file(text("etc/login.defs").replace("UMASK\t\t022", "UMASK\t0077"))},
        ),
        (
            "accounts_password_pam_dcredit",
            "dropin",
            "pass",
            {"etc/security/pwquality.conf.d/50.conf": _file("dcredit=-1\n"), "etc/security/pwquality.conf": _file("")},
        ),
        (
            "accounts_password_pam_minclass",
            "comment",
            "pass",
            {"etc/security/pwquality.conf": _file("minclass = 4 # four\n")},
        ),
        ("accounts_password_pam_minclass", "lower", "fail", {"etc/security/pwquality.conf": _file("minclass = 0\n")}),
        (
            "journald_storage",
            "dropin",
            "fail",
            {
                "etc/systemd/journald.conf": _file("[Journal]\nStorage=persistent\n"),
                "etc/systemd/journald.conf.d/x.conf": _file("[Journal]\nStorage=volatile\n"),
            },
        ),
        (
            "journald_storage",
            "usr",
            "fail",
            {"usr/lib/systemd/journald.conf.d/x.conf": _file("[Journal]\nStorage=none\n")},
        ),
        (
            "journald_storage",
            "section",
            "pass",
            {"etc/systemd/journald.conf": _file("[Journal]\nStorage=persistent\n[Other]\nStorage=none\n")},
        ),
        (
            "auditd_data_retention_max_log_file_action",
            "upper",
            "pass",
            {"etc/audit/auditd.conf": _file("max_log_file_action = ROTATE\n", "0640")},
        ),
        (
            "auditd_data_retention_max_log_file_action",
            "mixed",
            "pass",
            {"etc/audit/auditd.conf": _file("max_log_file_action = Rotate\n", "0640")},
        ),
        (
            "auditd_data_retention_max_log_file_action",
            "nospace",
            "fail",
            {"etc/audit/auditd.conf": _file("max_log_file_action=rotate\n", "0640")},
        ),
        (
            "auditd_data_retention_max_log_file_action",
            "dup",
            "fail",
            {"etc/audit/auditd.conf": _file("max_log_file_action = rotate\nmax_log_file_action = ignore\n", "0640")},
        ),
        (
            "sshd_disable_root_login",
            "notincluded",
            "fail",
            {
                "etc/ssh/sshd_config": _file("UsePAM yes\n"),
                "etc/ssh/sshd_config.d/x.conf": _file("PermitRootLogin no\n"),
            },
        ),
        ("sshd_disable_root_login", "equals", "pass", {"etc/ssh/sshd_config": _file("PermitRootLogin=no\n")}),
        ("sshd_disable_root_login", "quotes", "pass", {"etc/ssh/sshd_config": _file('permitrootlogin "no"\n')}),
        (
            "sshd_disable_root_login",
            "matchall",
            "fail",
            {"etc/ssh/sshd_config": _file("PermitRootLogin no\nMatch all\n  PermitRootLogin yes\n")},
        ),
        (
            "sshd_disable_root_login",
            "matchaddr",
            "fail",
            {"etc/ssh/sshd_config": _file("PermitRootLogin no\nMatch Address 10.0.0.0/8\n  PermitRootLogin yes\n")},
        ),
        ("sshd_set_maxstartups", "single", "pass", {"etc/ssh/sshd_config": _file("MaxStartups 10\n")}),
        ("sshd_set_maxstartups", "big", "fail", {"etc/ssh/sshd_config": _file("MaxStartups 11:30:60\n")}),
        (
            "audit_rules_time_watch_localtime",
            "path",
            "pass",
            {"etc/audit/rules.d/x.rules": _file("-a always,exit -F path=/etc/localtime -F perm=wa -k x\n", "0640")},
        ),
        (
            "audit_rules_time_watch_localtime",
            "onlya",
            "fail",
            {"etc/audit/rules.d/x.rules": _file("-w /etc/localtime -p a -k x\n", "0640")},
        ),
        (
            "audit_rules_time_watch_localtime",
            "never",
            "fail",
            {
                "etc/audit/rules.d/a.rules": _file("-a never,exit -F path=/etc/localtime\n", "0640"),
                "etc/audit/rules.d/x.rules": _file("-w /etc/localtime -p wa -k x\n", "0640"),
            },
        ),
        (
            "audit_rules_time_watch_localtime",
            "exitalways",
            "pass",
            {"etc/audit/rules.d/x.rules": _file("-a exit,always -F path=/etc/localtime -F perm=aw -F key=t\n", "0640")},
        ),
        (
            "audit_rules_time_watch_localtime",
            "norules_ext",
            "fail",
            {"etc/audit/rules.d/x.rule": _file("-w /etc/localtime -p wa -k x\n", "0640")},
        ),
        (
            "no_shelllogin_for_systemaccounts",
            "empty",
            "fail",
            {"etc/passwd": _file(text("etc/passwd") + "svc:x:150:150::/:\n")},
        ),
        (
            "no_shelllogin_for_systemaccounts",
            "false",
            "pass",
            {"etc/passwd": _file(text("etc/passwd") + "svc:x:150:150::/:/bin/false\n")},
        ),
        (
            "no_shelllogin_for_systemaccounts",
            "edge",
            "fail",
            {"etc/passwd": _file(text("etc/passwd") + "svc:x:999:999::/:/bin/bash\n")},
        ),
        ("root_path_no_dot", "trailing", "fail", {"root/.bashrc": _file("PATH=$PATH:\n")}),
        ("root_path_no_dot", "double", "fail", {"root/.profile": _file("export PATH=/usr/bin::/bin\n")}),
        ("root_path_no_dot", "dot", "fail", {"root/.bash_profile": _file("PATH=.:$PATH\n")}),
        (
            "disable_users_coredumps",
            "later",
            "fail",
            {
                "etc/security/limits.conf": _file("* hard core 0\n"),
                "etc/security/limits.d/x.conf": _file("* hard core 1\n"),
            },
        ),
        ("disable_users_coredumps", "both", "pass", {"etc/security/limits.conf": _file("*  -  core 0\n")}),
        ("disable_users_coredumps", "soft", "fail", {"etc/security/limits.conf": _file("* soft core 0\n")}),
        ("rsyslog_remote_loghost", "relp", "pass", {"etc/rsyslog.d/x.conf": _file("*.* :omrelp:host:20514\n")}),
        (
            "rsyslog_remote_loghost",
            "action",
            "pass",
            {"etc/rsyslog.d/x.conf": _file('*.* action(type="omfwd" target="h.example" port="514" protocol="tcp")\n')},
        ),
        ("rsyslog_remote_loghost", "wrongext", "fail", {"etc/rsyslog.d/x.cnf": _file("*.* @@host\n")}),
        ("mount_option_tmp_noexec", "ok", "pass", {"etc/fstab": _file("tmpfs /tmp tmpfs defaults,noexec 0 0\n")}),
        ("mount_option_tmp_noexec", "exec_last", "fail", {"etc/fstab": _file("tmpfs /tmp tmpfs noexec,exec 0 0\n")}),
        ("mount_option_tmp_noexec", "user", "pass", {"etc/fstab": _file("tmpfs /tmp tmpfs user 0 0\n")}),
        (
            "kernel_module_cramfs_disabled",
            "blacklist",
            "fail",
            {**module, "etc/modprobe.d/x.conf": _file("blacklist cramfs\n")},
        ),
        (
            "kernel_module_cramfs_disabled",
            "true",
            "pass",
            {**module, "etc/modprobe.d/x.conf": _file("install cramfs /bin/true\n")},
        ),
        (
            "kernel_module_cramfs_disabled",
            "noext",
            "fail",
            {**module, "etc/modprobe.d/x": _file("install cramfs /bin/true\n")},
        ),
        ("group_unique_id", "dup", "fail", {"etc/group": _file(text("etc/group") + "a:x:1:\n")}),
        (
            "accounts_maximum_age_login_defs",
            "minus",
            "fail",
            {"etc/login.defs": _file(text("etc/login.defs").replace("PASS_MAX_DAYS\t99999", "PASS_MAX_DAYS\t-1"))},
        ),
        (
            "accounts_maximum_age_login_defs",
            "last",
            "fail",
            {
                "etc/login.defs": _file(
                    text("etc/login.defs").replace("PASS_MAX_DAYS\t99999", "PASS_MAX_DAYS\t90\nPASS_MAX_DAYS\t99999")
                )
            },
        ),
        (
            "file_permissions_home_directories",
            "wide",
            "fail",
            {"etc/passwd": _file(text("etc/passwd") + "u:x:1001:1001::/home/u:/bin/bash\n"), "home/u": open_home},
        ),
    ]


def test_states_of_our_own_get_the_documented_verdict(tmp_path: Path) -> None:
    packages.install()
    stock = build_stock(cache_folder(os.environ))
    states = [
        State(rule=rule, scenario=name, verdict=verdict, is_refused=False, delta=delta)
        for rule, name, verdict, delta in _build_table(stock)
    ]
    verdicts = judge_states(states, load_mapping(), load_shipped().checks, stock, tmp_path)
    assert [verdict.words for verdict in verdicts if not verdict.agrees] == []
