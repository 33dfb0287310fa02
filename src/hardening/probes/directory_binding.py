"""Whether a domain controller refuses logins that are not bound to the TLS connection they come over, observed.

One NTLM login of an account that does not exist is tried without a channel binding: where bindings are required, the
server says that this one is wrong (SEC_E_BAD_BINDINGS, 80090346), before it looks at the account.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Known, Unreadable
from hardening.model.step import LdapAnswer, LdapNtlmStep, NotRun
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import describe_result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Step

_PLACE = "NTLM login over TLS with a made-up account"
_STEP = LdapNtlmStep(name="directory_binding")
_INVALID_CREDENTIALS = 49
_DATA = re.compile(r"\bdata ([0-9a-f]{2,8})\b", re.IGNORECASE)
_BAD_BINDINGS = "80090346"
# The account was looked at: there is none, or the answer is wrong.
_LOOKED_AT = frozenset({"525", "52e"})
_FIELDS = {
    "required": FieldSpec(
        FieldType.BOOLEAN, "whether a login that is not bound to its TLS connection is refused before it is looked at"
    )
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    evidence = {"required": _read(answers.get(_STEP.name, NotRun("not asked")))}
    return dict.fromkeys(probes, evidence)


def _read(answer: Answer) -> Field:
    match answer:
        case NotRun(reason):
            return Unreadable(reason, _PLACE)
        case LdapAnswer(result=result, message=message) if result == _INVALID_CREDENTIALS:
            found = _DATA.search(message)
            data = found[1].lower() if found else ""
            if data == _BAD_BINDINGS:
                return Known(value=True, place=_PLACE)
            if data in _LOOKED_AT:
                return Known(value=False, place=_PLACE)
            return Unreadable(describe_result(answer), _PLACE)
        case LdapAnswer():
            return Unreadable(describe_result(answer), _PLACE)
        case _:
            return Unreadable("a shell answered in place of a directory", _PLACE)


KIND = ProbeKind(
    name="directory_binding",
    summary="whether a domain controller refuses logins that are not bound to their TLS connection, observed",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
