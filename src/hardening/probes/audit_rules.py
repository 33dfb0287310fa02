"""Audit rules in force and after the next boot: what they record, and whether the two agree.

The kernel says what is in force; where it does not let us ask, that is open, and what boot will load still counts.
"""

from __future__ import annotations

import re
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
from hardening.probes.audit_coverage import RuleSet, collect, find_recorder, list_calls, watch_permissions
from hardening.probes.audit_rules_script import RULES_FILE, RULES_FOLDER, SOURCES, STEP_NAME, build_script
from hardening.probes.audit_syntax import Clear, Control, Rule, clean_path, parse_line
from hardening.probes.config_files import classify, refused_folders
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.listing import Seen, parse_listing, parse_numbered_lines
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer
    from hardening.probes.listing import Listing

_WHEN = FieldSpec(FieldType.TEXT, "now or boot")
_STATE = {
    "when": _WHEN,
    "enabled": FieldSpec(FieldType.INTEGER, "0 off, 1 on, 2 on and locked until the next boot"),
    "failure": FieldSpec(FieldType.INTEGER, "what the kernel does when it cannot record: 0 nothing, 1 say so, 2 halt"),
    "backlog_limit": FieldSpec(FieldType.INTEGER, "how many records may wait; absent when boot leaves it as it is"),
    "rules": FieldSpec(FieldType.INTEGER, "number of rules"),
}
_RULE = {
    "when": _WHEN,
    "rule": FieldSpec(FieldType.TEXT, "the rule, in one form for all spellings"),
    "action": FieldSpec(FieldType.TEXT, "always or never"),
    "path": FieldSpec(FieldType.TEXT, "what is watched; absent where it is no watch"),
    "permissions": FieldSpec(FieldType.TEXTS, "r, w, x, a; absent where it is no watch"),
    "arch": FieldSpec(FieldType.TEXT, "b64 or b32; absent where it is for both"),
    "syscalls": FieldSpec(FieldType.TEXTS, "system calls, or all"),
    "filters": FieldSpec(FieldType.TEXTS, "what narrows it"),
    "key": FieldSpec(FieldType.TEXT, "its key; absent where it has none"),
}
_WATCHED = {
    "when": _WHEN,
    "item": FieldSpec(FieldType.TEXT, "path and when in one"),
    "path": FieldSpec(FieldType.TEXT, "the path asked for"),
    "permissions": FieldSpec(FieldType.TEXTS, "accesses that are recorded: r, w, x, a"),
}
_COVERED = {
    "when": _WHEN,
    "call": FieldSpec(FieldType.TEXT, "architecture, system call, case and when in one"),
    "arch": FieldSpec(FieldType.TEXT, "b64 or b32"),
    "syscall": FieldSpec(FieldType.TEXT, "the system call asked for"),
    "covered": FieldSpec(FieldType.BOOLEAN, "whether a rule records it"),
}
_FIELDS = {
    "states": FieldSpec(FieldType.RECORDS, "the audit system now and after the next boot", _STATE),
    "rules": FieldSpec(FieldType.RECORDS, "all rules", _RULE),
    "watched": FieldSpec(FieldType.RECORDS, "for each path asked for: what is recorded", _WATCHED),
    "covered": FieldSpec(FieldType.RECORDS, "for each system call asked for: whether it is recorded", _COVERED),
    "missing": FieldSpec(FieldType.TEXTS, "rules that boot loads and that are not in force now; absent at rest"),
    "extra": FieldSpec(FieldType.TEXTS, "rules in force that boot will not load; absent at rest"),
}
_STATUS = re.compile(r"([a-z_]+)[ =]([0-9]{1,9})")
_ACCOUNT = re.compile(r"((?:auid|uid|euid|suid|fsuid|gid|egid)!?=)[^ ,]+")
_DIGITS = re.compile(r"([0-9]+)")


@dataclass(slots=True)
class _Output:
    """What the script said, part by part."""

    listing: Listing
    files: str = ""
    loader: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    is_at_rest: bool = False
    is_complete: bool = False
    has_failed: bool = False


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=STEP_NAME, privilege=Privilege.ROOT, script=build_script()),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP_NAME)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(_FIELDS, answer.reason) for probe in probes}
    output = _read_output(answer.text)
    if answer.cut or not output.is_complete or not output.listing.complete:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return {probe: build_unreadable(_FIELDS, reason) for probe in probes}
    sets = {"now": _read_now(output), "boot": _read_boot(output)}
    if output.is_at_rest:
        del sets["now"]
    machine = next((line.partition(" ")[2] for line in output.loader if line.startswith("machine ")), "")
    return {probe: _build(probe, sets, machine) for probe in probes}


def _read_output(text: str) -> _Output:
    listing = parse_listing(text, SOURCES)
    output = _Output(listing)
    part = ""
    files: list[str] = []
    for line in listing.rest.split("\n")[:-1]:
        word, _, code = line.partition(" ")
        if word in {"=boot", "=loader"} or (word in {"=list", "=status"} and not code):
            part = word
        elif word in {"=list", "=status"}:
            output.codes[word] = code
            part = ""
        elif line == "=end":
            output.is_complete = True
        elif line == "=rest":
            output.is_at_rest = True
        elif line == "=failed":
            output.has_failed = True
        elif part == "=boot":
            files.append(line)
        elif part:
            {"=loader": output.loader, "=list": output.listed, "=status": output.status}[part].append(clean(line))
    output.files = "\n".join(files)
    return output


def _read_now(output: _Output) -> RuleSet | Unreadable:
    place = "auditctl -l"
    if "=list" not in output.codes:
        return Unreadable("auditctl is not installed, so the kernel's rules cannot be listed", place)
    if output.codes["=list"] != "0" or output.codes.get("=status") != "0":
        said = output.listed if output.codes["=list"] != "0" else output.status
        return Unreadable(first_line("\n".join(said)) or "auditctl failed", place)
    rules = collect(parse_line(line, f"{place}:{number}") for number, line in enumerate(output.listed, 1))
    for line in output.status:
        for name, value in _STATUS.findall(line.replace("flag=", "failure=")):
            rules.numbers.setdefault(name, (int(value), "auditctl -s"))
    return rules


def _read_boot(output: _Output) -> RuleSet | Unreadable:
    """Read the files as the unit that loads them does: the folder through augenrules, or the one file."""
    loader = _find_loader(output.loader)
    if not loader:
        return RuleSet([], {})
    source = SOURCES[1] if loader == "augenrules" else SOURCES[0]
    entries = [entry for entry in output.listing.entries.get(source, ()) if entry.seen is not Seen.DIRECTORY]
    problems = [file.problem for file in map(classify, entries) if file.problem]
    problems += [file.problem for file in refused_folders(output.listing, source)]
    if output.has_failed:
        problems.append("grep failed")
    if problems:
        return Unreadable("; ".join(problems[:3]), source.text)
    names = sorted((entry.name for entry in entries), key=_version_key)
    is_folder = loader == "augenrules" and bool(names)
    lines = parse_numbered_lines(output.files, names if is_folder else [RULES_FILE])
    parsed = [
        parse_line(clean(line), f"{clean(name)}:{number}")
        for name, numbered in lines.items()
        for number, line in numbered
    ]
    # augenrules puts the last -D first and -b, -f, -e where each holds.
    if is_folder:
        parsed = [statement for statement in parsed if not isinstance(statement, Clear)]
    return _lock(parsed)


def _lock(statements: Sequence[Rule | Control | Clear | None]) -> RuleSet:
    found = collect(statements)
    found.numbers.setdefault("enabled", (1, "auditd switches it on"))
    return found


def _find_loader(lines: Sequence[str]) -> str:
    """Return what loads rules at boot: augenrules or auditctl, nothing where no unit does."""
    commands: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        unit, _, assignment = rest.partition(" ")
        key, _, command = assignment.partition("=")
        if word == "unit":
            # An empty assignment takes back what was said before.
            commands[unit, key] = [*commands.get((unit, key), []), command] if command.strip() else []
    started = [command for (_, _), listed in commands.items() for command in listed]
    if any("augenrules" in command for command in started):
        return "augenrules"
    if any("auditctl" in command for command in started):
        return "auditctl"
    old = [line for line in lines if line.startswith("init ")]
    if old and not commands:
        return "augenrules" if "yes" in old[-1].lower() else "auditctl"
    return ""


def _version_key(name: str) -> list[tuple[int, str]]:
    """Return a key in the order of `ls -v`: digits count as numbers."""
    return [(int(part[:18]), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(name) if part]


def _build(probe: Probe, sets: Mapping[str, RuleSet | Unreadable], machine: str) -> Evidence:
    known = {when: found for when, found in sets.items() if isinstance(found, RuleSet)}
    reason = next((found.reason for found in sets.values() if isinstance(found, Unreadable)), "")
    within = probe.texts("within")
    calls = list_calls(probe.texts("syscalls"), machine)
    return {
        "states": _list([_build_state(when, found) for when, found in known.items()], reason),
        "rules": _list([_build_rule(when, rule) for when, found in known.items() for rule in found.rules], reason),
        "watched": _list(
            [
                _build_watched(when, path, watch_permissions(found.rules, clean_path(path), within, machine))
                for when, found in known.items()
                for path in probe.texts("watch")
            ],
            reason,
        ),
        "covered": _list(
            [
                _build_covered(when, find_recorder(found.rules, call, arch, within, case), arch, call, case)
                for when, found in known.items()
                for arch, call in calls
                for case in probe.texts("cases") or ("",)
            ],
            reason,
        ),
        **_compare(sets),
    }


def _list(records: Sequence[Record], reason: str) -> Field:
    if not reason:
        return Known(tuple(records))
    return Partial(tuple(records), reason) if records else Unreadable(reason)


def _build_state(when: str, found: RuleSet) -> Record:
    place = f"{RULES_FOLDER} or {RULES_FILE}" if when == "boot" else "auditctl -s"
    record: dict[str, Field] = {"when": Known(when, place), "rules": Known(len(found.rules), place)}
    for name in ("enabled", "failure", "backlog_limit"):
        if name in found.numbers:
            value, said = found.numbers[name]
            record[name] = Known(value, said)
    return record


def _build_rule(when: str, rule: Rule) -> Record:
    record: dict[str, Field] = {
        "when": Known(when, rule.place),
        "rule": Known(rule.text, rule.place),
        "action": Known(rule.action, rule.place),
        "syscalls": Known(tuple(sorted(rule.syscalls)), rule.place),
        "filters": Known(tuple(sorted(rule.filters)), rule.place),
    }
    if rule.path:
        record["path"] = Known(rule.path, rule.place)
        record["permissions"] = Known(tuple(sorted(rule.permissions)), rule.place)
    if rule.arch:
        record["arch"] = Known(rule.arch, rule.place)
    if rule.key:
        record["key"] = Known(rule.key, rule.place)
    return record


def _build_watched(when: str, path: str, permissions: Mapping[str, str]) -> Record:
    place = next(iter(permissions.values()), "no rule")
    return {
        "when": Known(when, place),
        "item": Known(f"{path} ({when})", place),
        "path": Known(path, place),
        "permissions": Known(tuple(sorted(permissions)), place),
    }


def _build_covered(when: str, rule: Rule | None, arch: str, call: str, case: str) -> Record:
    place = rule.place if rule else "no rule"
    return {
        "when": Known(when, place),
        "call": Known(f"{arch} {call} {case}".strip() + f" ({when})", place),
        "arch": Known(arch, place),
        "syscall": Known(call, place),
        "covered": Known(rule is not None, place),
    }


def _compare(sets: Mapping[str, RuleSet | Unreadable]) -> Mapping[str, Field]:
    now, boot = sets.get("now"), sets["boot"]
    if now is None:
        return dict.fromkeys(("missing", "extra"), Absent("a system at rest"))
    for found in (now, boot):
        if isinstance(found, Unreadable):
            return dict.fromkeys(("missing", "extra"), found)
    if not isinstance(now, RuleSet) or not isinstance(boot, RuleSet):
        return dict.fromkeys(("missing", "extra"), Unreadable("the rules could not be compared"))
    missing, extra = _subtract(boot.rules, now.rules), _subtract(now.rules, boot.rules)
    # The kernel knows accounts by number only: rules that differ in nothing else are the same.
    named = {_blank(rule) for rule in missing if _blank(rule) != rule} & {_blank(rule) for rule in extra}
    return {
        "missing": Known(tuple(rule for rule in missing if _blank(rule) not in named)),
        "extra": Known(tuple(rule for rule in extra if _blank(rule) not in named)),
    }


def _subtract(rules: Sequence[Rule], others: Sequence[Rule]) -> list[str]:
    known = {rule.text for rule in others}
    return sorted({rule.text for rule in rules} - known)


def _blank(text: str) -> str:
    return _ACCOUNT.sub(r"\1*", text)


def _texts(description: str, pattern: str = "") -> ProbeParameter:
    return ProbeParameter(
        type=ProbeParameterType.TEXTS, description=description, required=False, default=(), pattern=pattern
    )


KIND = ProbeKind(
    name="audit_rules",
    summary="audit rules in force and after the next boot, and what they record",
    parameters={
        "watch": ProbeParameter(
            type=ProbeParameterType.PATHS,
            description="paths to say of which accesses are recorded",
            required=False,
            default=(),
            pattern=r"/[^\x00\n]*",
        ),
        "syscalls": _texts("system calls to say of whether they are recorded", r"[a-z0-9_]+"),
        "within": _texts("filters that a rule may have without narrowing too much, such as auid>=1000", r"\S+"),
        "cases": _texts("filters of which each must be met by a rule, such as exit=-EACCES", r"\S+"),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
