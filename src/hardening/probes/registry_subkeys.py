"""One value in every key below a key of the registry, such as a setting of each network interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.powershell import quote_text
from hardening.probes.registry_script import (
    NAME_PATTERN,
    PATH_PATTERN,
    WITHHELD,
    RegistryData,
    full_key,
    number_of,
    read_data,
    text_of,
)
from hardening.probes.windows_answers import ERROR, Row, build_step, quote_list, rows, select, troubles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "registry_subkeys"
_SCRIPT = r"""foreach ($key in ($asked.Keys | Sort-Object)) {
try {
foreach ($child in @(Get-ChildItem -LiteralPath "Registry::$key" -ErrorAction Stop)) {
$item = Get-ItemProperty -LiteralPath $child.PSPath -ErrorAction Stop
foreach ($name in $asked[$key]) {
$value = $null
if ($null -ne $item) { $value = $item.$name }
$type = 'text'
if ($null -eq $value) { $type = $null } elseif ($value -is [int]) { $type = 'dword' } elseif ($value -is [string[]]) { $type = 'texts' }
if ($name -match 'WITHHELD' -and $type -in 'text', 'texts') { $type = 'text'; $value = 'set' }
if ($type -eq 'text') { $value = "$value" }
@{ key = $key; child = $child.PSChildName; name = $name; type = $type; data = $value }
}
}
@{ read = $key }
} catch { @{ trouble = $key; ERROR } }
}
""".replace("ERROR", ERROR.format("$_")).replace("WITHHELD", WITHHELD)  # noqa: E501 - lines of PowerShell are not broken
_NOT_FOUND = 13
_KEY = {
    "key": FieldSpec(FieldType.TEXT, "the name of the key"),
    "number": FieldSpec(FieldType.INTEGER, "the value as a whole number; absent where the key does not have it"),
    "text": FieldSpec(FieldType.TEXT, "the value as text; absent where the key does not have it"),
}
_FIELDS = {"keys": FieldSpec(FieldType.RECORDS, "keys by name; absent where the key above them is not there", _KEY)}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    names: dict[str, set[str]] = {}
    for probe in probes:
        names.setdefault(full_key(probe.text("path")), set()).add(probe.text("name"))
    lines = "\n".join(f"{quote_text(key)} = {quote_list(sorted(names[key]))}" for key in sorted(names))
    return (build_step(_STEP, f"$asked = @{{\n{lines}\n}}\n{_SCRIPT}", output_limit=2_000_000),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return {probe: build_unreadable(_FIELDS, found.reason, probe.text("path")) for probe in probes}
    return {probe: {"keys": _build(probe.text("path"), probe.text("name"), found)} for probe in probes}


def _build(path: str, name: str, found: Sequence[Row]) -> Field:
    key = full_key(path)
    if any(row.get("trouble") == key and row.get("category") == _NOT_FOUND for row in found):
        return Absent(path)
    if reason := troubles(found).get(key, ""):
        return Unreadable(reason, path)
    if not any(row["read"] == key for row in select(found, "read")):
        return Unreadable("the answer does not speak of this key", path)
    asked = [row for row in select(found, "child") if row.get("key") == key and row.get("name") == name]
    return Known(tuple(_build_record(row, path) for row in sorted(asked, key=lambda row: str(row["child"]))), path)


def _build_record(row: Row, path: str) -> Record:
    place = rf"{path}\{row['child']}!{row['name']}"
    data: RegistryData | Absent | Unreadable = Absent(place) if row.get("type") is None else read_data(row, place)
    return {"key": Known(str(row["child"]), place), "number": number_of(data, place), "text": text_of(data, place)}


KIND = ProbeKind(
    name="registry_subkeys",
    summary="one value in every key below a key of the registry",
    parameters={
        "path": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description=r"the key above, such as HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\Interfaces",
            pattern=PATH_PATTERN,
        ),
        "name": ProbeParameter(
            type=ProbeParameterType.TEXT, description="the name of the value in each key", pattern=NAME_PATTERN
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
