"""The modules that libpam calls for services, in order, with all includes followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hardening.model.evidence import (
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
from hardening.model.step import Answer, ShellStep, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.pam_files import FOLDERS, PamFiles, Stack, build_pam_script, build_stack, parse_pam_files
from hardening.probes.pam_lines import TYPES
from hardening.probes.shell import clean

_STEP = "pam_stack"
_MODULE: Mapping[str, FieldSpec] = {
    "name": FieldSpec(FieldType.TEXT, "service, type and module, with the file and line of the call"),
    "service": FieldSpec(FieldType.TEXT, "the service"),
    "type": FieldSpec(FieldType.TEXT, "auth, account, password or session"),
    "position": FieldSpec(FieldType.INTEGER, "place in the stack of this type, from 1"),
    "control": FieldSpec(FieldType.TEXT, "the control field; what is in brackets, with them"),
    "module": FieldSpec(FieldType.TEXT, "the module without folder and .so; empty where libpam lets the line fail"),
    "arguments": FieldSpec(FieldType.TEXTS, "the arguments; a password among them is told as set"),
    "installed": FieldSpec(FieldType.BOOLEAN, "whether the module is installed"),
    "substack": FieldSpec(FieldType.INTEGER, "how many substacks stand around it"),
}
_FIELDS: Mapping[str, FieldSpec] = {
    "modules": FieldSpec(FieldType.RECORDS, "what is called, by service, type and position", _MODULE),
    "services": FieldSpec(FieldType.TEXTS, "the services asked for that have a file of their own"),
    "files": FieldSpec(FieldType.TEXTS, "the files that make up the stacks"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, script=build_pam_script(), output_limit=5_000_000),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    files = parse_pam_files(answers, _STEP)
    if isinstance(files, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, files.reason, FOLDERS[0]))
    return {probe: _build_evidence(probe, files) for probe in probes}


def _build_evidence(probe: Probe, files: PamFiles) -> Evidence:
    stacks = [build_stack(files, service) for service in probe.texts("services")]
    problems = list(dict.fromkeys(problem for stack in stacks for problem in stack.problems))
    read = dict.fromkeys(clean(path) for stack in stacks for path in stack.files)

    def whole(items: tuple[str, ...] | tuple[Record, ...]) -> Field:
        place = FOLDERS[0]
        return Partial(items, "; ".join(problems[:3]), place) if problems else Known(items, place)

    return {
        "modules": whole(tuple(record for stack in stacks for record in _build_modules(stack))),
        "services": whole(tuple(stack.service for stack in stacks if stack.own)),
        "files": whole(tuple(read)),
    }


def _build_modules(stack: Stack) -> list[Record]:
    records: list[Record] = []
    for type_name in TYPES:
        for position, placed in enumerate(stack.calls(type_name), 1):
            values: dict[str, str | int | bool | tuple[str, ...]] = {
                "name": clean(f"{stack.service} {type_name} {placed.call.module or placed.fault} ({placed.place})"),
                "service": stack.service,
                "type": type_name,
                "position": position,
                "control": clean(placed.call.control.text),
                "module": clean(placed.call.module),
                "arguments": tuple(clean(text) for text in placed.arguments),
                "installed": placed.call.installed,
                "substack": placed.call.level,
            }
            records.append({name: Known(value, placed.place) for name, value in values.items()})
    return records


SERVICES = ProbeParameter(
    type=ProbeParameterType.TEXTS,
    description="names of services, as the programs give them to libpam",
    pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]*",
)

KIND = ProbeKind(
    name="pam_stack",
    summary="the modules that libpam calls for services",
    parameters={"services": SERVICES},
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
