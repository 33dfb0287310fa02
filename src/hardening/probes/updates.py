"""Which security updates the target knows of and lacks, how old its lists are, and whether it awaits a restart.

An update is pending where a package is installed in an older version than a security list of its own distribution
offers. Holding or pinning a package does not make it safe. Old lists prove nothing: what they do not know of is open.
"""

from __future__ import annotations

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
    Unreadable,
    build_unreadable,
)
from hardening.model.step import ShellStep, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.shell import CUT, clean, completed, first_line
from hardening.probes.updates_kernel import KernelSeen, build_kernel
from hardening.probes.updates_script import SCRIPT, STEP_NAME
from hardening.probes.versions import compare_dpkg, compare_rpm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Completed

_FIELDS = {
    "pending": FieldSpec(
        FieldType.TEXTS,
        "packages with their installed version and the newer one of a security list; partial when the lists are old",
    ),
    "lists": FieldSpec(FieldType.TEXTS, "the security lists that were compared"),
    "lists_updated": FieldSpec(FieldType.TIME, "when lists were last fetched; absent when there are none"),
    "reboot_required": FieldSpec(FieldType.BOOLEAN, "whether a package has asked for a restart (/run/reboot-required)"),
    "kernel_running": FieldSpec(FieldType.TEXT, "release of the running kernel, as uname -r says it"),
    "kernel_newest": FieldSpec(FieldType.TEXT, "the newest kernel that is installed as a package, with its version"),
    "kernel_current": FieldSpec(
        FieldType.BOOLEAN, "whether the newest installed kernel runs; absent when no kernel is installed as a package"
    ),
}
_DAY = 86400
_MANAGERS: dict[str, Callable[[str, str], int]] = {"apt": compare_dpkg, "dnf": compare_rpm}


@dataclass(slots=True)
class _Output:
    """What the script said, by word; ``reads`` holds the exit status of every program that fed the comparison."""

    manager: str = ""
    status: str = ""
    reads: list[str] = field(default_factory=list)
    rows: dict[str, list[list[str]]] = field(default_factory=dict)

    def of(self, word: str, size: int) -> list[list[str]]:
        """Return the rows of a word that have so many terms after it."""
        return [row for row in self.rows.get(word, []) if len(row) == size]

    def first(self, word: str) -> str:
        """Return the only term of the first row of a word."""
        return next((row[0] for row in self.of(word, 1)), "")


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=STEP_NAME, script=SCRIPT),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP_NAME)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(_FIELDS, answer.reason) for probe in probes}
    output = _read_output(clean(answer.text))
    if answer.cut or not output.status:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return {probe: build_unreadable(_FIELDS, reason) for probe in probes}
    return {probe: _build(probe, output, answer) for probe in probes}


def _read_output(text: str) -> _Output:
    output = _Output()
    for line in text.split("\n")[:-1]:
        if line.startswith("=lists "):
            output.manager = line.removeprefix("=lists ")
        elif line.startswith("=read "):
            output.reads.append(line.removeprefix("=read "))
        elif line.startswith("=end "):
            output.status = line.removeprefix("=end ")
        else:
            word, _, rest = line.partition("\t")
            output.rows.setdefault(word, []).append(rest.split("\t"))
    return output


def _build(probe: Probe, output: _Output, answer: Completed) -> Evidence:
    lists = tuple(dict.fromkeys(row[0] for row in output.of("list", 1)))
    updated = [int(row[0]) for row in output.of("stamp", 2) if row[0].isascii() and row[0].isdigit()]
    trouble = _find_trouble(output, answer)
    is_compared = "compared" in output.rows and all(status == "0" for status in output.reads)
    known_lists: Field = Known(lists)
    if trouble:
        known_lists = Partial(lists, trouble) if lists else Unreadable(trouble)
    return {
        "pending": Unreadable(trouble) if trouble else _build_pending(probe, output, lists, max(updated, default=None)),
        "lists": known_lists,
        "lists_updated": _build_updated(output, trouble, updated),
        "reboot_required": Known(bool(output.rows.get("reboot")), output.first("reboot") or "/run/reboot-required"),
        **build_kernel(
            KernelSeen(
                manager=output.manager,
                packages=tuple(tuple(row) for row in output.rows.get("kernel", [])),
                running=output.first("running"),
                build=output.first("build"),
                trouble="" if "refused" in output.rows and is_compared else trouble,
            )
        ),
    }


def _find_trouble(output: _Output, answer: Completed) -> str:
    if output.manager not in _MANAGERS:
        return "no package database of dpkg or rpm"
    refused = output.first("refused")
    if refused:
        return f"{refused}: may not be read"
    if "compared" not in output.rows or output.status != "0" or any(status != "0" for status in output.reads):
        return first_line(answer.error_text) or "the lists could not be compared"
    return ""


def _build_updated(output: _Output, trouble: str, updated: Sequence[int]) -> Field:
    if updated and output.of("list", 1):
        return Known(max(updated), "newest of the cached lists")
    return Unreadable(trouble) if trouble else Absent("cached lists")


def _build_pending(probe: Probe, output: _Output, lists: Sequence[str], updated: int | None) -> Field:
    if not lists:
        return Unreadable("there is no list of security updates on the target; its package tool has fetched none")
    pending = _find_pending(output)
    place = ", ".join(lists)[:200]
    now = output.first("now")
    days = probe.parameter("max_age")
    if updated is None or not (now.isascii() and now.isdigit()):
        return Partial(pending, "the age of the lists is unknown", place)
    if isinstance(days, int) and int(now[:18]) - updated > days * _DAY:
        age = (int(now[:18]) - updated) // _DAY
        return Partial(pending, f"the lists are {age} days old, so newer updates are unknown", place)
    return Known(pending, place)


def _find_pending(output: _Output) -> tuple[str, ...]:
    """Return the packages that are older than the newest fixed version; of versions side by side the newest counts."""
    compare = _MANAGERS[output.manager]
    have: dict[str, str] = {}
    fixed: dict[str, str] = {}
    for name, arch, installed, offered in output.of("update", 4):
        _keep_newest(have, f"{name}:{arch}", installed, compare)
        _keep_newest(fixed, f"{name}:{arch}", offered, compare)
    for name, arch, version in output.of("have", 3):
        _keep_newest(have, f"{name}:{arch}", version, compare)
    for name, arch, version in output.of("fixed", 3):
        _keep_newest(fixed, f"{name}:{arch}", version, compare)
    return tuple(
        f"{name.partition(':')[0]} {have[name]} < {fixed[name]}"
        for name in sorted(fixed)
        if name in have and compare(have[name], fixed[name]) < 0
    )


def _keep_newest(versions: dict[str, str], key: str, version: str, compare: Callable[[str, str], int]) -> None:
    if key not in versions or compare(versions[key], version) < 0:
        versions[key] = version


KIND = ProbeKind(
    name="updates",
    summary="security updates that the cached package lists know of, their age, and a restart that is awaited",
    parameters={
        "max_age": ProbeParameter(
            type=ProbeParameterType.INTEGER,
            description="days after which lists are too old to say that nothing is pending",
            required=False,
            default=7,
        ),
    },
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
