"""What runs on the target to read sudoers: builtins follow the includes, one stat and one grep look at all files.

Records end in a zero byte. ``F``, ``U``, ``N``, ``O`` and a path: a file that is read, may not be read, is not there,
is something else; ``D``, ``R``, ``M`` and a path: a folder that was listed, was refused, is not there; ``C`` the file
that sudo.conf names; ``H`` the host's name; ``S`` the line of nsswitch.conf; ``P`` the programs; ``V`` what visudo
says of its version. After ``=`` come the lines of stat, after the next ``=`` those of grep.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hardening.model.evidence import Unreadable
from hardening.model.step import Completed, Privilege, ShellStep
from hardening.probes.listing import parse_numbered_lines
from hardening.probes.shell import CUT, clean, first_line

MAIN = "/etc/sudoers"
_MAIN_RS = "/etc/sudoers-rs"
_RECORD = re.compile(r"([FUNODRMCHSPV])(.*)", re.DOTALL)
_STAT = re.compile(r"([0-9]{1,10}):([0-9]{1,10}):([0-9a-f]{1,8}):(.*)")
_SUDOERS_LINE = re.compile(r"\s*sudoers\s*:(.*)")
_WRITABLE_BY_GROUP, _WRITABLE_BY_ALL = 0o020, 0o002

# Sudo reads no file of a folder with a dot in its name or a tilde at its end, and follows an include once at most here:
# one that includes itself is cut by the parser. Names that grep's output could not carry count as something else.
_SCRIPT = r"""
nl='
'
visited=$nl
count=0
set --
note() { printf '%s\0' "$1$2"; }
blocked() {
up=$1
while up=${up%/*}; do
if [ -d "${up:-/}" ]; then
[ ! -x "${up:-/}" ]
return
fi
[ "$up" ] || return 1
done
}
take() {
case $visited in *"$nl$1$nl"*) return 0 ;; esac
count=$((count + 1))
[ $count -le 2000 ] || { note O "$1"; return 0; }
visited=$visited$1$nl
case $1 in *:*|*"$nl"*) note O "$1"; return 0 ;; esac
if [ -f "$1" ]; then
if [ -r "$1" ]; then note F "$1"; read_includes "$1"; else note U "$1"; fi
elif [ -e "$1" ]; then note O "$1"
elif blocked "$1"; then note U "$1"
else note N "$1"
fi
}
folder() {
case $visited in *"$nl$1/$nl"*) return 0 ;; esac
visited=$visited$1/$nl
if [ -d "$1" ]; then
if [ -r "$1" ] && [ -x "$1" ]; then note D "$1"; else note R "$1"; return 0; fi
for entry in "$1"/*; do
case ${entry##*/} in *.*|*'~') continue ;; esac
[ ! -f "$entry" ] || take "$entry"
done
elif blocked "$1"; then note R "$1"
else note M "$1"
fi
}
follow() {
word=$2
word=${word#"${word%%[! 	]*}"}
case $word in
'"'*) word=${word#'"'}; word=${word%%'"'*} ;;
*) word=${word%%[ 	]*} ;;
esac
while :; do
case $word in *%h*) [ "$host" ] || return 0; word=${word%%'%h'*}$host${word#*'%h'} ;; *) break ;; esac
done
case $word in ''|*'\'*) return 0 ;; /*) ;; *) word=${1%/*}/$word ;; esac
if [ "$3" ]; then folder "$word"; else take "$word"; fi
}
read_includes() {
while IFS= read -r line || [ "$line" ]; do
case $line in
'#include'[' 	']*) follow "$1" "${line#'#include'}" '' ;;
'#includedir'[' 	']*) follow "$1" "${line#'#includedir'}" yes ;;
*@include*)
line=${line#"${line%%[! 	]*}"}
case $line in
@includedir*) follow "$1" "${line#@includedir}" yes ;;
@include*) follow "$1" "${line#@include}" '' ;;
esac
esac
done 2>/dev/null <"$1"
}
host=
[ ! -r /proc/sys/kernel/hostname ] || IFS= read -r host </proc/sys/kernel/hostname
[ "$host" ] || [ ! -r /etc/hostname ] || IFS= read -r host </etc/hostname
host=${host%%.*}
note H "$host"
main=
if [ -r /etc/sudo.conf ] && [ -f /etc/sudo.conf ]; then
while IFS= read -r line || [ "$line" ]; do
case $line in
[!#]*sudoers_file=*) main=${line##*sudoers_file=}; main=${main%%[ 	]*} ;;
esac
done </etc/sudo.conf
elif [ -e /etc/sudo.conf ]; then note U /etc/sudo.conf
fi
case $main in /*) note C "$main"; take "$main" ;; esac
take /etc/sudoers
take /etc/sudoers-rs
if [ -r /etc/nsswitch.conf ] && [ -f /etc/nsswitch.conf ]; then
while IFS= read -r line || [ "$line" ]; do
case $line in *sudoers*) note S "$line" ;; esac
done </etc/nsswitch.conf
fi
for name in sudo sudo-rs visudo; do
if command -v $name >/dev/null 2>&1; then note P $name; fi
done
if command -v visudo >/dev/null 2>&1; then note V "$(visudo -V 2>/dev/null)"; fi
printf '=\0'
files=${visited#"$nl"}
IFS=$nl
set -f
for path in $files; do
case $path in
*/|*:*) ;;
*) if [ -f "$path" ] && [ -r "$path" ]; then set -- "$@" "$path"; fi ;;
esac
done
set +f
[ $# = 0 ] || stat -L -c '%u:%g:%f:%n' -- "$@"
printf '=\0'
[ $# = 0 ] || grep -a -n '' /dev/null "$@" || [ $? = 1 ]
"""

STEP = ShellStep(name="sudo_rules", script=_SCRIPT, privilege=Privilege.ROOT, output_limit=10_000_000)


@dataclass(slots=True)
class SudoFiles:
    """What the step brought home. ``refused_by_sudo`` says of a file why sudo itself does not read it."""

    lines: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    refused_by_sudo: dict[str, str] = field(default_factory=dict)
    programs: set[str] = field(default_factory=set)
    main: str = MAIN
    host: str = ""
    version: str = ""
    sources: tuple[str, ...] = ("files",)

    @property
    def is_rust(self) -> bool:
        """Whether the sudo here is sudo-rs, whose versions begin with 0."""
        return self.version.startswith("0.") or ("sudo-rs" in self.programs and "sudo" not in self.programs)


def parse_sudo_files(answer: Completed) -> SudoFiles | Unreadable:
    """Read back what the script printed."""
    head, found, rest = f"\0{answer.text}".partition("\0=\0")
    stats, found_again, text = rest.partition("=\0")
    if answer.cut:
        return Unreadable(CUT)
    if answer.exit_status or not found or not found_again:
        return Unreadable(first_line(answer.error_text) or f"the step ended with {answer.exit_status}")
    files = SudoFiles()
    for record in head[1:].split("\0"):
        match = _RECORD.fullmatch(record)
        if match is not None:
            _take_record(files, match[1], match[2])
    read = [path for path, seen in files.seen.items() if seen == "F"]
    files.lines = parse_numbered_lines(text, read)
    _take_permissions(files, stats, read)
    if files.is_rust and files.seen.get(_MAIN_RS, "N") != "N":
        files.main = _MAIN_RS
    return files


def _take_record(files: SudoFiles, letter: str, text: str) -> None:
    match letter:
        case "C":
            files.main = text
        case "H":
            files.host = text
        case "P":
            files.programs.add(text)
        case "V":
            numbers = re.search(r"\b([0-9]+\.[0-9][0-9A-Za-z.]*)", text)
            files.version = clean(numbers[1]) if numbers else ""
        case "S":
            match_line = _SUDOERS_LINE.fullmatch(text.partition("#")[0])
            if match_line is not None:
                files.sources = tuple(re.sub(r"\[[^\]]*\]", " ", match_line[1]).split())
        case _:
            files.seen.setdefault(text, letter)


def _take_permissions(files: SudoFiles, stats: str, read: list[str]) -> None:
    """Note which files sudo leaves aside because somebody else could have written them."""
    missing = set(read)
    for line in stats.split("\n"):
        match = _STAT.fullmatch(line)
        if match is None or match[4] not in missing:
            continue
        missing.discard(match[4])
        uid, gid, mode = int(match[1]), int(match[2]), int(match[3], 16)
        if uid != 0:
            files.refused_by_sudo[match[4]] = f"owned by uid {uid}"
        elif mode & _WRITABLE_BY_ALL:
            files.refused_by_sudo[match[4]] = "writable by everyone"
        elif mode & _WRITABLE_BY_GROUP and gid != 0:
            files.refused_by_sudo[match[4]] = f"writable by gid {gid}"
    for path in missing:
        files.seen[path] = "U"
