"""os-release(5): which distribution this is. Read by shell builtins, so that it costs no process."""

from __future__ import annotations

import re
import shlex

from hardening.probes.shell import clean

READ_OS_RELEASE = """for f in /etc/os-release /usr/lib/os-release; do
[ -f "$f" ] && [ -r "$f" ] || continue
while IFS= read -r line || [ "$line" ]; do
case $line in
ID=*|ID_LIKE=*|VERSION_ID=*|PRETTY_NAME=*) printf '%s\\n' "$line" ;;
esac
done <"$f"
break
done"""
"""Shell lines that print the assignments that matter."""

_ASSIGNMENT = re.compile(r"(ID|ID_LIKE|VERSION_ID|PRETTY_NAME)=(.*)")


def parse_os_release(text: str) -> dict[str, str]:
    """Return the assignments in ``text`` with shell quotes removed; other lines are passed over."""
    values: dict[str, str] = {}
    for line in text.split("\n"):
        match = _ASSIGNMENT.fullmatch(line.strip())
        if match is not None:
            values[match[1]] = clean(_unquote(match[2]))
    return values


def _unquote(text: str) -> str:
    try:
        return "".join(shlex.split(text, comments=False))
    except ValueError:
        return text.strip("\"'")
