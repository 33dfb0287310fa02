"""How the kernel is started: what it was given now, and what each entry of the boot loader gives it next time.

Entries are the lines of GRUB's menu, or those of the Boot Loader Specification where the menu leaves it to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Field, FieldSpec, FieldType, Known, Partial, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_MENU = "/boot/grub/grub.cfg"

START: Mapping[str, FieldSpec] = {
    "item": FieldSpec(FieldType.TEXT, "now, or the entry of the boot loader"),
    "when": FieldSpec(FieldType.TEXT, "now, or boot"),
    "parameters": FieldSpec(FieldType.TEXTS, "parameters of the kernel; of a secret only that it is set"),
}

STARTS_SCRIPT = r"""for f in /boot/grub/grub.cfg /boot/grub2/grub.cfg; do
if [ -r "$f" ] && [ -f "$f" ]; then
number=0
while read -r word image value || [ "$word" ]; do
number=$((number + 1))
case $word in
linux|linuxefi|linux16)
case $image in *memtest*) continue ;; esac
reduce "$value"
printf 'start=%s:%s %s\n' "$f" "$number" "${words# }"
;;
blscfg) printf 'blscfg=yes\n' ;;
esac
done <"$f"
elif [ -e "$f" ] || { [ -d "${f%/*}" ] && [ ! -x "${f%/*}" ]; }; then printf 'start!\n'
fi
done
[ ! -d /boot/loader/entries ] || [ -r /boot/loader/entries ] || printf 'entry!\n'
for f in /boot/loader/entries/*.conf; do
[ -f "$f" ] || continue
[ -r "$f" ] || { printf 'entry!\n'; continue; }
all=
while read -r word value || [ "$word" ]; do
[ "$word" != options ] || all="$all $value"
done <"$f"
reduce "$all"
printf 'entry=%s %s\n' "$f" "${words# }"
done
for f in /boot/grub2/grubenv /boot/grub/grubenv; do
[ -r "$f" ] && [ -f "$f" ] || continue
while read -r value; do
case $value in kernelopts=*) reduce "${value#kernelopts=}"; printf 'kernelopts=%s\n' "${words# }" ;; esac
done <"$f"
done
[ ! -f /etc/default/grub ] || printf 'grub_default=yes\n'
"""
"""Follows functions of the kernel's script: ``reduce`` leaves the words of a command line in ``words``."""


def build_starts(values: Mapping[str, Sequence[str]], refused: Collection[str], now: Field | None) -> Field:
    """Return what the running kernel was given, if one runs, and what each entry of the boot loader gives.

    A GRUB that is set up and has no menu yet gives nothing.
    """
    starts: list[Record] = []
    if now is not None:
        starts.append({"item": Known("now"), "when": Known("now"), "parameters": now})
    entries = [*values.get("start", ())]
    if not entries or "blscfg" in values:
        entries += values.get("entry", ())
    hidden = {"start", "entry"} & {*refused}
    if not entries and not hidden and "grub_default" in values:
        entries = [_MENU]
    variable = next(iter(values.get("kernelopts", ())), "")
    starts += [_build_start(line, variable) for line in entries]
    if hidden:
        return Partial(tuple(starts), "what the boot loader gives may not be read; it takes root")
    return Known(tuple(starts), "/proc/cmdline, /boot")


def _build_start(line: str, variable: str) -> Record:
    place, _, words = line.partition(" ")
    given = tuple(words.replace("$kernelopts", variable).split())
    return {"item": Known(place, place), "when": Known("boot", place), "parameters": Known(given, place)}
