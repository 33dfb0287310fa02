"""The SSH server's effective configuration, as sshd itself reports it for a few telling connections.

Match blocks make the configuration depend on who connects from where, so each context is a connection of its own.
Where sshd cannot be asked, its files are read by its rules instead (``source`` is then `files`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
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
from hardening.model.step import Answer, Completed, LdapAnswer, NotRun, Privilege, ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import MAX_REASON, clean
from hardening.probes.sshd_files import ConfigFiles, MatchLine
from hardening.probes.sshd_keywords import KEYWORD_FIELDS, KEYWORDS, OLD_NAMES, STARTUPS, parse_printed, parse_startups
from hardening.probes.sshd_match import Connection, Meets, can_be_made_up, can_be_met
from hardening.probes.sshd_script import build_script

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

STEP = ShellStep(name="sshd", script=build_script(), privilege=Privilege.ROOT)

RECORD: Mapping[str, FieldSpec] = {
    "context": FieldSpec(
        FieldType.TEXT, "no match, root from outside, root from inside, or the Match line that is met"
    ),
    "user": FieldSpec(FieldType.TEXT, "user of the connection; absent where none was given"),
    "address": FieldSpec(FieldType.TEXT, "address that the connection comes from; absent where none was given"),
    **KEYWORD_FIELDS,
}
FIELDS: Mapping[str, FieldSpec] = {
    "installed": FieldSpec(FieldType.BOOLEAN, "whether an SSH server is installed"),
    "valid": FieldSpec(FieldType.BOOLEAN, "whether sshd accepts its configuration"),
    "problem": FieldSpec(FieldType.TEXT, "what sshd says against its configuration; absent when it accepts it"),
    "source": FieldSpec(FieldType.TEXT, "effective when sshd itself answered, files when its files were read instead"),
    "contexts": FieldSpec(FieldType.RECORDS, "the configuration for one connection each", record=RECORD),
}

_STATUSES = frozenset(str(status) for status in range(256))
_DIGITS = frozenset("0123456789")
_NAMES = {"none": "no match", "outside": "root from outside", "inside": "root from inside"}
_REFUSAL = re.compile(
    r"line \d+|bad configuration option|bad addr or host|Match (local)?address argument"
    r"|^/.*: No such file or directory$|recursive configuration includes"
    r"|AuthenticationMethods cannot be satisfied",
    re.IGNORECASE,
)
_WARNING = re.compile(r"deprecated option|unsupported option [a-z]+$|ignoring", re.IGNORECASE)
_HINDRANCE = re.compile(r"privilege separation|no hostkeys available|^/.*: Permission denied$", re.IGNORECASE)


@dataclass(slots=True)
class _Context:
    """One connection and what sshd answered; ``status`` is -1 where it was not asked."""

    name: str
    specification: str = ""
    groups: frozenset[str] = frozenset()
    printed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    complaints: list[str] = field(default_factory=list)
    status: int = -1
    option: str = ""

    @property
    def connection(self) -> Connection:
        return Connection.parse(self.specification, self.groups)

    @property
    def command(self) -> str:
        given = f" -C {self.specification}" if self.specification else ""
        return f"sshd {self.option or '-T'}{given}"


@dataclass(slots=True)
class _Output:
    """What the script said."""

    is_missing: bool = False
    is_complete: bool = False
    files: ConfigFiles = field(default_factory=ConfigFiles)
    contexts: list[_Context] = field(default_factory=list)


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    evidence = parse_sshd(answers.get(STEP.name, NotRun("not asked")))
    return dict.fromkeys(probes, evidence)


def parse_sshd(answer: Answer) -> Evidence:
    """Return the evidence for what the step answered."""
    match answer:
        case NotRun(reason=reason):
            return build_unreadable(FIELDS, clean(reason))
        case LdapAnswer():
            return build_unreadable(FIELDS, "a directory answered in place of a shell")
        case Completed():
            text = clean(answer.text)
            # The last line of an answer that was cut may be half of one.
            output = _read_output(text[: text.rfind("\n") + 1] if answer.cut else text)
            output.is_complete = output.is_complete and not answer.cut
            return _judge_output(output)


def _read_output(text: str) -> _Output:
    output = _Output()
    for line in text.split("\n"):
        word, _, rest = line.partition(" ")
        if line.startswith("="):
            _take_word(output, word[1:], rest)
        elif word[:1] in _DIGITS:
            output.files.add_line(word, rest)
        elif word and output.contexts:
            keyword = word.lower()
            output.contexts[-1].printed[OLD_NAMES.get(keyword, keyword)].append(rest)
    return output


def _take_word(output: _Output, word: str, rest: str) -> None:
    match word:
        case "missing":
            output.is_missing = True
        case "end":
            output.is_complete = True
        case "file":
            output.files.open_file(rest)
        case "eof":
            output.files.close_file()
        case "refused":
            output.files.gaps.append(rest)
        case "context":
            output.contexts.append(_Context(rest))
        case _:
            if output.contexts:
                _describe_context(output.contexts[-1], word, rest)


def _describe_context(context: _Context, word: str, rest: str) -> None:
    match word:
        case "given":
            context.specification = rest
        case "groups":
            context.groups = frozenset({*rest.split(" "), rest})
        case "error":
            context.complaints.append(rest.rstrip("\r"))
        case "exit":
            status, _, context.option = rest.partition(" ")
            context.status = int(status) if status in _STATUSES else -1
        case _:
            pass


def _judge_output(output: _Output) -> Evidence:
    if output.is_missing:
        return {**{name: Absent("sshd") for name in FIELDS}, "installed": Known(value=False, place="sshd")}
    asked = [context for context in output.contexts if context.name == "none"]
    if not asked:
        return build_unreadable(FIELDS, "the answer is incomplete", STEP.name)
    last = asked[-1]
    installed: Evidence = {"installed": Known(value=True, place="sshd")}
    others = [context for context in output.contexts if context.name != "none"]
    if last.status == 0:
        return {**installed, **_accept(output, [last, *others])}
    if last.status < 0:
        return {**build_unreadable(FIELDS, "the answer is incomplete", STEP.name), **installed}
    complaint = _choose_complaint(asked[0])
    if _REFUSAL.search(complaint) and not _HINDRANCE.search(complaint):
        return {
            **installed,
            "valid": Known(value=False, place=last.command),
            "problem": Known(complaint, last.command),
            "source": Known("effective", last.command),
            "contexts": Unreadable(f"sshd refuses its configuration: {complaint}", last.command),
        }
    return {**installed, **_fall_back(output, complaint, [asked[0], *others])}


def _choose_complaint(context: _Context) -> str:
    """Return the line that says most: what hindered sshd, else what it refuses, else its last word."""
    lines = [line for line in context.complaints if line and not _WARNING.search(line)]
    for pattern in (_HINDRANCE, _REFUSAL):
        named = [line for line in lines if pattern.search(line)]
        if named:
            return named[0]
    return lines[-1] if lines else f"sshd ended with status {context.status}"


def _accept(output: _Output, contexts: Sequence[_Context]) -> Evidence:
    command = contexts[0].command
    answered = [context for context in contexts if context.status == 0]
    records = tuple(_build_effective(context, output.files) for context in answered)
    gaps = output.files.gaps
    if gaps:
        reason = f"{gaps[0]} cannot be read, so sshd did not see everything"
        return {
            "valid": Unreadable(reason, command),
            "problem": Unreadable(reason, command),
            "source": Known("effective", command),
            "contexts": Unreadable(reason, command),
        }
    return {
        "valid": Known(value=True, place=command),
        "problem": Absent(command),
        "source": Known("effective", command),
        "contexts": _complete(records, output, contexts, command),
    }


def _fall_back(output: _Output, complaint: str, contexts: Sequence[_Context]) -> Evidence:
    reason = f"sshd does not tell: {complaint}"
    place = "the configuration files"
    records = tuple(_build_from_files(context, output.files) for context in contexts)
    fields: dict[str, Field] = {
        "valid": Unreadable(reason, contexts[0].command),
        "problem": Unreadable(reason, contexts[0].command),
        "source": Known("files", place),
        "contexts": _complete(records, output, contexts, place),
    }
    if not output.is_complete:  # what is missing may be an attempt that sshd answered
        fields["source"] = Unreadable("the answer is incomplete", place)
    if output.files.gaps:
        fields["contexts"] = Unreadable(f"{output.files.gaps[0]} cannot be read; {reason}", place)
    elif not output.files.is_read:
        fields["contexts"] = Unreadable(reason, place)
    return fields


def _complete(records: tuple[Record, ...], output: _Output, contexts: Sequence[_Context], place: str) -> Field:
    """Return the records, marked as a part of the truth where a context is missing."""
    if not output.is_complete:
        return Partial(records, "the answer is incomplete", place)
    unanswered = [context for context in contexts if context.status != 0 and contexts[0].status == 0]
    if unanswered:
        return Partial(records, f"{unanswered[0].command} failed: {_choose_complaint(unanswered[0])}", place)
    missed = _find_missed(output.files, contexts)
    if missed:
        more = f" and {len(missed) - 1} more" if missed[1:] else ""
        line = f"{missed[0].place} ({missed[0].label[:MAX_REASON]})"
        return Partial(records, f"no connection was made up that meets {line}{more}", place)
    return Known(records, place)


def _find_missed(files: ConfigFiles, contexts: Sequence[_Context]) -> list[MatchLine]:
    """Return the Match lines that no context meets although some connection could."""
    connections = [context.connection for context in contexts]
    return [
        line
        for line in files.matches
        if all(can_be_met(part.arguments) for part in (line, *line.around))
        and (
            not can_be_made_up(line.arguments)
            or all(line.is_met_by(connection) is Meets.NO for connection in connections)
        )
    ]


def _build_effective(context: _Context, files: ConfigFiles) -> Record:
    places = files.find_places(context.connection)
    written = files.resolve(context.connection)
    fields: dict[str, Field] = {}
    for name in KEYWORDS:
        seen = parse_printed(name, context.printed.get(name, ()), context.command)
        fields[name] = _point(seen, written[name], places.get(name, ""))
    startups = context.printed.get("maxstartups", [])
    if not startups:
        return {**_describe(context, files), **fields, **dict.fromkeys(STARTUPS, Absent(context.command))}
    for name, seen in parse_startups(startups[0], context.command).items():
        fields[name] = _point(seen, written[name], places.get("maxstartups", ""))
    return {**_describe(context, files), **fields}


def _point(seen: Field, written: Field, place: str) -> Field:
    """Return the field with the place in the files, unless what is written there is something else."""
    if not isinstance(seen, Known) or not place:
        return seen
    if isinstance(written, Known) and written.value != seen.value:
        return seen
    return Known(seen.value, place)


def _build_from_files(context: _Context, files: ConfigFiles) -> Record:
    return {**_describe(context, files), **files.resolve(context.connection)}


def _describe(context: _Context, files: ConfigFiles) -> Record:
    connection = context.connection
    return {
        "context": Known(_name_context(context, files), context.command),
        "user": Known(connection.user) if connection.user else Absent(),
        "address": Known(connection.address) if connection.address else Absent(),
    }


def _name_context(context: _Context, files: ConfigFiles) -> str:
    if context.name in _NAMES:
        return _NAMES[context.name]
    labels = {line.place: line.label for line in files.matches}
    label = labels.get(context.name, context.name)
    repeated = sum(other == label for other in labels.values()) > 1
    return f"{label} ({context.name})" if repeated else label


KIND = ProbeKind(
    name="sshd",
    summary="effective configuration of the SSH server, also within Match blocks",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
