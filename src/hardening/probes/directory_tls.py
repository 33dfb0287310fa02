"""Which versions of TLS a directory agrees on, observed by one handshake for each that offers it alone."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Known, Partial, Unreadable
from hardening.model.step import LdapAnswer, LdapTlsStep, NotRun, TlsVersion
from hardening.probes.kind import Channel, ProbeKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_PLACE = "TLS handshakes"
_STEPS = {version: LdapTlsStep(name=f"directory_tls {version}", version=version) for version in TlsVersion}
_FIELDS = {
    "versions": FieldSpec(
        FieldType.TEXTS,
        "versions that the server agrees on, such as TLSv1.2; partial where the scanner's machine cannot offer one",
    )
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return tuple(_STEPS.values()) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    agreed: list[str] = []
    untried: dict[str, list[str]] = defaultdict(list)
    for version, step in _STEPS.items():
        match answers.get(step.name, NotRun("not asked")):
            case LdapAnswer(result=0):
                agreed.append(version.value)
            case LdapAnswer():
                pass
            case NotRun(reason):
                untried[reason].append(version.value)
            case _:
                untried["a shell answered in place of a directory"].append(version.value)
    reasons = [f"{', '.join(versions)} could not be tried: {reason}" for reason, versions in untried.items()]
    evidence = {"versions": _build(tuple(agreed), "; ".join(reasons))}
    return dict.fromkeys(probes, evidence)


def _build(agreed: tuple[str, ...], untried: str) -> Field:
    if not agreed:
        return Unreadable(untried or "the server agreed on no version, though it did for the session", _PLACE)
    return Partial(agreed, untried, _PLACE) if untried else Known(agreed, _PLACE)


KIND = ProbeKind(
    name="directory_tls",
    summary="which versions of TLS a directory agrees on, observed",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
