"""Where packages come from, and whether their signatures are checked: sources of apt, repositories of dnf and zypper.

Only the lines that say so leave the target, and of an address never the name and password in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Known, Partial, Record, Unreadable
from hardening.model.step import ShellStep, Step
from hardening.probes.config_files import classify, refused_folders
from hardening.probes.kind import ProbeKind
from hardening.probes.listing import Seen, Source, build_listing, parse_listing
from hardening.probes.package_sources_apt import read_deb822, read_one_line
from hardening.probes.package_sources_rpm import read_repositories
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer
    from hardening.probes.listing import Listing
    from hardening.probes.package_sources_apt import PackageSource

_STEP = "package_sources"
RECORD = {
    "source": FieldSpec(FieldType.TEXT, "where it is set: file:line, with the name of the repository"),
    "manager": FieldSpec(FieldType.TEXT, "apt, dnf or zypper"),
    "uri": FieldSpec(FieldType.TEXT, "address, without any account in it; absent when none is given"),
    "scheme": FieldSpec(FieldType.TEXT, "http, https, file, cdrom …"),
    "host": FieldSpec(FieldType.TEXT, "name in the address; absent in local addresses"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether it is used"),
    "verified": FieldSpec(FieldType.BOOLEAN, "whether packages without a valid signature are refused"),
    "index_verified": FieldSpec(FieldType.BOOLEAN, "whether the list of packages must be signed"),
}
_FIELDS = {
    "sources": FieldSpec(FieldType.RECORDS, "one record for each address of each source", RECORD),
    "hosts": FieldSpec(FieldType.TEXTS, "hosts of the sources that are used"),
}
_SOURCES = (
    Source("/etc/apt/sources.list"),
    Source("/etc/apt/sources.list.d/*.list", pattern=True),
    Source("/etc/apt/sources.list.d/*.sources", pattern=True),
    Source("/etc/dnf/dnf.conf"),
    Source("/etc/yum.conf"),
    Source("/etc/yum.repos.d/*.repo", pattern=True),
    Source("/etc/yum/repos.d/*.repo", pattern=True),
    Source("/etc/distro.repos.d/*.repo", pattern=True),
    Source("/etc/zypp/zypp.conf"),
    Source("/etc/zypp/repos.d/*.repo", pattern=True),
)
# apt ignores files with other letters in their names (sources.list(5)).
_APT_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://)?(?:[^/@\s]*@)?([^/:\s\[]*|\[[^\]\s]*\])")
_LOCAL = frozenset({"file", "cdrom", "copy", "dir", "hd", "cd", "iso"})

# Continued lines belong to the key before them; an empty line ends a stanza of deb822.
_AWK = r"""
function say(text) {
  gsub(/:\/\/[^\/ \t]*@/, "://", text)
  print FILENAME "\t" FNR "\t" text
}
FNR == 1 { keep = 0; list = (FILENAME ~ /\.list$/); stanza = (FILENAME ~ /\.sources$/) }
/^[ \t]*#/ { next }
list { if ($0 ~ /^[ \t]*deb/) say($0); next }
/^[ \t]*$/ { keep = 0; if (stanza) say(""); next }
/^[ \t]*\[/ { if (!stanza) { keep = 0; say($0); next } }
/^[ \t]/ { if (keep) say($0); next }
{
  key = tolower($0)
  sub(/[ \t]*[:=].*/, "", key)
  kept = " types uris enabled trusted allow-insecure gpgcheck pkg_gpgcheck repo_gpgcheck baseurl mirrorlist metalink "
  keep = index(kept, " " key " ")
  if (keep) say($0)
}
"""


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    listing = build_listing(_SOURCES, each='; [ "$seen" != f ] || set -- "$@" "$f"')
    script = f'set --\n{listing}[ $# = 0 ] || awk \'{_AWK}\' "$@"\necho "=end $?"\n'
    return (ShellStep(name=_STEP, script=script),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: dict.fromkeys(_FIELDS, answer) for probe in probes}
    listing = parse_listing(answer.text, _SOURCES)
    trouble = ""
    if answer.cut:
        trouble = CUT
    elif not listing.complete or not listing.rest.endswith("=end 0\n"):
        trouble = first_line(answer.error_text) or "the sources could not be read"
    if trouble:
        return {probe: dict.fromkeys(_FIELDS, Unreadable(trouble)) for probe in probes}
    evidence = _build(listing)
    return dict.fromkeys(probes, evidence)


def _build(listing: Listing) -> Evidence:
    lines = _parse_lines(listing)
    found: list[PackageSource] = []
    for name in lines:
        if name.startswith("/etc/apt/") and _APT_NAME.fullmatch(name.rpartition("/")[2]):
            reader = read_deb822 if name.endswith(".sources") else read_one_line
            found += reader(name, lines[name])
    found += read_repositories(lines)
    records = tuple(_build_record(source) for source in found)
    named = (record.get("host") for record, source in zip(records, found, strict=True) if source.enabled)
    hosts = tuple(dict.fromkeys(str(field.value) for field in named if isinstance(field, Known)))
    problems = _find_problems(listing)
    return {"sources": _list(records, problems), "hosts": _list(hosts, problems)}


def _parse_lines(listing: Listing) -> dict[str, list[tuple[int, str]]]:
    names = [entry.name for entries in listing.entries.values() for entry in entries if entry.seen is Seen.FILE]
    lines: dict[str, list[tuple[int, str]]] = {name: [] for name in names}
    for line in listing.rest.split("\n"):
        row = line.split("\t", 2)
        if len(row) == 3 and row[0] in lines and row[1].isascii() and row[1].isdigit():  # noqa: PLR2004 - file, line, text
            lines[row[0]].append((int(row[1][:9]), clean(row[2])))
    return lines


def _find_problems(listing: Listing) -> list[str]:
    files = [classify(entry) for entries in listing.entries.values() for entry in entries]
    refused = [file for source in _SOURCES for file in refused_folders(listing, source)]
    return [file.problem for file in (*files, *refused) if file.problem]


def _list(items: tuple[str, ...] | tuple[Record, ...], problems: Sequence[str]) -> Field:
    if not problems:
        return Known(items)
    reason = "; ".join(problems[:3])
    return Partial(items, reason) if items else Unreadable(reason)


def _build_record(source: PackageSource) -> Record:
    record: dict[str, Field] = {
        "source": Known(source.place, source.place),
        "manager": Known(source.manager, source.place),
        "enabled": Known(source.enabled, source.place),
        "verified": _truth(source.verified, source.place),
        "index_verified": _truth(source.index_verified, source.place),
    }
    match = _ADDRESS.match(source.uri)
    if source.uri:
        record["uri"] = Known(source.uri, source.place)
    if match is not None:
        record["scheme"] = Known(match[1].lower(), source.place)
        if match[2] and match[1].lower() not in _LOCAL:
            record["host"] = Known(match[2].lower(), source.place)
    return record


def _truth(value: bool | str, place: str) -> Field:  # noqa: FBT001 - the value of a field, or a text that is none
    return (
        Unreadable(f"neither true nor false: {value[:100]}", place) if isinstance(value, str) else Known(value, place)
    )


KIND = ProbeKind(
    name="package_sources",
    summary="sources of packages, and whether their signatures are checked",
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
