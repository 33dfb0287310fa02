"""What a directory says of itself to the account, and what it lets nobody in particular do.

The root DSE is read when the session opens. Beside it, one search is sent over a connection as nobody, and one simple
bind over plain LDAP with a made-up account: a server that demands signing or encryption refuses that before it looks at
the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.directory import ROOT_DSE
from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Unreadable
from hardening.model.step import LdapAnswer, LdapBindStep, LdapIdentity, LdapScope, LdapStep, Step
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import describe_result, found
from hardening.probes.ldap_values import text_of
from hardening.probes.root_dse import parse_root_dse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapEntry

_MOST_ENTRIES = 50
_ATTRIBUTES = ("cn", "description", "mail", "memberOf", "objectClass", "sAMAccountName", "uid", "userPassword")
_AS_NOBODY = LdapStep(
    name="directory_server as nobody",
    base="{default_nc}",
    scope=LdapScope.SUBTREE,
    filter="(objectClass=*)",
    attributes=_ATTRIBUTES,
    identity=LdapIdentity.ANONYMOUS,
    page_size=_MOST_ENTRIES,
    entry_limit=_MOST_ENTRIES,
)
_PLAIN_BIND = LdapBindStep(name="directory_server plain bind")

# Results of a simple bind with a made-up account; 81 is ours: nothing listens for plain LDAP.
_REFUSED_UNSEEN = frozenset({7, 8, 13, 48, 53, 81})
_LOOKED_AT = frozenset({32, 34, 49})

# Results by which a directory says that nobody may look, though somebody could.
_NOT_FOR_NOBODY = frozenset({1, 8, 13, 32, 48, 50, 53})

_PLACE = "root DSE"
_LISTS = {
    "naming_contexts": ("namingContexts", "the parts that the server holds"),
    "sasl_mechanisms": ("supportedSASLMechanisms", "ways of login that the server offers beside a simple one"),
    "controls": ("supportedControl", "numbers of the controls that it knows"),
    "capabilities": ("supportedCapabilities", "numbers of what Active Directory can do"),
    "ldap_versions": ("supportedLDAPVersion", "versions of the protocol that it speaks"),
}
_FIELDS = {
    "kind": FieldSpec(FieldType.TEXT, "active-directory, openldap or other"),
    "vendor": FieldSpec(FieldType.TEXT, "what the server says of its maker"),
    "host": FieldSpec(FieldType.TEXT, "its host name"),
    "domain": FieldSpec(FieldType.TEXT, "distinguished name of its first part"),
    "forest_level": FieldSpec(FieldType.INTEGER, "functional level of the forest; 7 is Windows Server 2016"),
    "domain_level": FieldSpec(FieldType.INTEGER, "functional level of the domain"),
    "server_level": FieldSpec(FieldType.INTEGER, "functional level that the server could have"),
    **{name: FieldSpec(FieldType.TEXTS, meaning) for name, (_, meaning) in _LISTS.items()},
    "nobody_reads": FieldSpec(FieldType.BOOLEAN, "whether somebody who has not logged in sees objects"),
    "nobody_reads_attributes": FieldSpec(
        FieldType.TEXTS, f"which of {', '.join(_ATTRIBUTES)} such a person sees, in the first {_MOST_ENTRIES} objects"
    ),
    "plain_login_refused": FieldSpec(
        FieldType.BOOLEAN,
        "whether a simple login without signing or encryption is refused before the name is looked at, "
        "tried with a made-up account",
    ),
}


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_AS_NOBODY, _PLAIN_BIND) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    evidence = {**_read_root_dse(answers), **_read_as_nobody(answers), "plain_login_refused": _read_bind(answers)}
    return dict.fromkeys(probes, evidence)


def _read_root_dse(answers: Mapping[str, Answer]) -> Evidence:
    answer, directory = found(answers, ROOT_DSE.name), parse_root_dse(answers).directory
    names = ("kind", "vendor", "host", "domain", "forest_level", "domain_level", "server_level", *_LISTS)
    if isinstance(directory, Unreadable) or isinstance(answer, Unreadable):
        reason = directory.reason if isinstance(directory, Unreadable) else "the root DSE was not read"
        return dict.fromkeys(names, Unreadable(reason, _PLACE))
    entry = answer.entries[0]
    return {
        "kind": Known(directory.kind.value, _PLACE),
        "vendor": _text(directory.vendor),
        "host": _text(directory.server),
        "domain": _text(directory.domain),
        "forest_level": _number(directory.forest_level),
        "domain_level": _number(directory.domain_level),
        "server_level": _number(directory.server_level),
        **{name: _texts(entry, attribute) for name, (attribute, _) in _LISTS.items()},
    }


def _text(text: str) -> Field:
    return Known(text, _PLACE) if text else Absent(_PLACE)


def _number(number: int) -> Field:
    return Absent(_PLACE) if number < 0 else Known(number, _PLACE)


def _texts(entry: LdapEntry, attribute: str) -> Field:
    values = entry.values(attribute)
    return Known(tuple(sorted(map(text_of, values))), _PLACE) if values else Absent(_PLACE)


def _read_as_nobody(answers: Mapping[str, Answer]) -> Evidence:
    place = "search without login"
    answer = answers.get(_AS_NOBODY.name)
    if isinstance(answer, LdapAnswer) and not answer.entries and answer.result in {0, *_NOT_FOR_NOBODY}:
        return {"nobody_reads": Known(value=False, place=place), "nobody_reads_attributes": Known((), place)}
    if isinstance(answer, LdapAnswer) and answer.entries:
        seen = {name for entry in answer.entries for name in _ATTRIBUTES if entry.values(name)}
        return {
            "nobody_reads": Known(value=True, place=answer.entries[0].dn),
            "nobody_reads_attributes": Known(tuple(sorted(seen)), answer.entries[0].dn),
        }
    reason = describe_result(answer) if isinstance(answer, LdapAnswer) else _reason(answers, _AS_NOBODY.name)
    return dict.fromkeys(("nobody_reads", "nobody_reads_attributes"), Unreadable(reason, place))


def _reason(answers: Mapping[str, Answer], step: str) -> str:
    answer = found(answers, step)
    return answer.reason if isinstance(answer, Unreadable) else "the answer is not what was asked for"


def _read_bind(answers: Mapping[str, Answer]) -> Field:
    place = "simple bind over plain LDAP with a made-up account"
    match answers.get(_PLAIN_BIND.name):
        case LdapAnswer(result=result) if result in _REFUSED_UNSEEN:
            return Known(value=True, place=place)
        case LdapAnswer(result=result) if result in _LOOKED_AT:
            return Known(value=False, place=place)
        case LdapAnswer() as answer:
            return Unreadable(describe_result(answer), place)
        case _:
            return Unreadable(_reason(answers, _PLAIN_BIND.name), place)


KIND = ProbeKind(
    name="directory_server",
    summary="what a directory says of itself, and what it lets somebody do who has not logged in",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
