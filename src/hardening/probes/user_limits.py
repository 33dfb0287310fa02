"""Limits that pam_limits sets at log-on, for one item: limits.conf(5) and its drop-ins, the last line wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from hardening.model.step import Privilege, ShellStep, Step
from hardening.probes.config_files import classify, refused_folders
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.listing import Listing, Seen, Source, build_listing, parse_listing, parse_numbered_lines
from hardening.probes.shell import CUT, clean, completed, first_line, number_field, parse_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer
    from hardening.probes.config_lines import NumberedLines

_STEP = "user_limits"
_MAIN = Source("/etc/security/limits.conf")
_DROPINS = Source("/etc/security/limits.d/*.conf", pattern=True)
_SOURCES = (_MAIN, _DROPINS)
_RECORD = {
    "whom": FieldSpec(FieldType.TEXT, "domain and type in one"),
    "domain": FieldSpec(FieldType.TEXT, "account, @group, or * for everybody but root"),
    "type": FieldSpec(FieldType.TEXT, "hard or soft"),
    "value": FieldSpec(FieldType.TEXT, "the limit as it is written"),
    "number": FieldSpec(FieldType.INTEGER, "the limit; -1 is none"),
}
_FIELDS = {
    "limits": FieldSpec(FieldType.RECORDS, "for each domain and type the line that holds", _RECORD),
    "everybody_hard": FieldSpec(FieldType.INTEGER, "the hard limit of *; -1 is none, absent when it is not set"),
}
_WORDS = 4
_UNLIMITED = frozenset({"unlimited", "infinity", "-1"})


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    listing = build_listing(_SOURCES, each='; [ "$seen" != f ] || set -- "$@" "$f"')
    script = f"set --\n{listing}[ $# = 0 ] || grep -a -n -v '^[[:space:]]*#' /dev/null \"$@\" || [ $? = 1 ]\n"
    return (ShellStep(name=_STEP, privilege=Privilege.ROOT, script=script),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(_FIELDS, answer.reason, _MAIN.text) for probe in probes}
    listing = parse_listing(answer.text, _SOURCES)
    trouble = ""
    if answer.cut:
        trouble = CUT
    elif answer.exit_status or not listing.complete:
        trouble = first_line(answer.error_text) or f"the step ended with {answer.exit_status}"
    if trouble:
        return {probe: build_unreadable(_FIELDS, trouble, _MAIN.text) for probe in probes}
    names = _order(listing)
    lines = parse_numbered_lines(listing.rest, names)
    problems = [file.problem for source in _SOURCES for file in map(classify, listing.entries.get(source, ()))]
    problems += [file.problem for source in _SOURCES for file in refused_folders(listing, source)]
    problem = "; ".join([text for text in problems if text][:3])
    return {probe: _build(probe.text("item"), lines, problem) for probe in probes}


def _order(listing: Listing) -> list[str]:
    entries = [entry for source in _SOURCES for entry in listing.entries.get(source, ()) if entry.seen is Seen.FILE]
    main = [entry.name for entry in entries if entry.name == _MAIN.text]
    return main + sorted(entry.name for entry in entries if entry.name != _MAIN.text)


def _build(item: str, lines: Mapping[str, NumberedLines], problem: str) -> Evidence:
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for name, numbered in lines.items():
        for number, line in numbered:
            words = clean(line).partition("#")[0].split()
            if len(words) == _WORDS and words[2].lower() == item and words[1] in {"hard", "soft", "-"}:
                for kind in ("hard", "soft") if words[1] == "-" else (words[1],):
                    found[words[0], kind] = (words[3], f"{clean(name)}:{number}")
    records = tuple(_build_record(domain, kind, *found[domain, kind]) for domain, kind in sorted(found))
    everybody = found.get(("*", "hard"))
    hard: Field = _number(*everybody) if everybody else Absent(_MAIN.text)
    if not problem:
        return {"limits": Known(records, _MAIN.text), "everybody_hard": hard}
    listed: Field = Partial(records, problem, _MAIN.text) if records else Unreadable(problem, _MAIN.text)
    return {"limits": listed, "everybody_hard": Unreadable(problem, _MAIN.text)}


def _build_record(domain: str, kind: str, value: str, place: str) -> Record:
    return {
        "whom": Known(f"{domain} {kind}", place),
        "domain": Known(domain, place),
        "type": Known(kind, place),
        "value": Known(value, place),
        "number": _number(value, place),
    }


def _number(value: str, place: str) -> Field:
    return Known(-1, place) if value.lower() in _UNLIMITED else number_field(parse_decimal(value), value, place)


KIND = ProbeKind(
    name="user_limits",
    summary="limits that are set at log-on, for one item",
    parameters={
        "item": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="item as in limits.conf(5), such as core or nproc",
            pattern=r"[a-z]+",
        ),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
