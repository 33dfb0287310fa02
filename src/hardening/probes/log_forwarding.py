"""Where rsyslog sends messages, from where it takes them, and how readable the files are that it makes.

The configuration is read as rsyslog reads it, with everything that it includes. Whether rsyslog runs is another
question.
"""

from __future__ import annotations

import functools
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
from hardening.model.step import Privilege, ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.log_forwarding_script import MAIN, STEP_NAME, build_script
from hardening.probes.rsyslog_meaning import Meaning, understand
from hardening.probes.rsyslog_syntax import ConfigText, read_statements
from hardening.probes.shell import CUT, clean, completed, first_line, parse_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer
    from hardening.probes.rsyslog_meaning import Receiver, Target

_TARGET = {
    "target": FieldSpec(FieldType.TEXT, "protocol, host and port in one"),
    "host": FieldSpec(FieldType.TEXT, "name or address"),
    "port": FieldSpec(FieldType.INTEGER, "port"),
    "protocol": FieldSpec(FieldType.TEXT, "udp, tcp, relp, dtls, kafka …"),
    "tls": FieldSpec(FieldType.BOOLEAN, "whether it is encrypted"),
    "local": FieldSpec(FieldType.BOOLEAN, "whether it is this host itself, where an agent may listen"),
    "source": FieldSpec(FieldType.TEXT, "file and line"),
}
_RECEIVER = {
    "receiver": FieldSpec(FieldType.TEXT, "protocol, address and port in one"),
    "protocol": FieldSpec(FieldType.TEXT, "udp, tcp, relp …"),
    "address": FieldSpec(FieldType.TEXT, "address that it listens on; absent when it is all of them"),
    "port": FieldSpec(FieldType.INTEGER, "port"),
    "local": FieldSpec(FieldType.BOOLEAN, "whether only this host can reach it"),
    "source": FieldSpec(FieldType.TEXT, "file and line"),
}
_FIELDS = {
    "configured": FieldSpec(FieldType.BOOLEAN, "whether rsyslog has a configuration"),
    "targets": FieldSpec(FieldType.RECORDS, "where messages are sent", _TARGET),
    "receives": FieldSpec(FieldType.RECORDS, "how messages come from other hosts", _RECEIVER),
    "file_create_mode": FieldSpec(
        FieldType.MODE, "permission bits that some log file is made with; absent when rsyslog makes none"
    ),
}
_LOCAL = ("127.", "localhost", "::1")
_ROW = 3


@dataclass(slots=True)
class _Output:
    """What the script said: lines by file, files by pattern of an include, and what could not be read."""

    main: str = ""
    lines: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    includes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    problems: list[str] = field(default_factory=list)
    is_complete: bool = False


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=STEP_NAME, privilege=Privilege.ROOT, script=build_script()),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP_NAME)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(_FIELDS, answer.reason, MAIN) for probe in probes}
    output = _read_output(clean(answer.text))
    trouble = ""
    if answer.cut:
        trouble = CUT
    elif not output.is_complete or not output.main:
        trouble = first_line(answer.error_text) or "the answer is incomplete"
    elif output.main == "refused":
        trouble = f"{MAIN}: may not be read"
    if trouble:
        return {probe: build_unreadable(_FIELDS, trouble, MAIN) for probe in probes}
    return dict.fromkeys(probes, _build(output))


def _read_output(text: str) -> _Output:
    output = _Output()
    for line in text.split("\n")[:-1]:
        word, _, rest = line.partition("\t")
        if line.startswith("=main "):
            output.main = line.removeprefix("=main ")
        elif line == "=end":
            output.is_complete = True
        elif word == "line":
            row = rest.split("\t", 2)
            if len(row) == _ROW and row[1].isascii() and row[1].isdigit():
                output.lines[row[0]].append((int(row[1][:9]), row[2]))
        elif word == "include":
            pattern, _, name = rest.partition("\t")
            output.includes[pattern].append(name)
        elif word in {"odd", "refused"}:
            reason = "may not be read" if word == "refused" else "a name that is not followed"
            output.problems.append(f"{rest}: {reason}")
    return output


def _build(output: _Output) -> Evidence:
    if output.main == "none":
        return {
            "configured": Known(value=False, place=MAIN),
            "targets": Known((), MAIN),
            "receives": Known((), MAIN),
            "file_create_mode": Absent(MAIN),
        }
    include = functools.partial(_find_included, output)
    meaning = understand(read_statements(_build_text(MAIN, output), include))
    problem = "; ".join(dict.fromkeys(output.problems[:3]))
    return {
        "configured": Known(value=True, place=MAIN),
        "targets": _list(tuple(map(_build_target, meaning.targets)), problem),
        "receives": _list(tuple(map(_build_receiver, meaning.receivers)), problem),
        "file_create_mode": _build_mode(meaning, problem),
    }


def _find_included(output: _Output, pattern: str) -> list[ConfigText]:
    names = output.includes.get(pattern) or output.includes.get(f"{pattern.rstrip('/')}/*", [])
    return [_build_text(name, output) for name in names]


def _build_text(name: str, output: _Output) -> ConfigText:
    lines = output.lines.get(name, [])
    text = "".join(f"{line}\n" for _, line in lines)
    return ConfigText(name=name, text=text, numbers=tuple(number for number, _ in lines))


def _list(records: tuple[Record, ...], problem: str) -> Field:
    if not problem:
        return Known(records, MAIN)
    return Partial(records, problem, MAIN) if records else Unreadable(problem, MAIN)


def _build_mode(meaning: Meaning, problem: str) -> Field:
    bits = functools.reduce(lambda one, other: one | other, (mode for mode, _ in meaning.modes), 0)
    if problem:
        return Unreadable(problem, MAIN)
    if not meaning.modes:
        return Absent(MAIN)
    widest = max(meaning.modes, key=lambda item: item[0].bit_count())
    return Known(f"{bits & 0o7777:04o}", widest[1])


def _is_local(host: str) -> bool:
    return host.lower().startswith(_LOCAL)


def _build_target(target: Target) -> Record:
    text = f"{target.protocol} {target.host}" + (f" port {target.port}" if target.port else "")
    record: dict[str, Field] = {
        "target": Known(text, target.place),
        "host": Known(target.host, target.place),
        "protocol": Known(target.protocol, target.place),
        "tls": Known(target.tls, target.place),
        "local": Known(_is_local(target.host), target.place),
        "source": Known(target.place, target.place),
    }
    port = parse_decimal(target.port)
    return record if port is None else {**record, "port": Known(port, target.place)}


def _build_receiver(receiver: Receiver) -> Record:
    text = f"{receiver.protocol} {receiver.address or '*'}" + (f" port {receiver.port}" if receiver.port else "")
    record: dict[str, Field] = {
        "receiver": Known(text, receiver.place),
        "protocol": Known(receiver.protocol, receiver.place),
        "local": Known(bool(receiver.address) and _is_local(receiver.address), receiver.place),
        "source": Known(receiver.place, receiver.place),
    }
    if receiver.address:
        record["address"] = Known(receiver.address, receiver.place)
    port = parse_decimal(receiver.port)
    return record if port is None else {**record, "port": Known(port, receiver.place)}


KIND = ProbeKind(
    name="log_forwarding",
    summary="where rsyslog sends messages, from where it takes them, and the mode of its files",
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
