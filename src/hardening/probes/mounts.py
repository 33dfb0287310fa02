"""All mounts, now and set up for the next boot: of what kind, from where, with which options, encrypted or not."""

from __future__ import annotations

import re
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
from hardening.probes.kind import ProbeKind
from hardening.probes.mount_files import build_mount_script, read_mount_files
from hardening.probes.mount_table import Mounted, read_boot_mounts, read_mounts_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

# Every block device with what it is itself and what lies under it; a line each, by the kernel's own names.
_BLOCKS = r"""for f in /sys/class/block/*; do
[ -d "$f" ] || continue
uuid= name= removable= below=
if [ -r "$f/dm/uuid" ]; then
IFS= read -r uuid <"$f/dm/uuid"
IFS= read -r name <"$f/dm/name"
fi
[ ! -r "$f/removable" ] || IFS= read -r removable <"$f/removable"
[ ! -r "$f/../removable" ] || IFS= read -r removable <"$f/../removable"
IFS= read -r number <"$f/dev"
for slave in "$f"/slaves/*; do
[ ! -e "$slave" ] || below="$below ${slave##*/}"
done
printf 'block|%s|%s|%s|%s|%s|%s\n' "${f##*/}" "$number" "${uuid%%-*}" "$name" "$removable" "$below"
done 2>/dev/null
echo '=end of blocks'
"""

STEP = ShellStep(name="mounts", script=f"{build_mount_script()}{_BLOCKS}", output_limit=2_000_000)

MOUNT: Mapping[str, FieldSpec] = {
    "when": FieldSpec(FieldType.TEXT, "now, or boot"),
    "path": FieldSpec(FieldType.TEXT, "the mount point"),
    "source": FieldSpec(FieldType.TEXT, "device or server"),
    "fstype": FieldSpec(FieldType.TEXT, "type of the file system"),
    "options": FieldSpec(FieldType.TEXTS, "mount options"),
    "network": FieldSpec(FieldType.BOOLEAN, "whether the files lie on another machine"),
    "removable": FieldSpec(FieldType.BOOLEAN, "whether the medium can be taken out"),
    "disk": FieldSpec(FieldType.BOOLEAN, "whether the files lie on a disk of this machine"),
    "encrypted": FieldSpec(
        FieldType.BOOLEAN, "whether everything written goes through encryption of the disk; absent where not on a disk"
    ),
}
FIELDS: Mapping[str, FieldSpec] = {
    "mounts": FieldSpec(FieldType.RECORDS, "one record for each mount and each state", record=MOUNT),
}

_NETWORK = re.compile(
    r"nfs4?|cifs|smb3|smbfs|ceph|glusterfs|afs|9p|fuse\.(?:sshfs|glusterfs|ceph|davfs|s3fs|rclone)|davfs"
)
_REMOVABLE_SOURCE = re.compile(r"/dev/(?:cdrom|cdrw|dvd|dvdrw|sr|scd|fd|floppy)[0-9]*")
_REMOVABLE_TYPE = re.compile(r"iso9660|udf")
# The file or memory behind these is no disk of its own.
_NO_DISK = re.compile(r"/dev/(?:loop|ram|zram|nbd)[0-9]+(?:p[0-9]+)?")
_DISKS = ("/dev/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=")
_BLOCK_FIELDS = 7
_DEEPEST = 16
_END = "=end of blocks\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A block device of the running kernel."""

    name: str
    number: str
    is_crypt: bool
    mapped: str
    is_removable: bool
    below: tuple[str, ...]


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    files = read_mount_files(answers, STEP.name)
    if isinstance(files, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, files.reason))
    if not files.rest.endswith(_END):
        return dict.fromkeys(probes, build_unreadable(FIELDS, "the answer is incomplete"))
    blocks = _read_blocks(files.rest)
    boot = read_boot_mounts(files)
    records = tuple(
        _build_record(when, mount, blocks, is_running=files.is_running)
        for when, mounts in (("now", read_mounts_now(files)), ("boot", list(boot.mounts.values())))
        for mount in mounts
    )
    mounts: Field = Partial(records, "; ".join(boot.problems[:3])) if boot.problems else Known(records)
    return {probe: {"mounts": mounts} for probe in probes}


def _read_blocks(text: str) -> dict[str, _Block]:
    blocks = {}
    for line in text.split("\n"):
        parts = line.split("|")
        if len(parts) == _BLOCK_FIELDS and parts[0] == "block":
            blocks[parts[1]] = _Block(
                name=parts[1],
                number=parts[2],
                is_crypt=parts[3] == "CRYPT",
                mapped=parts[4],
                is_removable=parts[5] == "1",
                below=tuple(parts[6].split()),
            )
    return blocks


def _build_record(when: str, mount: Mounted, blocks: Mapping[str, _Block], *, is_running: bool) -> Record:
    place = mount.place
    block = _find_block(mount, blocks)
    is_removable = (
        (block is not None and block.is_removable)
        or _REMOVABLE_SOURCE.fullmatch(mount.source) is not None
        or _REMOVABLE_TYPE.fullmatch(mount.fstype) is not None
    )
    is_disk = _NO_DISK.fullmatch(mount.source) is None and (
        mount.fstype == "zfs" or block is not None or mount.source.startswith(_DISKS)
    )
    record: dict[str, Field] = {
        "when": Known(when),
        "path": Known(mount.path, place),
        "source": Known(mount.source, place),
        "fstype": Known(mount.fstype, place),
        "options": Known(mount.options, place),
        "network": Known(_NETWORK.fullmatch(mount.fstype) is not None, place),
        "removable": Known(is_removable, place),
        "disk": Known(is_disk, place),
    }
    if is_disk and (when == "now" or not is_running):
        record["encrypted"] = _judge_encryption(mount, block, blocks)
    return record


def _find_block(mount: Mounted, blocks: Mapping[str, _Block]) -> _Block | None:
    """Return the device of a mount: by its number, or by its name where the file system made up a number (btrfs)."""
    if mount.device and not mount.device.startswith("0:"):
        by_number = next((block for block in blocks.values() if block.number == mount.device), None)
        if by_number is not None:
            return by_number
    if mount.source.startswith("/dev/mapper/"):
        mapped = mount.source.removeprefix("/dev/mapper/")
        return next((block for block in blocks.values() if block.mapped == mapped), None)
    return blocks.get(mount.source.removeprefix("/dev/")) if mount.source.startswith("/dev/") else None


def _judge_encryption(mount: Mounted, block: _Block | None, blocks: Mapping[str, _Block]) -> Field:
    if mount.fstype == "zfs":
        return Unreadable("ZFS encrypts by dataset, which is not asked", mount.source)
    if block is None:
        return Unreadable("the device is not known to the kernel that we could ask", mount.source)
    return Known(_is_encrypted(block, blocks, 0), f"/sys/class/block/{block.name}")


def _is_encrypted(block: _Block, blocks: Mapping[str, _Block], depth: int) -> bool:
    if block.is_crypt:
        return True
    below = [blocks.get(name) for name in block.below]
    return (
        bool(below)
        and depth < _DEEPEST
        and all(lower is not None and _is_encrypted(lower, blocks, depth + 1) for lower in below)
    )


KIND = ProbeKind(
    name="mounts",
    summary="all mounts, now and set up for the next boot",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
