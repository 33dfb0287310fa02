"""The files of PAM as they lie on the target, and the stack that libpam builds from them for one service.

``@include`` is Debian's, ``include`` and ``substack`` are everybody's. A type of which a service says nothing comes
from ``other``. What looks like a password among the arguments of a module stays on the target.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hardening.model.evidence import Unreadable
from hardening.model.step import Answer
from hardening.probes.listing import Entry, Listing, Seen, Source, build_listing, parse_listing, parse_numbered_lines
from hardening.probes.pam_lines import ALWAYS_BAD, TYPES, NumberedLines, PamLine, parse_pam_lines
from hardening.probes.pam_walk import Call
from hardening.probes.shell import CUT, clean, completed, first_line, quote

# pam.d(5): the first folder that has the file; openSUSE's libpam also knows /usr/etc.
FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d")
_SERVICES = tuple(Source(f"{folder}/*", pattern=True) for folder in FOLDERS)
_MODULES = tuple(
    Source(f"{folder}/pam_*.so", pattern=True)
    for folder in (
        "/usr/lib/*/security",
        "/usr/lib64/security",
        "/usr/lib/security",
        "/lib/*/security",
        "/lib64/security",
        "/lib/security",
    )
)
_HISTORY = re.compile(r"history=([0-9]+)\n")
_DEEPEST = 16
_MOST_ENTRIES = 2000

_AWK = r"""
function secret(name) {
  name = tolower(name)
  return name ~ /passw/ || name ~ /passphrase/ || name ~ /secret/ || name ~ /psk$/ || name ~ /pw$/ || name ~ /pwd$/
}
{
  rest = $0
  line = ""
  while (match(rest, /[A-Za-z_]+=[^ \t\]]*/)) {
    found = substr(rest, RSTART, RLENGTH)
    at = index(found, "=")
    line = line substr(rest, 1, RSTART - 1) (secret(substr(found, 1, at - 1)) ? substr(found, 1, at) "set" : found)
    rest = substr(rest, RSTART + RLENGTH)
  }
  print FILENAME ":" FNR ":" line rest
}
"""


@dataclass(frozen=True, slots=True)
class PamFiles:
    """What was read: the lines of each file by path, and what stands in place of those that could not be read.

    ``modules`` are the modules that are installed; empty where no folder of modules was found. ``history`` says
    whether the installed pam_pwhistory knows its file, where there is one: ``0`` yes, ``1`` no, else nobody knows.
    """

    lines: Mapping[str, NumberedLines]
    seen: Mapping[str, Seen]
    refused: tuple[str, ...]
    modules: frozenset[str]
    history: str = ""
    _parsed: dict[str, tuple[PamLine, ...]] = field(default_factory=dict, compare=False, repr=False)

    def parse(self, path: str) -> tuple[PamLine, ...]:
        """Return the lines of a file that say something; most are asked for by many services, and parsed once."""
        if path not in self._parsed:
            self._parsed[path] = tuple(parse_pam_lines(self.lines.get(path, [])))
        return self._parsed[path]

    def problem(self, path: str) -> str:
        """Return why a file could not be read; empty for one that was read, or that is not there."""
        match self.seen.get(path):
            case Seen.FILE:
                return ""
            case None:
                blocked = [folder for folder in self.refused if path.startswith(f"{folder.rstrip('/')}/")]
                return f"{clean(blocked[0])}: folder refused" if blocked else ""
            case Seen.DANGLING:
                return ""
            case _:
                return f"{clean(path)}: may not be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A module in a stack, with where it is called."""

    call: Call
    arguments: tuple[str, ...]
    file: str
    line: int
    fault: str = ""

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{clean(self.file)}:{self.line}"


@dataclass(slots=True)
class Stack:
    """What libpam runs for one service, by type. ``own`` says whether the service has a file of its own."""

    service: str
    own: bool = False
    types: dict[str, list[Placed]] = field(default_factory=lambda: {name: [] for name in TYPES})
    files: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def calls(self, type_name: str) -> list[Placed]:
        """Return the modules of one type, without the marks where substacks begin."""
        return [placed for placed in self.types[type_name] if not placed.call.marker]


def build_pam_script(extra: Sequence[Source] = ()) -> str:
    """Return a script that prints all files of PAM and ``extra``: one process, or two where pwhistory.conf is there."""
    each = """; case $seen:$f in
f:*/pam_pwhistory.so) history=$f ;;
f:*.so) ;;
f:/etc/security/pwhistory.conf) used=yes; set -- "$@" "$f" ;;
f:*) set -- "$@" "$f" ;;
esac"""
    listing = build_listing((*_SERVICES, *_MODULES, *extra), each=each)
    return f"""history= used=
set --
{listing}[ -z "$used" ] || [ -z "$history" ] || {{
grep -q -a -F pwhistory.conf "$history"
printf 'history=%s\\n' $?
}}
[ $# = 0 ] || awk {quote(_AWK)} "$@"
"""


def parse_pam_files(answers: Mapping[str, Answer], step: str, extra: Sequence[Source] = ()) -> PamFiles | Unreadable:
    """Read back what the script printed; unreadable as a whole where anything is missing."""
    answer = completed(answers, step)
    if isinstance(answer, Unreadable):
        return answer
    sources = (*_SERVICES, *_MODULES, *extra)
    listing = parse_listing(answer.text, sources)
    if answer.cut:
        return Unreadable(CUT)
    if answer.exit_status or not listing.complete:
        return Unreadable(first_line(answer.error_text) or f"the step ended with {answer.exit_status}")
    entries = [entry for source in (*_SERVICES, *extra) for entry in listing.entries.get(source, ())]
    files = [entry.name for entry in entries if entry.seen is Seen.FILE]
    read = _PamLines(parse_numbered_lines(listing.rest, files))
    if not any(entry.name.startswith(tuple(FOLDERS)) for entry in entries) and not _refused(listing, _SERVICES):
        return Unreadable("no files of PAM", FOLDERS[0])
    return PamFiles(
        lines=read,
        seen={entry.name: entry.seen for entry in entries},
        refused=_refused(listing, (*_SERVICES, *extra)),
        history=match[1] if (match := _HISTORY.match(listing.rest)) else "",
        modules=frozenset(_module_name(entry) for source in _MODULES for entry in listing.entries.get(source, ())),
    )


class _PamLines(dict[str, list[tuple[int, str]]]):
    """Lines by path; an empty file has none."""

    def __missing__(self, key: str) -> list[tuple[int, str]]:
        return []


def build_stack(files: PamFiles, service: str) -> Stack:
    """Return what libpam runs for a service."""
    stack = Stack(service)
    builder = _Builder(files, stack)
    path = builder.find(service)
    stack.own = path != ""
    if path:
        builder.expand(path, "", 0, ())
    missing = [name for name in TYPES if not stack.types[name]]
    if missing and not stack.problems:
        fallback = Stack(service)
        builder = _Builder(files, fallback)
        other = builder.find("other")
        if other:
            builder.expand(other, "", 0, ())
        for name in missing:
            stack.types[name] = fallback.types[name]
        if any(stack.types[name] for name in missing):
            stack.files += fallback.files
        stack.problems += fallback.problems
    return stack


@dataclass(slots=True)
class _Builder:
    files: PamFiles
    stack: Stack
    count: int = 0

    def find(self, name: str) -> str:
        """Return the path of a file of PAM; empty where there is none, with a problem where that cannot be told."""
        paths = [name] if name.startswith("/") else [f"{folder}/{name}" for folder in FOLDERS]
        for path in paths:
            problem = self.files.problem(path)
            if not problem and name.startswith("/") and path not in self.files.seen:
                problem = f"{clean(path)}: outside the folders of PAM, not read"
            if problem:
                self.stack.problems.append(problem)
                return ""
            if self.files.seen.get(path) is Seen.FILE:
                return path
        return ""

    def expand(self, path: str, wanted: str, level: int, chain: tuple[str, ...]) -> None:
        """Add the lines of a file, those of one type or of all."""
        self.stack.files += [] if path in self.stack.files else [path]
        for line in self.files.parse(path):
            self.count += 1
            if self.count > _MOST_ENTRIES:
                self.stack.problems.append(f"{clean(path)}: more than {_MOST_ENTRIES} lines are included")
                return
            if line.control.text == "@include":
                self._include(path, line, wanted, level, chain)
            elif not wanted or line.type == wanted:
                self._take(path, line, level, chain)

    def _take(self, path: str, line: PamLine, level: int, chain: tuple[str, ...]) -> None:
        if line.is_include:
            if line.control.text == "substack":
                self._add(path, line, level, marker=True)
                level += 1
            self._include(path, line, line.type, level, chain)
        else:
            self._add(path, line, level)

    def _include(self, path: str, line: PamLine, wanted: str, level: int, chain: tuple[str, ...]) -> None:
        chain = (*chain, path)
        found = self.find(line.module) if line.module else ""
        if found in chain:
            self.stack.problems.append(f"{clean(path)}:{line.number}: {clean(found)} includes itself")
        elif found and len(chain) < _DEEPEST:
            self.expand(found, wanted, level, chain)
        else:
            # libpam puts a module that always fails where an include cannot be followed.
            self._add(path, line, level, fault=f"cannot be included: {clean(line.module)}", wanted=wanted)

    def _add(
        self, path: str, line: PamLine, level: int, *, marker: bool = False, fault: str = "", wanted: str = ""
    ) -> None:
        type_name = line.type or wanted or TYPES[0]
        fault = fault or line.fault
        module = "" if fault else line.module.rpartition("/")[2].removesuffix(".so")
        call = Call(
            type=type_name,
            control=ALWAYS_BAD if fault else line.control,
            module=module,
            level=level,
            installed=not self.files.modules or module in self.files.modules,
            broken=bool(fault),
            marker=marker,
        )
        placed = Placed(call=call, arguments=line.arguments, file=path, line=line.number, fault=fault)
        self.stack.types[type_name].append(placed)


def _refused(listing: Listing, sources: Sequence[Source]) -> tuple[str, ...]:
    return tuple(name for source in sources for name in listing.refused.get(source, ()))


def _module_name(entry: Entry) -> str:
    return entry.name.rpartition("/")[2].removesuffix(".so")
