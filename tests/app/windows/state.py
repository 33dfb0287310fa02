"""Descriptions of servers: what is set on them, without a word of any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Value = int | str | tuple[str, ...]
Registry = Mapping[str, Mapping[str, Value]]

MACHINE_SID = "S-1-5-21-3623811015-3361044348-30300820"
DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330"
LSA = r"SYSTEM\CurrentControlSet\Control\Lsa"
SYSTEM_POLICY = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
SERVICES = r"SYSTEM\CurrentControlSet\Services"
POLICIES = r"SOFTWARE\Policies\Microsoft"
WINDOWS_POLICY = rf"{POLICIES}\Windows"
NT_POLICY = rf"{POLICIES}\Windows NT"
WINLOGON = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
SCHANNEL = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
INTERFACES = rf"{SERVICES}\NetBT\Parameters\Interfaces"
SUITES = r"SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002"
GOOD_LIST = "O:SYG:SYD:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;BU)"
BAD_LIST = "O:BAG:SYD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1301bf;;;BU)"


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server. Registry keys are below HKEY_LOCAL_MACHINE; rights, members and lists go by SID."""

    build: int
    revision: int = 2700
    product: str = "ServerNT"
    role: int = 3
    registry: Registry = field(default_factory=dict)
    policy: Mapping[str, int] = field(default_factory=dict)
    rights: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    audit: Mapping[str, int] = field(default_factory=dict)
    services: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    programs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    features: Mapping[str, int] = field(default_factory=dict)
    guest_enabled: bool = False
    administrators: tuple[str, ...] = ()
    update_age_days: int = 10
    reboot_pending: bool = False
    firewall_on: bool = True
    firewall_log: bool = True
    firewall_rules: Mapping[str, str] = field(default_factory=dict)
    defender: Mapping[str, object] = field(default_factory=dict)
    preference: Mapping[str, object] = field(default_factory=dict)
    volumes: tuple[tuple[str, int, int, int, int], ...] = ()
    smb1: bool = False
    smb_signing: bool = True
    client_signing: bool = True
    client_guest: bool = False
    isolated: tuple[int, ...] = (1, 2)
    application_control: int = 0
    mitigations: str = "ON"
    logs: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    winrm: Mapping[str, str] = field(default_factory=dict)
    listeners: tuple[tuple[str, str], ...] = (("HTTP", "5985"),)
    tasks: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    shares: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    setup_files: Mapping[str, bool] = field(default_factory=dict)
    time: int = 1_767_225_600


_ANYBODY, _USERS = "S-1-1-0", "S-1-5-32-545"
ADMINISTRATORS, BACKUP = "S-1-5-32-544", "S-1-5-32-551"
_SERVICE, _LOCAL, _NETWORK = "S-1-5-6", "S-1-5-19", "S-1-5-20"
_AUTHENTICATED, _GUESTS, _REMOTE = "S-1-5-11", "S-1-5-32-546", "S-1-5-32-555"
_LOCAL_ACCOUNT, _LOCAL_ADMINISTRATOR = "S-1-5-113", "S-1-5-114"
DOMAIN_ADMINS, ENTERPRISE_ADMINS = f"{DOMAIN_SID}-512", f"{DOMAIN_SID}-519"

_LOG_LIST = "O:BAG:SYD:(A;;0xf0005;;;SY)(A;;0x5;;;BA)(A;;0x1;;;S-1-5-32-573)"
_PUBLIC_LOG_LIST = "O:BAG:SYD:(A;;0xf0007;;;SY)(A;;0x7;;;BA)(A;;0x1;;;IU)(A;;0x1;;;SU)(A;;0x1;;;S-1-5-32-573)"
_WINDOWS_SERVICES = {
    "Spooler": ("Auto", "Running", r"C:\Windows\System32\spoolsv.exe"),
    "RemoteRegistry": ("Auto", "Stopped", r"C:\Windows\system32\svchost.exe -k localService -p"),
    "WinDefend": ("Auto", "Running", r'"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18\MsMpEng.exe"'),
    "WinRM": ("Auto", "Running", r"C:\Windows\System32\svchost.exe -k NetworkService -p"),
    "W32Time": ("Auto", "Running", r"C:\Windows\system32\svchost.exe -k LocalService"),
    "EventLog": ("Auto", "Running", r"C:\Windows\System32\svchost.exe -k LocalServiceNetworkRestricted -p"),
    "mpssvc": ("Auto", "Running", r"C:\Windows\system32\svchost.exe -k LocalServiceNoNetworkFirewall -p"),
    "AppIDSvc": ("Manual", "Stopped", r"C:\Windows\system32\svchost.exe -k LocalServiceNetworkRestricted -p"),
    "SSDPSRV": ("Manual", "Stopped", r"C:\Windows\system32\svchost.exe -k LocalServiceAndNoImpersonation -p"),
    "upnphost": ("Manual", "Stopped", r"C:\Windows\system32\svchost.exe -k LocalServiceAndNoImpersonation -p"),
    "WinHttpAutoProxySvc": ("Manual", "Running", r"C:\Windows\system32\svchost.exe -k LocalServiceNetworkRestricted"),
    "Agent": ("Auto", "Running", r'"C:\Program Files\Agent\agent.exe" --service'),
}
_DEFENDER = {
    "status": True,
    "service": True,
    "antivirus": True,
    "real_time": True,
    "behavior": True,
    "tamper": True,
    "mode": "Normal",
    "age": 1,
    "updated": 1_767_139_200,
}
_PLATFORM_ROOT = r"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18\MsMpEng.exe"
_DEFAULT_RIGHTS = {
    "SeNetworkLogonRight": (_ANYBODY, ADMINISTRATORS, _USERS, BACKUP),
    "SeBackupPrivilege": (ADMINISTRATORS, BACKUP),
    "SeRestorePrivilege": (ADMINISTRATORS, BACKUP),
    "SeDebugPrivilege": (ADMINISTRATORS,),
    "SeLoadDriverPrivilege": (ADMINISTRATORS,),
    "SeTakeOwnershipPrivilege": (ADMINISTRATORS,),
    "SeSecurityPrivilege": (ADMINISTRATORS,),
    "SeImpersonatePrivilege": (ADMINISTRATORS, _SERVICE, _LOCAL, _NETWORK),
    "SeInteractiveLogonRight": (ADMINISTRATORS, _USERS, BACKUP),
    "SeRemoteInteractiveLogonRight": (ADMINISTRATORS, _REMOTE),
    "SeBatchLogonRight": (ADMINISTRATORS, BACKUP, "S-1-5-32-559"),
    "SeServiceLogonRight": ("S-1-5-80-0",),
    "SeShutdownPrivilege": (ADMINISTRATORS, BACKUP),
    "SeChangeNotifyPrivilege": (_ANYBODY, _LOCAL, _NETWORK, ADMINISTRATORS, _USERS, BACKUP),
}
_DEFAULT_AUDIT = {"9215": 3, "9216": 1, "9217": 1, "921B": 1, "9210": 1, "9212": 3, "9214": 3, "922F": 1, "9230": 1}
_ALL_AUDIT = (
    *("9210", "9211", "9212", "9213", "9214", "9215", "9216", "9217", "921B", "921C", "9224", "9227", "9228", "922B"),
    *("922F", "9230", "9231", "9232", "9234", "9235", "9236", "9237", "9238", "9239", "923A", "923B", "923C", "923F"),
    *("9240", "9242", "9244", "9245", "9248", "9249"),
)
_WEAK_SUITES = (
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_NULL_SHA256",
)
_GOOD_SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
_ADMIN_SHARES = {"C$": ("C:\\", "O:SYG:SYD:(A;;GA;;;BA)(A;;GA;;;BO)(A;;GA;;;IU)")}
_WINRM = {
    r"Service\Auth\Basic": "false",
    r"Service\AllowUnencrypted": "false",
    r"Service\Auth\CredSSP": "false",
    r"Client\Auth\Basic": "true",
    r"Client\Auth\Digest": "true",
    r"Client\AllowUnencrypted": "false",
    r"Service\Auth\CbtHardeningLevel": "Relaxed",
    r"Service\IPv4Filter": "*",
    r"Service\IPv6Filter": "*",
    r"Client\TrustedHosts": "",
}
_PREFERENCE = {
    "preference": True,
    "maps": 2,
    "samples": 1,
    "block_level": 0,
    "pua": 0,
    "network": 0,
    "network_server": False,
    "paths": [],
    "processes": [],
    "extensions": [],
    "merge": False,
    "rules": [],
    "actions": [],
    "rule_exclusions": [],
}

DEFAULT_2022 = Server(
    build=20348,
    registry={
        LSA: {
            "LimitBlankPasswordUse": 1,
            "NoLMHash": 1,
            "RestrictAnonymousSAM": 1,
            "RestrictAnonymous": 0,
            "EveryoneIncludesAnonymous": 0,
            "Security Packages": ("",),
            "Authentication Packages": ("msv1_0",),
            "Notification Packages": ("rassfm", "scecli"),
        },
        rf"{LSA}\OSConfig": {"Security Packages": ("",)},
        rf"{LSA}\MSV1_0": {"NTLMMinClientSec": 0x20000000, "NTLMMinServerSec": 0x20000000},
        SYSTEM_POLICY: {
            "EnableLUA": 1,
            "ConsentPromptBehaviorAdmin": 5,
            "ConsentPromptBehaviorUser": 3,
            "PromptOnSecureDesktop": 1,
        },
        WINLOGON: {"AutoAdminLogon": "0", "CachedLogonsCount": "10", "ScRemoveOption": "0"},
        rf"{SERVICES}\LanmanServer\Parameters": {
            "RestrictNullSessAccess": 1,
            "NullSessionPipes": ("",),
            "RequireSecuritySignature": 0,
        },
        rf"{SERVICES}\LanmanWorkstation\Parameters": {"EnablePlainTextPassword": 0, "RequireSecuritySignature": 0},
        rf"{SERVICES}\Netlogon\Parameters": {
            "RequireSignOrSeal": 1,
            "SealSecureChannel": 1,
            "SignSecureChannel": 1,
            "DisablePasswordChange": 0,
            "MaximumPasswordAge": 30,
            "RequireStrongKey": 1,
        },
        rf"{SERVICES}\LDAP": {"LDAPClientIntegrity": 1},
        rf"{SERVICES}\MrxSmb10": {},
        rf"{SERVICES}\Tcpip\Parameters": {"EnableICMPRedirect": 1},
        rf"{SERVICES}\Tcpip6\Parameters": {},
        rf"{SERVICES}\W32Time\Parameters": {"Type": "NT5DS", "NtpServer": "time.windows.com,0x8"},
        rf"{INTERFACES}\Tcpip_{{11111111-1111-1111-1111-111111111111}}": {"NetbiosOptions": 0},
        r"SYSTEM\CurrentControlSet\Control\Session Manager": {"ProtectionMode": 1},
        r"SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp": {
            "UserAuthentication": 1,
            "SecurityLayer": 2,
            "MinEncryptionLevel": 2,
        },
        r"SYSTEM\CurrentControlSet\Control\SecureBoot\State": {"UEFISecureBootEnabled": 1},
        SUITES: {"Functions": _WEAK_SUITES},
        r"SOFTWARE\Microsoft\Windows NT\CurrentVersion": {},
    },
    policy={
        "MinimumPasswordAge": 0,
        "MaximumPasswordAge": 42,
        "MinimumPasswordLength": 0,
        "PasswordComplexity": 1,
        "PasswordHistorySize": 0,
        "LockoutBadCount": 0,
        "AllowAdministratorLockout": 1,
        "ClearTextPassword": 0,
        "LSAAnonymousNameLookup": 0,
        "ForceLogoffWhenHourExpire": 0,
    },
    rights=_DEFAULT_RIGHTS,
    audit=_DEFAULT_AUDIT,
    services=_WINDOWS_SERVICES,
    programs={
        r"C:\Program Files\Agent\agent.exe": (GOOD_LIST, GOOD_LIST),
        _PLATFORM_ROOT: (GOOD_LIST, GOOD_LIST),
    },
    features={"SMB1Protocol": 2, "MicrosoftWindowsPowerShellV2": 1, "TelnetClient": 2, "TFTP": 2, "SNMP": 2},
    administrators=(f"{MACHINE_SID}-500", DOMAIN_ADMINS),
    defender=_DEFENDER,
    preference=_PREFERENCE,
    volumes=(("C:", 0, 0, 0, 0),),
    smb_signing=False,
    client_signing=False,
    isolated=(),
    mitigations="NOTSET",
    firewall_log=False,
    logs={
        "Security": (20_971_520, _LOG_LIST),
        "System": (20_971_520, _PUBLIC_LOG_LIST),
        "Application": (20_971_520, _PUBLIC_LOG_LIST),
        "Microsoft-Windows-PowerShell/Operational": (15_728_640, _PUBLIC_LOG_LIST),
    },
    winrm=_WINRM,
    shares=_ADMIN_SHARES,
    tasks={r"\Microsoft\Windows\Defrag\ScheduledDefrag": ("SYSTEM", r"%windir%\system32\defrag.exe")},
)
"""Server 2022 as it is after setup and joining a domain."""


def merged(registry: Registry, more: Registry) -> Registry:
    """Return a registry with more values in it."""
    return {key: {**registry.get(key, {}), **more.get(key, {})} for key in {**registry, **more}}


_UNNEEDED = ("simptcp", "Fax", "FTPSVC", "SNMP", "lltdsvc", "TlntSvr", "XblGameSave", "XblAuthManager")
WEAK_2022 = replace(
    DEFAULT_2022,
    registry=merged(
        DEFAULT_2022.registry,
        {
            LSA: {
                "LmCompatibilityLevel": 1,
                "NoLMHash": 0,
                "LimitBlankPasswordUse": 0,
                "RestrictAnonymousSAM": 0,
                "EveryoneIncludesAnonymous": 1,
                "Security Packages": ("", "mimilib"),
                "Authentication Packages": ("msv1_0", "mimilib"),
                "Notification Packages": ("rassfm", "scecli", "mimilib"),
            },
            rf"{LSA}\OSConfig": {"Security Packages": ("mimilib",)},
            r"SYSTEM\CurrentControlSet\Control\Session Manager": {"SafeDllSearchMode": 0, "ProtectionMode": 0},
            r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\LAPS": {
                "BackupDirectory": 0,
                "PasswordAgeDays": 365,
                "PasswordLength": 8,
                "PasswordComplexity": 1,
                "ADPasswordEncryptionEnabled": 0,
            },
            rf"{SERVICES}\W32Time\Parameters": {"Type": "NoSync", "NtpServer": ""},
            rf"{SCHANNEL}\Protocols\TLS 1.2\Server": {"Enabled": 0},
            rf"{SCHANNEL}\Protocols\TLS 1.2\Client": {"Enabled": 0},
            rf"{LSA}\MSV1_0": {"allownullsessionfallback": 1},
            SYSTEM_POLICY: {
                "EnableLUA": 0,
                "LocalAccountTokenFilterPolicy": 1,
                "ConsentPromptBehaviorAdmin": 0,
                "PromptOnSecureDesktop": 0,
            },
            rf"{SYSTEM_POLICY}\CredSSP\Parameters": {"AllowEncryptionOracle": 2},
            WINLOGON: {"AutoAdminLogon": "1", "DefaultUserName": "kiosk", "DefaultPassword": "not to be told"},
            r"SYSTEM\CurrentControlSet\Control\SecurityProviders\WDigest": {"UseLogonCredential": 1},
            rf"{SERVICES}\LanmanWorkstation\Parameters": {"AllowInsecureGuestAuth": 1, "EnablePlainTextPassword": 1},
            rf"{SERVICES}\LanmanServer\Parameters": {
                "NullSessionShares": ("felles",),
                "NullSessionPipes": ("spoolss",),
                "RestrictNullSessAccess": 0,
                "SMB1": 1,
            },
            rf"{SERVICES}\LDAP": {"LDAPClientIntegrity": 0},
            rf"{SERVICES}\Netlogon\Parameters": {
                "RequireSignOrSeal": 0,
                "SealSecureChannel": 0,
                "SignSecureChannel": 0,
                "DisablePasswordChange": 1,
                "MaximumPasswordAge": 999,
                "RequireStrongKey": 0,
            },
            r"SYSTEM\CurrentControlSet\Control\Print": {"RpcAuthnLevelPrivacyEnabled": 0},
            rf"{NT_POLICY}\Printers\PointAndPrint": {
                "RestrictDriverInstallationToAdministrators": 0,
                "NoWarningNoElevationOnInstall": 1,
                "UpdatePromptSettings": 2,
            },
            rf"{WINDOWS_POLICY}\Installer": {"AlwaysInstallElevated": 1},
            rf"{WINDOWS_POLICY}\WindowsUpdate": {"WUServer": "http://wsus.example.org:8530"},
            rf"{WINDOWS_POLICY}\WindowsUpdate\AU": {"UseWUServer": 1, "NoAutoUpdate": 1},
            rf"{SCHANNEL}\Protocols\SSL 3.0\Server": {"Enabled": 1},
            r"SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp": {
                "UserAuthentication": 0,
                "SecurityLayer": 0,
                "MinEncryptionLevel": 1,
            },
            r"SYSTEM\CurrentControlSet\Control\SecureBoot\State": {"UEFISecureBootEnabled": 0},
        },
    ),
    policy={
        **DEFAULT_2022.policy,
        "PasswordComplexity": 0,
        "ClearTextPassword": 1,
        "AllowAdministratorLockout": 0,
        "LSAAnonymousNameLookup": 1,
    },
    rights={
        **_DEFAULT_RIGHTS,
        "SeDebugPrivilege": (ADMINISTRATORS, f"{DOMAIN_SID}-1108"),
        "SeTcbPrivilege": (f"{DOMAIN_SID}-1108",),
        "SeServiceLogonRight": ("S-1-5-80-0", DOMAIN_ADMINS),
        "SeCreateTokenPrivilege": (ADMINISTRATORS,),
        "SeEnableDelegationPrivilege": (f"{DOMAIN_SID}-1108",),
        "SeImpersonatePrivilege": (ADMINISTRATORS, _USERS),
        "SeRemoteInteractiveLogonRight": (ADMINISTRATORS, _USERS),
        "SeSecurityPrivilege": (ADMINISTRATORS, BACKUP),
        "SeTakeOwnershipPrivilege": (ADMINISTRATORS, BACKUP),
        "SeTrustedCredManAccessPrivilege": (ADMINISTRATORS,),
        "SeLoadDriverPrivilege": (ADMINISTRATORS, _USERS),
    },
    audit={},
    services={
        **_WINDOWS_SERVICES,
        "ArkivSync": ("Auto", "Running", r"C:\Program Files\Arkiv Sync\sync.exe -service"),
        "WebClient": ("Auto", "Running", r"C:\Windows\system32\svchost.exe -k LocalService -p"),
        **dict.fromkeys(_UNNEEDED, ("Auto", "Running", r"C:\Windows\System32\tcpsvcs.exe")),
    },
    programs={**DEFAULT_2022.programs, r"C:\Program Files\Arkiv Sync\sync.exe": (BAD_LIST, GOOD_LIST)},
    features={
        **dict.fromkeys(("SMB1Protocol", "MicrosoftWindowsPowerShellV2", "TelnetClient", "TFTP", "SNMP"), 1),
        **dict.fromkeys(("SimpleTCP", "IIS-FTPServer", "FaxServicesClientPackage"), 1),
    },
    guest_enabled=True,
    administrators=(f"{MACHINE_SID}-500", DOMAIN_ADMINS, f"{DOMAIN_SID}-1203", "S-1-5-21-9-9-9-1234"),
    update_age_days=200,
    reboot_pending=True,
    firewall_on=False,
    firewall_rules={"{1}": "Protocol=6|LPort=3389|LPort=445"},
    defender={**_DEFENDER, "real_time": False, "tamper": False, "age": 30},
    preference={**_PREFERENCE, "maps": 0, "paths": ["C:\\"], "extensions": ["exe"]},
    smb1=True,
    client_guest=True,
    winrm={
        **_WINRM,
        r"Service\Auth\Basic": "true",
        r"Service\AllowUnencrypted": "true",
        r"Client\AllowUnencrypted": "true",
        r"Client\TrustedHosts": "*",
        r"Service\Auth\CbtHardeningLevel": "None",
    },
    logs=dict.fromkeys(DEFAULT_2022.logs, (1052672, "O:BAG:SYD:(A;;0x7;;;WD)(A;;0x7;;;BU)")),
    tasks={**DEFAULT_2022.tasks, r"\Sikkerhetskopi": ("SYSTEM", r"D:\Skript\kopi.exe")},
    shares={**_ADMIN_SHARES, "felles": (r"D:\felles", "O:BAG:DUD:(A;;FA;;;WD)")},
    setup_files={r"C:\Windows\Panther\Unattend.xml": True},
)
"""The same with what years of quick solutions leave behind."""

_OFF = {"Enabled": 0, "DisabledByDefault": 1}
_OLD_PROTOCOLS = ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1")
_RULES = (
    *("01443614-cd74-433a-b99e-2ecdc07bfc25", "26190899-1602-49e8-8b27-eb1d0a1ce869"),
    *("3b576869-a4ec-4529-8536-b80a7769e899", "56a863a9-875e-4185-98a7-b882c64b5ce5"),
    *("5beb7efe-fd9a-4556-801d-275e5ffc04cc", "75668c1f-73b5-4cf0-bb93-3ecf5cb7cc84"),
    *("7674ba52-37eb-4a4f-a9a1-f0f9a1619a2c", "92e97fa1-2edf-4476-bdd6-9dd0b4dddc7b"),
    *("9e6c4e1f-7d60-472f-ba1a-a39ef669e4b2", "a8f5898e-1dc8-49a9-9878-85004b8a61e6"),
    *("b2b3f03d-6a65-4f7b-a9c7-1c7ef74a9ba4", "be9ba2d9-53ea-4cdc-84e5-9b1eeee46550"),
    *("c1db55ab-c21a-4637-bb3f-a12568109d35", "d1e49aac-8f56-4280-b9ba-993a6d77406c"),
    *("d3e037e1-3eb8-44c8-a917-57927947596d", "d4f940ab-401b-4efc-aadc-ad5f3c50688a"),
    "e6db77e5-3df2-4cf1-b95a-636979351e5b",
)

HARDENED_2022 = replace(
    DEFAULT_2022,
    registry=merged(
        DEFAULT_2022.registry,
        {
            LSA: {
                "LmCompatibilityLevel": 5,
                "RestrictAnonymous": 1,
                "RestrictRemoteSAM": "O:BAG:BAD:(A;;RC;;;BA)",
                "RunAsPPL": 1,
                "LsaCfgFlags": 1,
                "SCENoApplyLegacyAuditPolicy": 1,
                "DisableRestrictedAdmin": 0,
                "UseMachineId": 1,
                "AllowCustomSSPsAPs": 0,
            },
            rf"{LSA}\MSV1_0": {
                "NTLMMinClientSec": 537395200,
                "NTLMMinServerSec": 537395200,
                "AuditReceivingNTLMTraffic": 2,
                "RestrictSendingNTLMTraffic": 1,
                "allownullsessionfallback": 0,
            },
            SYSTEM_POLICY: {
                "ConsentPromptBehaviorAdmin": 2,
                "ConsentPromptBehaviorUser": 0,
                "FilterAdministratorToken": 1,
                "LocalAccountTokenFilterPolicy": 0,
            },
            rf"{SYSTEM_POLICY}\Audit": {"ProcessCreationIncludeCmdLine_Enabled": 1},
            rf"{SYSTEM_POLICY}\CredSSP\Parameters": {"AllowEncryptionOracle": 0},
            rf"{SYSTEM_POLICY}\Kerberos\Parameters": {"SupportedEncryptionTypes": 2147483640},
            r"SYSTEM\CurrentControlSet\Control\SecurityProviders\WDigest": {"UseLogonCredential": 0},
            r"SOFTWARE\Policies\Microsoft\Windows\CredentialsDelegation": {
                "RestrictedRemoteAdministration": 1,
                "AllowProtectedCreds": 1,
            },
            rf"{SERVICES}\LanmanServer\Parameters": {
                "RequireSecuritySignature": 1,
                "SMB1": 0,
                "NullSessionShares": ("",),
            },
            rf"{SERVICES}\LanmanWorkstation\Parameters": {"RequireSecuritySignature": 1, "AllowInsecureGuestAuth": 0},
            rf"{WINDOWS_POLICY}\LanmanWorkstation": {"AllowInsecureGuestAuth": 0},
            rf"{SERVICES}\MrxSmb10": {"Start": 4},
            rf"{SERVICES}\LDAP": {"LDAPClientIntegrity": 2},
            rf"{WINDOWS_POLICY}\NetworkProvider\HardenedPaths": {
                r"\\*\SYSVOL": "RequireMutualAuthentication=1, RequireIntegrity=1",
                r"\\*\NETLOGON": "RequireMutualAuthentication=1, RequireIntegrity=1",
            },
            rf"{NT_POLICY}\DNSClient": {"EnableMulticast": 0, "EnableNetbios": 0},
            rf"{INTERFACES}\Tcpip_{{11111111-1111-1111-1111-111111111111}}": {"NetbiosOptions": 2},
            rf"{SERVICES}\NetBT\Parameters": {"NodeType": 2, "NoNameReleaseOnDemand": 1},
            rf"{SERVICES}\Dnscache\Parameters": {"EnableMDNS": 0},
            r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp": {"DisableWpad": 1},
            rf"{SERVICES}\Tcpip\Parameters": {"DisableIPSourceRouting": 2, "EnableICMPRedirect": 0},
            rf"{SERVICES}\Tcpip6\Parameters": {"DisableIPSourceRouting": 2},
            rf"{NT_POLICY}\Terminal Services": {
                "UserAuthentication": 1,
                "SecurityLayer": 2,
                "MinEncryptionLevel": 3,
                "fEncryptRPCTraffic": 1,
            },
            r"SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp": {"MinEncryptionLevel": 3},
            rf"{WINDOWS_POLICY}\WinRM\Service": {
                "AllowBasic": 0,
                "AllowUnencryptedTraffic": 0,
                "DisableRunAs": 1,
                "CBTHardeningLevelStatus": 1,
                "CbtHardeningLevel": "Strict",
            },
            rf"{WINDOWS_POLICY}\WinRM\Client": {"AllowBasic": 0, "AllowUnencryptedTraffic": 0, "AllowDigest": 0},
            rf"{NT_POLICY}\Rpc": {"RestrictRemoteClients": 1, "EnableAuthEpResolution": 1},
            rf"{WINDOWS_POLICY}\PowerShell\ScriptBlockLogging": {"EnableScriptBlockLogging": 1},
            rf"{WINDOWS_POLICY}\System": {"EnableSmartScreen": 1, "ShellSmartScreenLevel": "Block"},
            r"SYSTEM\CurrentControlSet\Control\Session Manager": {"SafeDllSearchMode": 1, "CWDIllegalInDllSearch": 1},
            r"SYSTEM\CurrentControlSet\Control\Session Manager\kernel": {"DisableExceptionChainValidation": 0},
            **{
                rf"{SCHANNEL}\Protocols\{protocol}\{role}": _OFF
                for protocol in _OLD_PROTOCOLS
                for role in ("Server", "Client")
            },
            **{rf"{SCHANNEL}\Ciphers\{cipher}": {"Enabled": 0} for cipher in ("RC4 128/128", "Triple DES 168", "NULL")},
            SUITES: {"Functions": _GOOD_SUITES},
            rf"{NT_POLICY}\Printers\PointAndPrint": {
                "RestrictDriverInstallationToAdministrators": 1,
                "NoWarningNoElevationOnInstall": 0,
                "UpdatePromptSettings": 0,
            },
            rf"{NT_POLICY}\Printers\RPC": {
                "RpcUseNamedPipeProtocol": 0,
                "RpcAuthentication": 0,
                "RpcProtocols": 5,
                "ForceKerberosForRpc": 0,
            },
            r"SYSTEM\CurrentControlSet\Control\Print": {"RpcAuthnLevelPrivacyEnabled": 1},
            rf"{WINDOWS_POLICY}\Installer": {"AlwaysInstallElevated": 0},
            r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\Explorer": {"NoDriveTypeAutoRun": 255, "NoAutorun": 1},
            rf"{WINDOWS_POLICY}\Explorer": {"NoAutoplayfornonVolume": 1},
            rf"{WINDOWS_POLICY}\WindowsUpdate": {
                "WUServer": "https://wsus.example.org:8531",
                "WUStatusServer": "https://wsus.example.org:8531",
            },
            rf"{WINDOWS_POLICY}\WindowsUpdate\AU": {"UseWUServer": 1, "NoAutoUpdate": 0, "AUOptions": 4},
            rf"{WINDOWS_POLICY}\EventLog\Security": {"MaxSize": 196608},
            rf"{WINDOWS_POLICY}\EventLog\EventForwarding\SubscriptionManager": {
                "1": "Server=https://wec.example.org:5986/wsman/SubscriptionManager/WEC,Refresh=60"
            },
            r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\LAPS": {
                "BackupDirectory": 2,
                "PasswordAgeDays": 30,
                "PasswordLength": 20,
                "PasswordComplexity": 4,
                "ADPasswordEncryptionEnabled": 1,
            },
            rf"{WINDOWS_POLICY}\DeviceGuard": {
                "EnableVirtualizationBasedSecurity": 1,
                "LsaCfgFlags": 1,
                "HypervisorEnforcedCodeIntegrity": 1,
            },
        },
    ),
    policy={
        **DEFAULT_2022.policy,
        "MinimumPasswordAge": 1,
        "MinimumPasswordLength": 14,
        "PasswordHistorySize": 24,
        "LockoutBadCount": 5,
        "ResetLockoutCount": 15,
        "LockoutDuration": 15,
        "ForceLogoffWhenHourExpire": 1,
    },
    rights={
        **_DEFAULT_RIGHTS,
        "SeNetworkLogonRight": (ADMINISTRATORS, _AUTHENTICATED),
        "SeBackupPrivilege": (ADMINISTRATORS,),
        "SeRestorePrivilege": (ADMINISTRATORS,),
        "SeInteractiveLogonRight": (ADMINISTRATORS,),
        "SeBatchLogonRight": (ADMINISTRATORS,),
        "SeDenyNetworkLogonRight": (f"{MACHINE_SID}-501", _LOCAL_ADMINISTRATOR, _GUESTS),
        "SeDenyRemoteInteractiveLogonRight": (_LOCAL_ACCOUNT, _GUESTS),
        "SeDenyInteractiveLogonRight": (_GUESTS, DOMAIN_ADMINS, ENTERPRISE_ADMINS),
        "SeDenyBatchLogonRight": (_GUESTS, DOMAIN_ADMINS, ENTERPRISE_ADMINS),
        "SeDenyServiceLogonRight": (_GUESTS, DOMAIN_ADMINS, ENTERPRISE_ADMINS),
    },
    audit=dict.fromkeys(_ALL_AUDIT, 3),
    services={
        **_WINDOWS_SERVICES,
        **{
            name: ("Disabled", "Stopped", _WINDOWS_SERVICES[name][2])
            for name in ("Spooler", "RemoteRegistry", "SSDPSRV", "upnphost", "WinHttpAutoProxySvc")
        },
        "AppIDSvc": ("Auto", "Running", _WINDOWS_SERVICES["AppIDSvc"][2]),
    },
    features={**DEFAULT_2022.features, "SMB1Protocol": 3, "MicrosoftWindowsPowerShellV2": 2},
    firewall_log=True,
    preference={
        **_PREFERENCE,
        "maps": 2,
        "block_level": 2,
        "pua": 1,
        "network": 1,
        "network_server": True,
        "merge": True,
        "rules": list(_RULES),
        "actions": [1] * len(_RULES),
    },
    volumes=(("C:", 0, 1, 1, 7),),
    smb_signing=True,
    client_signing=True,
    isolated=(1, 2),
    application_control=2,
    mitigations="ON",
    logs={**DEFAULT_2022.logs, "Security": (1_073_741_824, _LOG_LIST)},
    winrm={
        **_WINRM,
        r"Client\Auth\Basic": "false",
        r"Client\Auth\Digest": "false",
        r"Service\Auth\CbtHardeningLevel": "Strict",
    },
    listeners=(("HTTPS", "5986"),),
)
"""The same as the baselines ask for it."""

_CONTROLLER_RIGHTS = {
    "SeNetworkLogonRight": (ADMINISTRATORS, _AUTHENTICATED, "S-1-5-9"),
    "SeInteractiveLogonRight": (ADMINISTRATORS, "S-1-5-9"),
    "SeRemoteInteractiveLogonRight": (ADMINISTRATORS,),
    "SeEnableDelegationPrivilege": (ADMINISTRATORS,),
    "SeMachineAccountPrivilege": (ADMINISTRATORS,),
    "SeDenyNetworkLogonRight": (_GUESTS,),
}
HARDENED_CONTROLLER = replace(
    HARDENED_2022,
    product="LanmanNT",
    role=5,
    registry=merged(
        {
            key: values
            for key, values in HARDENED_2022.registry.items()
            if key not in {rf"{NT_POLICY}\Rpc", r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\LAPS"}
        },
        {
            rf"{SERVICES}\Netlogon\Parameters": {"AuditNTLMInDomain": 7, "FullSecureChannelProtection": 1},
            rf"{SERVICES}\NTDS\Parameters": {"LDAPServerIntegrity": 2, "LdapEnforceChannelBinding": 2},
        },
    ),
    rights={**HARDENED_2022.rights, **_CONTROLLER_RIGHTS},
    isolated=(2,),
    shares={
        **_ADMIN_SHARES,
        "SYSVOL": (r"C:\Windows\SYSVOL\sysvol", "O:BAG:SYD:(A;;FA;;;BA)(A;;0x1200a9;;;WD)(A;;FA;;;AU)"),
        "NETLOGON": (r"C:\Windows\SYSVOL\sysvol\example.org\SCRIPTS", "O:BAG:SYD:(A;;FA;;;BA)(A;;0x1200a9;;;WD)"),
    },
)
"""A domain controller as the baselines ask for it."""

WEAK_CONTROLLER = replace(
    WEAK_2022,
    product="LanmanNT",
    role=5,
    registry=merged(
        WEAK_2022.registry,
        {
            rf"{SERVICES}\Netlogon\Parameters": {
                "FullSecureChannelProtection": 0,
                "VulnerableChannelAllowList": "O:BA",
            },
            rf"{SERVICES}\NTDS\Parameters": {"LDAPServerIntegrity": 1},
        },
    ),
    rights={**WEAK_2022.rights, "SeEnableDelegationPrivilege": (ADMINISTRATORS, f"{DOMAIN_SID}-1108")},
)
"""A domain controller with the same past as the weak server."""

HARDENED_ALONE = replace(
    HARDENED_2022,
    role=2,
    registry=merged(
        HARDENED_2022.registry,
        {rf"{SERVICES}\W32Time\Parameters": {"Type": "NTP", "NtpServer": "ntp.example.org,0x8"}},
    ),
    administrators=(f"{MACHINE_SID}-500",),
)
"""A hardened server that belongs to no domain."""

DEFAULT_2016 = replace(
    DEFAULT_2022,
    build=14393,
    revision=7699,
    features={**DEFAULT_2022.features, "SMB1Protocol": 1},
    smb1=True,
    client_guest=True,
)
"""Server 2016 after setup: SMB 1, guests at other servers, no TLS 1.3."""

DEFAULT_2025 = replace(
    DEFAULT_2022,
    build=26100,
    revision=2894,
    registry=merged(
        {
            key: {name: value for name, value in values.items() if name != "RequireSecuritySignature"}
            for key, values in DEFAULT_2022.registry.items()
        },
        {},
    ),
    features={name: state for name, state in DEFAULT_2022.features.items() if name != "MicrosoftWindowsPowerShellV2"},
    client_signing=True,
)
"""Server 2025 after setup: its client demands signatures though no value says so; TLS 1.0 and 1.1 are off."""

SERVERS = {
    "weak-2022": WEAK_2022,
    "hardened-2022": HARDENED_2022,
    "weak-controller": WEAK_CONTROLLER,
    "hardened-controller": HARDENED_CONTROLLER,
    "hardened-alone": HARDENED_ALONE,
    "default-2022": DEFAULT_2022,
    "default-2016": DEFAULT_2016,
    "default-2025": DEFAULT_2025,
}
