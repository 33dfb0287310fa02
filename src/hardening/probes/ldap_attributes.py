"""Attributes of directories that questions may ask for, each with the way to read it: facts of their schemas.

A check names an attribute as its directory does (`pwdLastSet`) and its field in small letters, hyphens as underscores
(`pwdlastset`). What is not in this table cannot be asked for; a new attribute is one line here.
"""

from __future__ import annotations

from collections.abc import Mapping

from hardening.model.evidence import FieldSpec
from hardening.probes.ldap_values import VALUE_TYPES

READINGS: Mapping[str, str] = {
    "accountExpires": "time",
    "adminCount": "integer",
    "cn": "text",
    "description": "texts",
    "displayName": "text",
    "dNSHostName": "text",
    "dSHeuristics": "text",
    "flags": "integer",
    "gPLink": "text",
    "groupType": "integer",
    "info": "text",
    "isCriticalSystemObject": "boolean",
    "lastLogonTimestamp": "time",
    "lockoutDuration": "interval",
    "lockOutObservationWindow": "interval",
    "lockoutThreshold": "integer",
    "mail": "texts",
    "maxPwdAge": "interval",
    "member": "texts",
    "memberOf": "texts",
    "minPwdAge": "interval",
    "minPwdLength": "integer",
    "ms-DS-MachineAccountQuota": "integer",
    "msDS-AllowedToDelegateTo": "texts",
    "msDS-Behavior-Version": "integer",
    "msDS-EnabledFeature": "texts",
    "msDS-LockoutDuration": "interval",
    "msDS-LockoutObservationWindow": "interval",
    "msDS-LockoutThreshold": "integer",
    "msDS-MaximumPasswordAge": "interval",
    "msDS-MinimumPasswordAge": "interval",
    "msDS-MinimumPasswordLength": "integer",
    "msDS-PasswordComplexityEnabled": "boolean",
    "msDS-PasswordHistoryLength": "integer",
    "msDS-PasswordReversibleEncryptionEnabled": "boolean",
    "msDS-PasswordSettingsPrecedence": "integer",
    "msDS-PSOAppliesTo": "texts",
    "msDS-SupportedEncryptionTypes": "integer",
    "name": "text",
    "objectClass": "texts",
    "objectGUID": "guid",
    "objectSid": "sid",
    "objectVersion": "integer",
    "operatingSystem": "text",
    "operatingSystemVersion": "text",
    "ou": "text",
    "primaryGroupID": "integer",
    "pwdAttribute": "text",
    "pwdCheckQuality": "integer",
    "pwdHistoryLength": "integer",
    "pwdInHistory": "integer",
    "pwdLastSet": "time",
    "pwdLockout": "boolean",
    "pwdMaxFailure": "integer",
    "pwdMinLength": "integer",
    "pwdProperties": "integer",
    "sAMAccountName": "text",
    "scriptPath": "text",
    "securityIdentifier": "sid",
    "servicePrincipalName": "texts",
    "sIDHistory": "sids",
    "tombstoneLifetime": "integer",
    "trustAttributes": "integer",
    "trustDirection": "integer",
    "trustPartner": "text",
    "trustType": "integer",
    "uid": "texts",
    "userAccountControl": "integer",
    "userPassword": "texts",
    "userPrincipalName": "text",
    "wellKnownObjects": "texts",
    "whenChanged": "time",
    "whenCreated": "time",
}
"""How each attribute is read, by its name as directories spell it."""

_MEANINGS = {
    "time": "in seconds since 1970-01-01 UTC; absent for never",
    "interval": "in seconds; absent where it has no end",
    "sid": "as text, S-1-5-…",
    "sids": "as text, S-1-5-…",
    "guid": "as text in small letters",
}


def field_name(attribute: str) -> str:
    """Return the name of the field that holds an attribute."""
    return attribute.lower().replace("-", "_")


FIELDS: Mapping[str, FieldSpec] = {
    field_name(name): FieldSpec(
        VALUE_TYPES[reading], f"{name}{f', {_MEANINGS[reading]}' if reading in _MEANINGS else ''}"
    )
    for name, reading in READINGS.items()
}
"""The fields of a record, for whatever attributes were asked for."""
