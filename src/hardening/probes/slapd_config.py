"""The configuration of an OpenLDAP server, as `cn=config` shows it to an account that may read it.

Every value that is missing there is a default, so that nothing is said unless the account sees the whole tree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.directory import ROOT_DSE
from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import LdapScope, LdapStep, Step
from hardening.probes.kind import Channel, ProbeKind
from hardening.probes.ldap_answers import found
from hardening.probes.ldap_values import first_text, text_of
from hardening.probes.slapd_databases import DATABASE, OVERLAY, DatabaseReader
from hardening.probes.slapd_replication import REPLICATION, parse_syncrepl
from hardening.probes.slapd_tls import read_oldest_tls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, LdapAnswer, LdapEntry

_PLACE = "cn=config"
_STEP = LdapStep(
    name="slapd_config",
    base=_PLACE,
    scope=LdapScope.SUBTREE,
    filter="(|(objectClass=olcGlobal)(objectClass=olcDatabaseConfig)(objectClass=olcOverlayConfig))",
    attributes=(
        "objectClass",
        "olcAccess",
        "olcAllows",
        "olcDatabase",
        "olcDisallows",
        "olcIdleTimeout",
        "olcLogLevel",
        "olcOverlay",
        "olcPasswordCryptSaltFormat",
        "olcPasswordHash",
        "olcPPolicyDefault",
        "olcPPolicyHashCleartext",
        "olcRequires",
        "olcRootDN",
        "olcRootPW",
        "olcSecurity",
        "olcSizeLimit",
        "olcSuffix",
        "olcSyncrepl",
        "olcTimeLimit",
        "olcTLSCertificateKeyFile",
        "olcTLSCipherSuite",
        "olcTLSProtocolMin",
        "olcTLSVerifyClient",
    ),
)
_GLOBAL_LISTS = {
    "allows": ("olcAllows", "old features that are allowed"),
    "disallows": ("olcDisallows", "features that are turned off, such as bind_anon"),
    "requires": ("olcRequires", "what a client must have done first, such as authc"),
    "security": ("olcSecurity", "strengths that are demanded, such as simple_bind=128"),
    "log_levels": ("olcLogLevel", "what is logged"),
}
_GLOBAL_TEXTS = {
    "tls_minimum": ("olcTLSProtocolMin", "oldest TLS version, 3.3 is TLS 1.2; without effect where slapd uses GnuTLS"),
    "tls_ciphers": ("olcTLSCipherSuite", "ciphers, and with GnuTLS versions too"),
    "tls_key_file": ("olcTLSCertificateKeyFile", "file of the server's key"),
    "tls_client_certificates": ("olcTLSVerifyClient", "what is demanded of a client's certificate"),
    "idle_timeout": ("olcIdleTimeout", "seconds after which an idle connection is closed"),
}
_TLS = {"tls_oldest": FieldSpec(FieldType.TEXT, "oldest TLS version that the configuration leaves, such as TLSv1.2")}
_FRONTEND = {
    "password_hashes": FieldSpec(FieldType.TEXTS, "schemes for new passwords; {SSHA} where none is named"),
    "password_salt": FieldSpec(FieldType.TEXT, "form of the salt that {CRYPT} uses"),
    "size_limit": FieldSpec(FieldType.TEXT, "how many entries a search may find, for all databases"),
    "time_limit": FieldSpec(FieldType.TEXT, "how many seconds a search may take, for all databases"),
}
_FIELDS = {
    **{name: FieldSpec(FieldType.TEXTS, meaning) for name, (_, meaning) in _GLOBAL_LISTS.items()},
    **{name: FieldSpec(FieldType.TEXT, meaning) for name, (_, meaning) in _GLOBAL_TEXTS.items()},
    **_TLS,
    **_FRONTEND,
    "databases": FieldSpec(FieldType.RECORDS, "databases that hold entries, and cn=config itself", DATABASE),
    "overlays": FieldSpec(FieldType.RECORDS, "overlays, each on its database", OVERLAY),
    "replications": FieldSpec(FieldType.RECORDS, "databases that are fetched from another server", REPLICATION),
}
_INTEGER = re.compile(r"-?[1-9][0-9]{0,9}|0x[0-9a-f]{1,8}")
_STATS = 0x100
_NO_SIGHT = "needs read on cn=config and everything below it"


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (_STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    return dict.fromkeys(probes, _read(answers))


def _read(answers: Mapping[str, Answer]) -> Evidence:
    answer = found(answers, _STEP.name)
    if isinstance(answer, Unreadable):
        return build_unreadable(_FIELDS, f"{_NO_SIGHT}: {answer.reason}", _PLACE)
    head = [entry for entry in answer.entries if _has_class(entry, "olcglobal")]
    frontend = [entry for entry in answer.entries if _has_class(entry, "olcfrontendconfig")]
    if not head or not frontend:
        return build_unreadable(_FIELDS, _NO_SIGHT, _PLACE)
    return {
        **{name: _split_words(head[0], attribute) for name, (attribute, _) in _GLOBAL_LISTS.items()},
        **{name: _text(head[0], attribute) for name, (attribute, _) in _GLOBAL_TEXTS.items()},
        "log_levels": _name_levels(_split_words(head[0], "olcLogLevel")),
        "tls_oldest": read_oldest_tls(
            first_text(head[0], "olcTLSProtocolMin"), first_text(head[0], "olcTLSCipherSuite")
        ),
        "password_hashes": _split_words(frontend[0], "olcPasswordHash"),
        # The salt stands with the global options.
        "password_salt": _text(head[0], "olcPasswordCryptSaltFormat"),
        "size_limit": _either(head[0], frontend[0], "olcSizeLimit"),
        "time_limit": _either(head[0], frontend[0], "olcTimeLimit"),
        **_read_databases(answer, frontend[0], _missing(answer, answers)),
    }


def _read_databases(answer: LdapAnswer, frontend: LdapEntry, missing: str) -> Evidence:
    databases = tuple(entry for entry in answer.entries if _has_class(entry, "olcdatabaseconfig"))
    overlays = tuple(entry for entry in answer.entries if _has_class(entry, "olcoverlayconfig"))
    reader = DatabaseReader(databases, overlays, frontend)
    replications = tuple(
        parse_syncrepl(text_of(value), reader.name(entry))
        for entry in databases
        for value in entry.values("olcSyncrepl")
    )
    return {
        "databases": _records(reader.read_databases(), missing),
        "overlays": _records(reader.read_overlays(), missing),
        "replications": _records(replications, missing),
    }


def _missing(answer: LdapAnswer, answers: Mapping[str, Answer]) -> str:
    """Say which databases are there and not seen, by the contexts that the server serves."""
    if answer.cut:
        return answer.cut
    root = found(answers, ROOT_DSE.name)
    if isinstance(root, Unreadable):
        return "whether all databases are seen is not known: the root DSE was not read"
    served = {text_of(value).lower() for entry in root.entries for value in entry.values("namingContexts")}
    seen = {text_of(value).lower() for entry in answer.entries for value in entry.values("olcSuffix")}
    hidden = sorted(served - seen)
    return f"{_NO_SIGHT}: the database of {hidden[0]} is not seen" if hidden else ""


def _records(records: tuple[Record, ...], missing: str) -> Field:
    return Partial(records, missing, _PLACE) if missing else Known(records, _PLACE)


def _has_class(entry: LdapEntry, name: str) -> bool:
    return any(text_of(value).lower() == name for value in entry.values("objectClass"))


def _split_words(entry: LdapEntry, attribute: str) -> Field:
    words = tuple(sorted({word for value in entry.values(attribute) for word in text_of(value).split()}))
    return Known(words, entry.dn) if words else Absent(entry.dn)


def _name_levels(levels: Field) -> Field:
    """Return levels with the names of the two that matter: those who give numbers mean the same."""
    if not isinstance(levels, Known) or not isinstance(levels.value, tuple):
        return levels
    words = {str(word).lower() for word in levels.value}
    numbers = [int(word, 0) for word in words if _INTEGER.fullmatch(word)]
    if any(number & _STATS for number in numbers):
        words.add("stats")
    return Known(tuple(sorted(words)), levels.place)


def _text(entry: LdapEntry, attribute: str) -> Field:
    text = first_text(entry, attribute)
    return Known(text, entry.dn) if text else Absent(entry.dn)


def _either(head: LdapEntry, frontend: LdapEntry, attribute: str) -> Field:
    value = _text(frontend, attribute)
    return _text(head, attribute) if isinstance(value, Absent) else value


KIND = ProbeKind(
    name="slapd_config",
    summary="the configuration of an OpenLDAP server, as cn=config shows it",
    fields=_FIELDS,
    channel=Channel.LDAP,
    steps=_steps,
    parse=_parse,
)
