"""Every step of every kind only reads: its programs, their arguments and its redirections are on a list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.model.step import Step
from hardening.probes import KINDS
from hardening.probes.identification import STEP
from tests.probes.cases import CASES, FOLDER, build_probe, load_probes
from tests.probes.commands import NotUnderstoodError, find_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_BUILTINS = {":", "[", "break", "cd", "command", "continue", "echo", "exit", "printf", "read", "return", "set", "shift"}
_HARMLESS = {"getent", "grep", "id", "readlink", "stat", "uname"}
_SYSTEMCTL = {"cat", "is-active", "is-enabled", "is-system-running", "list-unit-files", "list-units", "show"}
_AWK_CAN_ACT = re.compile(r"""system\s*\(|(?<!\|)\|(?!\|)|(?:print|printf)[^;}\n]*>|close\s*\(|["']\s*\|""")
_EVAL_CAN_ACT = re.compile(r"[;&|<>`\n]|\$\(")


def _options(arguments: Sequence[str]) -> set[str]:
    return {argument.strip("'\"").split("=")[0] for argument in arguments if argument.strip("'\"").startswith("-")}


def _words(arguments: Sequence[str]) -> list[str]:
    return [argument for argument in arguments if not argument.startswith("-")]


_ALLOWED: dict[str, Callable[[Sequence[str]], bool]] = {
    **dict.fromkeys(_BUILTINS | _HARMLESS, lambda _: True),
    "awk": lambda arguments: not _AWK_CAN_ACT.search(" ".join(arguments)),
    "command": lambda arguments: list(arguments[:1]) == ["-v"],
    "date": lambda arguments: list(arguments) == ["+%s"],
    "dpkg-query": lambda arguments: _options(arguments) <= {"-W", "-f"},
    "eval": lambda arguments: not _EVAL_CAN_ACT.search(" ".join(arguments)) and "=" in arguments[0],
    "rpm": lambda arguments: arguments[0] == "-q" and _options(arguments) <= {"-q", "--qf"},
    "systemctl": lambda arguments: _words(arguments)[:1] != [] and _words(arguments)[0] in _SYSTEMCTL,
    '"$sshd"': lambda arguments: set(arguments) <= {"-T", "-G", '"$mode"', '${given:+"-C$given"}'},
}


def find_offences(script: str) -> list[str]:
    """Return everything in a script that is not on the list."""
    try:
        found = find_commands(script)
    except NotUnderstoodError as error:
        return [str(error)]
    calls = [call for call in found.calls if call[0] not in found.functions]
    bad = [" ".join(call)[:100] for call in calls if call[0] not in _ALLOWED or not _ALLOWED[call[0]](call[1:])]
    return [*bad, *sorted(found.writes)]


def _steps(case: Path) -> list[Step]:
    probes = load_probes(case)
    kinds = sorted({probe.kind for probe in probes})
    return [step for kind in kinds for step in KINDS[kind].steps([probe for probe in probes if probe.kind == kind])]


@pytest.mark.parametrize("case", CASES, ids=[str(case.relative_to(FOLDER)) for case in CASES])
def test_steps_only_read(case: Path) -> None:
    assert [offence for step in _steps(case) for offence in find_offences(step.script)] == []


def test_identification_only_reads() -> None:
    assert find_offences(STEP.script) == []


@pytest.mark.parametrize(
    "script",
    [
        "rm /etc/x",
        "echo x >/etc/x",
        "echo x >>'/etc/x'",
        "echo x 2>/tmp/x",
        "read x <>/etc/x",
        "grep x <<end\nend",
        "x=$(rm y)",
        'echo "$(rm y)"',
        'echo "${x:-$(rm y)}"',
        "echo $((1 + $(rm y)))",
        "stat a | tee b",
        "if rm x; then :; fi",
        "while :; do rm x; done",
        "case a in a) : ;; b) rm c ;; esac",
        "case a in a) rm c ;; esac",
        "for f in a b; do rm $f; done",
        "f() { rm x; }\nf",
        "true && rm x",
        ": || rm x",
        ": & rm x",
        "x=1 rm y",
        "! rm x",
        "( rm x )",
        "{ rm x; }",
        ": # comment\nrm x",
        "echo `rm x`",
        "'rm' x",
        "$x y",
        "date -s 1",
        "systemctl stop x",
        "systemctl --now disable x",
        "rpm -e x",
        "rpm -q --pipe 'rm x' y",
        "dpkg-query --admindir=/x -W",
        "awk 'BEGIN { system(\"rm x\") }'",
        "awk '{ print > \"/etc/x\" }'",
        "awk 'BEGIN { \"rm x\" | getline }'",
        'eval "rm x"',
        'eval "x=1; rm y"',
        '"$sshd" -D',
        "command rm x",
        "echo 'not closed",
    ],
)
def test_what_could_change_something_is_found(script: str) -> None:
    assert find_offences(script) != []


@pytest.mark.parametrize(
    "script",
    [
        "[ -e '/a b' ] && printf '%s' \"rm x > y\"",
        "read x </etc/x 2>/dev/null",
        "case $x in rm|'tee x') : ;; esac",
        "for f in rm tee; do echo $f; done",
        "{ x=$(id 2>&1 >&3 3>&-); } 3>&1",
        "echo $((1 > 2)) # rm x",
    ],
)
def test_what_only_reads_is_let_through(script: str) -> None:
    assert find_offences(script) == []


_HOSTILE = st.text(st.sampled_from("ab/*?[]!^ \t'\"`$(){};&|<>#~\\=-\x1bæ"), max_size=12)


@settings(max_examples=40)
@given(_HOSTILE)
def test_parameters_never_become_commands(text: str) -> None:
    probes = [
        build_probe({"kind": "file_status", "path": f"/{text}"}),
        build_probe({"kind": "file_list", "patterns": [f"/{text}"]}),
        build_probe({"kind": "config_key", "path": f"/{text}", "key": f"k{text}", "dropins": [f"/{text}"]}),
        build_probe({"kind": "config_key", "path": f"/etc/{text}", "key": "k", "format": "systemd"}),
    ]
    scripts = [step.script for probe in probes for step in KINDS[probe.kind].steps([probe])]
    assert [offence for script in scripts for offence in find_offences(script)] == []
