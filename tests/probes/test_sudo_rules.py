"""sudoers as sudo reads it: words, lists that inherit, aliases, order of settings, includes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.evidence import Evidence, Field, Known, Partial, Record, Unreadable
from hardening.model.probe import Probe
from hardening.probes.sudo_grammar import Sudoers, parse_entries
from hardening.probes.sudo_meaning import Aliases, build_permissions, is_here, parse_minutes
from hardening.probes.sudo_rules import KIND
from hardening.probes.sudo_script import STEP
from tests.probes.laid_out import lay_out, run_in_sh, run_in_shells

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hardening.model.step import Completed
    from hardening.probes.sudo_meaning import Permission

PROBE = Probe.build("sudo_rules", {})
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="sudo reads root's files only")


def _parse(text: str) -> Sudoers:
    sudoers = Sudoers()
    for _ in parse_entries(text, "sudoers", sudoers):
        pass
    return sudoers


def _rules(text: str, host: str = "db01") -> list[Permission]:
    sudoers = _parse(text)
    return build_permissions(sudoers, Aliases(sudoers.aliases), host, "root")


def _evidence(answer: Completed) -> Evidence:
    return KIND.parse([PROBE], {STEP.name: answer})[PROBE]


def _read(tree: Path, files: Mapping[str, str]) -> Evidence:
    return _evidence(run_in_sh(STEP, lay_out(tree, files)))


def _records(field: Field) -> list[Record]:
    items = field.items if isinstance(field, Partial) else field.value if isinstance(field, Known) else ()
    assert isinstance(items, tuple)
    return [item for item in items if not isinstance(item, str)]


def _users(evidence: Evidence) -> list[str]:
    found = [record["users"] for record in _records(evidence["rules"])]
    texts = [field.value for field in found if isinstance(field, Known) and isinstance(field.value, tuple)]
    return [",".join(str(text) for text in users) for users in texts]


def test_tags_hold_until_their_opposite() -> None:
    rules = _rules("ola ALL=(ALL) NOPASSWD: /bin/a, /bin/b, PASSWD: /bin/c\n")
    assert [(rule.commands, rule.needs_no_password) for rule in rules] == [
        (("/bin/a", "/bin/b"), True),
        (("/bin/c",), False),
    ]


def test_tags_do_not_pass_the_colon_between_hosts() -> None:
    rules = _rules("ola a = NOPASSWD: /bin/a : b = /bin/b\n")
    assert [rule.needs_no_password for rule in rules] == [True, False]


def test_the_account_to_run_as_is_inherited_along_the_list() -> None:
    assert [rule.runas for rule in _rules("ola ALL=(postgres) /bin/a, /bin/b\n")] == [("postgres",)]


def test_without_parentheses_commands_run_as_root() -> None:
    assert [rule.grants_root for rule in _rules("ola ALL = ALL\nkari ALL=(www) ALL\n")] == [True, False]


def test_aliases_are_resolved_also_when_defined_later_and_negated() -> None:
    rules = _rules("ADMINS ALL=(ALL) ALL\nUser_Alias ADMINS = ola, !OTHERS : OTHERS = kari, !per\n")
    assert [rule.users for rule in rules] == [("ola", "!kari", "per")]


def test_an_alias_that_is_not_defined_is_a_name() -> None:
    assert [rule.users for rule in _rules("NOBODY ALL = ALL\n")] == [("NOBODY",)]


def test_an_alias_that_contains_itself_is_told() -> None:
    sudoers = _parse("User_Alias A = B : B = A\nA ALL=ALL\n")
    aliases = Aliases(sudoers.aliases)
    build_permissions(sudoers, aliases, "", "root")
    assert aliases.faults != []


def test_aliases_nested_without_end_are_told() -> None:
    text = "".join(f"User_Alias A{number} = A{number + 1}\n" for number in range(3000)) + "A0 ALL = ALL\n"
    sudoers = _parse(text)
    aliases = Aliases(sudoers.aliases)
    build_permissions(sudoers, aliases, "", "root")
    assert aliases.faults != []


def test_a_later_rule_for_the_same_decides() -> None:
    rules = _rules("ola ALL=(ALL) NOPASSWD: ALL\nola ALL=(ALL) PASSWD: ALL\n")
    assert [rule.effective for rule in rules] == [False, True]


def test_a_later_rule_for_less_does_not_take_away() -> None:
    rules = _rules("ola ALL=(ALL) NOPASSWD: ALL\nola ALL=(ALL) PASSWD: /bin/a\n")
    assert [rule.effective for rule in rules] == [True, True]


def test_a_rule_for_another_host_decides_nothing_here() -> None:
    assert [rule.effective for rule in _rules("ola web01 = ALL\nola db01.example.org = ALL\n")] == [False, True]


@pytest.mark.parametrize(
    ("hosts", "here"),
    [
        (("ALL",), True),
        (("ALL", "!db01"), False),
        (("!db01", "ALL"), True),
        (("10.0.0.0/8",), True),
        (("+servers",), True),
        (("ALL", "!+servers"), True),
        (("web01",), False),
    ],
)
def test_hosts_that_could_be_this_one_count(hosts: tuple[str, ...], here: bool) -> None:  # noqa: FBT001 - a case
    assert is_here(hosts, "db01") is here


@pytest.mark.parametrize(
    "text",
    [
        "ola ALL (ALL) ALL\n",
        "ola ALL=(ALL ALL\n",
        "Defaults use_pty bogus\n",
        "Defaults env_keep =\n",
        "User_Alias A = x\nUser_Alias A = y\n",
        "User_Alias lower = x\n",
        "ola ALL = ls\n",
        '"never closed ALL = ALL\n',
        "@include\n",
    ],
)
def test_what_sudo_does_not_understand_is_told(text: str) -> None:
    assert len(_parse(text).faults) == 1


@pytest.mark.parametrize(
    "text",
    [
        "#include is only a comment here? no: #1001 ALL = ALL\n",
        "# comment \\\n",
        "ola ALL = /bin/a b=c -x=y # a comment\n",
        "ola ALL = /bin/a\\:b\\,c, /bin/d ^a,b:c$\n",
        "ola fe80::1, 10.0.0.0/255.0.0.0 = sudoedit /etc/x\n",
        "ola ALL = CWD=/tmp TIMEOUT=10 NOPASSWD: /bin/a\n",
        "%#20, %:group, +net, #-1 ALL = ALL\n",
        'Defaults passprompt="a \\"b\\" # c", env_keep += "A B", !insults\n',
        "Defaults:ola,kari !use_pty\nDefaults!/bin/a , /bin/b !use_pty\nDefaults@!web use_pty\n",
        "ola ALL = sha256:" + "a" * 64 + " /bin/a\n",
        "ola \\\n ALL = \\\n /bin/a\n",
    ],
)
def test_what_sudo_understands_is_understood(text: str) -> None:
    assert _parse(text).faults == []


@given(st.text(st.sampled_from('ola ALL=(root)NOPASSWD:/bin/x,!"\\\n\t#%+@^$include Defaults_Alias1'), max_size=80))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(_rules(text), list)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("5", 5), ("0.5", 1), (".5", 1), ("-1", -1), ("-0.1", -1), ("0", 0), ("x", None), ("1h", None)],
)
def test_times_are_rounded_up(text: str, minutes: int | None) -> None:
    [default] = _parse(f"Defaults timestamp_timeout={text}\n").defaults
    assert parse_minutes(default) == minutes


@needs_root
def test_every_shell_says_the_same(tmp_path: Path) -> None:
    files = {
        "/etc/sudoers": 'root ALL=(ALL) ALL\n@include extra\n#include "with space"\n@includedir sudoers.d\n',
        "/etc/extra": "extra ALL=ALL\n",
        "/etc/with space": "spaced ALL=ALL",
        "/etc/sudoers.d/b": "b ALL=ALL\n",
        "/etc/sudoers.d/a": "a ALL=ALL\n",
        "/etc/sudoers.d/c.rpmsave": "c ALL=ALL\n",
        "/etc/sudoers.d/d~": "d ALL=ALL\n",
    }
    answers = run_in_shells(STEP, lay_out(tmp_path, files))
    found = {name: _users(_evidence(answer)) for name, answer in answers.items()}
    assert [name for name, users in found.items() if users != ["root", "extra", "spaced", "a", "b"]] == []


@needs_root
def test_a_file_that_others_may_write_is_left_out_as_sudo_does(tmp_path: Path) -> None:
    tree = lay_out(
        tmp_path,
        {"/etc/sudoers": "Defaults use_pty\n@includedir sudoers.d\n", "/etc/sudoers.d/x": "Defaults !use_pty\n"},
    )
    (tree / "etc/sudoers.d/x").chmod(0o646)
    evidence = _evidence(run_in_sh(STEP, tree))
    assert (evidence["use_pty"], evidence["ignored"]) == (
        Known(value=True, place="/etc/sudoers:1"),
        Known(("/etc/sudoers.d/x: writable by everyone",), "/etc/sudoers"),
    )


@needs_root
def test_an_include_that_may_not_be_read_leaves_settings_open(tmp_path: Path) -> None:
    tree = lay_out(tmp_path, {"/etc/sudoers": "root ALL=ALL\n@include x\n", "/etc/x": "Defaults use_pty\n"})
    (tree / "etc/x").chmod(0o600)
    evidence = _evidence(run_in_sh(STEP, tree, as_nobody=True))
    assert (type(evidence["rules"]), type(evidence["use_pty"])) == (Partial, Unreadable)


@needs_root
def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    evidence = _read(tmp_path, {"/etc/sudoers": "root ALL=ALL\n@include x\n", "/etc/x": "@include sudoers\n"})
    assert isinstance(evidence["rules"], Partial)


@needs_root
def test_rules_of_a_directory_make_the_list_partial(tmp_path: Path) -> None:
    evidence = _read(tmp_path, {"/etc/sudoers": "root ALL=ALL\n", "/etc/nsswitch.conf": "sudoers: files sss\n"})
    assert isinstance(evidence["rules"], Partial)


@needs_root
def test_the_default_of_use_pty_follows_the_version(tmp_path: Path) -> None:
    found = {}
    for version in ("1.9.5p2", "1.9.13p3", "1.9.14", "1.9.15p5"):
        program = f"#!/bin/sh\necho visudo version {version}\n"
        found[version] = _read(tmp_path, {"/etc/sudoers": "root ALL=ALL\n", "/bin/visudo": program})["use_pty"]
    assert [version for version, field in found.items() if isinstance(field, Known) and field.value is True] == [
        "1.9.14",
        "1.9.15p5",
    ]


@needs_root
def test_sudo_rs_is_recognised_by_its_version(tmp_path: Path) -> None:
    program = "#!/bin/sh\necho visudo-rs 0.2.8\n"
    evidence = _read(tmp_path, {"/etc/sudoers": "root ALL=ALL\n", "/bin/visudo": program, "/bin/sudo": program})
    assert evidence["implementation"] == Known("sudo-rs")


@needs_root
def test_a_setting_behind_a_scoped_one_replaces_it(tmp_path: Path) -> None:
    text = "Defaults:ola !use_pty\nDefaults!/bin/a !use_pty\nDefaults use_pty\n"
    evidence = _read(tmp_path, {"/etc/sudoers": text})
    assert [record["effective"] for record in _records(evidence["defaults"])] == [
        Known(value=False, place="/etc/sudoers:1"),
        Known(value=True, place="/etc/sudoers:2"),
        Known(value=True, place="/etc/sudoers:3"),
    ]
