"""One folder: whether a file system of its own is mounted there, and the options in force for what lies there.

It is answered by the step of the kind `mounts`, which reads the same files; that step runs once for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, Step
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.mount_files import FSTAB, MountFiles, read_mount_files
from hardening.probes.mount_table import (
    BootMounts,
    Mounted,
    covers,
    find_mount,
    find_visible_mount,
    read_boot_mounts,
    read_mounts_now,
)
from hardening.probes.mounts import STEP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

STATE: Mapping[str, FieldSpec] = {
    "when": FieldSpec(FieldType.TEXT, "now, or boot"),
    "mounted": FieldSpec(FieldType.BOOLEAN, "whether the folder is a mount point of its own"),
    "source": FieldSpec(FieldType.TEXT, "device or server that holds the folder; absent where no file names one"),
    "fstype": FieldSpec(
        FieldType.TEXT, "type of the file system that holds the folder; absent where no file names one"
    ),
    "options": FieldSpec(
        FieldType.TEXTS, "mount options in force for the folder; those of the file system around it if it has no own"
    ),
}
FIELDS: Mapping[str, FieldSpec] = {
    "states": FieldSpec(FieldType.RECORDS, "the folder now and after the next boot", record=STATE),
}
_WAITING = "autofs"


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    files = read_mount_files(answers, STEP.name)
    if isinstance(files, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, files.reason))
    now = read_mounts_now(files)
    boot = read_boot_mounts(files)
    return {probe: {"states": _build_states(probe.text("path"), files, now, boot)} for probe in probes}


def _build_states(path: str, files: MountFiles, now: Sequence[Mounted], boot: BootMounts) -> Field:
    states = [_build_now(path, now)] if files.is_running else []
    return Known((*states, _build_boot(path, boot)))


def _build_now(path: str, mounts: Sequence[Mounted]) -> Record:
    found = find_visible_mount(mounts, path)
    if found is None:
        reason = Unreadable("no file system holds it", "/proc/self/mountinfo")
        return {"when": Known("now"), "mounted": reason, "source": reason, "fstype": reason, "options": reason}
    if found.fstype == _WAITING:
        reason = Unreadable("mounted when it is first used", found.place)
        return {"when": Known("now"), "mounted": reason, "source": reason, "fstype": reason, "options": reason}
    return _build_record("now", path, found)


def _build_boot(path: str, boot: BootMounts) -> Record:
    if boot.problems:
        reason = Unreadable("; ".join(boot.problems[:3]))
        return {"when": Known("boot"), "mounted": reason, "source": reason, "fstype": reason, "options": reason}
    found = find_mount((mount for mount in boot.mounts.values() if mount.is_automatic), path)
    if found is None:
        place = next((by for masked, by in boot.masked.items() if covers(masked, path)), FSTAB.text)
        return {"when": Known("boot"), "mounted": Known(value=False, place=place), "options": Known((), place)}
    return _build_record("boot", path, found)


def _build_record(when: str, path: str, mount: Mounted) -> Record:
    record: dict[str, Field] = {
        "when": Known(when),
        "mounted": Known(mount.path == path, mount.place),
        "options": Known(mount.options, mount.place),
    }
    for name, value in (("source", mount.source), ("fstype", mount.fstype)):
        if value:
            record[name] = Known(value, mount.place)
    return record


KIND = ProbeKind(
    name="mount",
    summary="the file system that holds a folder, and its options, now and after the next boot",
    parameters={
        "path": ProbeParameter(
            type=ProbeParameterType.PATH,
            description="absolute path of the folder",
            pattern=r"/[^\x00\n]*",
        ),
    },
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
