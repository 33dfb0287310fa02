"""A slapd as data: its configuration (`cn=config`) and its entries as LDIF, for a state that is wanted."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from tests.lab.commands import run

SUFFIX = "dc=kommune,dc=test"
AUDIT = f"cn=audit,{SUFFIX}"
ADMIN = f"cn=admin,{SUFFIX}"
PASSWORD = "Sommer-2026!"
SCHEMAS = ("core", "cosine", "nis", "inetorgperson")
WEIRD_NAMES = (
    "cn=Nordmann\\, Kari",
    'cn=\\"Ola\\" \\<sitert\\>',
    "cn=linje\\0Askift",
    "cn=\u202erav\u202c snudd",
)
"""Names with a comma, quotes, a line break, and marks that turn the direction of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlapdSpec:
    """The state of one slapd.

    ``is_hard``: nobody without a login, logins encrypted, passwords hashed, a policy for them, rights in order.
    ``size_limit`` is what a search may find, 0 for all; ``refers_to`` makes a part of the tree another server's.
    """

    is_hard: bool
    entries: int = 20
    size_limit: int = 0
    refers_to: str = ""
    takes_certificates: bool = False


def build_slapd(spec: SlapdSpec, folder: Path) -> tuple[str, ...]:
    """Write configuration and entries of a server below a folder that holds `tls`; return the command that runs it."""
    for name in ("config", "db"):
        (folder / name).mkdir()
    secret = run("slappasswd", "-s", PASSWORD).strip() if spec.is_hard else PASSWORD
    (folder / "config.ldif").write_text(_render_config(spec, folder, secret), encoding="utf-8")
    (folder / "entries.ldif").write_text(_render_entries(spec, secret), encoding="utf-8")
    run("slapadd", "-n", "0", "-F", str(folder / "config"), "-l", str(folder / "config.ldif"))
    run("slapadd", "-q", "-n", "1", "-F", str(folder / "config"), "-l", str(folder / "entries.ldif"))
    return ("/usr/sbin/slapd", "-F", str(folder / "config"), "-h", "ldap:/// ldaps:///", "-d", "0")


def _render_config(spec: SlapdSpec, folder: Path, secret: str) -> str:
    entries = [
        _entry(
            "cn=config",
            f"olcPidFile: {folder}/slapd.pid",
            f"olcTLSCACertificateFile: {folder}/tls/ca.pem",
            f"olcTLSCertificateFile: {folder}/tls/server.pem",
            f"olcTLSCertificateKeyFile: {folder}/tls/server.key",
            *(("olcTLSVerifyClient: allow",) if spec.takes_certificates else ()),
            *_global(spec),
            "objectClass: olcGlobal",
        ),
        _entry(
            "cn=module,cn=config",
            "objectClass: olcModuleList",
            "olcModulePath: /usr/lib/ldap",
            *(f"olcModuleLoad: {name}" for name in ("back_mdb", "back_monitor", "ppolicy", "argon2")),
        ),
        _entry("cn=schema,cn=config", "objectClass: olcSchemaConfig"),
        *(f"include: file:///etc/ldap/schema/{name}.ldif\n" for name in SCHEMAS),
        _entry(
            "olcDatabase={-1}frontend,cn=config",
            "objectClass: olcDatabaseConfig",
            "objectClass: olcFrontendConfig",
            f"olcSizeLimit: {spec.size_limit or 'unlimited'}",
        ),
        _entry(
            "olcDatabase={0}config,cn=config",
            "objectClass: olcDatabaseConfig",
            f"olcRootPW: {secret}",
            f'olcAccess: to * by dn.exact="{ADMIN}" read by * none',
        ),
        _entry(
            "olcDatabase={1}mdb,cn=config",
            "objectClass: olcDatabaseConfig",
            "objectClass: olcMdbConfig",
            f"olcSuffix: {SUFFIX}",
            f"olcRootDN: cn=root,{SUFFIX}",
            f"olcRootPW: {secret}",
            f"olcDbDirectory: {folder}/db",
            "olcDbMaxSize: 268435456",
            "olcDbIndex: objectClass eq",
            "olcDbNoSync: TRUE",
            *_rights(spec),
        ),
    ]
    if spec.is_hard:
        entries.append(
            _entry(
                "olcOverlay={0}ppolicy,olcDatabase={1}mdb,cn=config",
                "objectClass: olcOverlayConfig",
                "objectClass: olcPPolicyConfig",
                f"olcPPolicyDefault: cn=default,ou=policies,{SUFFIX}",
                "olcPPolicyHashCleartext: TRUE",
            )
        )
    return "\n".join(entries)


def _global(spec: SlapdSpec) -> tuple[str, ...]:
    if not spec.is_hard:
        return ("olcAllows: bind_v2 bind_anon_cred bind_anon_dn", "olcLogLevel: none")
    return (
        "olcTLSProtocolMin: 3.3",
        # The line above does nothing where slapd is built with GnuTLS, as Debian's is.
        "olcTLSCipherSuite: NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
        "olcDisallows: bind_anon",
        "olcRequires: authc",
        "olcSecurity: simple_bind=128",
        "olcLogLevel: stats",
        "olcIdleTimeout: 300",
    )


def _rights(spec: SlapdSpec) -> tuple[str, ...]:
    if not spec.is_hard:
        return ("olcAccess: to * by * write",)
    return (
        f'olcAccess: to attrs=userPassword by self =xw by anonymous auth by dn.exact="{ADMIN}" read by * none',
        "olcAccess: to * by users read by * none",
    )


def _render_entries(spec: SlapdSpec, secret: str) -> str:
    person = ("objectClass: inetOrgPerson", "sn: B", f"userPassword: {secret}")
    entries = [
        _entry(SUFFIX, "objectClass: dcObject", "objectClass: organization", "o: Kommune"),
        *(_entry(f"ou={name},{SUFFIX}", "objectClass: organizationalUnit") for name in ("people", "policies")),
        *(
            _entry(
                dn, "objectClass: organizationalRole", "objectClass: simpleSecurityObject", f"userPassword: {secret}"
            )
            for dn in (AUDIT, ADMIN)
        ),
        *(
            _entry(f"uid=u{number},ou=people,{SUFFIX}", f"cn: Bruker {number}", *person)
            for number in range(spec.entries)
        ),
        *(_entry(f"{name},ou=people,{SUFFIX}", *person) for name in WEIRD_NAMES),
    ]
    if spec.is_hard:
        entries.append(
            _entry(
                f"cn=default,ou=policies,{SUFFIX}",
                "objectClass: pwdPolicy",
                "objectClass: device",
                "pwdAttribute: userPassword",
                "pwdMinLength: 14",
                "pwdInHistory: 24",
                "pwdLockout: TRUE",
                "pwdMaxFailure: 5",
                "pwdLockoutDuration: 900",
                "pwdCheckQuality: 2",
                "pwdMustChange: TRUE",
            )
        )
    if spec.refers_to:
        entries.append(
            _entry(
                f"ou=elsewhere,{SUFFIX}",
                "objectClass: referral",
                "objectClass: extensibleObject",
                f"ref: ldap://{spec.refers_to}/ou=elsewhere,{SUFFIX}",
            )
        )
    return "\n".join(entries)


def _entry(dn: str, *lines: str) -> str:
    """Return an entry; the attribute of its name is added by slapadd's reader only if it stands there, so it does."""
    name, _, value = dn.replace("\\,", "\0").partition(",")[0].partition("=")
    plain = value.replace("\0", ",").replace("\\0A", "\n").replace("\\", "")
    stands = any(line.startswith(f"{name}:") for line in lines)
    own = () if stands else (_line(name, plain),)
    return "\n".join((_line("dn", dn), *own, *lines, ""))


def _line(name: str, value: str) -> str:
    if value.isascii() and value.isprintable():
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"
