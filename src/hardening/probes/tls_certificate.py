"""A certificate as ``openssl x509 -text`` describes it: whose it is, how long, with which key and signature."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Field, FieldSpec, FieldType, Known, Record, Unreadable
from hardening.probes.shell import MAX_REASON, clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CERTIFICATE: Mapping[str, FieldSpec] = {
    "certificate_subject": FieldSpec(FieldType.TEXT, "whose certificate it shows to a client that names no server"),
    "certificate_issuer": FieldSpec(FieldType.TEXT, "who issued it"),
    "certificate_names": FieldSpec(FieldType.TEXTS, "host names and IP addresses that it is for"),
    "certificate_not_before": FieldSpec(FieldType.TIME, "when it begins to be valid"),
    "certificate_not_after": FieldSpec(FieldType.TIME, "when it expires"),
    "certificate_days_left": FieldSpec(FieldType.INTEGER, "whole days until then, by the target's clock"),
    "certificate_key": FieldSpec(FieldType.TEXT, "its key, such as RSA 2048 or EC secp256r1"),
    "certificate_signature": FieldSpec(FieldType.TEXT, "hash of its signature, such as sha256, or ed25519"),
    "certificate_self_signed": FieldSpec(FieldType.BOOLEAN, "whether it names itself as its issuer"),
}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rf"({'|'.join(_MONTHS)}) +(\d{{1,2}}) (\d\d):(\d\d):(\d\d) (\d{{4}}) GMT")
_BITS = re.compile(r".*Public-Key: \((\d{1,6}) bit\)")
_NAME = re.compile(r"(?:DNS|IP Address):(.+)")
_HASH = re.compile(r"(?i)(?<![a-z0-9])(md[245]|sha-?1|sha3-\d{3}|sha\d{3})(?![0-9])")
_DAY = 86_400
_SPECIAL = {"ED25519": "Ed25519", "ED448": "Ed448"}
# OpenSSL calls these by the names of another standard than everybody else.
_CURVES = {"prime256v1": "secp256r1", "prime192v1": "secp192r1"}


def describe_certificate(lines: Sequence[str], now: int, trouble: str) -> Record:
    """Return the fields of a certificate at a time; ``trouble`` says why there is none."""
    values: dict[str, str] = {}
    for line in lines:
        key, separator, value = line.strip().partition("=" if re.match(r" [A-Za-z]+=", line) else ": ")
        if separator:
            values.setdefault(key, value.strip())
    if not {"subject", "issuer"} <= values.keys():
        said = clean(lines[0].strip())[:MAX_REASON] if lines else trouble
        return dict.fromkeys(CERTIFICATE, Unreadable(said or "no certificate was shown"))
    until = _read_date(values.get("notAfter", ""))
    return {
        "certificate_subject": Known(clean(values["subject"])),
        "certificate_issuer": Known(clean(values["issuer"])),
        "certificate_names": _read_names(values),
        "certificate_not_before": _read_date(values.get("notBefore", "")),
        "certificate_not_after": until,
        "certificate_days_left": _count_days(until, now),
        "certificate_key": _read_key(values, lines),
        "certificate_signature": _read_signature(values),
        "certificate_self_signed": Known(values["subject"] == values["issuer"]),
    }


def _read_date(text: str) -> Field:
    match = _DATE.fullmatch(text)
    if match is None:
        return Unreadable(f"not a date: {clean(text)[:MAX_REASON]}")
    month, day, hour, minute, second, year = match.groups()
    try:
        when = dt.datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=dt.UTC
        )
    except ValueError:
        return Unreadable(f"not a date: {text}")
    return Known(int(when.timestamp()))


def _count_days(until: Field, now: int) -> Field:
    if not isinstance(until, Known) or not isinstance(until.value, int):
        return until
    return Known((until.value - now) // _DAY) if now else Unreadable("the target did not tell its time")


def _read_names(values: Mapping[str, str]) -> Field:
    if "names" not in values:
        return Absent()
    found = (_NAME.fullmatch(part) for part in values["names"].split(", "))
    return Known(tuple(clean(match[1]) for match in found if match is not None))


def _read_key(values: Mapping[str, str], lines: Sequence[str]) -> Field:
    algorithm = values.get("Public Key Algorithm", "")
    bits = next((match[1] for line in lines if (match := _BITS.fullmatch(line))), "")
    if algorithm in _SPECIAL:
        return Known(_SPECIAL[algorithm])
    if algorithm == "id-ecPublicKey":
        curve = values.get("ASN1 OID", "")
        return Known(f"EC {clean(_CURVES.get(curve, curve))}") if curve else Unreadable("its curve has no name")
    if not algorithm or not bits:
        return Unreadable("its key is not told")
    return Known(f"{'RSA' if algorithm in {'rsaEncryption', 'rsassaPss'} else clean(algorithm)} {bits}")


def _read_signature(values: Mapping[str, str]) -> Field:
    algorithm = values.get("Signature Algorithm", "")
    if algorithm in _SPECIAL:
        return Known(algorithm.lower())
    text = values.get("Hash Algorithm", "") if algorithm == "rsassaPss" else algorithm
    match = _HASH.search(text.replace("With", " "))
    return Known(match[1].lower()) if match else Unreadable(f"not known: {clean(algorithm)[:MAX_REASON]}")
