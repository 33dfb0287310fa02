"""One rule of Microsoft Defender that reduces the attack surface, by its GUID."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent, Evidence, FieldSpec, FieldType, Known, Unreadable, build_unreadable
from hardening.probes.defender_answers import DEFENDER, PREFERENCE_PLACE, read_defender
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.windows_answers import Row, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_ACTIONS = {0: "off", 1: "block", 2: "audit", 5: "off", 6: "warn"}
_FIELDS = {
    "state": FieldSpec(
        FieldType.TEXT, "off, audit, warn or block; off where it is not set; absent where Defender is not installed"
    ),
    "exclusions": FieldSpec(FieldType.TEXTS, "files and folders that no such rule is about"),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (DEFENDER,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = read_defender(answers)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.reason))
    if answer.installed is False:
        return {probe: dict.fromkeys(_FIELDS, Absent("Defender is not installed")) for probe in probes}
    if isinstance(answer.preference, Unreadable):
        return dict.fromkeys(probes, build_unreadable(_FIELDS, answer.preference.reason, PREFERENCE_PLACE))
    row = answer.preference
    actions = _read_actions(row)
    return {probe: _build(probe.text("rule").lower(), actions, row) for probe in probes}


def _read_actions(row: Row) -> Mapping[str, object] | Unreadable:
    rules, actions = row.get("rules"), row.get("actions")
    rules = [rules] if isinstance(rules, str) else rules
    actions = [actions] if isinstance(actions, int) else actions
    if not isinstance(rules, list) or not isinstance(actions, list) or len(rules) != len(actions):
        return Unreadable("Defender does not tell an action for each rule", PREFERENCE_PLACE)
    return {str(rule).strip("{}").lower(): action for rule, action in zip(rules, actions, strict=True)}


def _build(rule: str, actions: Mapping[str, object] | Unreadable, row: Row) -> Evidence:
    place = f"{PREFERENCE_PLACE} {rule}"
    exclusions = texts(row, "rule_exclusions", PREFERENCE_PLACE)
    if isinstance(actions, Unreadable):
        return {"state": actions, "exclusions": exclusions}
    action = actions.get(rule, 0)
    if not isinstance(action, int) or action not in _ACTIONS:
        return {"state": Unreadable(f"no action: {clean_line(str(action), 40)}", place), "exclusions": exclusions}
    return {"state": Known(_ACTIONS[action], place), "exclusions": exclusions}


KIND = ProbeKind(
    name="asr_rule",
    summary="whether a rule of Microsoft Defender that reduces the attack surface blocks",
    parameters={
        "rule": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="its GUID, such as 9e6c4e1f-7d60-472f-ba1a-a39ef669e4b2 for theft of credentials from LSASS",
            pattern=r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
        ),
    },
    fields=_FIELDS,
    channel=Channel.POWERSHELL,
    steps=_steps,
    parse=_parse,
)
