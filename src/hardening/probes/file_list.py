"""Files that match patterns, with type, mode and owner; links are followed, links to nothing are no files.

The target's shell expands the patterns, one ``stat`` answers for all files. A folder on the way that does not let us
look makes the list partial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Known, Partial, Record, Unreadable
from hardening.model.step import Completed, Privilege, ShellStep, Step
from hardening.probes.access_lists import ACL, END, SEPARATOR, Marks
from hardening.probes.access_lists import COMMAND as LIST
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.listing import Listing, Source, build_listing, parse_listing
from hardening.probes.shell import CUT, clean, completed, first_line
from hardening.probes.stat_output import COMMAND, find_complaints, is_gone, parse_stat
from hardening.probes.stat_output import FIELDS as STAT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_STEP = "file_list"
_RECORD = {
    "path": FieldSpec(FieldType.TEXT, "where the file is"),
    **{name: spec for name, spec in STAT_FIELDS.items() if name != "links"},
    "acl": ACL,
}
_FIELDS = {"files": FieldSpec(FieldType.RECORDS, "the files that match, in order of path", _RECORD)}


def _sources(probes: Sequence[Probe]) -> tuple[Source, ...]:
    return tuple(Source(text, pattern=True) for text in sorted({text for p in probes for text in p.texts("patterns")}))


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    sources = _sources(probes)
    if not sources:
        return ()
    # The shell expands each pattern a second time for stat: what matches nothing then only makes stat complain.
    words = " ".join(source.words for source in sources)
    ask = f"{COMMAND} {words}; {SEPARATOR}; {LIST} {words} 2>/dev/null; {END}"
    script = build_listing(sources, each='; [ "$seen" ] && some=1') + f'[ -z "$some" ] || {{ {ask}; }}\n'
    return (ShellStep(name=_STEP, privilege=Privilege.ROOT, script="some=\n" + script, unbounded=True),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: {"files": answer} for probe in probes}
    sources = _sources(probes)
    listing = parse_listing(answer.text, sources)
    if not listing.complete:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the listing did not end"
        return {probe: {"files": Unreadable(reason)} for probe in probes}
    records = _parse_records(listing, sources)
    return {probe: {"files": _files(probe, listing, records, answer)} for probe in probes}


def _parse_records(listing: Listing, sources: Sequence[Source]) -> dict[str, Record]:
    """Walk the lines of stat beside the names that the shell found: any byte may stand in a name, so they must fit."""
    records: dict[str, Record] = {}
    told, _, listed = listing.rest.partition("\0")
    marks = Marks(listed)
    position = 0
    for entry in (entry for source in sources for entry in listing.entries.get(source, ())):
        found = parse_stat(told, position)
        if found is not None and told.startswith(f"{entry.name}\n", found[1]):
            values, start = found
            position = start + len(entry.name) + 1
            values = {**values, "path": clean(entry.name)}
            known = {name: Known(values[name]) for name in _RECORD if name in values}
            records[entry.name] = marks.add_to(known, entry.name)
    return records


def _files(probe: Probe, listing: Listing, records: Mapping[str, Record], answer: Completed) -> Field:
    sources = [Source(text, pattern=True) for text in probe.texts("patterns")]
    found = [entry for source in sources for entry in listing.entries.get(source, ())]
    names = sorted({entry.name for entry in found if entry.name in records})
    items = tuple(records[name] for name in names)
    refused = [name for source in sources for name in listing.refused.get(source, ())]
    reasons = [f"{clean(name)}: folder refused" for name in dict.fromkeys(refused)]
    if answer.cut:
        reasons.append(CUT)
    else:
        reasons += _losses([entry.name for entry in found if entry.name not in records], answer)
    place = ", ".join(probe.texts("patterns"))
    if not reasons:
        return Known(items, place)
    return Partial(items, "; ".join(reasons[:3]), place) if items else Unreadable("; ".join(reasons[:3]), place)


def _losses(names: Sequence[str], answer: Completed) -> list[str]:
    """Return why listed files have no line: links to nothing and files that vanished are no loss."""
    losses = []
    for name in names:
        complaints = find_complaints(name, answer.error_text)
        if not is_gone(complaints):
            reason = first_line(complaints[0] if complaints else answer.error_text)
            losses.append(f"{clean(name)}: {reason or 'no answer'}")
    return losses


KIND = ProbeKind(
    name="file_list",
    summary="files that match patterns, with their permissions and owners",
    parameters={
        "patterns": ProbeParameter(
            type=ProbeParameterType.PATHS,
            description="absolute paths; * ? and [..] match names as in the shell, never a leading dot",
            pattern=r"/[^\x00\n]*",
        ),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
