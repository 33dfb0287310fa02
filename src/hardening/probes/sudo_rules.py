"""Who may become whom with sudo, and under which settings: sudoers with its includes, as sudo reads it.

Rules of a directory service are not seen; where nsswitch.conf names one, what is known is partial.
"""

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
    build_unreadable,
)
from hardening.model.probe import Probe
from hardening.model.step import Answer, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import clean, completed
from hardening.probes.sudo_grammar import Default, Sudoers, parse_entries
from hardening.probes.sudo_meaning import (
    Aliases,
    Permission,
    build_permissions,
    find_setting,
    is_effective,
    parse_minutes,
)
from hardening.probes.sudo_script import STEP, SudoFiles, parse_sudo_files
from hardening.probes.sudo_tokens import join_lines
from hardening.probes.versions import compare_dpkg

RULE: Mapping[str, FieldSpec] = {
    "rule": FieldSpec(FieldType.TEXT, "the rule in one line, with its place"),
    "users": FieldSpec(FieldType.TEXTS, "who: names, %group, #uid, +netgroup, ALL; ! excepts; aliases are resolved"),
    "groups": FieldSpec(FieldType.TEXTS, "of those, who stands for many: %groups, +netgroups and ALL"),
    "hosts": FieldSpec(FieldType.TEXTS, "where"),
    "runas": FieldSpec(FieldType.TEXTS, "as whom"),
    "commands": FieldSpec(FieldType.TEXTS, "what; ! excepts"),
    "tags": FieldSpec(FieldType.TEXTS, "tags in force, also those inherited from the command before"),
    "nopasswd": FieldSpec(FieldType.BOOLEAN, "whether no password is asked"),
    "all_commands": FieldSpec(FieldType.BOOLEAN, "whether every command is allowed, perhaps but a few"),
    "as_root": FieldSpec(FieldType.BOOLEAN, "whether root is among the accounts"),
    "digest": FieldSpec(FieldType.BOOLEAN, "whether the command is bound to its content"),
    "effective": FieldSpec(FieldType.BOOLEAN, "whether it decides anything here: this host, not overridden behind it"),
}
DEFAULT: Mapping[str, FieldSpec] = {
    "setting": FieldSpec(FieldType.TEXT, "the setting in one line, with its place"),
    "name": FieldSpec(FieldType.TEXT, "the name of the setting"),
    "scope": FieldSpec(FieldType.TEXT, "empty for everything, else :users, @hosts, >accounts or !commands"),
    "on": FieldSpec(FieldType.BOOLEAN, "false where the setting is switched off with !"),
    "value": FieldSpec(FieldType.TEXT, "the value; empty for a switch"),
    "minutes": FieldSpec(FieldType.INTEGER, "the value as minutes, rounded up; -1 for never"),
    "effective": FieldSpec(FieldType.BOOLEAN, "whether it holds for anybody here"),
}
_FIELDS: Mapping[str, FieldSpec] = {
    "installed": FieldSpec(FieldType.BOOLEAN, "whether there is a sudo"),
    "implementation": FieldSpec(FieldType.TEXT, "sudo or sudo-rs"),
    "version": FieldSpec(FieldType.TEXT, "its version"),
    "rules": FieldSpec(FieldType.RECORDS, "who may do what", RULE),
    "defaults": FieldSpec(FieldType.RECORDS, "settings, in order", DEFAULT),
    "files": FieldSpec(FieldType.TEXTS, "the files that sudo reads"),
    "ignored": FieldSpec(FieldType.TEXTS, "files that sudo refuses, and why"),
    "use_pty": FieldSpec(FieldType.BOOLEAN, "whether commands run in a terminal of their own"),
    "authenticate": FieldSpec(FieldType.BOOLEAN, "whether a password is asked at all"),
    "timestamp_timeout": FieldSpec(FieldType.INTEGER, "minutes until sudo asks again; absent where not set"),
    "logfile": FieldSpec(FieldType.TEXT, "file of its own for the log; absent where none is"),
    "syslog": FieldSpec(FieldType.TEXT, "facility in syslog; absent where that is off"),
    "log_allowed": FieldSpec(FieldType.BOOLEAN, "whether what is allowed is logged"),
}
_SETTINGS = ("use_pty", "authenticate", "timestamp_timeout", "logfile", "syslog", "log_allowed")
_FOLLOWED = 128
_PTY_BY_DEFAULT = "1.9.14"


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP.name)
    files = answer if isinstance(answer, Unreadable) else parse_sudo_files(answer)
    if isinstance(files, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, files.reason))
    return dict.fromkeys(probes, _build_evidence(files))


class _Reading:
    """The files in the order in which sudo reads them, and what stood in the way."""

    def __init__(self, files: SudoFiles) -> None:
        self.files = files
        self.sudoers = Sudoers()
        self.problems: list[str] = []
        self.ignored: list[str] = []
        self.read: list[str] = []

    def open(self, path: str, chain: tuple[str, ...], *, in_folder: bool = False) -> None:
        """Read a file; what a folder holds and cannot be opened is left out, as sudo does."""
        match self.files.seen.get(path):
            case "F" if path in self.files.refused_by_sudo:
                self.ignored.append(f"{clean(path)}: {self.files.refused_by_sudo[path]}")
            case "F" if path in chain or len(chain) >= _FOLLOWED:
                self.problems.append(f"{clean(path)}: includes itself")
            case "F":
                self._read(path, (*chain, path))
            case "N" if not in_folder:
                # Sudo tells of an include that is not there and goes on.
                self.ignored.append(f"{clean(path)}: not there")
            case "U":
                self.problems.append(f"{clean(path)}: may not be read")
            case _:
                self.problems.append(f"{clean(path)}: not read")

    def _read(self, path: str, chain: tuple[str, ...]) -> None:
        self.read.append(path)
        text = join_lines(self.files.lines.get(path, []))
        for include in parse_entries(text, path, self.sudoers):
            target = self._resolve(include.path, path)
            if include.folder:
                self._open_folder(target, chain)
            else:
                self.open(target, chain)

    def _resolve(self, path: str, source: str) -> str:
        path = path.replace("%h", self.files.host) if self.files.host else path
        return path if path.startswith("/") else f"{source.rpartition('/')[0]}/{path}"

    def _open_folder(self, folder: str, chain: tuple[str, ...]) -> None:
        match self.files.seen.get(folder):
            case "D":
                inside = [path for path in self.files.seen if path.rpartition("/")[0] == folder.rstrip("/")]
                for path in sorted(inside, key=lambda text: text.encode("utf-8", "surrogateescape")):
                    name = path.rpartition("/")[2]
                    if "." not in name and not name.endswith("~"):
                        self.open(path, chain, in_folder=True)
            case "M":
                pass
            case "R":
                self.problems.append(f"{clean(folder)}: folder refused")
            case _:
                self.problems.append(f"{clean(folder)}: not read")


def _build_evidence(files: SudoFiles) -> Evidence:
    reading = _Reading(files)
    main = files.main
    if files.seen.get("/etc/sudo.conf") == "U":
        reading.problems.append("/etc/sudo.conf: may not be read")
    if main in files.refused_by_sudo:
        reading.problems.append(f"{clean(main)}: refused by sudo: {files.refused_by_sudo[main]}")
    reading.open(main, ())
    aliases = Aliases(reading.sudoers.aliases)
    runas = find_setting(reading.sudoers.defaults, "runas_default", aliases, files.host)
    permissions = build_permissions(reading.sudoers, aliases, files.host, runas.value if runas else "root")
    rules = tuple(_build_rule(permission) for permission in permissions)
    defaults = _build_defaults(reading.sudoers.defaults, aliases, files.host)
    problems = [*reading.problems, *map(clean, reading.sudoers.faults), *map(clean, aliases.faults)]
    foreign = [source for source in files.sources if source != "files"]
    if foreign:
        problems.append(f"sudo also reads rules from {clean(', '.join(foreign))}")
    lost = "; ".join(dict.fromkeys(problems[:3]))
    place = clean(main)

    def whole(items: tuple[str, ...] | tuple[Record, ...]) -> Field:
        return Partial(items, lost, place) if lost else Known(items, place)

    settings = _build_settings(reading.sudoers.defaults, aliases, files)
    return {
        "installed": Known(bool(files.programs & {"sudo", "sudo-rs"})),
        "implementation": Known("sudo-rs" if files.is_rust else "sudo") if files.programs else Absent(),
        "version": Known(files.version, "visudo -V") if files.version else Absent("visudo -V"),
        "rules": whole(rules),
        "defaults": whole(defaults),
        "files": whole(tuple(clean(path) for path in reading.read)),
        "ignored": whole(tuple(reading.ignored)),
        **({name: Unreadable(lost, place) for name in _SETTINGS} if lost else settings),
    }


def _build_rule(permission: Permission) -> Record:
    values: dict[str, str | bool | tuple[str, ...]] = {
        "rule": permission.title,
        "users": permission.users,
        "groups": tuple(text for text in permission.users if text == "ALL" or text.startswith(("%", "+"))),
        "hosts": permission.hosts,
        "runas": permission.runas,
        "commands": permission.commands,
        "tags": permission.tags,
        "nopasswd": permission.needs_no_password,
        "all_commands": permission.grants_everything,
        "as_root": permission.grants_root,
        "digest": permission.digested,
        "effective": permission.effective,
    }
    return {name: Known(_clean_value(value), clean(permission.place)) for name, value in values.items()}


def _clean_value(value: str | bool | tuple[str, ...]) -> str | bool | tuple[str, ...]:  # noqa: FBT001 - a value
    match value:
        case str():
            return clean(value)
        case tuple():
            return tuple(clean(text) for text in value)
        case _:
            return value


def _build_defaults(defaults: Sequence[Default], aliases: Aliases, host: str) -> tuple[Record, ...]:
    kinds = {":": "User", "@": "Host", ">": "Runas", "!": "Cmnd"}
    records = []
    for index, default in enumerate(defaults):
        scope = default.scope
        if scope:
            scope += ",".join(aliases.expand(default.binding, kinds[default.scope]))
        place = clean(f"{default.file}:{default.line}")
        text = {"!": f"!{default.name}", "": default.name}.get(
            default.operator, f"{default.name}{default.operator}{default.value}"
        )
        minutes = parse_minutes(default)
        records.append(
            {
                "setting": Known(clean(f"Defaults{scope} {text}"[:300]) + f" ({place})", place),
                "name": Known(clean(default.name), place),
                "scope": Known(clean(scope), place),
                "on": Known(default.operator != "!", place),
                "value": Known(clean(default.value), place),
                "minutes": Absent(place) if minutes is None else Known(minutes, place),
                "effective": Known(is_effective(default, defaults[index + 1 :], aliases, host), place),
            }
        )
    return tuple(records)


def _build_settings(defaults: Sequence[Default], aliases: Aliases, files: SudoFiles) -> dict[str, Field]:
    def last(name: str) -> tuple[Default | None, str]:
        found = find_setting(defaults, name, aliases, files.host)
        return found, clean(f"{found.file}:{found.line}") if found else "default of sudo"

    timeout, timeout_place = last("timestamp_timeout")
    minutes = parse_minutes(timeout) if timeout else None
    logfile, logfile_place = last("logfile")
    syslog, syslog_place = last("syslog")
    facility = "authpriv" if syslog is None or not syslog.operator else syslog.value
    wanted: Field = Absent(timeout_place)
    if timeout is not None:
        bad = Unreadable(f"not a time: {clean(timeout.value)[:40]}", timeout_place)
        wanted = bad if minutes is None else Known(minutes, timeout_place)
    has_logfile = logfile is not None and logfile.value != ""
    return {
        "use_pty": _switch(*last("use_pty"), _default_pty(files)),
        "authenticate": _switch(*last("authenticate"), Known(value=True, place="default of sudo")),
        "log_allowed": _switch(*last("log_allowed"), Known(value=True, place="default of sudo")),
        "timestamp_timeout": wanted,
        "logfile": Known(clean(logfile.value), logfile_place) if logfile and has_logfile else Absent(logfile_place),
        "syslog": Known(clean(facility), syslog_place) if facility else Absent(syslog_place),
    }


def _switch(found: Default | None, place: str, default: Field) -> Field:
    return default if found is None else Known(found.operator != "!", place)


def _default_pty(files: SudoFiles) -> Field:
    if files.is_rust:
        return Known(value=True, place="default of sudo-rs")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)+(p[0-9]+)?.*", files.version):
        return Unreadable("the version of sudo is not known, and the default changed in 1.9.14")
    on = compare_dpkg(files.version, _PTY_BY_DEFAULT) >= 0
    return Known(on, f"default of sudo {files.version}")


KIND = ProbeKind(
    name="sudo_rules",
    summary="who may become whom with sudo, and under which settings",
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
