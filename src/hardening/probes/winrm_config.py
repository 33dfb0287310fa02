"""The configuration of WinRM as it holds, group policy included: the service, its listeners and the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Record, Unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import ERROR, Row, build_step, guard, quote_list, rows, select, tidy, troubles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "winrm_config"
_ITEMS = {
    "service_basic": (r"Service\Auth\Basic", "whether the service accepts Basic"),
    "service_unencrypted": (r"Service\AllowUnencrypted", "whether the service speaks without encryption"),
    "service_credssp": (r"Service\Auth\CredSSP", "whether the service accepts CredSSP"),
    "client_basic": (r"Client\Auth\Basic", "whether the client uses Basic"),
    "client_digest": (r"Client\Auth\Digest", "whether the client uses Digest"),
    "client_unencrypted": (r"Client\AllowUnencrypted", "whether the client speaks without encryption"),
}
_TEXTS = {
    "channel_binding": (r"Service\Auth\CbtHardeningLevel", "None, Relaxed or Strict: whether log-on is bound to TLS"),
    "ipv4_filter": (r"Service\IPv4Filter", "addresses on which the service listens; * for all"),
    "ipv6_filter": (r"Service\IPv6Filter", "the same for IPv6"),
    "trusted_hosts": (r"Client\TrustedHosts", "hosts that the client trusts without knowing them"),
}
_SCRIPT = r"""foreach ($item in $items) {
try {
$known = Get-Item -LiteralPath "WSMan:\localhost\$item" -ErrorAction Stop
@{ item = $item; value = "$($known.Value)"; source = "$($known.SourceOfValue)" }
} catch {
@{ trouble = $item; ERROR }
}
}
""".replace("ERROR", ERROR.format("$_"))
_LISTENERS = r"""foreach ($listener in @(Get-ChildItem -LiteralPath 'WSMan:\localhost\Listener' -ErrorAction Stop)) {
$row = @{ listener = $listener.Name }
Get-ChildItem -LiteralPath "WSMan:\localhost\Listener\$($listener.Name)" -ErrorAction Stop | ForEach-Object {
if ($_.Name -in 'Address', 'Transport', 'Port', 'Enabled', 'CertificateThumbprint') { $row[$_.Name] = "$($_.Value)" }
}
$row
}
@{ told = 'listeners' }"""
_PATHS = [path for path, _ in (*_ITEMS.values(), *_TEXTS.values())]
_ANSWER = build_step(_STEP, f"$items = {quote_list(_PATHS)}\n{_SCRIPT}{guard('listeners', _LISTENERS)}")
_LISTENER = {
    "listener": FieldSpec(FieldType.TEXT, "transport, address and port in one text, such as HTTP * 5985"),
    "transport": FieldSpec(FieldType.TEXT, "HTTP or HTTPS"),
    "address": FieldSpec(FieldType.TEXT, "address that it listens on; * for those of the filters"),
    "port": FieldSpec(FieldType.INTEGER, "its port"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether it listens"),
}
_FIELDS = {
    **{name: FieldSpec(FieldType.BOOLEAN, meaning) for name, (_, meaning) in _ITEMS.items()},
    **{name: FieldSpec(FieldType.TEXT, meaning) for name, (_, meaning) in _TEXTS.items()},
    "listeners": FieldSpec(FieldType.RECORDS, "listeners of the service", _LISTENER),
}
_BOOLEANS = {"true": True, "false": False}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_ANSWER,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, dict.fromkeys(_FIELDS, found))
    return dict.fromkeys(probes, _build(found))


def _build(found: Sequence[Row]) -> Evidence:
    items = {str(row["item"]): row for row in select(found, "item")}
    trouble = troubles(found)
    evidence: dict[str, Field] = {}
    for name, (path, _) in {**_ITEMS, **_TEXTS}.items():
        place = rf"WSMan:\localhost\{path}"
        row = items.get(path)
        if row is None:
            evidence[name] = Unreadable(trouble.get(path, "the answer does not speak of it"), place)
            continue
        value = tidy(str(row.get("value", "")))
        evidence[name] = _switch(value, place) if name in _ITEMS else Known(value, place)
    listeners = tuple(map(_build_listener, select(found, "listener")))
    lost = trouble.get("listeners", "") or ("" if select(found, "told") else "the answer does not speak of listeners")
    evidence["listeners"] = Unreadable(lost) if lost else Known(listeners, r"WSMan:\localhost\Listener")
    return evidence


def _switch(value: str, place: str) -> Field:
    if value.lower() in _BOOLEANS:
        return Known(_BOOLEANS[value.lower()], place)
    return Unreadable(f"neither true nor false: {value[:40]}", place)


def _build_listener(row: Row) -> Record:
    place = rf"WSMan:\localhost\Listener\{row['listener']}"
    transport, address, port = (tidy(str(row.get(name, ""))) for name in ("Transport", "Address", "Port"))
    is_number = port.isascii() and port.isdigit()
    return {
        "listener": Known(f"{transport} {address} {port}", place),
        "transport": Known(transport.upper(), place) if transport else Absent(place),
        "address": Known(address, place) if address else Absent(place),
        "port": Known(int(port), place) if is_number else Unreadable("no number of a port", place),
        "enabled": _switch(str(row.get("Enabled", "")), place),
    }


KIND = ProbeKind(
    name="winrm_config",
    summary="how WinRM is configured, by group policy or locally",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
