"""What is read to know mounts: the kernel's table, /etc/fstab and systemd's mount units; one ``awk`` reads them.

It takes secrets out of options. ``mount`` and ``mounts`` share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Unreadable
from hardening.probes.listing import Listing, Seen, Source, build_listing, parse_listing, parse_numbered_lines
from hardening.probes.shell import CUT, completed, first_line, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.model.step import Answer
    from hardening.probes.config_lines import NumberedLines

TABLE = Source("/proc/self/mountinfo")
FSTAB = Source("/etc/fstab")
# systemd.unit(5), in order of precedence; what generators made of fstab is read from fstab itself.
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
ABOVE_FSTAB = UNIT_FOLDERS[:1]
"""The folders whose units come before those that are made of /etc/fstab."""

UNITS = tuple(Source(f"{folder}/*.mount", pattern=True) for folder in UNIT_FOLDERS)
DROPINS = tuple(Source(f"{folder}/*.mount.d/*.conf", pattern=True) for folder in UNIT_FOLDERS)
LINKS = tuple(
    Source(f"{folder}/*.{kind}/*.mount", pattern=True) for folder in UNIT_FOLDERS for kind in ("wants", "requires")
)
SYSTEMD = tuple(Source(f"{folder}/systemd/systemd") for folder in ("/usr/lib", "/lib"))
_SOURCES = (TABLE, FSTAB, *UNITS, *DROPINS, *LINKS, *SYSTEMD)


@dataclass(frozen=True, slots=True, kw_only=True)
class MountFiles:
    """What was found, the lines of what was read, and the text that a step printed after them."""

    listing: Listing
    lines: Mapping[str, NumberedLines]
    rest: str

    @property
    def has_systemd(self) -> bool:
        """Whether systemd is installed, so that mount units count."""
        return any(self.listing.entries.get(source) for source in SYSTEMD)

    @property
    def is_running(self) -> bool:
        """Whether there is a kernel that could tell what is mounted now."""
        return bool(self.listing.entries.get(TABLE))

    def problem(self, source: Source) -> str:
        """Return why the file of a source, or something in its place, could not be read; empty where it could."""
        if self.listing.refused.get(source):
            return "folder refused"
        seen = [entry.seen for entry in self.listing.entries.get(source, ())]
        return (
            "" if all(one in {Seen.FILE, Seen.DANGLING, Seen.CHARACTER_DEVICE} for one in seen) else "may not be read"
        )


# Options of cifs, ceph and davfs may hold a password; it stays on the target.
_AWK = r"""{
gsub(/pass[A-Za-z0-9_]*=[^, \t"]*/, "password=set")
gsub(/secret[A-Za-z0-9_]*=[^, \t"]*/, "secret=set")
gsub(/token[A-Za-z0-9_]*=[^, \t"]*/, "token=set")
sub(/\/\/[^\/@ \t]*:[^\/@ \t]*@/, "//")
print FILENAME ":" FNR ":" $0
}"""


def build_mount_script() -> str:
    """Return the shell lines that list and read everything."""
    wanted = 'case $f in */systemd/systemd|*.wants/*|*.requires/*) ;; *) set -- "$@" "$f" ;; esac'
    each = f'; if [ "$seen" = f ]; then {wanted}; fi'
    return f"""set --
{build_listing(_SOURCES, each=each)}if [ $# = 0 ] || awk {quote(_AWK)} "$@"; then echo '=end of files'; fi
"""


def read_mount_files(answers: Mapping[str, Answer], step: str) -> MountFiles | Unreadable:
    """Return what a step brought home, or why that cannot be relied on."""
    answer = completed(answers, step)
    if isinstance(answer, Unreadable):
        return answer
    listing = parse_listing(answer.text, _SOURCES)
    text, ended, rest = listing.rest.rpartition("=end of files\n")
    if answer.cut or not listing.complete or not ended:
        return Unreadable(CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete")
    names = [entry.name for entries in listing.entries.values() for entry in entries if entry.seen is Seen.FILE]
    files = MountFiles(listing=listing, lines=parse_numbered_lines(text, names), rest=rest)
    if files.is_running and not files.lines.get(TABLE.text):
        return Unreadable(first_line(answer.error_text) or "/proc/self/mountinfo could not be read")
    return files
