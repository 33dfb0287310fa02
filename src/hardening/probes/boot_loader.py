"""The boot loader: which one, and whether its menu asks for a password before it lets somebody change anything.

Of the password no part leaves the target, only that there is one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, Privilege, ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.listing import Listing, Seen, Source, build_listing, parse_listing
from hardening.probes.shell import CUT, clean, completed, first_line, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

_STEP = "boot_loader"

FIELDS: Mapping[str, FieldSpec] = {
    "loader": FieldSpec(FieldType.TEXT, "grub or systemd-boot; absent where neither is set up"),
    "files": FieldSpec(FieldType.TEXTS, "its configuration files"),
    "superusers": FieldSpec(FieldType.BOOLEAN, "whether GRUB names who may change entries; absent without GRUB"),
    "password": FieldSpec(FieldType.BOOLEAN, "whether GRUB has a password for somebody; absent without GRUB"),
    "protected": FieldSpec(
        FieldType.BOOLEAN, "whether nobody can change an entry without a password; absent without a boot loader"
    ),
}

# The first folder is where Debian's grub reads, the second that of Fedora and SUSE; on the EFI partition may lie the
# whole configuration or a few lines that lead to one of them.
_MAIN = (Source("/boot/grub/grub.cfg"), Source("/boot/grub2/grub.cfg"))
_EFI = (Source("/boot/efi/EFI/*/grub.cfg", pattern=True), Source("/efi/EFI/*/grub.cfg", pattern=True))
_USER = (
    Source("/boot/grub2/user.cfg"),
    Source("/boot/grub/user.cfg"),
    Source("/boot/efi/EFI/*/user.cfg", pattern=True),
)
_SYSTEMD = (
    Source("/boot/loader/loader.conf"),
    Source("/efi/loader/loader.conf"),
    Source("/boot/efi/loader/loader.conf"),
)
_SOURCES = (*_MAIN, *_EFI, *_USER, *_SYSTEMD)
_SUPERUSERS = r"set superusers=[\"']?[^\"'[:space:]]"
# Up to the scheme or the variable: nothing of the hash, or of a password in plain text.
_HASH = r"password_pbkdf2[[:space:]]+[^[:space:]]+[[:space:]]+(grub\.pbkdf2|\$\{?GRUB2_PASSWORD)"
_PLAIN = r"password[[:space:]]+[^[:space:]]+[[:space:]]"
_VARIABLE = r"GRUB2_PASSWORD=grub\.pbkdf2"
_EDITOR = r"editor[[:space:]]+(no|off|false|0|n|f)[[:space:]]*$"
_PATTERN = rf"^[[:space:]]*({_SUPERUSERS}|{_HASH}|{_PLAIN}|{_VARIABLE}|{_EDITOR})"


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    script = f"""set --
{build_listing(_SOURCES, each='; [ "$seen" != f ] || set -- "$@" "$f"')}if [ $# = 0 ] ||
grep -a -E -o {quote(_PATTERN)} /dev/null "$@" || [ $? = 1 ]; then echo '=end'; fi
"""
    return (ShellStep(name=_STEP, privilege=Privilege.ROOT, script=script),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    listing = parse_listing(answer.text, _SOURCES)
    if answer.cut or not listing.complete or not listing.rest.endswith("=end\n"):
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    return dict.fromkeys(probes, _build_evidence(listing))


def _build_evidence(listing: Listing) -> Evidence:
    names = [name for source in (*_MAIN, *_EFI, *_SYSTEMD) for name in _files(listing, source)]
    refused = _find_refused(listing)
    grub = _files_of_grub(listing)
    if refused and not (grub and not any(refused in name for name in grub)):
        return build_unreadable(FIELDS, f"{refused}: may not be read; it takes root")
    if grub:
        return {"files": Known(tuple(map(clean, names))), **_judge_grub(listing, grub)}
    loaders = [name for source in _SYSTEMD for name in _files(listing, source)]
    if loaders:
        return {
            "loader": Known("systemd-boot", loaders[0]),
            "files": Known(tuple(map(clean, names))),
            "superusers": Absent(loaders[0]),
            "password": Absent(loaders[0]),
            "protected": Known(_has(listing, loaders[:1], r"editor\s"), loaders[0]),
        }
    place = "/boot"
    return {
        "files": Known((), place),
        **dict.fromkeys(("loader", "superusers", "password", "protected"), Absent(place)),
    }


def _find_refused(listing: Listing) -> str:
    for source in _SOURCES:
        if folders := listing.refused.get(source):
            return clean(folders[0])
        for entry in listing.entries.get(source, ()):
            if entry.seen not in {Seen.FILE, Seen.DANGLING}:
                return clean(entry.name)
    return ""


def _files(listing: Listing, source: Source) -> list[str]:
    return [entry.name for entry in listing.entries.get(source, ()) if entry.seen is Seen.FILE]


def _files_of_grub(listing: Listing) -> list[str]:
    main = [name for source in _MAIN for name in _files(listing, source)]
    return main or [name for source in _EFI for name in _files(listing, source)]


def _judge_grub(listing: Listing, grub: Sequence[str]) -> dict[str, Field]:
    place = clean(grub[0])
    users = [name for source in _USER for name in _files(listing, source)]
    by_variable = _has(listing, grub, r"password_pbkdf2\s.*GRUB2_PASSWORD") and _has(listing, users, "GRUB2_PASSWORD=")
    written = _has(listing, grub, r"password_pbkdf2\s.*grub\.pbkdf2") or _has(listing, grub, r"password\s")
    # Where Fedora's lines are all there is, they name a superuser only if there is a password.
    only_variable = _has(listing, grub, r"password_pbkdf2\s.*GRUB2_PASSWORD") and not written
    superusers = _has(listing, grub, "set superusers=") and (by_variable or not only_variable)
    password = by_variable or written
    return {
        "loader": Known("grub", place),
        "superusers": Known(superusers, place),
        "password": Known(password, place),
        "protected": Known(superusers and password, place),
    }


def _has(listing: Listing, names: Sequence[str], pattern: str) -> bool:
    lines = (line.partition(":") for line in listing.rest.split("\n"))
    return any(name in names and re.match(rf"\s*{pattern}", found) is not None for name, _, found in lines)


KIND = ProbeKind(
    name="boot_loader",
    summary="the boot loader, and whether its menu asks for a password",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
