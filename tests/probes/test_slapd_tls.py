"""The oldest TLS version by the configuration of slapd, with either library."""

from __future__ import annotations

import pytest

from hardening.model.evidence import Absent, Known, Unreadable
from hardening.probes.slapd_tls import read_oldest_tls


@pytest.mark.parametrize(
    ("minimum", "ciphers", "oldest"),
    [
        ("3.3", "HIGH:!aNULL", "TLSv1.2"),
        ("3.4", "HIGH", "TLSv1.3"),
        ("3.1", "HIGH", "TLSv1.0"),
        ("3", "HIGH", "TLSv1.0"),
        ("3.3", "NORMAL", "TLSv1.0"),
        ("", "SECURE256:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", "TLSv1.2"),
        ("", "NORMAL:!VERS-TLS1.0:!VERS-TLS1.1", "TLSv1.2"),
        ("", "NORMAL:-VERS-TLS1.1", "TLSv1.0"),
        ("", "NONE:+VERS-TLS1.3:+AES-256-GCM", "TLSv1.3"),
    ],
)
def test_oldest_version(minimum: str, ciphers: str, oldest: str) -> None:
    assert read_oldest_tls(minimum, ciphers) == Known(oldest, "cn=config")


@pytest.mark.parametrize(("minimum", "ciphers"), [("3.3", ""), ("x", ""), ("", "@SYSTEM"), ("", "NORMAL:-VERS-ALL")])
def test_what_cannot_be_told(minimum: str, ciphers: str) -> None:
    assert isinstance(read_oldest_tls(minimum, ciphers), Unreadable)


def test_nothing_is_set() -> None:
    assert read_oldest_tls("", "") == Absent("cn=config")
