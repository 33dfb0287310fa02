"""What runs on the target to look into home folders: builtins find the files, one stat looks at hundreds of them.

Records end in a zero byte. ``p`` begins a user: line, id, group id, name, shell and home folder, with colons. What
follows is about that user: ``h`` the home folder is there, ``n`` it is not, ``r`` and a path: may not be looked into,
``f`` with the number of a pattern and a path: a file, ``l`` the same: a link to nothing, ``m``: more files than are
looked at. ``u`` says that /etc/passwd may not be read. After ``=`` come the lines of stat: the home folder, its files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.probes.shell import quote_pattern
from hardening.probes.stat_output import COMMAND

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_FILES = 500
"""Files looked at in one home folder for one pattern."""

_AT_ONCE = 400

# The second field, which may hold a hash, is read and dropped.
_EACH_USER = r"""while IFS=: read -r name word uid gid text home shell || [ "$name" ]; do
n=$((n + 1))
case $name in ''|'#'*|[+-]*) continue ;; esac
case $uid in ''|*[!0-9]*|???????????*) continue ;; esac
case $gid in ''|*[!0-9]*|???????????*) continue ;; esac
"""


def build_home_script(patterns: Sequence[str]) -> str:
    """Return the script for some patterns, which are relative to each home folder."""
    words = [f'"$home"/{quote_pattern(pattern)}' for pattern in patterns]
    folders = sorted({pattern.rpartition("/")[0] for pattern in patterns} - {""})
    doors = " ".join(f'"$home"/{quote_pattern(folder)}' for folder in folders)
    doors_open = f"""for f in {doors}; do
[ ! -d "$f" ] || {{ [ -x "$f" ] && [ -r "$f" ]; }} || tell r "$f"
done
"""
    finds = "".join(
        f"""i=0
for f in {word}; do
if [ -e "$f" ]; then i=$((i + 1)); [ $i -le {MOST_FILES} ] || {{ tell m; break; }}; tell f "{index}:$f"
elif [ -L "$f" ]; then tell l "{index}:$f"
elif [ ! -O / ] && [ -d "${{f%/*}}" ] && [ ! -x "${{f%/*}}" ]; then tell r "${{f%/*}}"
fi
done
"""
        for index, word in enumerate(words)
    )
    looks = "".join(
        f"""i=0
for f in {word}; do
[ -e "$f" ] || continue
i=$((i + 1))
[ $i -le {MOST_FILES} ] || break
set -- "$@" "$f"
done
"""
        for word in words
    )
    return f"""tell() {{ printf '%s\\0' "$1${{2-}}"; }}
blocked() {{
up=$1
while up=${{up%/*}}; do
if [ -d "${{up:-/}}" ]; then
[ ! -x "${{up:-/}}" ]
return
fi
[ "$up" ] || return 1
done
}}
n=0
if [ -r /etc/passwd ] && [ -f /etc/passwd ]; then
{_EACH_USER}tell p "$n:$uid:$gid:$name:$shell:$home"
case $home in /*) ;; *) tell n; continue ;; esac
if [ -d "$home" ]; then
tell h
[ -r "$home" ] && [ -x "$home" ] || tell r "$home"
[ -x "$home" ] || continue
{doors_open if folders else ""}{finds}elif blocked "$home"; then tell r "$home"
else tell n
fi
done </etc/passwd
else tell u
fi
printf '=\\0'
set --
[ ! -r /etc/passwd ] || [ ! -f /etc/passwd ] || {_EACH_USER}case $home in /*) ;; *) continue ;; esac
[ -d "$home" ] || continue
set -- "$@" "$home"
if [ -x "$home" ]; then
{looks}fi
[ $# -lt {_AT_ONCE} ] || {{ {COMMAND} "$@"; set --; }}
done </etc/passwd
[ $# = 0 ] || {COMMAND} "$@"
:
"""
