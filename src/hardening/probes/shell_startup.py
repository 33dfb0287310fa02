"""What shell start-up files say of the umask, of the time until an idle shell ends, and of root's search path.

The files are read as text, never run: what only a run could tell is unreadable. System-wide files and root's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.probe import Probe
from hardening.model.step import Answer, Privilege, ShellStep, Step
from hardening.probes.config_files import classify, refused_folders
from hardening.probes.kind import ProbeKind
from hardening.probes.listing import Listing, Seen, Source, build_listing, parse_listing, parse_numbered_lines
from hardening.probes.shell import CUT, clean, completed, first_line
from hardening.probes.stat_output import COMMAND, find_complaints, is_gone, parse_stat
from hardening.probes.stat_output import FIELDS as STAT_FIELDS

_STEP = "shell_startup"
_SYSTEM = (
    Source("/etc/profile"),
    Source("/etc/profile.d/*.sh", pattern=True),
    Source("/etc/bash.bashrc"),
    Source("/etc/bashrc"),
)
_ROOT = tuple(Source(f"/root/{name}") for name in (".bash_profile", ".bash_login", ".profile", ".bashrc"))
_PATHS = (Source("/etc/environment"), Source("/etc/login.defs"))
_SOURCES = (*_SYSTEM, *_ROOT, *_PATHS)
_SHOWN = ("type", "mode", "owner", "uid")

_COMMAND = r"(?:^|[;&|({]|\b(?:then|else|do)\b)\s*"
_UMASK = re.compile(_COMMAND + r"umask\s+((?!-)[^\s;&|)#]+)")
_SYMBOLIC = re.compile(r"[ugoa]*[=+-][rwxXst]*(?:,[ugoa]*[=+-][rwxXst]*)*")
_TIMEOUT = re.compile(
    r"(?:^|[;&|({\s])(?:(readonly|(?:typeset|declare)\s+-[a-z]*r[a-z]*)\s+)?(?:export\s+)?TMOUT=([^\s;&|)#]*)"
)
_FIXED = re.compile(r"(?:readonly|(?:typeset|declare)\s+-[a-z]*r[a-z]*)\s+(?:[^;#]*\s)?TMOUT\b")
_PATH = re.compile(r"(?:^|[;&|({\s])PATH=(\"[^\"]*\"|'[^']*'|[^\s;&|)#]*)")
_MUNGE = re.compile(_COMMAND + r"pathmunge\s+([^\s;&|()#]+)")
_SELF = re.compile(r"\$PATH|\$\{PATH(?::?[-+][^}]*)?\}|\$\{PATH:\+:\$\{?PATH\}?\}|\$\{?1\}?")
_HOME = re.compile(r"\$HOME\b|\$\{HOME\}|^~(?=/|$)")
_VARIABLE = re.compile(r"(?:^|[;&|({\s])([A-Za-z_]*[Pp][Aa][Tt][Hh])=(\"[^\"$`]*\"|'[^']*'|[^\s;&|)#\"'$`]+)")
_USED = re.compile(r"\$([A-Za-z_]+)\b|\$\{([A-Za-z_]+)\}")
_LONGEST_LINE = 4096
_NUMBER = re.compile(r"[0-9]{1,9}")
_MASK = re.compile(r"[0-7]{1,4}")

_UMASK_RECORD: Mapping[str, FieldSpec] = {
    "command": FieldSpec(FieldType.TEXT, "file and line, and the command"),
    "scope": FieldSpec(FieldType.TEXT, "system, or root for root's own files"),
    "value": FieldSpec(FieldType.TEXT, "what stands there"),
    "grants": FieldSpec(FieldType.MODE, "the most that a new file may allow under it"),
}
_TIMEOUT_RECORD: Mapping[str, FieldSpec] = {
    "command": FieldSpec(FieldType.TEXT, "file and line, and the command"),
    "scope": FieldSpec(FieldType.TEXT, "system, or root for root's own files"),
    "seconds": FieldSpec(FieldType.INTEGER, "seconds; 0 never ends a shell"),
}
_ENTRY_RECORD: Mapping[str, FieldSpec] = {
    "entry": FieldSpec(FieldType.TEXT, "the entry, with the file and line that names it"),
    "folder": FieldSpec(FieldType.TEXT, "the folder as it stands there"),
    "absolute": FieldSpec(FieldType.BOOLEAN, "whether it begins with a slash; an empty one is the folder one is in"),
    **{name: STAT_FIELDS[name] for name in _SHOWN},
}
_FIELDS: Mapping[str, FieldSpec] = {
    "umasks": FieldSpec(FieldType.RECORDS, "commands that set the umask", _UMASK_RECORD),
    "timeouts": FieldSpec(FieldType.RECORDS, "where TMOUT is set", _TIMEOUT_RECORD),
    "timeout_fixed": FieldSpec(FieldType.BOOLEAN, "whether a system-wide file makes TMOUT read-only"),
    "path": FieldSpec(FieldType.RECORDS, "entries of search paths that root may get", _ENTRY_RECORD),
}

# Each folder that a search path names is looked at, by one stat; what holds a variable or a pattern is not.
_FOLDERS = f"""IFS='
'
set -f
for line in $lines; do
case $line in
*PATH=*) rest=${{line#*PATH=}} ;;
*[Pp]ath=*) rest=${{line#*=}} ;;
*pathmunge*) rest=${{line#*pathmunge}}; rest=${{rest#"${{rest%%[! \t]*}}"}} ;;
*) continue ;;
esac
rest=${{rest#[\\"\\']}}
rest=${{rest%%[\\"\\'; \t]*}}:
while [ "$rest" ]; do
folder=${{rest%%:*}} rest=${{rest#*:}}
case $folder in
/*) ;;
'$HOME'/*|'${{HOME}}'/*|'~'/*) folder=/root/${{folder#*/}} ;;
*) continue ;;
esac
case $folder in *[\\$\\*\\?\\[\\`]*) ;; *) set -- "$@" "$folder" ;; esac
done
done
set +f
[ $# = 0 ] || {COMMAND} "$@"
:
"""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a start-up file without its comment."""

    file: str
    number: int
    text: str
    scope: str

    @property
    def place(self) -> str:
        return f"{clean(self.file)}:{self.number}"


@dataclass(frozen=True, slots=True)
class _Folders:
    """What stat said of the folders, and of those about which it complained."""

    status: Mapping[str, Mapping[str, str | int]]
    errors: str

    def fields(self, folder: str) -> dict[str, Field]:
        """Return the status of a folder; one that is not there is absent."""
        place = clean(folder)
        status = self.status.get(folder)
        if status is not None:
            return {name: Known(status[name], place) for name in _SHOWN}
        complaints = find_complaints(folder, self.errors)
        if not folder.startswith("/") or is_gone(complaints):
            return dict.fromkeys(_SHOWN, Absent(place))
        reason = first_line(complaints[0] if complaints else "") or "was not looked at"
        return dict.fromkeys(_SHOWN, Unreadable(reason, place))


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    listing = build_listing(_SOURCES, each='; [ "$seen" != f ] || set -- "$@" "$f"')
    script = f"""set --
{listing}lines=
failed=0
if [ $# != 0 ]; then
lines=$(grep -a -n -e umask -e TMOUT -e '[Pp][Aa][Tt][Hh]=' -e pathmunge /dev/null "$@") || failed=$?
fi
printf '%s\\n=%s\\n' "$lines" "$failed"
set --
{_FOLDERS}"""
    return (ShellStep(name=_STEP, script=script, privilege=Privilege.ROOT, output_limit=2_000_000),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    listing = parse_listing(answer.text, _SOURCES)
    text, found, status = listing.rest.rpartition("\n=")
    code, _, stats = status.partition("\n")
    # Status 1 of grep means that no line fits.
    if answer.cut or not listing.complete or not found or code not in {"0", "1"}:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the files could not be read"
        return dict.fromkeys(probes, build_unreadable(_FIELDS, reason))
    names = [entry.name for entries in listing.entries.values() for entry in entries if entry.seen is Seen.FILE]
    lines = parse_numbered_lines(text, names)
    return dict.fromkeys(probes, _build_evidence(listing, lines, _Folders(_parse_folders(stats), answer.error_text)))


def _parse_folders(text: str) -> dict[str, Mapping[str, str | int]]:
    folders: dict[str, Mapping[str, str | int]] = {}
    for line in text.split("\n"):
        seen = parse_stat(line)
        if seen is not None:
            folders[line[seen[1] :]] = seen[0]
    return folders


def _build_evidence(listing: Listing, lines: Mapping[str, list[tuple[int, str]]], folders: _Folders) -> Evidence:
    problems = [
        file.problem
        for source in _SOURCES
        for file in (*map(classify, listing.entries.get(source, ())), *refused_folders(listing, source))
        if file.problem
    ]
    problems += [
        f"{clean(name)}:{number}: longer than 4 kB"
        for name, numbered in lines.items()
        for number, text in numbered
        if len(text) > _LONGEST_LINE
    ]
    startup = [*_read(listing, lines, _SYSTEM, "system"), *_read(listing, lines, _ROOT, "root")]
    paths = [*startup, *_read(listing, lines, _PATHS, "system")]
    fixed = next((line for line in startup if line.scope == "system" and _FIXED.search(line.text)), None)

    def whole(items: Sequence[Record]) -> Field:
        reason = "; ".join(dict.fromkeys(problems[:3]))
        return Partial(tuple(items), reason) if problems else Known(tuple(items))

    is_fixed: Field = Known(value=True, place=fixed.place) if fixed else Known(value=False)
    if fixed is None and problems:
        is_fixed = Unreadable("; ".join(problems[:3]))
    return {
        "umasks": whole([record for line in startup for record in _find_umasks(line)]),
        "timeouts": whole([record for line in startup for record in _find_timeouts(line)]),
        "timeout_fixed": is_fixed,
        "path": whole(
            [record for line in paths for record in _find_entries(line, folders, _find_variables(paths, line.file))]
        ),
    }


def _read(
    listing: Listing, lines: Mapping[str, list[tuple[int, str]]], sources: Sequence[Source], scope: str
) -> Iterator[_Line]:
    for source in sources:
        for entry in listing.entries.get(source, ()):
            for number, text in lines.get(entry.name, []):
                if len(text) <= _LONGEST_LINE:
                    yield _Line(entry.name, number, re.sub(r"(^|\s)#.*", "", text), scope)


def _describe(line: _Line, text: str) -> str:
    return f"{line.place} {clean(text)[:100]}"


def _find_umasks(line: _Line) -> Iterator[Record]:
    for match in _UMASK.finditer(line.text):
        value = match[1].strip("\"'")
        yield {
            "command": Known(_describe(line, f"umask {value}"), line.place),
            "scope": Known(line.scope, line.place),
            "value": Known(clean(value), line.place),
            "grants": _grants(value, line.place),
        }


def _grants(value: str, place: str) -> Field:
    """Return what a mask leaves; a symbolic one is understood where it names what is allowed."""
    if _MASK.fullmatch(value):
        return Known(f"{0o777 & ~int(value, 8):04o}", place)
    if not _SYMBOLIC.fullmatch(value) or "+" in value or "-" in value:
        return Unreadable(f"only a run could tell: {clean(value)[:40]}", place)
    # Who is not named keeps what was allowed before, which is not known: everything, then.
    allowed = {"u": 7, "g": 7, "o": 7}
    for clause in value.split(","):
        who, _, letters = clause.partition("=")
        bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in set(letters))
        for letter in "ugo" if not who or "a" in who else who:
            allowed[letter] = bits
    return Known(f"0{allowed['u']}{allowed['g']}{allowed['o']}", place)


def _find_timeouts(line: _Line) -> Iterator[Record]:
    for match in _TIMEOUT.finditer(line.text):
        value = match[2].strip("\"'")
        seconds: Field = Known(int(value), line.place) if _NUMBER.fullmatch(value) else Absent(line.place)
        if value and not _NUMBER.fullmatch(value):
            seconds = Unreadable(f"only a run could tell: {clean(value)[:40]}", line.place)
        yield {
            "command": Known(_describe(line, f"TMOUT={value}"), line.place),
            "scope": Known(line.scope, line.place),
            "seconds": seconds,
        }


def _find_variables(lines: Sequence[_Line], file: str) -> dict[str, str]:
    """Return what a file sets once to plain text, of variables that are named after a path."""
    found: dict[str, set[str]] = {}
    for line in lines:
        if line.file == file:
            for match in _VARIABLE.finditer(line.text):
                found.setdefault(match[1], set()).add(match[2].strip("\"'"))
    return {name: values.pop() for name, values in found.items() if len(values) == 1 and name != "PATH"}


def _find_entries(line: _Line, folders: _Folders, variables: Mapping[str, str]) -> Iterator[Record]:
    if line.file == "/etc/login.defs" and not re.match(r"\s*ENV_(SUPATH|ROOTPATH)\b", line.text):
        return
    values = [match[1] for match in (*_PATH.finditer(line.text), *_MUNGE.finditer(line.text))]
    for value in values:
        for entry in value.strip("\"'").split(":"):
            text = _HOME.sub("/root", entry)
            text = _USED.sub(lambda match: variables.get(match[1] or match[2], match[0]), text)
            if _SELF.fullmatch(text) and "pathmunge" not in line.text:
                continue
            yield _build_entry(line, entry, text, folders)


def _build_entry(line: _Line, entry: str, text: str, folders: _Folders) -> Record:
    record: dict[str, Field] = {
        "entry": Known(_describe(line, entry or "(empty)"), line.place),
        "folder": Known(clean(text), line.place),
    }
    if re.search(r"[$`*?\[\\]", text):
        lost = Unreadable(f"only a run could tell: {clean(entry)[:40]}", line.place)
        return {**record, **dict.fromkeys(("absolute", *_SHOWN), lost)}
    return {**record, "absolute": Known(text.startswith("/"), line.place), **folders.fields(text)}


KIND = ProbeKind(
    name="shell_startup",
    summary="what shell start-up files say of umask, idle time and root's search path",
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
