"""Attributes of directories that hold secrets: which are never asked for, and which are reduced where they arrive."""

from __future__ import annotations

import re

_HASHES = frozenset({"userpassword", "unixuserpassword", "mssfu30password", "olcrootpw"})
_BINDS = frozenset({"olcsyncrepl", "olcdbidassertbind", "olcdbaclbind", "olcdbauthzbind", "olcdburi"})
_CREDENTIALS = re.compile(rb"(credentials\s*=\s*)(\"[^\"]*\"|\S+)", re.IGNORECASE)

CLEARTEXT = b"{CLEARTEXT}"
"""What stays of a secret that no scheme protects."""

_SECRET = re.compile(
    r"ms-mcs-admpwd|mslaps-(encrypted)?(dsrm)?password(history)?|msds-managedpassword|msds-groupmanagedserviceaccountpassword|unicodepwd|ntpwdhistory|lmpwdhistory|dbcspwd"
    r"|supplementalcredentials|currentvalue|priorvalue|initialauthincoming|initialauthoutgoing|trustauthincoming"
    r"|trustauthoutgoing|msfve-recoverypassword|msfve-keypackage|msds-executescriptpassword|mstpm-ownerinformation"
    r"|mskds-rootkeydata|sambalmpassword|sambantpassword|sambapasswordhistory|krbprincipalkey|krbmkey|pwdhistory|olcsaslsecret"
)
_SCHEME = re.compile(rb"(\{[A-Za-z0-9-]{1,20}\})(\$[0-9a-z]{1,2}\$)?")


def is_secret(attribute: str) -> bool:
    """Say whether an attribute is never asked for; options such as ``;range=`` do not hide it."""
    return _SECRET.fullmatch(attribute.partition(";")[0].lower()) is not None


def is_reduced(attribute: str) -> bool:
    """Say whether only the scheme of an attribute's values is kept."""
    return attribute.partition(";")[0].lower() in _HASHES | _BINDS


def reduce_value(attribute: str, value: bytes) -> bytes:
    """Return what may be kept of a value.

    Of a hash its scheme (``{SSHA}``, ``{CRYPT}$6$``), of a configuration what is no password.
    """
    name = attribute.partition(";")[0].lower()
    if name in _BINDS:
        return _CREDENTIALS.sub(rb"\1set", value)
    if name not in _HASHES:
        return value
    match = _SCHEME.match(value)
    return match[1].upper() + (match[2] or b"") if match else CLEARTEXT
