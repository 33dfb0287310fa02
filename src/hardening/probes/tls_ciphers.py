"""Cipher suites that Windows offers (Schannel): the list of group policy or the local one, and ciphers turned off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.registry_script import (
    RegistryAnswer,
    RegistryData,
    RegistryName,
    build_registry_script,
    number_of,
)
from hardening.probes.windows_answers import build_step, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "tls_ciphers"
_POLICY = RegistryName(r"HKLM\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002", "Functions")
_LOCAL = RegistryName(
    r"HKLM\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002", "Functions"
)
_CIPHERS = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Ciphers"
# What turns a cipher off, and how suites name it.
_SWITCHES = {
    "RC4 128/128": "_RC4_128_",
    "Triple DES 168": "_3DES_",
    "DES 56/56": "_DES_",
    "NULL": "_NULL_",
}
_WEAK = re.compile(r"_RC4_|_3DES_|_DES_|_NULL_|_EXPORT|_RC2_|_MD5$|_anon_", re.IGNORECASE)
_FIELDS = {
    "suites": FieldSpec(FieldType.TEXTS, "cipher suites in their order"),
    "weak": FieldSpec(
        FieldType.TEXTS, "those with RC4, DES, 3DES, RC2, NULL, export, MD5 or anonymous keys that are not turned off"
    ),
    "origin": FieldSpec(FieldType.TEXT, "policy or local: whose list it is"),
    "turned_off": FieldSpec(FieldType.TEXTS, "ciphers that SCHANNEL\\Ciphers turns off"),
}


def _names() -> frozenset[RegistryName]:
    return frozenset({_POLICY, _LOCAL, *(RegistryName(rf"{_CIPHERS}\{cipher}", "Enabled") for cipher in _SWITCHES)})


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (build_step(_STEP, build_registry_script(_names())),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason, _LOCAL.place))
    return dict.fromkeys(probes, _build(RegistryAnswer(found)))


def _build(answer: RegistryAnswer) -> Evidence:
    switches = {
        cipher: number_of(answer.find(RegistryName(rf"{_CIPHERS}\{cipher}", "Enabled")), _CIPHERS)
        for cipher in _SWITCHES
    }
    lost = next((field for field in switches.values() if isinstance(field, Unreadable)), None)
    off = tuple(cipher for cipher, field in switches.items() if isinstance(field, Known) and field.value == 0)
    turned_off: Field = lost or Known(off, _CIPHERS)
    name, suites, reason = _read_suites(answer)
    if reason:
        return {**build_unreadable(_FIELDS, reason, name.place), "turned_off": turned_off}
    silent = [_SWITCHES[cipher] for cipher in off]
    weak = tuple(suite for suite in suites if _WEAK.search(suite) and not any(part in suite for part in silent))
    return {
        "suites": Known(suites, name.place),
        "weak": lost if lost and weak else Known(weak, name.place),
        "origin": Known("policy" if name is _POLICY else "local", name.place),
        "turned_off": turned_off,
    }


def _read_suites(answer: RegistryAnswer) -> tuple[RegistryName, tuple[str, ...], str]:
    """Return where the list stands, the list, and why there is none."""
    for name in (_POLICY, _LOCAL):
        found = answer.find(name)
        if isinstance(found, Unreadable):
            return name, (), found.reason
        if isinstance(found, RegistryData) and isinstance(found.data, str | tuple):
            parts = found.data.split(",") if isinstance(found.data, str) else found.data
            suites = tuple(suite.strip() for suite in parts if suite.strip())
            if suites:
                return name, suites, ""
    return _LOCAL, (), "Windows keeps no list of cipher suites where it has one"


KIND = ProbeKind(
    name="tls_ciphers",
    summary="cipher suites that Windows offers for TLS",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
