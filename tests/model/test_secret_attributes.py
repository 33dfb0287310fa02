"""Secrets of directories: never asked for, or reduced where they arrive."""

from __future__ import annotations

import pytest

from hardening.model.secret_attributes import is_reduced, is_secret, reduce_value


@pytest.mark.parametrize(
    "name",
    [
        *("ms-Mcs-AdmPwd", "msLAPS-Password", "msLAPS-EncryptedPassword", "msLAPS-EncryptedPasswordHistory"),
        *("msLAPS-EncryptedDSRMPassword", "msLAPS-EncryptedDSRMPasswordHistory", "msDS-ManagedPassword", "unicodePwd"),
        *("supplementalCredentials", "UNICODEPWD", "unicodePwd;range=0-*", "trustAuthIncoming", "krbPrincipalKey"),
        *("sambaNTPassword", "msFVE-RecoveryPassword", "pwdHistory"),
    ],
)
def test_secrets_are_known(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("ms-Mcs-AdmPwdExpirationTime", "msLAPS-PasswordExpirationTime", "pwdLastSet", "pwdHistoryLength"),
        *("badPwdCount", "msDS-ManagedPasswordInterval", "userPassword", "minPwdLength"),
    ],
)
def test_what_only_speaks_of_secrets_is_none(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("userPassword", b"{SSHA}c2FsdGVkaGFzaA==", b"{SSHA}"),
        ("userPassword", b"{argon2}$argon2id$v=19$...", b"{ARGON2}"),
        ("userPassword", b"Sommer-2026!", b"{CLEARTEXT}"),
        ("userPassword", b"{not closed", b"{CLEARTEXT}"),
        ("userPassword", b"", b"{CLEARTEXT}"),
        ("userPassword;x-phc", b"{CRYPT}$6$x", b"{CRYPT}$6$"),
        ("unixUserPassword", b"hemmelig", b"{CLEARTEXT}"),
        ("olcRootPW", b"{SSHA}x", b"{SSHA}"),
        (
            "olcSyncrepl",
            b'rid=1 provider=ldap://a bindmethod=simple credentials="my secret" searchbase="dc=a"',
            b'rid=1 provider=ldap://a bindmethod=simple credentials=set searchbase="dc=a"',
        ),
        ("olcDbIDAssertBind", b"credentials=secret mode=none", b"credentials=set mode=none"),
        ("cn", b"{SSHA}x", b"{SSHA}x"),
    ],
)
def test_only_the_scheme_is_kept(name: str, value: bytes, kept: bytes) -> None:
    assert reduce_value(name, value) == kept


def test_reduced_attributes_are_known() -> None:
    assert (is_reduced("USERPASSWORD"), is_reduced("olcSyncRepl;x"), is_reduced("cn")) == (True, True, False)
