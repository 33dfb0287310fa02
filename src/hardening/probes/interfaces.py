"""Network interfaces: up, promiscuous, wireless, and whether IPv6 is in use. Builtins only, no program starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    FieldSpec,
    FieldType,
    Known,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

_STEP = "interfaces"

INTERFACE: Mapping[str, FieldSpec] = {
    "name": FieldSpec(FieldType.TEXT, "the name"),
    "up": FieldSpec(FieldType.BOOLEAN, "whether it is switched on"),
    "loopback": FieldSpec(FieldType.BOOLEAN, "whether it leads back to this host only"),
    "promiscuous": FieldSpec(FieldType.BOOLEAN, "whether it takes packets for everybody, for whatever reason"),
    "bridged": FieldSpec(FieldType.BOOLEAN, "whether it is part of a bridge or a bond, which switch that on"),
    "wireless": FieldSpec(FieldType.BOOLEAN, "whether it is wireless"),
    "ipv6": FieldSpec(FieldType.TEXTS, "its IPv6 addresses, as 32 hexadecimal digits"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "interfaces": FieldSpec(FieldType.RECORDS, "one record for each interface", record=INTERFACE),
    "ipv6": FieldSpec(FieldType.BOOLEAN, "whether any interface but loopback has an IPv6 address"),
}

_SCRIPT = r"""
if [ ! -d "/proc/sys/kernel$hardening_at_rest" ]; then printf '=none\n=end\n'; exit 0; fi
if [ ! -d /sys/class/net ]; then printf '=hidden\n=end\n'; exit 0; fi
for f in /sys/class/net/*; do
  flags=
  [ ! -r "$f/flags" ] || read -r flags <"$f/flags" || :
  [ "$flags" ] || continue
  wireless=no bridged=no
  if [ -d "$f/wireless" ] || [ -d "$f/phy80211" ]; then wireless=yes; fi
  if [ -d "$f/brport" ] || [ -d "$f/master" ]; then bridged=yes; fi
  printf '=interface %s %s %s %s\n' "$flags" "$wireless" "$bridged" "${f##*/}"
done
[ ! -r /proc/net/if_inet6 ] || while read -r address index length scope flags name; do
  printf '=ipv6 %s %s\n' "$address" "$name"
done </proc/net/if_inet6
printf '=end\n'
""".lstrip("\n")

_INTERFACE = re.compile(r"=interface 0x([0-9a-f]{1,8}) (yes|no) (yes|no) (\S+)")
_ADDRESS = re.compile(r"=ipv6 ([0-9a-f]{32}) (\S+)")
_UP, _LOOPBACK, _PROMISCUOUS = 0x1, 0x8, 0x100


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, script=_SCRIPT),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    lines = clean(answer.text).split("\n")
    if answer.cut or "=end" not in lines:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    if "=none" in lines or "=hidden" in lines:
        reason = "no running system" if "=none" in lines else "/sys/class/net is not there"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    addresses: dict[str, list[str]] = {}
    for match in filter(None, map(_ADDRESS.fullmatch, lines)):
        addresses.setdefault(match[2], []).append(match[1])
    found = [match for match in map(_INTERFACE.fullmatch, lines) if match]
    records = tuple(_build(match, addresses.get(match[4], [])) for match in found)
    outside = {match[4] for match in found if not int(match[1], 16) & _LOOPBACK}
    evidence: Evidence = {
        "interfaces": Known(records, "/sys/class/net"),
        "ipv6": Known(bool(outside & set(addresses)), "/proc/net/if_inet6"),
    }
    return dict.fromkeys(probes, evidence)


def _build(match: re.Match[str], addresses: Sequence[str]) -> Record:
    flags = int(match[1], 16)
    return {
        "name": Known(match[4]),
        "up": Known(bool(flags & _UP)),
        "loopback": Known(bool(flags & _LOOPBACK)),
        "promiscuous": Known(bool(flags & _PROMISCUOUS)),
        "bridged": Known(match[3] == "yes"),
        "wireless": Known(match[2] == "yes"),
        "ipv6": Known(tuple(addresses)),
    }


KIND = ProbeKind(
    name="interfaces",
    summary="network interfaces: up, promiscuous, wireless, and whether IPv6 is in use",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
