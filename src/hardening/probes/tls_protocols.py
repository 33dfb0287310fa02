"""Which versions of SSL and TLS Windows speaks (Schannel), as server and client: what is set, or its default.

What a version does by default is from Microsoft's table of protocols in Schannel, for 2025 from the announcement that
later versions have TLS 1.0 and 1.1 off. Programs with TLS of their own are not meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Known, Record, Unreadable, build_unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.registry_script import RegistryAnswer, RegistryName, build_registry_script, number_of
from hardening.probes.windows_answers import build_step, rows
from hardening.probes.windows_defaults import NEWEST, OLDEST, WindowsState
from hardening.probes.windows_state import STATE_NAMES, read_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "tls_protocols"
_KEY = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"
_ENABLED, _NOT_BY_DEFAULT = "Enabled", "DisabledByDefault"
_ROLES = ("Server", "Client")
# From which build to which a version of the protocol is there, and on.
PROTOCOLS_SOURCE = (
    "https://github.com/MicrosoftDocs/win32/blob/32fe34e68ab9477ad3cd065b8b8868d8b9fa2fcc/desktop-src/SecAuthN/"
    "protocols-in-tls-ssl--schannel-ssp-.md"
)
PROTOCOLS_OF_2025_SOURCE = (
    "https://techcommunity.microsoft.com/t5/windows-it-pro-blog/tls-1-0-and-tls-1-1-soon-to-be-disabled-in-windows/"
    "ba-p/3887947"
)
_SERVER_2016, _SERVER_2022, _SERVER_2025 = 14393, 20348, 26100
_ON_BELOW = {"SSL 2.0": 0, "SSL 3.0": _SERVER_2016, "TLS 1.0": _SERVER_2025, "TLS 1.1": _SERVER_2025}
_ON_FROM = {"TLS 1.3": _SERVER_2022}
PROTOCOLS = ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
_THERE = {"SSL 2.0": (0, _SERVER_2016), "TLS 1.3": (_SERVER_2022, NEWEST + 1)}
_STATE = {
    "state": FieldSpec(FieldType.TEXT, "protocol and role in one text, such as TLS 1.0 server"),
    "protocol": FieldSpec(FieldType.TEXT, "SSL 2.0, SSL 3.0, TLS 1.0, TLS 1.1, TLS 1.2 or TLS 1.3"),
    "role": FieldSpec(FieldType.TEXT, "server or client"),
    "supported": FieldSpec(FieldType.BOOLEAN, "whether this version of Windows has the protocol at all"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether it is spoken with a program that asks for it"),
    "by_default": FieldSpec(FieldType.BOOLEAN, "whether it is spoken with a program that leaves it to Windows"),
    "origin": FieldSpec(FieldType.TEXT, "local where the registry decides, else default"),
}
_FIELDS = {"states": FieldSpec(FieldType.RECORDS, "one record for each protocol and role", _STATE)}


def _names() -> frozenset[RegistryName]:
    return frozenset(
        RegistryName(rf"{_KEY}\{protocol}\{role}", name)
        for protocol in PROTOCOLS
        for role in _ROLES
        for name in (_ENABLED, _NOT_BY_DEFAULT)
    )


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (build_step(_STEP, build_registry_script(_names() | STATE_NAMES)),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, found.reason, _KEY))
    answer = RegistryAnswer(found)
    state = read_state(answer)
    records = tuple(_build(protocol, role, answer, state) for protocol in PROTOCOLS for role in _ROLES)
    return {probe: {"states": Known(records, _KEY)} for probe in probes}


def _build(protocol: str, role: str, answer: RegistryAnswer, state: WindowsState) -> Record:
    key = rf"{_KEY}\{protocol}\{role}"
    enabled, hidden = (number_of(answer.find(RegistryName(key, name)), key) for name in (_ENABLED, _NOT_BY_DEFAULT))
    supported, default = find_protocol(protocol, state)
    is_set = any(isinstance(field, Known) for field in (enabled, hidden))
    lost = next((field for field in (enabled, hidden) if isinstance(field, Unreadable)), None)
    return {
        "state": Known(f"{protocol} {role.lower()}", key),
        "protocol": Known(protocol, key),
        "role": Known(role.lower(), key),
        "supported": supported,
        **_effective(supported, default, enabled, hidden),
        "origin": lost or Known("local" if is_set else "default", key),
    }


def _effective(supported: Field, default: Field, enabled: Field, hidden: Field) -> Record:
    for field in (supported, enabled, hidden):
        if isinstance(field, Unreadable):
            return {"enabled": field, "by_default": field}
    if isinstance(supported, Known) and supported.value is False:
        return {"enabled": supported, "by_default": supported}
    spoken = Known(enabled.value != 0, enabled.place) if isinstance(enabled, Known) else default
    if isinstance(hidden, Known) and hidden.value != 0 and isinstance(spoken, Known):
        return {"enabled": spoken, "by_default": Known(value=False, place=hidden.place)}
    return {"enabled": spoken, "by_default": spoken}


def find_protocol(protocol: str, state: WindowsState) -> tuple[Field, Field]:
    """Return whether a version of Windows has a protocol, and whether it is on where nothing is set."""
    place = f"default of build {state.build}"
    if not OLDEST <= state.build <= NEWEST:
        version = f"build {state.build}" if state.build else "this Windows"
        unknown = Unreadable(f"what {version} speaks by default is in no table of ours", place)
        return unknown, unknown
    first, end = _THERE.get(protocol, (0, NEWEST + 1))
    is_on = _ON_FROM.get(protocol, 0) <= state.build < _ON_BELOW.get(protocol, NEWEST + 1)
    return Known(first <= state.build < end, place), Known(is_on, place)


KIND = ProbeKind(
    name="tls_protocols",
    summary="which versions of SSL and TLS Windows speaks, as server and as client",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
