"""What all programs of this host may use in TLS: the system-wide policy of Red Hat, and OpenSSL's system default.

OpenSSL follows names from section to section: ``openssl_conf``, ``ssl_conf``, ``system_default``. What is not set there
is as the distribution has built the library.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.listing import Listing, Seen, Source, build_listing, parse_listing, parse_numbered_lines
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.probes.config_lines import NumberedLines

_STEP = "crypto_policy"
_POLICY = Source("/etc/crypto-policies/state/current")
_CHOSEN = Source("/etc/crypto-policies/config")
# Debian's library looks in /usr/lib/ssl, which leads to /etc/ssl; Red Hat's in /etc/pki/tls.
_OPENSSL = (Source("/usr/lib/ssl/openssl.cnf"), Source("/etc/pki/tls/openssl.cnf"), Source("/etc/ssl/openssl.cnf"))
_INCLUDED = (
    Source("/etc/crypto-policies/back-ends/opensslcnf.config"),
    Source("/etc/pki/tls/openssl.d/*", pattern=True),
    Source("/etc/ssl/openssl.d/*", pattern=True),
)
_SOURCES = (_POLICY, _CHOSEN, *_OPENSSL, *_INCLUDED)

FIELDS: Mapping[str, FieldSpec] = {
    "policy": FieldSpec(FieldType.TEXT, "the system-wide policy with its modules; absent where there is none"),
    "tls_minimum": FieldSpec(FieldType.TEXT, "OpenSSL's lowest protocol; absent where the library's own holds"),
    "security_level": FieldSpec(FieldType.INTEGER, "OpenSSL's security level; absent where the library's own holds"),
}

_ASSIGNMENT = re.compile(r"([^=\[#]+?)\s*=\s*(.*)")
_LEVEL = re.compile(r"@SECLEVEL=([0-9])", re.IGNORECASE)
_DEEPEST = 8

_Sections = dict[str, dict[str, tuple[str, str]]]


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    if not probes:
        return ()
    listing = build_listing(_SOURCES, each='; [ "$seen" != f ] || set -- "$@" "$f"')
    script = f"""set --
{listing}[ $# = 0 ] || grep -a -n '' /dev/null "$@" || [ $? = 1 ]
printf '=end\\n'
"""
    return (ShellStep(name=_STEP, script=script),)


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    listing = parse_listing(answer.text, _SOURCES)
    if answer.cut or not listing.complete or not listing.rest.endswith("=end\n"):
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    names = {entry.name for entries in listing.entries.values() for entry in entries if entry.seen is Seen.FILE}
    lines = parse_numbered_lines(listing.rest.removesuffix("=end\n"), names)
    evidence: Evidence = {"policy": _read_policy(listing, lines), **_read_openssl(listing, lines)}
    return dict.fromkeys(probes, evidence)


def _find_problem(listing: Listing, source: Source) -> Unreadable | None:
    for name in listing.refused.get(source, ()):
        return Unreadable("folder refused", clean(name))
    for entry in listing.entries.get(source, ()):
        if entry.seen in {Seen.UNREADABLE, Seen.HIDDEN}:
            return Unreadable("may not be read", clean(entry.name))
    return None


def _read_policy(listing: Listing, lines: Mapping[str, NumberedLines]) -> Field:
    for source in (_POLICY, _CHOSEN):
        problem = _find_problem(listing, source)
        if problem is not None:
            return problem
        for number, line in lines.get(source.text, ()):
            said = line.partition("#")[0].strip()
            if said:
                return Known(clean(said), f"{source.text}:{number}")
    return Absent(_POLICY.text)


def _read_openssl(listing: Listing, lines: Mapping[str, NumberedLines]) -> dict[str, Field]:
    both = ("tls_minimum", "security_level")
    for source in (*_OPENSSL, *_INCLUDED):
        problem = _find_problem(listing, source)
        if problem is not None:
            return dict.fromkeys(both, problem)
    main = next((source.text for source in _OPENSSL if source.text in lines), None)
    if main is None:
        return dict.fromkeys(both, Absent(_OPENSSL[-1].text))
    sections: _Sections = {}
    missing: list[str] = []
    _read_file(main, lines, sections, missing, 0)
    if missing:
        return dict.fromkeys(both, Unreadable(f"{missing[0]} is not looked into", main))
    chosen = "default"
    for key in ("openssl_conf", "ssl_conf", "system_default"):
        value = sections.get(chosen, {}).get(key)
        if value is None:
            return dict.fromkeys(both, Absent(main))
        chosen = value[0]
    return _judge_section(sections.get(chosen, {}), main)


def _judge_section(section: Mapping[str, tuple[str, str]], main: str) -> dict[str, Field]:
    minimum: Field = Absent(main)
    level: Field = Absent(main)
    for key, (value, place) in section.items():
        # "TLS.MinProtocol" is for TLS alone; numbers in front of a name tell several of one apart.
        name = key.rpartition(".")[2].lower()
        if name == "minprotocol" and not key.upper().startswith("DTLS"):
            minimum = Known(value, place)
        elif name == "cipherstring":
            match = _LEVEL.search(value)
            level = Known(int(match[1]), place) if match else level
    return {"tls_minimum": minimum, "security_level": level}


def _read_file(
    name: str, lines: Mapping[str, NumberedLines], sections: _Sections, missing: list[str], depth: int
) -> None:
    section = "default"
    for number, line in lines.get(name, ()):
        said = line.partition("#")[0].strip()
        if said.startswith(".include"):
            path = said.removeprefix(".include").strip(" =\t\"'")
            found = [path] if path in lines else sorted(other for other in lines if other.rpartition("/")[0] == path)
            is_folder = any(source.text == f"{path}/*" for source in _INCLUDED)
            if depth > _DEEPEST or not (found or is_folder):
                missing.append(clean(path)[:100])
                continue
            for other in found:
                # What is included goes on in the section where it stands.
                inner: _Sections = {}
                _read_file(other, lines, inner, missing, depth + 1)
                for key, values in inner.items():
                    sections.setdefault(section if key == "default" else key, {}).update(values)
        elif said.startswith("["):
            section = said.strip("[] \t")
        else:
            match = _ASSIGNMENT.fullmatch(said)
            if match is not None:
                sections.setdefault(section, {})[clean(match[1])] = (clean(match[2]), f"{clean(name)}:{number}")


KIND = ProbeKind(
    name="crypto_policy",
    summary="the system-wide cryptographic policy, and OpenSSL's system default",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
