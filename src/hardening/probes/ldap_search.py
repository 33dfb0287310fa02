"""What a search in a directory finds: a record an object, with the attributes that the question names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import LdapScope, LdapStep, Step
from hardening.probes.kind import Channel, ProbeKind, ProbeParameter, ProbeParameterType
from hardening.probes.ldap_answers import found, record_field
from hardening.probes.ldap_attributes import FIELDS, READINGS, field_name
from hardening.probes.ldap_values import read_attribute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry

_FIELDS = {
    "count": FieldSpec(FieldType.INTEGER, "how many objects were found; unreadable where some are missing"),
    "objects": FieldSpec(
        FieldType.RECORDS,
        "the objects, by distinguished name",
        {"dn": FieldSpec(FieldType.TEXT, "distinguished name"), **FIELDS},
    ),
}


def _name(number: int) -> str:
    return f"ldap_search {number}"


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return tuple(_build_step(number, probe) for number, probe in enumerate(sorted(probes), start=1))


def _build_step(number: int, probe: Probe) -> LdapStep:
    return LdapStep(
        name=_name(number),
        base=probe.text("base"),
        scope=LdapScope(probe.text("scope")),
        filter=probe.text("filter"),
        attributes=tuple(sorted(probe.texts("attributes"))),
    )


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    return {probe: _read(probe, _name(number), answers) for number, probe in enumerate(sorted(probes), start=1)}


def _read(probe: Probe, step: str, answers: Mapping[str, Answer]) -> Evidence:
    answer = found(answers, step)
    place = f"{probe.text('base')} {probe.text('filter')}"
    if isinstance(answer, Unreadable):
        return build_unreadable(_FIELDS, answer.reason, place)
    records = tuple(_build_record(probe, entry) for entry in sorted(answer.entries, key=lambda entry: entry.dn))
    count: Field = Unreadable(answer.cut, place) if answer.cut else Known(len(records), place)
    return {"count": count, "objects": record_field(records, answer, place)}


def _build_record(probe: Probe, entry: LdapEntry) -> Record:
    return {
        "dn": Known(entry.dn, entry.dn),
        **{field_name(name): read_attribute(entry, name, READINGS[name]) for name in probe.texts("attributes")},
    }


KIND = ProbeKind(
    name="ldap_search",
    summary="what a search in a directory finds, a record an object",
    parameters={
        "base": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="where to begin: {default_nc}, {config_nc}, {schema_nc} or {root_nc}, with names in front, "
            "or a distinguished name",
            required=False,
            default="{default_nc}",
            pattern=r"([A-Za-z]+=[^{}]+,)?\{(default|config|schema|root)_nc\}|[A-Za-z]+=[^{}]+",
        ),
        "scope": ProbeParameter(
            type=ProbeParameterType.CHOICE,
            description="the base itself, one level below it, or everything below it and itself",
            required=False,
            default=LdapScope.SUBTREE.value,
            choices=tuple(scope.value for scope in LdapScope),
        ),
        "filter": ProbeParameter(
            type=ProbeParameterType.TEXT,
            description="which objects, as in RFC 4515: (objectClass=computer)",
            pattern=r"\(.+\)",
        ),
        "attributes": ProbeParameter(
            type=ProbeParameterType.TEXTS,
            description="attributes to read, as the directory spells them",
            pattern="|".join(READINGS),
        ),
    },
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
