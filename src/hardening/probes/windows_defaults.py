"""What servers do where a value is missing from the registry, by build; each row with the page that says so.

A row holds from its build on, until the next row of the same value. The table is of Windows Server 2012 R2 (9600) to
2025 (26100) with their updates; of other builds nothing is claimed. `missing` values that no page explains have no row.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardening.model.evidence import Absent, Field, Known, Unreadable

OLDEST, NEWEST = 9600, 26100
"""The builds that the table is about."""

_SERVERS = frozenset({"servernt", "lanmannt"})

_ITPRO = "https://github.com/MicrosoftDocs/windows-itpro-docs/blob"
_SERVER_DOCS = "https://github.com/MicrosoftDocs/windowsserverdocs/blob"
_OPTIONS = "windows/security/threat-protection/security-policy-settings"
_UAC = (
    f"{_ITPRO}/0b15eda46ae22a183c0fb8736203a706448cf21d/windows/security/application-security/application-control/"
    "user-account-control/settings-and-configuration.md"
)
_SIGNING = (
    f"{_SERVER_DOCS}/0a7bac5ce853b0fe5600e0875c68ab20c00d3ed5/WindowsServerDocs/storage/file-server/smb-signing.md"
)
_GUESTS = (
    f"{_SERVER_DOCS}/1ef898139a812df5e0562874f0686dca1114605c/WindowsServerDocs/storage/file-server/"
    "enable-insecure-guest-logons-smb2-and-smb3.md"
)

_LSA = r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa"
_NTLM = rf"{_LSA}\MSV1_0"
_SYSTEM = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
_SMB_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters"
_SMB_CLIENT = r"HKLM\SYSTEM\CurrentControlSet\Services\LanmanWorkstation\Parameters"
_NETLOGON = r"HKLM\SYSTEM\CurrentControlSet\Services\Netlogon\Parameters"


@dataclass(frozen=True, slots=True)
class WindowsState:
    """What decides a default: the build, and `ServerNT`, `LanmanNT` (a domain controller) or `WinNT` (a client)."""

    build: int
    product: str


@dataclass(frozen=True, slots=True)
class Default:
    """From this build on, a server without the value behaves as if it were this number."""

    key: str
    name: str
    value: int
    source: str
    since: int = OLDEST


def _option(commit: str, page: str) -> str:
    return f"{_ITPRO}/{commit}/{_OPTIONS}/{page}.md"


DEFAULTS = (
    Default(
        _LSA,
        "LmCompatibilityLevel",
        3,
        _option("0d23b95c61b6c4c0d91c71c665e24be2aec91fd4", "network-security-lan-manager-authentication-level"),
    ),
    Default(
        _LSA,
        "LimitBlankPasswordUse",
        1,
        _option(
            "1a808077523fd1bb9ebeadc99783db5397bb9587",
            "accounts-limit-local-account-use-of-blank-passwords-to-console-logon-only",
        ),
    ),
    Default(
        _LSA,
        "NoLMHash",
        1,
        _option(
            "13d9d11034ff6db5ef663963091ce4efb65adb7e",
            "network-security-do-not-store-lan-manager-hash-value-on-next-password-change",
        ),
    ),
    Default(
        _LSA,
        "RestrictAnonymousSAM",
        1,
        _option(
            "01fbf5c93dd218bd7101e875e88122cc07e154db",
            "network-access-do-not-allow-anonymous-enumeration-of-sam-accounts",
        ),
    ),
    Default(
        _LSA,
        "RestrictAnonymous",
        0,
        _option(
            "0a3537a227aeca6e34487bb417a211d5b6e7235e",
            "network-access-do-not-allow-anonymous-enumeration-of-sam-accounts-and-shares",
        ),
    ),
    Default(
        _LSA,
        "EveryoneIncludesAnonymous",
        0,
        _option(
            "0268f5f844c57a0e090420a9f5debe2d96434b0a",
            "network-access-let-everyone-permissions-apply-to-anonymous-users",
        ),
    ),
    *(
        Default(
            _NTLM,
            name,
            0x20000000,
            _option(
                "0a3537a227aeca6e34487bb417a211d5b6e7235e",
                "network-security-minimum-session-security-for-ntlm-ssp-based-including-secure-rpc-clients",
            ),
        )
        for name in ("NTLMMinClientSec", "NTLMMinServerSec")
    ),
    Default(
        _NTLM,
        "allownullsessionfallback",
        0,
        _option("536bd38e62909b0723535b194b502c80ed7e42c8", "network-security-allow-localsystem-null-session-fallback"),
    ),
    Default(_SYSTEM, "EnableLUA", 1, _UAC),
    Default(_SYSTEM, "ConsentPromptBehaviorAdmin", 5, _UAC),
    Default(_SYSTEM, "ConsentPromptBehaviorUser", 3, _UAC),
    Default(_SYSTEM, "PromptOnSecureDesktop", 1, _UAC),
    Default(_SYSTEM, "FilterAdministratorToken", 0, _UAC),
    Default(_SYSTEM, "EnableSecureUIAPaths", 1, _UAC),
    Default(_SYSTEM, "EnableVirtualization", 1, _UAC),
    Default(
        _SYSTEM,
        "LocalAccountTokenFilterPolicy",
        0,
        "https://admx.help/?Category=SecurityBaseline&Policy=Microsoft.Policies.PtH::Pol_PtH_LATFP",
    ),
    Default(
        rf"{_SYSTEM}\CredSSP\Parameters",
        "AllowEncryptionOracle",
        1,
        "https://www.tenable.com/audits/items/CIS_MS_Windows_8.1_v2.4.1_Level_1.audit:23cba93258f49e4d4e080152cb849233",
    ),
    Default(_SMB_SERVER, "RequireSecuritySignature", 0, _SIGNING),
    Default(
        _SMB_SERVER,
        "RestrictNullSessAccess",
        1,
        _option(
            "0d23b95c61b6c4c0d91c71c665e24be2aec91fd4",
            "network-access-restrict-anonymous-access-to-named-pipes-and-shares",
        ),
    ),
    Default(_SMB_CLIENT, "RequireSecuritySignature", 0, _SIGNING),
    Default(_SMB_CLIENT, "RequireSecuritySignature", 1, _SIGNING, since=26100),
    Default(
        _SMB_CLIENT,
        "EnablePlainTextPassword",
        0,
        _option(
            "0268f5f844c57a0e090420a9f5debe2d96434b0a",
            "microsoft-network-client-send-unencrypted-password-to-third-party-smb-servers",
        ),
    ),
    Default(_SMB_CLIENT, "AllowInsecureGuestAuth", 1, _GUESTS),
    Default(_SMB_CLIENT, "AllowInsecureGuestAuth", 0, _GUESTS, since=17763),
    *(
        Default(
            _NETLOGON,
            name,
            1,
            _option(
                "0fbe703ba3360adf4f5b21014095b1c7d9ce8f80",
                "domain-member-digitally-encrypt-or-sign-secure-channel-data-always",
            ),
        )
        for name in ("RequireSignOrSeal", "SignSecureChannel")
    ),
    Default(
        _NETLOGON,
        "SealSecureChannel",
        1,
        _option(
            "0e46a2a9f091fcc7f8498987854272990c2ff7ff",
            "domain-member-digitally-encrypt-secure-channel-data-when-possible",
        ),
    ),
    Default(
        _NETLOGON,
        "DisablePasswordChange",
        0,
        _option("0370da509d98b92bc25deddffb46c7ed10b47540", "domain-member-disable-machine-account-password-changes"),
    ),
    Default(
        _NETLOGON,
        "MaximumPasswordAge",
        30,
        _option("080ee371eca42e60593c6565e75fb4ea97f095b2", "domain-member-maximum-machine-account-password-age"),
    ),
    Default(
        r"HKLM\SYSTEM\CurrentControlSet\Services\LDAP",
        "LDAPClientIntegrity",
        1,
        _option("06246a1efebb3dc54726c72e87968761bb6e5794", "network-security-ldap-client-signing-requirements"),
    ),
    Default(
        r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\WDigest",
        "UseLogonCredential",
        0,
        "https://tenable.com/audits/items/CIS_MS_Windows_7_L1_v3.1.0.audit:c697f32c8de5a7d8da29bfe5fdf1fa59",
    ),
    Default(
        r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient",
        "EnableMulticast",
        1,
        "https://www.tenable.com/audits/items/MSCT_Windows_Server_2025_DC_v1.0.0.audit:"
        "6133398b11a50422bf5670de7158ea1a",
    ),
    Default(
        r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Printers\PointAndPrint",
        "RestrictDriverInstallationToAdministrators",
        1,
        "https://support.microsoft.com/topic/873642bf-2634-49c5-a23b-6d8e9a302872",
    ),
    Default(
        r"HKLM\SYSTEM\CurrentControlSet\Control\Print",
        "RpcAuthnLevelPrivacyEnabled",
        1,
        "https://support.microsoft.com/topic/managing-deployment-of-printer-rpc-binding-changes-for-cve-2021-1678-"
        "kb4599464-12a69652-30b9-3d61-d9f7-7201623a8b25",
    ),
)
"""Where an update changed a default, the row is that of an updated server: an old one is found by its updates."""


def find_default(key: str, name: str, state: WindowsState) -> Field:
    """Return what a server of this build does without the value; absent where the table has no row for it."""
    found = [row for row in DEFAULTS if (row.key.lower(), row.name.lower()) == (key.lower(), name.lower())]
    place = f"default of build {state.build}"
    if not found:
        return Absent(place)
    if state.product.lower() not in _SERVERS or not OLDEST <= state.build <= NEWEST:
        version = f"build {state.build}" if state.build else "this Windows, which does not tell its build"
        return Unreadable(f"the value is missing, and what {version} does then is in no table of ours", place)
    row = max((row for row in found if row.since <= state.build), key=lambda row: row.since)
    return Known(row.value, place)
