"""Whether services call a module of PAM, what it does in their stacks, and what one of its options is set to there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

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
)
from hardening.model.probe import Probe
from hardening.model.step import Answer, ShellStep, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.pam_config import CONFIGURATION, Setting
from hardening.probes.pam_effect import TooManyStatesError, faillock_action, find_lock_effect, is_enforced
from hardening.probes.pam_files import FOLDERS, PamFiles, Placed, Stack, build_pam_script, build_stack, parse_pam_files
from hardening.probes.pam_lines import TYPES
from hardening.probes.pam_options import read_setting, read_uncalled
from hardening.probes.pam_stack import SERVICES
from hardening.probes.shell import clean, number_field, parse_decimal

_STEP = "pam_setting"
_UMASK = re.compile(r"0*([0-7]{1,3})")
_FAILLOCK = "pam_faillock"
_RECORD: Mapping[str, FieldSpec] = {
    "service": FieldSpec(FieldType.TEXT, "the service"),
    "called": FieldSpec(FieldType.BOOLEAN, "whether its stack calls one of the modules, and that is installed"),
    "module": FieldSpec(FieldType.TEXT, "the module that is called"),
    "enforced": FieldSpec(
        FieldType.BOOLEAN,
        "whether nobody gets past it: the stack succeeds only where the module was called and did not refuse; for the"
        " type password: only where it was called",
    ),
    "arguments": FieldSpec(FieldType.TEXTS, "the arguments of the call"),
    "before": FieldSpec(FieldType.TEXTS, "modules that stand before it in the stack"),
    "set": FieldSpec(FieldType.BOOLEAN, "whether the option is given somewhere; else the module's default holds"),
    "value": FieldSpec(FieldType.TEXT, "the effective value of the option; absent where the module has no default"),
    "number": FieldSpec(FieldType.INTEGER, "the effective value as a whole number; 1 or 0 for an option without value"),
    "grants": FieldSpec(FieldType.MODE, "pam_umask: the most that a new file may allow under the value"),
    "locks": FieldSpec(FieldType.BOOLEAN, "pam_faillock: whether an account that is locked stays out"),
    "counts": FieldSpec(FieldType.BOOLEAN, "pam_faillock: whether every wrong password is counted"),
    "clears": FieldSpec(FieldType.BOOLEAN, "pam_faillock: whether a good log-on clears the count"),
}
_FIELDS: Mapping[str, FieldSpec] = {
    "stacks": FieldSpec(FieldType.RECORDS, "one record for each service that has a file of its own", _RECORD)
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, script=build_pam_script(CONFIGURATION), output_limit=5_000_000),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    files = parse_pam_files(answers, _STEP, CONFIGURATION)
    if isinstance(files, Unreadable):
        return {probe: {"stacks": Unreadable(files.reason, FOLDERS[0])} for probe in probes}
    return {probe: {"stacks": _build_stacks(probe, files)} for probe in probes}


def _build_stacks(probe: Probe, files: PamFiles) -> Field:
    records = []
    lost = []
    for service in probe.texts("services"):
        stack = build_stack(files, service)
        if stack.own:
            records.append(_build_record(probe, stack, files))
        else:
            lost += stack.problems
    if lost:
        return Partial(tuple(records), "; ".join(dict.fromkeys(lost[:3])), FOLDERS[0])
    return Known(tuple(records), FOLDERS[0])


def _build_record(probe: Probe, stack: Stack, files: PamFiles) -> Record:
    name = Known(stack.service, clean(stack.files[0]))
    if stack.problems:
        lost = Unreadable("; ".join(stack.problems[:3]), name.place)
        return {**dict.fromkeys(_RECORD, lost), "service": name}
    modules = probe.texts("modules")
    placed = stack.types[probe.text("type")]
    targets = frozenset(index for index, item in enumerate(placed) if _is_called(item, modules))
    record: dict[str, Field] = {
        **dict.fromkeys(_RECORD, Absent(name.place)),
        "service": name,
        "called": Known(bool(targets), name.place),
        **_build_setting(probe, [placed[index] for index in sorted(targets)], files),
    }
    if targets:
        first = placed[min(targets)]
        before = dict.fromkeys(item.call.module for item in placed[: min(targets)] if not item.call.marker)
        record["module"] = Known(clean(first.call.module), first.place)
        record["arguments"] = Known(tuple(clean(text) for text in first.arguments), first.place)
        record["before"] = Known(tuple(clean(text) for text in before), first.place)
    record |= _build_effect(probe, stack, placed, targets)
    return record


def _is_called(item: Placed, modules: Sequence[str]) -> bool:
    return item.call.module in modules and item.call.installed and not item.call.marker


def _build_effect(probe: Probe, stack: Stack, placed: Sequence[Placed], targets: frozenset[int]) -> dict[str, Field]:
    place = clean(stack.files[0])
    try:
        effects: dict[str, bool] = {"enforced": is_enforced(placed, targets)}
        if probe.texts("modules") == (_FAILLOCK,) and probe.text("type") == "auth":
            lock = find_lock_effect(placed, stack.types["account"])
            effects |= {"locks": lock.locks, "counts": lock.counts, "clears": lock.clears}
    except TooManyStatesError:
        names = ("enforced", "locks", "counts", "clears")
        return dict.fromkeys(names, Unreadable("the stack is too long to be walked", place))
    return {name: Known(value, place) for name, value in effects.items()}


def _build_setting(probe: Probe, calls: Sequence[Placed], files: PamFiles) -> dict[str, Field]:
    """Return the option as the calls have it; where none is made, what the files say would hold."""
    option = probe.text("option")
    if not option:
        return {}
    deciding = _deciding(calls)
    settings = [read_setting(item.call.module, option, item.arguments, files) for item in deciding]
    if not settings:
        settings = [read_uncalled(probe.texts("modules")[0], option, files)]
    found = settings[0]
    place = found.place if not deciding or found.place != "module arguments" else deciding[0].place
    if len({setting.value for setting in settings}) > 1:
        found = Setting(fault="calls of the module differ: " + ", ".join(item.place for item in deciding[:4]))
    if found.fault:
        return dict.fromkeys(("value", "number", "set", "grants"), Unreadable(clean(found.fault), place))
    return {
        "value": Known(clean(found.value), place) if found.value or found.given else Absent(place),
        "number": number_field(parse_decimal(found.value), clean(found.value), place),
        "set": Known(found.given, place),
        "grants": _grants(found, place) if option == "umask" else Absent(place),
    }


def _deciding(calls: Sequence[Placed]) -> Sequence[Placed]:
    """Return the calls whose options count: of pam_faillock those that keep a locked account out."""
    guards = [item for item in calls if item.call.module == _FAILLOCK and faillock_action(item) != "authfail"]
    return guards or calls


def _grants(found: Setting, place: str) -> Field:
    match = _UMASK.fullmatch(found.value)
    if match is None:
        return Unreadable(f"not a mask: {clean(found.value)[:40]}", place) if found.value else Absent(place)
    return Known(f"{0o777 & ~int(match[1], 8):04o}", place)


KIND = ProbeKind(
    name="pam_setting",
    summary="whether services call a module of PAM, and what one of its options is set to",
    parameters={
        "services": SERVICES,
        "type": ProbeParameter(type=ProbeParameterType.CHOICE, description="which of the four stacks", choices=TYPES),
        "modules": ProbeParameter(
            type=ProbeParameterType.TEXTS,
            description="names of modules that do the same work, without .so",
            pattern=r"[A-Za-z0-9_-]+",
        ),
        "option": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="an option of the module; hash is the scheme of pam_unix, shortest the length of the shortest"
            " password",
            required=False,
            pattern=r"|[a-z_]+",
        ),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
