"""Services and other systemd units: installed, started at boot, running now, and through what.

A service that is disabled still starts if an enabled socket, timer or path triggers it, and counts as running while
its socket listens. Names may be aliases. Without a running systemd only the next boot can be seen, from links.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from hardening.model.step import Answer, ShellStep, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.service_script import build_script, build_trigger_names
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

STEP_NAME = "service"

UNIT: Mapping[str, FieldSpec] = {
    "name": FieldSpec(FieldType.TEXT, "the name that was asked for"),
    "installed": FieldSpec(FieldType.BOOLEAN, "whether there is such a unit; a mask alone is none"),
    "enabled": FieldSpec(
        FieldType.TEXT,
        "enabled, enabled-runtime, disabled, masked, masked-runtime, static, indirect, generated, linked,"
        " linked-runtime, transient, alias or not-found",
    ),
    "active": FieldSpec(FieldType.TEXT, "active, reloading, inactive, failed, activating or deactivating"),
    "sub": FieldSpec(FieldType.TEXT, "the finer state, such as running, exited, listening, dead"),
    "at_boot": FieldSpec(FieldType.BOOLEAN, "whether it starts at boot, by itself or through what triggers it"),
    "running": FieldSpec(FieldType.BOOLEAN, "whether it is active now, or a socket listens for it"),
    "triggered_by": FieldSpec(FieldType.TEXTS, "sockets, timers and paths that start it"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "units": FieldSpec(FieldType.RECORDS, "one record for each name asked for", record=UNIT),
    "installed": FieldSpec(FieldType.TEXTS, "names that are installed"),
    "at_boot": FieldSpec(FieldType.TEXTS, "names that start at boot, also through a socket, timer or path"),
    "running": FieldSpec(FieldType.TEXTS, "names that are active now, also through a listening socket"),
    "masked": FieldSpec(FieldType.TEXTS, "names that are masked"),
}

_ACTIVE = frozenset({"active", "reloading", "refreshing", "activating"})
_NOT_AT_BOOT = re.compile(
    r"(?:rescue|emergency|reboot|halt|poweroff|shutdown|umount|final|kexec|exit|soft-reboot|sleep|suspend"
    r"|hibernate|hybrid-sleep|suspend-then-hibernate|system-update|initrd.*|ctrl-alt-del)\.target"
)
_WANTED = re.compile(r"(.*)/([^/]+)\.(?:wants|requires|upholds)/[^/]+")
_NO_SYSTEMD = "no running systemd"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """What was seen of one unit; ``active`` is empty where no systemd runs."""

    is_installed: bool
    enabled: str
    is_at_boot: bool
    triggers: tuple[str, ...]
    place: str
    active: str = ""
    sub: str = ""


@dataclass(slots=True)
class _Output:
    """What the script said: blocks of `systemctl show` by each name of the unit, and facts by word and unit."""

    mode: str = ""
    is_complete: bool = False
    shown: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    seen: dict[tuple[str, str], list[str]] = dataclasses.field(default_factory=lambda: defaultdict(list))

    def facts(self, word: str, unit: str) -> list[str]:
        """Return what was said of a unit under a word."""
        return self.seen.get((word, unit), [])


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    names = sorted({name for probe in probes for name in probe.texts("names")})
    return (ShellStep(name=STEP_NAME, script=build_script(names)),) if names else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP_NAME)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    output = _read_output(clean(answer.text))
    if answer.cut or not output.is_complete:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    if output.mode == "none":
        return dict.fromkeys(probes, build_unreadable(FIELDS, "there is no systemd"))
    return {probe: _build_evidence(probe.texts("names"), output) for probe in probes}


def _read_output(text: str) -> _Output:
    output = _Output()
    block: dict[str, str] = {}
    for line in text.split("\n")[:-1]:
        key, equals, value = line.partition("=")
        if line == "=end":
            output.is_complete = True
        elif line.startswith("=mode "):
            output.mode = line.removeprefix("=mode ")
        elif equals and key.isalpha():
            block[key] = value
        elif not line:
            if "Id" in block:
                for name in (block["Id"], *block.get("Names", "").split()):
                    output.shown.setdefault(name, block)
            block = {}
        else:
            word, _, rest = line.partition(" ")
            unit, _, what = rest.partition(" ")
            output.seen[word, unit].append(what)
    return output


def _build_evidence(names: Sequence[str], output: _Output) -> Evidence:
    looked = {name: _look(name, output) for name in names}
    units = tuple(_build_record(name, unit, output) for name, unit in looked.items())
    return {
        "units": Known(units),
        "installed": _select(units, "installed"),
        "at_boot": _select(units, "at_boot"),
        "running": _select(units, "running"),
        "masked": _select_masked(looked),
    }


def _look(name: str, output: _Output) -> _Unit | Unreadable:
    return _look_running(name, output) if output.mode == "running" else _look_offline(name, output)


def _look_running(name: str, output: _Output) -> _Unit | Unreadable:
    shown = output.shown.get(name)
    if shown is None:
        return Unreadable("systemd says nothing of it", "systemctl show")
    load = shown.get("LoadState", "")
    enabled = {"not-found": "not-found", "masked": "masked"}.get(load, shown.get("UnitFileState", ""))
    if shown.get("UnitFileState", "").startswith("masked"):
        enabled = shown["UnitFileState"]
    return _Unit(
        is_installed=load not in {"not-found", "masked"} or bool(output.facts("file", name)),
        enabled=enabled,
        is_at_boot=_starts_at_boot(shown, enabled, output),
        triggers=_find_triggers(name, shown, output),
        place=f"systemctl show {name}",
        active=shown.get("ActiveState", ""),
        sub=shown.get("SubState", ""),
    )


def _starts_at_boot(shown: Mapping[str, str], enabled: str, output: _Output) -> bool:
    """Say whether the unit is enabled, or an active unit wants it by a link or a line that no `disable` removes."""
    if enabled == "enabled":
        return True
    if enabled in {"not-found", "masked", "bad"} or enabled.endswith("-runtime"):
        return False
    wanting = " ".join(shown.get(key, "") for key in ("WantedBy", "RequiredBy", "UpheldBy")).split()
    return any(
        output.shown.get(unit, {}).get("ActiveState") == "active" and not _NOT_AT_BOOT.fullmatch(unit)
        for unit in wanting
    )


def _find_triggers(name: str, shown: Mapping[str, str], output: _Output) -> tuple[str, ...]:
    named = {name, shown.get("Id", ""), *shown.get("Names", "").split()}
    naming = (
        block["Id"]
        for block in output.shown.values()
        if (triggers := block.get("Triggers")) and not named.isdisjoint(triggers.split())
    )
    return tuple(sorted({*shown.get("TriggeredBy", "").split(), *naming}))


def _look_offline(name: str, output: _Output) -> _Unit:
    files = output.facts("file", name)
    wanted = [link for link in output.facts("wanted", name) if not _is_runtime(link)]
    named = [unit for (word, unit), started in output.seen.items() if word == "starts" and name in started]
    own = [
        unit for unit in build_trigger_names(name) if output.facts("file", unit) and not output.facts("starts", unit)
    ]
    enabled = _judge_links(name, output)
    is_wanted = any(_is_at_boot(link) for link in wanted) or (enabled == "enabled" and not wanted)
    return _Unit(
        is_installed=bool(files),
        enabled=enabled,
        is_at_boot=enabled not in {"masked", "not-found"} and is_wanted,
        triggers=tuple(sorted({*named, *own})),
        place=next(iter((*output.facts("mask", name), *wanted, *files)), "/etc/systemd/system"),
    )


def _judge_links(name: str, output: _Output) -> str:
    """Return the state that `systemctl is-enabled` gives, from the files and links."""
    files, masks = output.facts("file", name), output.facts("mask", name)
    wanted = output.facts("wanted", name)
    links = (*wanted, *output.facts("alias", name))
    if masks and not (files and _precedence(files[0]) < _precedence(masks[0])):
        return "masked-runtime" if _is_runtime(masks[0]) else "masked"
    if not files:
        return "not-found"
    if any(link.startswith("/etc/") for link in links):
        return "enabled"
    if any(_is_runtime(link) for link in links):
        return "enabled-runtime"
    if output.facts("install", name):
        return "enabled" if wanted else "disabled"
    return "indirect" if output.facts("also", name) else "static"


def _precedence(path: str) -> int:
    return next((rank for rank, folder in enumerate(("/etc/", "/run/", "/usr/local/")) if path.startswith(folder)), 3)


def _is_runtime(path: str) -> bool:
    return path.startswith("/run/")


def _is_at_boot(link: str) -> bool:
    parts = _WANTED.fullmatch(link)
    return parts is not None and not _NOT_AT_BOOT.fullmatch(parts[2])


def _build_record(name: str, unit: _Unit | Unreadable, output: _Output) -> Record:
    if isinstance(unit, Unreadable):
        return {**build_unreadable(UNIT, unit.reason, unit.place), "name": Known(name)}
    looked = {trigger: _look(trigger, output) for trigger in unit.triggers}
    triggers = {trigger: seen for trigger, seen in looked.items() if isinstance(seen, _Unit)}
    is_blocked = unit.enabled in {"masked", "masked-runtime", "not-found"}
    at_boot = unit.is_at_boot or (not is_blocked and any(trigger.is_at_boot for trigger in triggers.values()))
    listens = any(seen.active in _ACTIVE for trigger, seen in triggers.items() if trigger.endswith(".socket"))
    return {
        "name": Known(name),
        "installed": Known(unit.is_installed, unit.place),
        "enabled": _read_state(unit.enabled, unit.place),
        "active": _read_now(unit, unit.active),
        "sub": _read_now(unit, unit.sub),
        "at_boot": _read_boot(name, unit, is_at_boot=at_boot),
        "running": _read_now(unit, unit.active in _ACTIVE or listens),
        "triggered_by": Known(unit.triggers, unit.place),
    }


def _read_state(enabled: str, place: str) -> Field:
    return Known(enabled, place) if enabled else Unreadable("systemd gives it no state", place)


def _read_boot(name: str, unit: _Unit, *, is_at_boot: bool) -> Field:
    if unit.enabled == "masked-runtime":
        return Unreadable("masked until the next boot only, which hides whether it then starts", unit.place)
    if not unit.active and not is_at_boot and name.endswith(".target"):
        return Unreadable("only a running systemd knows which targets are reached", unit.place)
    return Known(is_at_boot, unit.place)


def _read_now(unit: _Unit, value: str | bool) -> Field:  # noqa: FBT001 - the value of a field
    return Known(value, unit.place) if unit.active else Unreadable(_NO_SYSTEMD, unit.place)


def _select(units: Sequence[Record], key: str) -> Field:
    """Return the names of the units for which a field is true; what is unreadable of one keeps the list partial."""
    chosen = tuple(str(unit["name"].value) for unit in units if isinstance(unit["name"], Known) and _is_true(unit[key]))
    unknown = next((field for field in (unit[key] for unit in units) if isinstance(field, Unreadable)), None)
    if unknown is None:
        return Known(chosen)
    return Partial(chosen, unknown.reason) if chosen else Unreadable(unknown.reason)


def _is_true(field: Field) -> bool:
    return isinstance(field, Known) and field.value is True


def _select_masked(looked: Mapping[str, _Unit | Unreadable]) -> Field:
    masked = tuple(name for name, unit in looked.items() if isinstance(unit, _Unit) and unit.enabled == "masked")
    unknown = next((unit.reason for unit in looked.values() if isinstance(unit, Unreadable)), "")
    if not unknown:
        return Known(masked)
    return Partial(masked, unknown) if masked else Unreadable(unknown)


KIND = ProbeKind(
    name="service",
    summary="systemd units: installed, started at boot, running, masked",
    parameters={
        "names": ProbeParameter(
            type=ProbeParameterType.TEXTS,
            description="unit names with suffix, such as ssh.service; aliases are followed, templates need an instance",
            pattern=r"(?!.*@\.)[A-Za-z0-9:_.\\@-]+"
            r"\.(?:service|socket|timer|path|target|mount|automount|swap|slice|scope|device)",
        )
    },
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
