"""PAM's files in every shell of this machine, and options by each module's own rules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hardening.model.evidence import Known, Partial, Record, Unreadable
from hardening.probes.pam_setting import KIND
from hardening.probes.pam_stack import KIND as STACK
from tests.probes.cases import build_probe
from tests.probes.laid_out import lay_out, run_in_sh, run_in_shells

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hardening.model.evidence import Field
    from hardening.model.step import Completed

_PWQUALITY = {
    "kind": "pam_setting",
    "services": ["passwd"],
    "type": "password",
    "modules": ["pam_pwquality"],
    "option": "minlen",
}
_FILES = {
    "/etc/pam.d/passwd": "@include common-password\n",
    "/etc/pam.d/common-password": "password requisite pam_pwquality.so retry=3\npassword required pam_unix.so\n",
    "/etc/pam.d/other": "auth required pam_deny.so password=hunter2 bindpw=hunter2 x=hunter\n",
    "/etc/security/pwquality.conf": "minlen = 14\n",
    "/etc/security/pwquality.conf.d/50.conf": "minlen = 20\nminclass = 2\n",
    "/usr/lib/x86_64-linux-gnu/security/pam_pwquality.so": "",
    "/usr/lib/x86_64-linux-gnu/security/pam_unix.so": "",
}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


def _read(answer: Completed, data: Mapping[str, object] = _PWQUALITY) -> Field:
    probe = build_probe(data)
    return KIND.parse([probe], {"pam_setting": answer})[probe]["stacks"]


def _first(field: Field) -> Record:
    assert isinstance(field, Known)
    assert isinstance(field.value, tuple)
    record = field.value[0]
    assert not isinstance(record, str)
    return record


def _ask(tree: Path, files: Mapping[str, str], **changes: object) -> Record:
    data = {**_PWQUALITY, **changes}
    [step] = KIND.steps([build_probe(data)])
    return _first(_read(run_in_sh(step, lay_out(tree, files)), data))


def test_every_shell_and_awk_says_the_same(tmp_path: Path) -> None:
    [step] = KIND.steps([build_probe(_PWQUALITY)])
    answers = run_in_shells(step, lay_out(tmp_path, _FILES))
    assert {name: _first(_read(answer))["number"] for name, answer in answers.items()} == dict.fromkeys(
        answers, Known(14, "/etc/security/pwquality.conf:1")
    )


def test_passwords_among_arguments_stay_on_the_target(tmp_path: Path) -> None:
    [step] = STACK.steps([build_probe({"kind": "pam_stack", "services": ["other"]})])
    answers = run_in_shells(step, lay_out(tmp_path, _FILES))
    assert [
        name for name, answer in answers.items() if b"hunter2" in answer.stdout or b"x=hunter" not in answer.stdout
    ] == []


def test_main_file_of_pwquality_wins_over_its_dropins(tmp_path: Path) -> None:
    assert _ask(tmp_path, _FILES)["value"] == Known("14", "/etc/security/pwquality.conf:1")


def test_dropins_count_where_the_main_file_is_silent(tmp_path: Path) -> None:
    assert _ask(tmp_path, _FILES, option="minclass")["value"] == Known("2", "/etc/security/pwquality.conf.d/50.conf:2")


def test_module_arguments_win_over_files(tmp_path: Path) -> None:
    files = {**_FILES, "/etc/pam.d/common-password": "password requisite pam_pwquality.so minlen=9\n"}
    assert _ask(tmp_path, files)["value"] == Known("9", "/etc/pam.d/common-password:1")


def test_a_perfect_file_is_worth_nothing_without_the_module(tmp_path: Path) -> None:
    files = {**_FILES, "/etc/pam.d/common-password": "password required pam_unix.so\n"}
    assert _ask(tmp_path, files)["called"] == Known(value=False, place="/etc/pam.d/passwd")


def test_a_module_that_is_not_installed_is_not_called(tmp_path: Path) -> None:
    files = {path: text for path, text in _FILES.items() if not path.endswith("pam_pwquality.so")}
    assert _ask(tmp_path, files)["called"] == Known(value=False, place="/etc/pam.d/passwd")


def test_a_service_without_a_file_of_its_own_has_no_record(tmp_path: Path) -> None:
    [step] = KIND.steps([build_probe(_PWQUALITY)])
    answer = run_in_sh(step, lay_out(tmp_path, {"/etc/pam.d/other": "auth required pam_deny.so\n"}))
    assert _read(answer) == Known((), "/etc/pam.d")


def test_pwhistory_conf_counts_only_for_a_module_that_knows_it(tmp_path: Path) -> None:
    files = {
        "/etc/pam.d/passwd": "password required pam_pwhistory.so\n",
        "/etc/security/pwhistory.conf": "remember = 24\n",
        "/usr/lib/security/pam_pwhistory.so": "no such string",
    }
    old = _ask(tmp_path, files, modules=["pam_pwhistory"], option="remember")["number"]
    files["/usr/lib/security/pam_pwhistory.so"] = "/etc/security/pwhistory.conf"
    new = _ask(tmp_path, files, modules=["pam_pwhistory"], option="remember")["number"]
    assert (old, new) == (Known(10, "default of the module"), Known(24, "/etc/security/pwhistory.conf:1"))


def test_the_first_line_of_login_defs_decides_for_pam(tmp_path: Path) -> None:
    files = {
        "/etc/pam.d/passwd": "password required pam_unix.so\n",
        "/etc/login.defs": "encrypt_method sha512\nENCRYPT_METHOD MD5\n",
    }
    found = _ask(tmp_path, files, modules=["pam_unix"], option="hash")["value"]
    assert found == Known("sha512", "/etc/login.defs:1")


def test_without_pam_umask_the_last_line_in_capitals_decides(tmp_path: Path) -> None:
    files = {
        "/etc/pam.d/passwd": "session required pam_unix.so\n",
        "/etc/login.defs": "umask 077\nUMASK 022\nUMASK 027\n",
    }
    found = _ask(tmp_path, files, type="session", modules=["pam_umask"], option="umask")["grants"]
    assert found == Known("0750", "/etc/login.defs:3")


@needs_root
def test_a_file_that_may_not_be_read_leaves_the_value_open(tmp_path: Path) -> None:
    tree = lay_out(tmp_path, _FILES)
    (tree / "etc/security/pwquality.conf").chmod(0o600)
    [step] = KIND.steps([build_probe(_PWQUALITY)])
    assert isinstance(_first(_read(run_in_sh(step, tree, as_nobody=True)))["number"], Unreadable)


@needs_root
def test_a_service_that_may_not_be_read_makes_the_list_partial(tmp_path: Path) -> None:
    tree = lay_out(tmp_path, _FILES)
    (tree / "etc/pam.d/passwd").chmod(0o600)
    [step] = KIND.steps([build_probe(_PWQUALITY)])
    assert isinstance(_read(run_in_sh(step, tree, as_nobody=True)), Partial)


def test_a_machine_without_awk_is_unreadable(tmp_path: Path) -> None:
    tree = lay_out(tmp_path, _FILES)
    [step] = KIND.steps([build_probe(_PWQUALITY)])
    assert isinstance(_read(run_in_sh(step, tree, without_programs=True)), Unreadable)
