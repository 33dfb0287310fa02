"""Which programs a reduced command line starts: the words that decide it, and the walk over them."""

from __future__ import annotations

import re

KEYWORDS = frozenset({"if", "then", "else", "elif", "do", "while", "until", "!", "time", "exec", "nohup", "command"})
"""Words after which a command begins."""

WRAPPERS = frozenset(
    {
        "nice",
        "ionice",
        "timeout",
        "env",
        "sudo",
        "runuser",
        "flock",
        "setsid",
        "chronic",
        "chrt",
        "taskset",
        "stdbuf",
        "systemd-cat",
        "systemd-run",
        "xargs",
        "parallel",
        "cronic",
        "cpulimit",
        "unshare",
        "nsenter",
    }
)
"""Programs that start another one, named among their arguments."""

INTERPRETERS = frozenset(
    {
        "sh",
        "bash",
        "dash",
        "ash",
        "ksh",
        "zsh",
        "csh",
        "tcsh",
        "fish",
        "python",
        "python2",
        "python3",
        "perl",
        "ruby",
        "php",
        "node",
        "nodejs",
        "java",
        "lua",
        "awk",
        "expect",
        "Rscript",
        "pwsh",
        ".",
        "source",
        "run-parts",
        "ansible-playbook",
    }
)
"""Programs that run the file they are given."""

PATIENT = frozenset({"test", "[", "[[", "echo", "printf", "cd", "export", "true", "false", ":"})
"""Commands whose arguments are never run."""

_VERSIONED = re.compile(r"(python|php|perl|ruby|lua)[0-9.]+")


def find_programs(reduced: str) -> tuple[str, ...]:
    """Return the absolute paths that a reduced command line starts, scripts for interpreters among them."""
    found: list[str] = []
    mode = "start"
    before = ""
    for token in reduced.split(" "):
        name = _VERSIONED.sub(r"\1", token.rpartition("/")[2])
        is_path = token.startswith("/")
        if token in {";", ""}:
            mode = "start"
        elif mode == "start" and token in KEYWORDS:
            pass
        elif mode in {"start", "wrapped", "locked"}:
            mode = _open(token, name, mode, found, is_path=is_path)
        elif mode == "script" and is_path:
            found.append(token)
            # A path right after an option may be the option's: the next one is looked at too.
            mode = "script" if before == "-" else "arguments"
        before = token
    return tuple(dict.fromkeys(found))


def _open(token: str, name: str, mode: str, found: list[str], *, is_path: bool) -> str:
    """Return what follows a word in the place of a command; of ``flock`` the first path is the lock."""
    if mode == "locked" and is_path:
        return "wrapped"
    if is_path:
        found.append(token)
    if name in WRAPPERS:
        return "locked" if name == "flock" else "wrapped"
    if name in INTERPRETERS:
        return "script"
    if mode == "wrapped" and not is_path:
        return "wrapped"
    return mode if mode == "locked" else "arguments"
