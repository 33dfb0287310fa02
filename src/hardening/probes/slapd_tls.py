"""The oldest TLS version that slapd's configuration leaves, with OpenSSL or with GnuTLS. Pure."""

from __future__ import annotations

import re

from hardening.model.evidence import Absent, Field, Known, Unreadable

_PLACE = "cn=config"
_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_MINIMUM = re.compile(r"3(?:\.([0-4]))?")
_GNUTLS = re.compile(
    r"(NORMAL|SECURE(128|192|256)|PERFORMANCE|LEGACY|PFS|SUITEB(128|192)|NONE|@[A-Z]+)(:.*)?", re.ASCII
)
_NO_EFFECT = (
    "slapd with GnuTLS, as on Debian and Ubuntu, takes no notice of olcTLSProtocolMin, and nothing here tells which "
    "library it uses; olcTLSCipherSuite does"
)


def read_oldest_tls(minimum: str, ciphers: str) -> Field:
    """Return the oldest version by olcTLSProtocolMin and olcTLSCipherSuite.

    Whose syntax the ciphers have tells which library slapd uses.
    """
    if _GNUTLS.fullmatch(ciphers.strip()):
        return _read_priorities(ciphers.strip())
    match = _MINIMUM.fullmatch(minimum.strip())
    if not match:
        return Unreadable("olcTLSProtocolMin is no version", _PLACE) if minimum else Absent(_PLACE)
    if not ciphers:
        return Unreadable(_NO_EFFECT, _PLACE)
    # 3.1 is TLS 1.0; SSL 3 is no longer in any of the libraries.
    return Known(_VERSIONS[max(int(match[1] or 0), 1) - 1], _PLACE)


def _read_priorities(text: str) -> Field:
    first, *rest = text.split(":")
    if first.startswith("@"):
        return Unreadable(f"{first} is defined by the system of the server", _PLACE)
    left = set() if first == "NONE" or first.startswith("SUITEB") else set(_VERSIONS)
    if first.startswith("SUITEB"):
        left.add("TLSv1.2")
    for word in rest:
        sign, name = word[:1], word[1:].upper()
        named = {version for version in _VERSIONS if name == f"VERS-{version.replace('v', '')}".upper()}
        if name in ("VERS-ALL", "VERS-TLS-ALL"):
            named = set(_VERSIONS)
        left = left - named if sign in "-!" else left | named
    return Known(min(left), _PLACE) if left else Unreadable("olcTLSCipherSuite leaves no version of TLS", _PLACE)
