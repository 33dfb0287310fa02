"""The command that starts a batch. Whatever login shell the account has must hand it on unchanged.

sh, bash, zsh, csh, tcsh and fish read words in single quotes alike as long as these hold no ``!``, backslash, line feed
or single quote; so nothing here does. The script itself never stands in a command: it follows on standard input.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from hardening.transports.framing import WATCH_VARIABLE, WORD_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

SUDO_MISSING = 127
"""Exit status of the sudo command where there is no sudo, as a shell gives it for a missing program."""

_PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin; export PATH"

# Says that it is ready, takes the word, then the script. Nothing of it is left for a step to read.
_RECEIVE = "; ".join(
    (
        'echo "$1$2"',
        f"{WATCH_VARIABLE}=$3",
        f"unset {WORD_VARIABLE}",
        f"IFS= read -r {WORD_VARIABLE}",
        "s=$(cat)",
        'eval "$s"',
    )
)

# $1 is _RECEIVE, $2 and $3 the halves of the ready line, $4 the deadline. `nice` also lowers the priority of reads from
# disk. A friendlier signal than KILL would let what ignores it outlive the shell. Where there is no `timeout`, or that
# of busybox, which ends the shell and nothing that it started, the script is told to watch its deadline itself.
_LIMIT = "; ".join(  # noqa: FLY002 - a command a line
    (
        _PATH,
        "n=",
        'command -v nice >/dev/null 2>&1 && n="nice -n 10"',
        "t=$(command -v timeout)",
        '[ "$t" ] && [ "$t" -ef "$(command -v busybox)" ] && t=',
        '[ "$t" ] && exec timeout -s KILL "$4" $n /bin/sh -c "$1" sh "$2" "$3" ""',
        'exec $n /bin/sh -c "$1" sh "$2" "$3" "$4"',
    )
)

# $1 and $2 are the halves of the prompt; the rest is what _LIMIT needs. Root needs no sudo to become root.
_SUDO = "; ".join(
    (
        _PATH,
        "LC_ALL=C",
        "LANGUAGE=",
        "export LC_ALL LANGUAGE",
        "p=$1$2",
        "shift 2",
        'command -v sudo >/dev/null 2>&1 && exec sudo -k -S -p "$p" -- /bin/sh -c "$@"',
        '[ "$(id -u)" = 0 ] && exec /bin/sh -c "$@"',
        f"exit {SUDO_MISSING}",
    )
)

_UNSAFE = re.compile(r"[!\\\n']")
_TOKEN = re.compile(r"[0-9a-f]{32}")


class Token:
    """A random word that a command prints, although no command line, trace or echo of it ever shows it whole."""

    __slots__ = ("halves", "word")

    def __init__(self, word: str) -> None:
        if not _TOKEN.fullmatch(word):
            msg = "a token is 32 hexadecimal digits"
            raise ValueError(msg)
        self.word = word
        self.halves = (word[:16], word[16:])

    @property
    def bytes(self) -> bytes:
        """The word as a peer prints it."""
        return self.word.encode("ascii")


def build_command(ready: Token, deadline_seconds: float) -> tuple[str, ...]:
    """Return the program and its arguments that run a batch with the rights of the account."""
    return ("/bin/sh", "-c", *_limit_arguments(ready, deadline_seconds))


def build_sudo_command(prompt: Token, ready: Token, deadline_seconds: float) -> tuple[str, ...]:
    """Return the program and its arguments that run a batch as root, with ``prompt`` as the prompt of sudo."""
    return ("/bin/sh", "-c", _SUDO, "sh", *prompt.halves, *_limit_arguments(ready, deadline_seconds))


def _limit_arguments(ready: Token, deadline_seconds: float) -> tuple[str, ...]:
    return (_LIMIT, "sh", _RECEIVE, *ready.halves, str(math.ceil(deadline_seconds)))


def render_command(arguments: Sequence[str]) -> str:
    """Return arguments as one line for any login shell; raises ``ValueError`` for what not all shells read alike."""
    for argument in arguments:
        if _UNSAFE.search(argument):
            msg = f"not every login shell would hand on {argument!r} unchanged"
            raise ValueError(msg)
    return " ".join(f"'{argument}'" for argument in arguments)
