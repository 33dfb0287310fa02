"""Rules of the Windows firewall that let something in, from the registry: local ones and those of group policy.

A rule is text in the registry, the same in every language; its form is that of [MS-GPFAS] 2.2.2.19. Whether local rules
count is a matter of the profile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import Evidence, FieldSpec, FieldType, Known, Partial, Record, Unreadable
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.windows_answers import ERROR, build_step, rows, select, tidy, troubles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_STEP = "windows_firewall_rules"
_PLACES = {
    "local": r"HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules",
    "policy": r"HKLM:\SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules",
}
_SCRIPT = r"""foreach ($from in 'local', 'policy') {
try {
$item = Get-Item -LiteralPath $places[$from] -ErrorAction Stop
$values = Get-ItemProperty -LiteralPath $places[$from] -ErrorAction Stop
foreach ($name in $item.Property) {
$rule = "$($values.$name)"
if ($rule -like '*|Action=Allow|*' -and $rule -like '*|Active=TRUE|*' -and $rule -like '*|Dir=In|*') {
@{ rule = $name; from = $from; text = $rule }
}
}
@{ read = $from }
} catch { @{ trouble = $from; ERROR } }
}
""".replace("ERROR", ERROR.format("$_"))
_RULES = build_step(
    _STEP,
    "$places = @{\n" + "".join(f"{name} = '{key}'\n" for name, key in _PLACES.items()) + "}\n" + _SCRIPT,
    output_limit=4_000_000,
)
_NOT_FOUND = 13
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "": "any", "256": "any"}
_RULE = {
    "rule": FieldSpec(FieldType.TEXT, "its name in the registry"),
    "source": FieldSpec(FieldType.TEXT, "local or policy"),
    "protocol": FieldSpec(FieldType.TEXT, "tcp, udp, icmp, icmpv6, any, or a number"),
    "ports": FieldSpec(FieldType.TEXTS, "local ports, ranges or names of dynamic ports; empty for all"),
    "remote_addresses": FieldSpec(FieldType.TEXTS, "addresses that may come in; empty for all"),
    "any_remote": FieldSpec(FieldType.BOOLEAN, "whether every address may come in"),
    "profiles": FieldSpec(FieldType.TEXTS, "domain, private, public; empty for all"),
    "program": FieldSpec(FieldType.TEXT, "the program that it is for; empty for all"),
    "service": FieldSpec(FieldType.TEXT, "the service that it is for; empty for all"),
}
_FIELDS = {"rules": FieldSpec(FieldType.RECORDS, "rules in force that let packets in", _RULE)}
_ANYWHERE = frozenset({"0.0.0.0-255.255.255.255", "0.0.0.0/0", "0.0.0.0/0.0.0.0", "::/0", "*"})


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_RULES,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    found = rows(answers, _STEP)
    if isinstance(found, Unreadable):
        return {probe: {"rules": found} for probe in probes}
    missing = {str(row["trouble"]) for row in found if "trouble" in row and row.get("category") == _NOT_FOUND}
    trouble = {name: why for name, why in troubles(found).items() if name not in missing}
    read = {str(row["read"]) for row in select(found, "read")}
    unread = set(_PLACES) - read - missing - set(trouble)
    lost = [f"{name}: {why}" for name, why in trouble.items()]
    lost += [f"{name}: the answer does not speak of it" for name in sorted(unread)]
    records = tuple(
        sorted(
            (
                _build(str(row["rule"]), str(row.get("from", "")), str(row.get("text", "")))
                for row in select(found, "rule")
            ),
            key=lambda record: (str(record["source"]), str(record["rule"])),
        )
    )
    if "local" in missing and not lost:
        lost = ["the firewall keeps no rules where Windows has them"]
    if not lost:
        return {probe: {"rules": Known(records, "FirewallRules")} for probe in probes}
    reason = clean_line("; ".join(lost), 200)
    return {probe: {"rules": Partial(records, reason) if records else Unreadable(reason)} for probe in probes}


def _build(name: str, source: str, text: str) -> Record:
    parts: dict[str, list[str]] = {}
    for part in tidy(text).split("|"):
        key, found, value = part.partition("=")
        if found:
            parts.setdefault(key.upper(), []).append(value)
    place = f"{_PLACES.get(source, source).replace(':', '', 1)}!{name}"
    number = "".join(parts.get("PROTOCOL", [""])[:1])
    ports = [port for key in ("LPORT", "LPORT2_10", "LPORT2_20", "LPORT2_24") for port in parts.get(key, ())]
    remote = [address for key in ("RA4", "RA6", "RA42", "RA62", "RA4_", "RA6_") for address in parts.get(key, ())]
    is_open = not remote or bool(_ANYWHERE & set(remote))
    return {
        "rule": Known(name, place),
        "source": Known(source, place),
        "protocol": Known(_PROTOCOLS.get(number, number), place),
        "ports": Known(tuple(ports), place),
        "remote_addresses": Known(tuple(remote), place),
        "any_remote": Known(is_open, place),
        "profiles": Known(tuple(profile.lower() for profile in parts.get("PROFILE", ())), place),
        "program": Known("".join(parts.get("APP", [""])[:1]), place),
        "service": Known("".join(parts.get("SVC", [""])[:1]), place),
    }


KIND = ProbeKind(
    name="windows_firewall_rules",
    summary="rules of the Windows firewall that let packets in",
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
