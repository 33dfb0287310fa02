"""The kernel: what runs and what is installed, how it was booted, and what protects it.

What protects it are its mitigations, limits on modules, Secure Boot, and AppArmor or SELinux.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cmp_to_key
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    ABSENT,
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
from hardening.model.step import Answer, Privilege, ShellStep, Step
from hardening.probes.kernel_script import SCRIPT
from hardening.probes.kernel_starts import START, build_starts
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import CUT, clean, completed, first_line
from hardening.probes.versions import compare_dpkg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

STEP = ShellStep(name="kernel", script=SCRIPT, privilege=Privilege.ROOT, output_limit=200_000)

FLAW: Mapping[str, FieldSpec] = {
    "name": FieldSpec(FieldType.TEXT, "the kernel's name for the flaw, such as spectre_v2"),
    "state": FieldSpec(FieldType.TEXT, "what the kernel says of it"),
    "vulnerable": FieldSpec(FieldType.BOOLEAN, "whether the kernel calls the machine vulnerable"),
}
MAC: Mapping[str, FieldSpec] = {
    "when": FieldSpec(FieldType.TEXT, "now, or boot"),
    "kind": FieldSpec(FieldType.TEXT, "apparmor, selinux or none"),
    "enforced": FieldSpec(FieldType.BOOLEAN, "whether it refuses what its policy does not allow"),
    "enforcing": FieldSpec(FieldType.INTEGER, "profiles of AppArmor that are enforced; absent for others and at boot"),
    "complaining": FieldSpec(FieldType.INTEGER, "profiles of AppArmor that only log; absent for others and at boot"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "release": FieldSpec(FieldType.TEXT, "release of the running kernel; absent where none runs"),
    "installed": FieldSpec(FieldType.TEXTS, "releases of the installed kernels, the oldest first"),
    "newest": FieldSpec(FieldType.TEXT, "the newest of them; absent where none is installed"),
    "cmdline": FieldSpec(FieldType.TEXTS, "parameters it was started with; of a secret only that it is set"),
    "starts": FieldSpec(FieldType.RECORDS, "how it was started, and how each boot entry starts it", record=START),
    "vulnerabilities": FieldSpec(FieldType.RECORDS, "flaws of the CPU that the kernel knows", record=FLAW),
    "lockdown": FieldSpec(
        FieldType.TEXT, "none, integrity or confidentiality; absent where the kernel has no lockdown"
    ),
    "modules_disabled": FieldSpec(FieldType.BOOLEAN, "whether no more modules can be loaded"),
    "signatures_enforced": FieldSpec(FieldType.BOOLEAN, "whether modules need a valid signature"),
    "uefi": FieldSpec(FieldType.BOOLEAN, "whether the firmware started it as UEFI; absent where no kernel runs"),
    "secure_boot": FieldSpec(FieldType.BOOLEAN, "whether Secure Boot is on; absent without UEFI"),
    "mac": FieldSpec(FieldType.RECORDS, "mandatory access control, now and after the next boot", record=MAC),
}

_CPU = "cpu "
_CPU_FOLDER = "/sys/devices/system/cpu/vulnerabilities"
_LOCKDOWN = re.compile(r"\[([a-z]+)\]")
# docs.kernel.org, admin-guide/hw-vuln: the words that a state begins with.
_VULNERABLE = ("Vulnerable", "KVM: Vulnerable", "Processor vulnerable")
_PROFILE_COUNTS = 3
_PROFILES = "/sys/kernel/security/apparmor/profiles"
_SELINUX_CONFIG = "/etc/selinux/config"


@dataclass(slots=True)
class _Output:
    """What the script said: values by key, in order, and the keys that may not be read."""

    values: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refused: set[str] = field(default_factory=set)
    is_complete: bool = False

    def first(self, key: str) -> str | None:
        """Return the first value of a key."""
        found = self.values.get(key)
        return found[0] if found else None

    def has(self, key: str) -> bool:
        """Say whether a key has a value or may not be read."""
        return key in self.values or key in self.refused

    def read(self, key: str, place: str) -> str | Absent | Unreadable:
        """Return one value, or why there is none."""
        if key in self.refused:
            return Unreadable("may not be read", place)
        value = self.first(key)
        return Absent(place) if value is None else value


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    output = _read_output(clean(answer.text))
    if answer.cut or not output.is_complete:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    return dict.fromkeys(probes, _build_evidence(output))


def _read_output(text: str) -> _Output:
    output = _Output()
    for line in text.split("\n")[:-1]:
        key, equals, value = line.partition("=")
        if line == "=end":
            output.is_complete = True
        elif equals:
            output.values[key].append(value)
        elif line.endswith("!"):
            output.refused.add(line[:-1])
    return output


def _build_evidence(output: _Output) -> Evidence:
    installed = _read_installed(output)
    return {
        "release": _read_text(output, "release", "/proc/sys/kernel/osrelease"),
        "installed": installed,
        "newest": _pick_newest(installed),
        "cmdline": _read_cmdline(output),
        "starts": build_starts(output.values, output.refused, _read_cmdline(output) if output.has("running") else None),
        "vulnerabilities": _read_vulnerabilities(output),
        "lockdown": _read_lockdown(output),
        "modules_disabled": _read_switch(output, "modules_disabled", "/proc/sys/kernel/modules_disabled"),
        "signatures_enforced": _read_switch(output, "sig_enforce", "/sys/module/module/parameters/sig_enforce"),
        **_read_firmware(output),
        "mac": Known((*_judge_mac_now(output), _judge_mac_boot(output))),
    }


def _read_text(output: _Output, key: str, place: str) -> Field:
    value = output.read(key, place)
    return Known(value, place) if isinstance(value, str) else value


def _read_installed(output: _Output) -> Field:
    releases = sorted(
        {value for value in output.values.get("installed", ()) if value and "rescue" not in value},
        key=cmp_to_key(compare_dpkg),
    )
    if "installed" in output.refused:
        return Partial(tuple(releases), "/boot or /lib/modules may not be read")
    return Known(tuple(releases), "/boot, /lib/modules")


def _pick_newest(installed: Field) -> Field:
    match installed:
        case Known(value=tuple(releases), place=place) if releases:
            return Known(str(releases[-1]), place)
        case Known(place=place):
            return Absent(place)
        case _:
            return Unreadable("/boot or /lib/modules may not be read")


def _read_cmdline(output: _Output) -> Field:
    value = output.read("cmdline", "/proc/cmdline")
    return Known(tuple(value.split()), "/proc/cmdline") if isinstance(value, str) else value


def _read_vulnerabilities(output: _Output) -> Field:
    names = sorted(key.removeprefix(_CPU) for key in {*output.values, *output.refused} if key.startswith(_CPU))
    if not names:
        return Absent(_CPU_FOLDER)
    return Known(tuple(_build_flaw(name, output) for name in names), _CPU_FOLDER)


def _build_flaw(name: str, output: _Output) -> Record:
    place = f"{_CPU_FOLDER}/{name}"
    state = output.read(_CPU + name, place)
    if not isinstance(state, str):
        return {"name": Known(name, place), "state": state, "vulnerable": state}
    vulnerable: Field = Known(state.startswith(_VULNERABLE), place)
    if state.startswith("Unknown") or not state:
        vulnerable = Unreadable(f"the kernel cannot tell: {state}", place)
    return {"name": Known(name, place), "state": Known(state, place), "vulnerable": vulnerable}


def _read_lockdown(output: _Output) -> Field:
    place = "/sys/kernel/security/lockdown"
    value = output.read("lockdown", place)
    if not isinstance(value, str):
        return value
    chosen = _LOCKDOWN.search(value)
    return Known(chosen[1], place) if chosen else Unreadable("none of its modes is marked", place)


def _read_switch(output: _Output, key: str, place: str) -> Field:
    value = output.read(key, place)
    if not isinstance(value, str):
        return value
    if value not in {"0", "1", "N", "Y"}:
        return Unreadable("neither on nor off", place)
    return Known(value in {"1", "Y"}, place)


def _read_firmware(output: _Output) -> Record:
    place = "/sys/firmware/efi"
    if not output.has("running"):
        return {"uefi": Absent(place), "secure_boot": Absent(place)}
    if not output.has("uefi"):
        return {"uefi": Known(value=False, place=place), "secure_boot": Absent(place)}
    return {"uefi": Known(value=True, place=place), "secure_boot": _read_secure_boot(output)}


def _read_secure_boot(output: _Output) -> Field:
    """Read the variable of the UEFI specification: four bytes of attributes, then 0 or 1."""
    place = "/sys/firmware/efi/efivars/SecureBoot"
    value = output.read("secure_boot", place)
    if isinstance(value, Absent):
        return Unreadable("efivarfs is not mounted", place)
    if isinstance(value, Unreadable):
        return value
    if value == "none":
        return Known(value=False, place=f"{place}: the firmware has no such variable")
    octets = value.split()
    if octets[4:] not in (["0"], ["1"]):
        return Unreadable("od gave no value of it", place)
    return Known(octets[4] == "1", place)


def _judge_mac_now(output: _Output) -> tuple[Record, ...]:
    if not output.has("running"):
        return ()
    selinux = output.read("selinux", "/sys/fs/selinux/enforce")
    if not isinstance(selinux, Absent):
        enforced = Known(selinux == "1", "/sys/fs/selinux/enforce") if isinstance(selinux, str) else selinux
        return (_build_mac("now", "selinux", enforced),)
    enabled = output.read("apparmor", "/sys/module/apparmor/parameters/enabled")
    if isinstance(enabled, Unreadable):
        return (_build_mac("now", "apparmor", enabled),)
    if enabled != "Y":
        return (_build_mac("now", "none", Known(value=False, place="/sys/kernel/security")),)
    counts = _read_profiles(output)
    if isinstance(counts, Unreadable):
        return (_build_mac("now", "apparmor", counts, counts, counts),)
    enforce, complain, _ = counts
    return (
        _build_mac(
            "now", "apparmor", Known(enforce > 0, _PROFILES), Known(enforce, _PROFILES), Known(complain, _PROFILES)
        ),
    )


def _read_profiles(output: _Output) -> tuple[int, ...] | Unreadable:
    value = output.read("profiles", _PROFILES)
    if isinstance(value, Unreadable):
        return Unreadable("may not be read; it takes root", _PROFILES)
    if isinstance(value, Absent):
        return Unreadable("securityfs is not mounted, or lacks it", _PROFILES)
    counts = value.split()
    if len(counts) != _PROFILE_COUNTS or not all(count.isascii() and count.isdigit() for count in counts):
        return Unreadable("not understood", _PROFILES)
    return tuple(int(count[:9]) for count in counts)


def _judge_mac_boot(output: _Output) -> Record:
    """Say what the files decide; a running kernel that has not got the module will hardly have it next time."""
    if output.has("selinux_config") and not (output.first("apparmor") == "Y" and not output.has("selinux")):
        mode = output.values.get("selinux_mode", [])
        if "selinux_mode" in output.refused:
            return _build_mac("boot", "selinux", Unreadable("may not be read", _SELINUX_CONFIG))
        # libselinux: the last line counts, in any case; without one the kernel stays permissive.
        is_enforcing = bool(mode) and mode[-1].strip().lower().startswith("enforcing")
        return _build_mac("boot", "selinux", Known(is_enforcing and not _is_off(output), _SELINUX_CONFIG))
    if output.has("apparmor_unit") or output.has("apparmor_parser"):
        return _build_mac("boot", "apparmor", _judge_apparmor_boot(output))
    return _build_mac("boot", "none", Known(value=False, place="/etc/apparmor.d, /etc/selinux"))


def _judge_apparmor_boot(output: _Output) -> Field:
    place = "apparmor.service"
    if output.has("running") and output.first("apparmor") != "Y":
        return Known(value=False, place="/sys/module/apparmor/parameters/enabled")
    if not output.has("apparmor_parser") or output.first("apparmor_unit") != "there":
        return Known(value=False, place=place)
    wanted = output.first("apparmor_wanted")
    if wanted is None:
        return Known(value=False, place=place)
    if "apparmor_profile" in output.refused:
        return Unreadable("may not be read", "/etc/apparmor.d")
    return Known(output.has("apparmor_profile"), wanted)


def _is_off(output: _Output) -> bool:
    """Say whether this boot's parameters turn SELinux off or make it permissive; the next boot takes them again."""
    words = (output.first("cmdline") or "").split()
    return "selinux=0" in words or "enforcing=0" in words


def _build_mac(when: str, kind: str, enforced: Field, enforcing: Field = ABSENT, complaining: Field = ABSENT) -> Record:
    return {
        "when": Known(when),
        "kind": Known(kind),
        "enforced": enforced,
        "enforcing": enforcing,
        "complaining": complaining,
    }


KIND = ProbeKind(
    name="kernel",
    summary="the running kernel and the newest installed, and what protects it",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
