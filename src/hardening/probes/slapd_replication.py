"""How a slapd fetches entries from another one, as a value of olcSyncrepl says it. Pure."""

from __future__ import annotations

import re

from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Field, FieldSpec, FieldType, Known, Record

_PAIR = re.compile(r"([A-Za-z_-]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|\S+)")
REPLICATION = {
    "source": FieldSpec(FieldType.TEXT, "database, number and provider"),
    "provider": FieldSpec(FieldType.TEXT, "address of the provider"),
    "encrypted": FieldSpec(FieldType.BOOLEAN, "whether TLS is forced: ldaps, or starttls=critical"),
    "verified": FieldSpec(FieldType.BOOLEAN, "whether the provider's certificate must be valid: tls_reqcert=demand"),
}


def parse_syncrepl(value: str, database: str) -> Record:
    """Return where a database gets its entries from, and how safely."""
    pairs = {match[1].lower(): match[2].strip('"') for match in _PAIR.finditer(value)}
    provider = clean_line(pairs.get("provider", ""), 200)
    scheme = provider.partition(":")[0].lower()
    safe = scheme in ("ldaps", "ldapi") or pairs.get("starttls", "").lower() == "critical"
    # Without the word, the provider's certificate must be valid.
    verified = scheme == "ldapi" or pairs.get("tls_reqcert", "demand").lower() in ("demand", "hard", "true")
    known: Field = Known(provider, database) if provider else ABSENT
    return {
        "source": Known(f"{database} rid={pairs.get('rid', '?')} {provider}".strip(), database),
        "provider": known,
        "encrypted": Known(safe, database),
        "verified": Known(verified, database),
    }
