"""Every step of every kind only reads: its programs, their arguments and its redirections are on a list."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.model.step import ShellStep, select_shell_steps
from hardening.probes import KINDS
from hardening.probes.identification import STEP
from tests.probes.cases import CASES, FOLDER, build_probe, load_probes
from tests.probes.commands import NotUnderstoodError, find_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_BUILTINS = {
    ":",
    "[",
    "break",
    "cd",
    "command",
    "continue",
    "echo",
    "exit",
    "printf",
    "pwd",
    "read",
    "return",
    "set",
    "shift",
}
_HARMLESS = {"getcap", "getent", "grep", "head", "id", "ls", "od", "readlink", "stat", "tr", "uname"}
_SYSTEMCTL = {"cat", "is-active", "is-enabled", "is-system-running", "list-unit-files", "list-units", "show"}
_SAVERS = {f"{family}tables-{form}save" for family in ("ip", "ip6") for form in ("", "legacy-", "nft-")}
_AWK_CAN_ACT = re.compile(r"""system\s*\(|(?<!\|)\|(?!\|)|(?:print|printf)[^;}\n]*>|close\s*\(|["']\s*\|""")
_RPM_OPTIONS = {"-q", "-qa", "-qf", "--qf", "-V", "--nodeps"}
_EVAL_CAN_ACT = re.compile(r"[;&|<>`\n]|\$\(")


def _options(arguments: Sequence[str]) -> set[str]:
    return {argument.strip("'\"").split("=")[0] for argument in arguments if argument.strip("'\"").startswith("-")}


def _words(arguments: Sequence[str]) -> list[str]:
    return [argument for argument in arguments if not argument.startswith("-")]


# find(1): every test and action that our walk uses; none but -exec starts anything, none writes.
_FIND = {"-exec", "-false", "-gid", "-group", "-ignore_readdir_race", "-nogroup", "-nouser", "-o", "-path", "-perm"}
_FIND |= {"-printf", "-prune", "-true", "-type", "-uid", "-user", "-xdev"}
_FIND_VALUES = re.compile(r"-0[0-7]+|-1000")


def _find_only_reads(arguments: Sequence[str]) -> bool:
    """Say whether find does nothing but look, and all that it starts only reads as well."""
    rest = list(arguments)
    while "-exec" in rest:
        start, end = rest.index("-exec"), rest.index("+")
        name, *given = rest[start + 1 : end]
        if name == "sh":
            if given[0] != "-c" or find_offences(shlex.split(given[1])[0]):
                return False
        elif name not in _ALLOWED or not _ALLOWED[name](given):
            return False
        del rest[start : end + 1]
    return all(option in _FIND or _FIND_VALUES.fullmatch(option) for option in rest if option.startswith("-"))


# Arguments of openssl: s_client sends a hello and nothing else, x509 tells what stands on its standard input. None of
# them names a file.
_S_CLIENT = {"s_client", "-connect", '"$where"', "${word:+-starttls $word}", "-cipher", "ALL:@SECLEVEL=0"}
_S_CLIENT |= {"-min_protocol", "TLSv1", '"$version"', '"$suites"'}
_X509 = {"x509", "-noout", "-nameopt", "RFC2253,utf8,-esc_msb", "-subject", "-issuer", "-dates", "-text", "-certopt"}
_X509 |= {"no_header,no_version,no_serial,no_validity,no_sigdump"}
_OPENSSL = {"s_client": _S_CLIENT, "x509": _X509}


def _timeout_only_reads(arguments: Sequence[str]) -> bool:
    """Say whether what timeout runs only reads."""
    rest = list(arguments)
    while rest and (rest[0] in {"--foreground", "-k"} or rest[0].isdigit()):
        del rest[0]
    return rest != [] and rest[0] in _ALLOWED and _ALLOWED[rest[0]](rest[1:])


_ALLOWED: dict[str, Callable[[Sequence[str]], bool]] = {
    **dict.fromkeys(_BUILTINS | _HARMLESS, lambda _: True),
    # cat-file prints lists, packed or not; apt-config dump and auditctl -l and -s only say what holds.
    "/usr/lib/apt/apt-helper": lambda arguments: arguments[0] == "cat-file",
    "apt-config": lambda arguments: arguments[0] == "dump" and not _options(arguments),
    "auditctl": lambda arguments: list(arguments) in (["-l"], ["-s"]),
    "awk": lambda arguments: not _AWK_CAN_ACT.search(" ".join(arguments)),
    "cat": lambda _: True,
    **dict.fromkeys({"gzip", "xz"}, lambda arguments: _options(arguments) == {"-dc", "--"}),
    "zstd": lambda arguments: _options(arguments) == {"-dcq", "--"},
    "command": lambda arguments: list(arguments[:1]) == ["-v"],
    "date": lambda arguments: list(arguments) == ["+%s"],
    # tracking only answers; -h keeps it off the socket, where it would make a file.
    "chronyc": lambda arguments: "-h" in arguments and _words(arguments)[-1] == "tracking",
    "docker": lambda arguments: arguments[0] in {"ps", "inspect"} or list(arguments[:2]) == ["image", "inspect"],
    "dpkg": lambda arguments: arguments[0] == "-V" and _options(arguments) == {"-V"},
    "dpkg-query": lambda arguments: _options(arguments) <= {"-S", "-W", "-f"},
    "eval": lambda arguments: not _EVAL_CAN_ACT.search(" ".join(arguments)) and "=" in arguments[0],
    **dict.fromkeys(_SAVERS, lambda arguments: not arguments),
    "nft": lambda arguments: _words(arguments) == ["list", "ruleset"] and _options(arguments) <= {"-s", "-t"},
    "ntpq": lambda arguments: _words(arguments) == ["'rv 0 leap'", "127.0.0.1"] and _options(arguments) <= {"-n", "-c"},
    "openssl": lambda arguments: set(arguments) <= _OPENSSL.get(arguments[0], set()),
    "find": _find_only_reads,
    "rpm": lambda arguments: arguments[0] in {"-q", "-qa", "-qf", "-V"} and _options(arguments) <= _RPM_OPTIONS,
    "timeout": _timeout_only_reads,
    **dict.fromkeys({"lastlog", "lastlog2"}, lambda arguments: list(arguments) == []),
    "visudo": lambda arguments: list(arguments) == ["-V"],
    "ss": lambda arguments: not _words(arguments) and _options(arguments) <= {"-l", "-n", "-t", "-u", "-p", "-e"},
    "timedatectl": lambda arguments: list(arguments) == ["show", "-p", "NTPSynchronized"],
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


def _steps(case: Path) -> list[ShellStep]:
    probes = load_probes(case)
    kinds = sorted({probe.kind for probe in probes})
    asked = [KINDS[kind].steps([probe for probe in probes if probe.kind == kind]) for kind in kinds]
    return [step for steps in asked for step in select_shell_steps(steps)]


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
        "find / -delete",
        "find / -exec rm {} +",
        "find / -exec sh -c 'rm x' {} +",
        "find / -fprintf /etc/x y",
        "timeout 5 rm x",
        "openssl s_client -connect x:1 -sess_out /etc/x",
        "openssl rand -out /etc/x 1",
        "openssl x509 -out /etc/x",
        "timeout -s KILL 5 rm x",
        "docker rm x",
        "docker image rm x",
        "rpm -qf --pipe 'rm x' y",
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
    scripts = [step.script for probe in probes for step in select_shell_steps(KINDS[probe.kind].steps([probe]))]
    assert [offence for script in scripts for offence in find_offences(script)] == []
