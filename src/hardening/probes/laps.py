"""Whether LAPS manages the password of a local administrator here, the new one or the old, by its policy.

Of Windows LAPS the first of its places that has any setting counts as a whole: CSP, group policy, local. Whether the
directory has a password of this computer is a question to the directory (`ad_laps`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.registry_script import RegistryAnswer, RegistryName, build_registry_script, number_of
from hardening.probes.windows_answers import build_step, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "laps"
_PLACES = {
    "csp": r"HKLM\SOFTWARE\Microsoft\Policies\LAPS",
    "policy": r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\LAPS",
    "local": r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\LAPS\Config",
}
_LEGACY = r"HKLM\SOFTWARE\Policies\Microsoft Services\AdmPwd"
_NEW = {
    "backup": "BackupDirectory",
    "age_days": "PasswordAgeDays",
    "length": "PasswordLength",
    "complexity": "PasswordComplexity",
    "encrypted": "ADPasswordEncryptionEnabled",
    "post_actions": "PostAuthenticationActions",
}
_OLD = {"backup": "AdmPwdEnabled", "age_days": "PasswordAgeDays", "length": "PasswordLength"}
_OLD |= {"complexity": "PasswordComplexity"}
_FIELDS = {
    "product": FieldSpec(FieldType.TEXT, "windows, legacy or none: which LAPS has a policy that turns it on"),
    "origin": FieldSpec(FieldType.TEXT, "csp, policy, local or legacy: where that stands; absent without one"),
    "backup": FieldSpec(FieldType.INTEGER, "where passwords go: 0 nowhere, 1 Microsoft Entra ID (or old LAPS), 2 AD"),
    "age_days": FieldSpec(FieldType.INTEGER, "days until a password is changed; absent where the default of 30 holds"),
    "length": FieldSpec(FieldType.INTEGER, "characters of a password; absent where the default of 14 holds"),
    "complexity": FieldSpec(FieldType.INTEGER, "kinds of characters, up to 4; absent where the default of 4 holds"),
    "encrypted": FieldSpec(FieldType.INTEGER, "0 or 1: encrypted in AD; absent where the default of 1 holds"),
    "post_actions": FieldSpec(FieldType.INTEGER, "what is done after use; absent where the default of 3 holds"),
}


def _names() -> frozenset[RegistryName]:
    new = {RegistryName(key, name) for key in _PLACES.values() for name in _NEW.values()}
    return frozenset(new | {RegistryName(_LEGACY, name) for name in _OLD.values()})


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (build_step(_STEP, build_registry_script(_names())),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason))
    return dict.fromkeys(probes, _build(RegistryAnswer(found)))


def _build(answer: RegistryAnswer) -> Evidence:
    for origin, key in _PLACES.items():
        values = _read(answer, key, _NEW)
        lost = next((field for field in values.values() if isinstance(field, Unreadable)), None)
        if lost is not None:
            return build_unreadable(_FIELDS, lost.reason, lost.place)
        if any(isinstance(field, Known) for field in values.values()):
            backup = values["backup"]
            is_on = isinstance(backup, Known) and backup.value in {1, 2}
            product = Known("windows" if is_on else "none", key)
            return {**values, "product": product, "origin": Known(origin, key)}
    values = _read(answer, _LEGACY, _OLD)
    backup = values["backup"]
    if isinstance(backup, Unreadable):
        return build_unreadable(_FIELDS, backup.reason, backup.place)
    is_on = isinstance(backup, Known) and backup.value == 1
    rest: Evidence = {name: values.get(name, Absent(_LEGACY)) for name in _NEW}
    origin_field: Field = Known("legacy", _LEGACY) if isinstance(backup, Known) else Absent(_LEGACY)
    return {**rest, "product": Known("legacy" if is_on else "none", _LEGACY), "origin": origin_field}


def _read(answer: RegistryAnswer, key: str, names: Mapping[str, str]) -> dict[str, Field]:
    return {
        field: number_of(answer.find(RegistryName(key, name)), RegistryName(key, name).place)
        for field, name in names.items()
    }


KIND = ProbeKind(
    name="laps",
    summary="whether LAPS manages the password of a local administrator of this computer",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
