"""A scan of three servers as it could be: one with root rights, one without, one that did not answer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.model.attestation import Answer, Attestation
from hardening.model.baseline import Baseline, BaselineReference, Control, Level
from hardening.model.check import (
    Action,
    ActionMeans,
    Check,
    Comparison,
    FieldReference,
    Outcome,
    Severity,
)
from hardening.model.content import Content
from hardening.model.evidence import ABSENT, Absent, FieldSpec, FieldType, Known, Partial, Unreadable
from hardening.model.judgement import (
    ActionItem,
    ControlResult,
    ControlState,
    Counts,
    Gap,
    MeasureResult,
    MeasureState,
    TargetJudgement,
)
from hardening.model.measure import Basis, CheckLink, Framework, Measure, MeasureGroup
from hardening.model.place import NOWHERE
from hardening.model.platform import OperatingSystem, Platform, PlatformCondition
from hardening.model.probe import Probe
from hardening.model.result import Origin, ParameterValue, Reason, Result, Verdict
from hardening.model.snapshot import EndpointRecord, Privileges, Snapshot, StepRecord
from hardening.model.step import Privilege, ShellStep
from hardening.model.texts import Texts
from hardening.model.waiver import DAY, Waiver, Waivers
from hardening.probes.kind import ProbeKind
from hardening.report.build import NO_WAIVERS, ReportBuilder
from hardening.report.past import Past, with_past
from hardening.report.values import Gate, Report, ScanInfo, TrendEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.check import Constant
    from hardening.model.evidence import Field

FRAMEWORK = "nsm-gp-ikt-2.1"
STARTED = 1_795_511_700  # 2026-11-24 09:15 UTC

_MEASURES = (
    ("1.2.3", "1.2", "Identify devices in use", "Kartlegg enheter i bruk i virksomheten", 3),
    (
        "2.3.1",
        "2.3",
        "Run a centrally managed regime for security updates",
        "Etabler et sentralt styrt regime for sikkerhetsoppdatering",
        3,
    ),
    ("2.3.3", "2.3", "Deactivate unnecessary functionality", "Deaktiver unødvendig funksjonalitet", 2),
    (
        "2.3.4",
        "2.3",
        "Establish and maintain standard secure configurations",
        "Etabler og vedlikehold standard sikkerhetskonfigurasjoner",
        3,
    ),
    ("2.5.1", "2.5", "Control the data flow between zones", "Styr dataflyt mellom nettverkssoner", 4),
    ("2.6.1", "2.6", "Establish guidelines for access control", "Etabler retningslinjer for tilgangskontroll", 2),
    ("2.6.3", "2.6", "Use a tool to manage accounts and passwords", "Bruk verktøy for å styre kontoer og passord", 2),
    (
        "2.6.4",
        "2.6",
        "Minimise privileges for end users and special users",
        "Minimer rettigheter til sluttbrukere og spesialbrukere",
        2,
    ),
    ("2.6.5", "2.6", "Minimise privileges for management accounts", "Minimer rettigheter på driftskontoer", 2),
    ("2.7.1", "2.7", "Establish a crypto strategy", "Etabler en kryptostrategi for virksomheten", 2),
    ("2.9.3", "2.9", "Test restoring from backups regularly", "Test gjenoppretting fra sikkerhetskopier jevnlig", 3),
    (
        "3.2.4",
        "3.2",
        "Decide which data are relevant to security monitoring",
        "Beslutt hvilke data som er sikkerhetsrelevante",
        3,
    ),
    ("4.1.1", "4.1", "Prepare a plan for handling incidents", "Etabler et planverk for hendelseshåndtering", 4),
)
_GROUPS = (
    ("1.2", "Identify devices and software", "Kartlegg enheter og programvare"),
    ("2.3", "Maintain a secure configuration", "Ivareta en sikker konfigurasjon"),
    ("2.5", "Control the data flow", "Kontroller dataflyt"),
    ("2.6", "Control identities and access", "Ha kontroll på identiteter og tilganger"),
    ("2.7", "Protect data at rest and in transit", "Beskytt data i ro og i transitt"),
    ("2.9", "Establish the ability to restore data", "Etabler evne til gjenoppretting av data"),
    ("3.2", "Establish security monitoring", "Etabler sikkerhetsovervåkning"),
    ("4.1", "Prepare for incidents", "Forbered virksomheten på håndtering av hendelser"),
)
_ACTIONS = (
    ("harden-sshd", "Set up one sshd drop-in", "Legg inn én tilleggsfil for sshd", 1, ActionMeans.FILE),
    ("fix-file-permissions", "Put file permissions right", "Rett opp filrettigheter", 1, ActionMeans.FILE),
    (
        "set-kernel-parameters",
        "Set kernel parameters in one file",
        "Sett kjerneparametere i én fil",
        2,
        ActionMeans.FILE,
    ),
    ("tighten-password-rules", "Tighten the rules for passwords", "Stram inn reglene for passord", 2, ActionMeans.FILE),
    ("update-packages", "Install the security updates", "Installer sikkerhetsoppdateringene", 2, ActionMeans.PACKAGE),
    ("remove-services", "Remove services that nobody uses", "Fjern tjenester som ingen bruker", 2, ActionMeans.PACKAGE),
    ("settle-logging", "Decide where logs go", "Bestem hvor loggene skal", 4, ActionMeans.DECISION),
)

# id, kind, severity, measures, action, title en, title nb, rationale nb, remediation nb
_CHECKS = (
    (
        "linux-ssh-root-login",
        "sshd",
        "high",
        "2.6.5 2.6.4",
        "harden-sshd",
        "Root may not log in over SSH",
        "Root kan ikke logge inn over SSH",
        "Et felles passord for root gir ingen sporbarhet, og kontoen finnes overalt.",
        "Sett `PermitRootLogin no` i `/etc/ssh/sshd_config.d/10-lokal.conf` og kjør `sshd -t && systemctl reload ssh`.",
    ),
    (
        "linux-ssh-empty-passwords",
        "sshd",
        "critical",
        "2.6.4",
        "harden-sshd",
        "SSH refuses empty passwords",
        "SSH avviser tomme passord",
        "En konto uten passord er åpen for alle som når tjenesten.",
        "Sett `PermitEmptyPasswords no` og kjør `systemctl reload ssh`.",
    ),
    (
        "linux-ssh-ciphers",
        "sshd",
        "high",
        "2.7.1",
        "harden-sshd",
        "SSH ciphers without known weakness",
        "SSH bruker krypteringsalgoritmer uten kjente svakheter",
        "Svake algoritmer kan leses av den som tar opp trafikken.",
        "Fjern `*-cbc` og `3des-cbc` fra `Ciphers`.",
    ),
    (
        "linux-ssh-kex",
        "sshd",
        "high",
        "2.7.1",
        "harden-sshd",
        "SSH key exchange without known weakness",
        "SSH bruker nøkkelutveksling uten kjente svakheter",
        "SHA-1 og små grupper holder ikke lenger.",
        "Fjern `diffie-hellman-group14-sha1` fra `KexAlgorithms`.",
    ),
    (
        "linux-ssh-max-auth-tries",
        "sshd",
        "medium",
        "2.6.1",
        "harden-sshd",
        "Few attempts per SSH connection",
        "Få innloggingsforsøk per SSH-forbindelse",
        "Mange forsøk gjør det lettere å gjette passord.",
        "Sett `MaxAuthTries 4`.",
    ),
    (
        "linux-ssh-x11-forwarding",
        "sshd",
        "low",
        "2.3.3",
        "harden-sshd",
        "X11 forwarding is off",
        "Videresending av X11 er slått av",
        "Den som har tatt over serveren, kan lese tastetrykk fra klienten.",
        "Sett `X11Forwarding no`.",
    ),
    (
        "linux-perm-shadow",
        "file_status",
        "critical",
        "2.6.4",
        "fix-file-permissions",
        "Only root and the shadow group can read password hashes",
        "Bare root og gruppen shadow kan lese passordhasher",
        "Den som leser hashene, kan gjette passord uten å bli oppdaget.",
        "Kjør `chown root:shadow /etc/shadow` og `chmod 0640 /etc/shadow`.",
    ),
    (
        "linux-perm-passwd",
        "file_status",
        "high",
        "2.6.4",
        "fix-file-permissions",
        "Only root can change the list of accounts",
        "Bare root kan endre kontolisten",
        "Den som endrer filen, kan gi seg selv uid 0.",
        "Kjør `chmod 0644 /etc/passwd`.",
    ),
    (
        "linux-ssh-private-hostkeys",
        "file_list",
        "high",
        "2.6.4",
        "fix-file-permissions",
        "SSH private host keys are protected",
        "Private vertsnøkler for SSH er beskyttet",
        "Med nøkkelen kan noen utgi seg for å være serveren.",
        "Kjør `chmod 0600 /etc/ssh/ssh_host_*_key`.",
    ),
    (
        "linux-sysctl-rp-filter",
        "sysctl",
        "medium",
        "2.5.1 2.3.4",
        "set-kernel-parameters",
        "Packets with a false sender are dropped",
        "Pakker med falsk avsender forkastes",
        "Uten filteret kan noen utgi seg for å stå på innsiden.",
        "Skriv `net.ipv4.conf.all.rp_filter = 1` i `/etc/sysctl.d/60-hardening.conf` og kjør `sysctl --system`.",
    ),
    (
        "linux-sysctl-redirects",
        "sysctl",
        "medium",
        "2.3.4",
        "set-kernel-parameters",
        "ICMP redirects are not accepted",
        "ICMP-omdirigeringer godtas ikke",
        "En omdirigering kan sende trafikken gjennom angriperen.",
        "Skriv `net.ipv4.conf.all.accept_redirects = 0`.",
    ),
    (
        "linux-sysctl-aslr",
        "sysctl",
        "high",
        "2.3.4",
        "set-kernel-parameters",
        "Addresses in memory are random",
        "Adresser i minnet er tilfeldige",
        "Uten dette er feil i programmer mye lettere å utnytte.",
        "Skriv `kernel.randomize_va_space = 2`.",
    ),
    (
        "linux-sysctl-dmesg",
        "sysctl",
        "low",
        "2.3.4",
        "set-kernel-parameters",
        "Kernel messages are for root only",
        "Kjernemeldinger er bare for root",
        "Meldingene røper adresser som hjelper en angriper.",
        "Skriv `kernel.dmesg_restrict = 1`.",
    ),
    (
        "linux-account-uid0",
        "accounts",
        "critical",
        "2.6.5",
        "tighten-password-rules",
        "Only root has uid 0",
        "Bare root har uid 0",
        "En konto til med uid 0 er en bakdør.",
        "Fjern kontoen eller gi den en egen uid.",
    ),
    (
        "linux-shadow-hash-in-use",
        "accounts",
        "high",
        "2.7.1 2.6.3",
        "tighten-password-rules",
        "Existing password hashes use a strong scheme",
        "Passordhasher bruker en sterk metode",
        "Gamle metoder lar seg gjette på sekunder.",
        "La kontoene bytte passord: `chage -d 0 KONTO`.",
    ),
    (
        "linux-account-empty-password",
        "accounts",
        "critical",
        "2.6.3",
        "tighten-password-rules",
        "No account has an empty password",
        "Ingen konto har tomt passord",
        "En konto uten passord er åpen for alle.",
        "Kjør `passwd -l KONTO`.",
    ),
    (
        "linux-login-pass-max-days",
        "config_key",
        "low",
        "2.6.3",
        "tighten-password-rules",
        "Passwords expire",
        "Passord utløper",
        "Et lekket passord virker til det byttes.",
        "Sett `PASS_MAX_DAYS 365` i `/etc/login.defs`.",
    ),
    (
        "linux-umask-login",
        "config_key",
        "medium",
        "2.6.4",
        "fix-file-permissions",
        "Default umask is strict",
        "Standard umask er streng",
        "Nye filer blir ellers lesbare for alle.",
        "Sett `UMASK 027` i `/etc/login.defs`.",
    ),
    (
        "linux-ssh-regression-version",
        "packages",
        "critical",
        "2.3.1",
        "update-packages",
        "OpenSSH is not a version with known remote flaws",
        "OpenSSH er ikke en versjon med kjente sårbarheter",
        "CVE-2024-6387 gir root over nettet.",
        "Kjør `apt-get update && apt-get install --only-upgrade openssh-server`.",
    ),
    (
        "linux-updates-automatic",
        "packages",
        "high",
        "2.3.1",
        "update-packages",
        "Security updates are installed by themselves",
        "Sikkerhetsoppdateringer installeres automatisk",
        "De fleste innbrudd bruker kjente feil.",
        "Kjør `apt-get install unattended-upgrades`.",
    ),
    (
        "linux-service-telnet",
        "service",
        "high",
        "2.3.3",
        "remove-services",
        "There is no telnet server",
        "Det finnes ingen telnet-server",
        "Telnet sender passord i klartekst.",
        "Kjør `apt-get purge telnetd`.",
    ),
    (
        "linux-service-avahi",
        "service",
        "low",
        "2.3.3",
        "remove-services",
        "Avahi is off on servers",
        "Avahi er slått av på servere",
        "Tjenesten kunngjør maskinen for alle på nettet.",
        "Kjør `systemctl disable --now avahi-daemon.socket avahi-daemon.service`.",
    ),
    (
        "linux-service-rpcbind",
        "service",
        "medium",
        "2.3.3",
        "remove-services",
        "rpcbind is off where NFS is not used",
        "rpcbind er slått av der NFS ikke brukes",
        "Tjenesten brukes til å forsterke angrep mot andre.",
        "Kjør `systemctl mask --now rpcbind.socket`.",
    ),
    (
        "linux-log-remote",
        "config_key",
        "medium",
        "3.2.4",
        "settle-logging",
        "Logs are sent to another machine",
        "Logger sendes til en annen maskin",
        "Den som tar over en server, sletter loggene på den.",
        "Sett `*.* @@logg.example.no:6514` i `/etc/rsyslog.d/60-fjern.conf`.",
    ),
    (
        "linux-log-journal-persistent",
        "config_key",
        "low",
        "3.2.4",
        "settle-logging",
        "The journal survives a reboot",
        "Journalen overlever en omstart",
        "Sporene etter en hendelse er ellers borte.",
        "Sett `Storage=persistent` i `/etc/systemd/journald.conf`.",
    ),
)

_REMEDIATION_EN = "Change the setting as the measure asks, for example with `editor {id}`, and scan again."
_DANGERS = {
    "linux-ssh-root-login": Texts(
        en="Make sure that another account can use sudo before you reload.",
        nb="Kontroller at en annen konto kan bruke sudo før du laster inn på nytt.",
    ),
    "linux-sysctl-rp-filter": Texts(
        en="Servers with several routes may need the loose mode (2).",
        nb="Servere med flere ruter kan trenge den løse varianten (2).",
    ),
}
_NEEDS_ROOT = {"accounts", "sshd"}
_FIELDS = {
    name: FieldSpec(FieldType(kind), "a field of the example")
    for name, kind in {
        "permitrootlogin": "text",
        "permitemptypasswords": "text",
        "ciphers": "texts",
        "kexalgorithms": "texts",
        "maxauthtries": "integer",
        "x11forwarding": "text",
        "mode": "mode",
        "owner": "text",
        "value": "text",
        "number": "integer",
        "names": "texts",
        "changed": "time",
        "patched": "boolean",
        "installed": "texts",
        "at_boot": "texts",
    }.items()
}

# What web-01 (root) showed where it fails: check, field, operator, expected, actual, key.
_WEB_FAILS: tuple[tuple[str, str, str, Constant, Field, str], ...] = (
    (
        "linux-ssh-root-login",
        "sshd.permitrootlogin",
        "equals",
        "no",
        Known("yes", "/etc/ssh/sshd_config.d/50-cloud-init.conf:3"),
        "root from outside",
    ),
    (
        "linux-ssh-ciphers",
        "sshd.ciphers",
        "contains_none",
        ("3des-cbc", "aes128-cbc", "aes256-cbc"),
        Known(("chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-cbc", "3des-cbc"), "sshd -T"),
        "no match",
    ),
    ("linux-ssh-max-auth-tries", "sshd.maxauthtries", "at_most", 4, Known(6, "sshd -T"), "no match"),
    (
        "linux-ssh-x11-forwarding",
        "sshd.x11forwarding",
        "equals",
        "no",
        Known("yes", "/etc/ssh/sshd_config:89"),
        "no match",
    ),
    ("linux-perm-shadow", "file.mode", "mode_at_most", "0640", Known("0644", "/etc/shadow"), ""),
    (
        "linux-sysctl-rp-filter",
        "sysctl.number",
        "at_least",
        1,
        Known(0, "/proc/sys/net/ipv4/conf/all/rp_filter"),
        "net.ipv4.conf.all.rp_filter now",
    ),
    ("linux-sysctl-dmesg", "sysctl.number", "equals", 1, Known(0, "kernel default"), "kernel.dmesg_restrict boot"),
    (
        "linux-shadow-hash-in-use",
        "accounts.value",
        "one_of",
        ("yescrypt", "sha512", "bcrypt"),
        Known("md5", "/etc/shadow:31"),
        "arkiv",
    ),
    ("linux-ssh-regression-version", "packages.patched", "equals", True, Known(value=False, place="dpkg-query"), ""),
    ("linux-service-avahi", "service.at_boot", "is_empty", True, Known(("avahi-daemon.socket",), "systemctl show"), ""),
    ("linux-log-remote", "config.value", "exists", True, Absent("/etc/rsyslog.conf"), ""),
)
_DB_FAILS: tuple[tuple[str, str, str, Constant, Field, str], ...] = (
    (
        "linux-sysctl-rp-filter",
        "sysctl.number",
        "at_least",
        1,
        Known(0, "/proc/sys/net/ipv4/conf/all/rp_filter"),
        "net.ipv4.conf.all.rp_filter now",
    ),
    ("linux-umask-login", "config.value", "equals", "027", Known("022", "/etc/login.defs:152"), ""),
    ("linux-service-rpcbind", "service.at_boot", "is_empty", True, Known(("rpcbind.socket",), "systemctl show"), ""),
    ("linux-log-remote", "config.value", "exists", True, Absent("/etc/rsyslog.conf"), ""),
    ("linux-login-pass-max-days", "config.number", "at_most", 365, Known(99999, "/etc/login.defs:165"), ""),
)
_DB_ERRORS: dict[str, Field] = {
    "linux-ssh-private-hostkeys": Partial((), "a folder could not be read", "/etc/ssh"),
    "linux-updates-automatic": Unreadable("no end marker: the connection broke", "apt-get"),
}


def build_kinds() -> Mapping[str, ProbeKind]:
    """Return the kinds of the example; two of them need root rights."""
    names = sorted({row[1] for row in _CHECKS})
    return {name: _kind(name) for name in names}


def _kind(name: str) -> ProbeKind:
    privilege = Privilege.ROOT if name in _NEEDS_ROOT else Privilege.ANY
    return ProbeKind(
        name=name,
        summary="a kind of the example",
        fields=_FIELDS,
        steps=lambda _: (ShellStep(name=name, script="true", privilege=privilege),),
        parse=lambda probes, _: {probe: {} for probe in probes},
    )


def build_content(*, only: Sequence[str] = ()) -> Content:
    """Return checks (those whose ids are given, else all), actions, one baseline and one framework."""
    checks = {row[0]: _check(row) for row in sorted(_CHECKS) if row[0] in only or not only}
    return Content(
        checks=checks,
        actions={
            name: Action(id=name, title=Texts(en=en, nb=nb), effort=effort, how=how, place=NOWHERE)
            for name, en, nb, effort, how in sorted(_ACTIONS)
        },
        baselines={"linux-server": _baseline(checks)},
        frameworks={FRAMEWORK: _framework()},
        recommended={row[0]: row[3].split()[0] for row in sorted(_CHECKS) if row[0] in checks},
        digest="5be2c1f0" * 8,
    )


def _check(row: tuple[str, ...]) -> Check:
    name, kind, severity, _, action, en, nb, why, how = row
    failing = {fail[0]: fail for fail in (*_WEB_FAILS, *_DB_FAILS)}
    probe, field = failing[name][1].split(".") if name in failing else ("probe", "value")
    return Check(
        id=name,
        title=Texts(en=en, nb=nb),
        severity=Severity(severity),
        rationale=Texts(en=f"{en}: otherwise an attacker gains from it.", nb=why),
        applies_to=(PlatformCondition(os_family="linux"),),
        probes={probe: Probe.build(kind, {"path": "/example"})},
        expect=Comparison(field=FieldReference(probe, field), operator="exists", operand=True),
        remediation=Texts(en=_REMEDIATION_EN.format(id=name), nb=how),
        danger=_DANGERS.get(name, ABSENT),
        action=action,
        references=("https://example.org/why",),
        samples=(),
        version=f"{abs(hash_of(name)):012x}"[:12],
        place=NOWHERE,
    )


def hash_of(text: str) -> int:
    """Return a number that depends on nothing but the text."""
    return sum(ord(letter) * 31**index for index, letter in enumerate(text))


def _framework() -> Framework:
    links = defaultdict(list)
    for row in _CHECKS:
        for measure in row[3].split():
            links[measure].append(CheckLink(row[0], Basis.JUDGEMENT))
    return Framework(
        id=FRAMEWORK,
        title=Texts(en="NSM's basic principles for ICT security", nb="NSMs grunnprinsipper for IKT-sikkerhet"),
        version="2.1",
        publisher=Texts(en="Norwegian National Security Authority", nb="Nasjonal sikkerhetsmyndighet"),
        source="https://nsm.no/grunnprinsipper",
        groups=tuple(MeasureGroup(name, Texts(en=en, nb=nb)) for name, en, nb in _GROUPS),
        measures=tuple(
            Measure(
                id=name,
                group=group,
                title=Texts(en=en, nb=nb),
                carrier="municipality",
                effort=effort,
                checks=tuple(links[name]),
                place=NOWHERE,
            )
            for name, group, en, nb, effort in _MEASURES
        ),
        place=NOWHERE,
    )


def _baseline(checks: Mapping[str, Check]) -> Baseline:
    controls = [
        Control(
            id=f"{1 + index // 6}.{1 + index % 6}",
            title=check.title,
            level=Level.EXTENDED if check.severity is Severity.LOW else Level.BASIC,
            place=NOWHERE,
            checks=(name,),
        )
        for index, (name, check) in enumerate(checks.items())
    ]
    controls.append(
        Control(
            id="7.1",
            title=Texts(
                en="Restoring backups is rehearsed once a year",
                nb="Gjenoppretting fra sikkerhetskopi øves én gang i året",
            ),
            level=Level.BASIC,
            place=NOWHERE,
            manual=Texts(en="Ask for the minutes of the last rehearsal.", nb="Be om referatet fra siste øvelse."),
        )
    )
    controls.append(
        Control(
            id="7.2",
            title=Texts(en="The boot loader has a password", nb="Oppstartslasteren har passord"),
            level=Level.BASIC,
            place=NOWHERE,
            uncovered=Texts(
                en="Servers stand in a locked room; no check is shipped.",
                nb="Serverne står i et låst rom; det følger ingen sjekk med.",
            ),
        )
    )
    return Baseline(
        id="linux-server",
        title=Texts(en="Baseline for Linux servers", nb="Grunnlinje for Linux-servere"),
        version="1.0",
        controls=tuple(controls),
        place=NOWHERE,
    )


def build_judgements(content: Content) -> tuple[TargetJudgement, ...]:
    """Return what was judged of the three servers, sorted by name."""
    return (_db(content), _old(content), _web(content))


def without_gaps() -> TargetJudgement:
    """Return a server of which everything that was examined is as it should be."""
    judged = build_judgements(build_content())[-1]
    return replace(judged, results=tuple(each for each in judged.results if each.outcome is Outcome.PASS))


def _snapshot(name: str, *, root: bool, title: str, distribution: str, exposure: str) -> Snapshot:
    return Snapshot(
        target=name,
        platform=Platform(
            OperatingSystem(
                family="linux",
                distribution=distribution,
                version="12",
                title=title,
                kernel="6.1.0-28-amd64",
                architecture="x86_64",
                hostname=name,
            )
        ),
        endpoints=(
            EndpointRecord(
                channel="ssh",
                address=f"{name}.example.no:22",
                connection={
                    "transport": Known("ssh"),
                    "encrypted": Known(value=True),
                    "server_version": Known("OpenSSH_9.2p1 Debian-2+deb12u3"),
                    "host_key_type": Known("ssh-ed25519"),
                    "host_key_fingerprint": Known("SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDSDxRqXg5XKpc3LmE"),
                    "authentication": Known("publickey"),
                    "compressions_offered": Absent(),
                },
                round_trips=9,
                channels=2,
                bytes_received=48_213,
            ),
        ),
        privileges=Privileges(
            user="audit",
            uid=1001,
            root=root,
            become="sudo",
            refused="" if root else "sudo wants a password and none was given",
            remedy="" if root else "give one with sudo_password, or allow the script in sudoers",
        ),
        evidence={},
        steps=(StepRecord(name="sshd", as_root=root, milliseconds=12, bytes=4_100, sha256="ab" * 32),),
        time=STARTED + 2,
        duration_ms=1_840,
        target_time=STARTED + (640 if root else 3),
        plan_digest="9f31c2aa" * 8,
        tool_version="0.1.0",
        content_digest="5be2c1f0" * 8,
        labels={"zone": "dmz" if exposure == "internet" else "internal", "exposure": exposure},
        baselines=(BaselineReference("linux-server", Level.EXTENDED),),
    )


def _web(content: Content) -> TargetJudgement:
    snapshot = _snapshot(
        "web-01", root=True, title="Debian GNU/Linux 12 (bookworm)", distribution="debian", exposure="internet"
    )
    fails = {fail[0]: fail for fail in _WEB_FAILS}
    results = [
        _failed("web-01", content.checks[name], fails[name]) if name in fails else _passed("web-01", check)
        for name, check in content.checks.items()
        if name != "linux-updates-automatic"
    ]
    if "linux-updates-automatic" in content.checks:
        results.append(_not_applicable("web-01", content.checks["linux-updates-automatic"]))
    return _judgement(snapshot, content, results)


def _db(content: Content) -> TargetJudgement:
    snapshot = _snapshot("db-01", root=False, title="Ubuntu 24.04.1 LTS", distribution="ubuntu", exposure="internal")
    fails = {fail[0]: fail for fail in _DB_FAILS}
    results = []
    for name, check in content.checks.items():
        kind = next(iter(check.probes.values())).kind
        if name in fails:
            results.append(_failed("db-01", check, fails[name]))
        elif kind in _NEEDS_ROOT:
            results.append(_errored("db-01", check, Unreadable("permission denied", "/etc/shadow")))
        elif name in _DB_ERRORS:
            results.append(_errored("db-01", check, _DB_ERRORS[name]))
        else:
            results.append(_passed("db-01", check))
    return _judgement(snapshot, content, results)


def _old(content: Content) -> TargetJudgement:
    snapshot = Snapshot(
        target="fag-03",
        platform=Platform(Unreadable("the connection timed out")),
        endpoints=(
            EndpointRecord(
                channel="ssh",
                address="fag-03.example.no:22",
                failure="no answer within 10 seconds",
                remedy="check that the server is up and that port 22 is open from here",
            ),
        ),
        privileges=Privileges(become="sudo"),
        evidence={},
        steps=(),
        time=STARTED + 1,
        duration_ms=10_000,
        target_time=ABSENT,
        plan_digest="9f31c2aa" * 8,
        tool_version="0.1.0",
        content_digest="5be2c1f0" * 8,
        labels={"exposure": "internal"},
        baselines=(BaselineReference("linux-server", Level.EXTENDED),),
    )
    unreached = Unreadable("the target was not reached")
    return _judgement(snapshot, content, [_errored("fag-03", check, unreached) for check in content.checks.values()])


def _result(target: str, check: Check, outcome: Outcome, reason: Reason, note: str = "") -> Result:
    parameters = (
        {"limit": ParameterValue(4, Origin.SITE, "site.yaml")} if check.id == "linux-ssh-max-auth-tries" else {}
    )
    return Result(
        id=f"{target}/{check.id}",
        target=target,
        check=check.id,
        check_version=check.version,
        outcome=outcome,
        reasons=(reason,),
        parameters=parameters,
        note=note,
    )


def _failed(target: str, check: Check, fail: tuple[str, str, str, Constant, Field, str]) -> Result:
    _, field, operator, expected, actual, key = fail
    verdict = Verdict.ABSENT if isinstance(actual, Absent) else Verdict.FALSE
    reason = Reason(
        type=_type(field), field=field, operator=operator, expected=expected, actual=actual, verdict=verdict, key=key
    )
    return _result(target, check, Outcome.FAIL, reason)


def _not_applicable(target: str, check: Check) -> Result:
    return Result(
        id=f"{target}/{check.id}",
        target=target,
        check=check.id,
        check_version=check.version,
        outcome=Outcome.NOT_APPLICABLE,
        reasons=(),
        note="updates are installed from outside",
    )


def _errored(target: str, check: Check, actual: Field) -> Result:
    field = str(check.expect.field) if isinstance(check.expect, Comparison) else ""
    reason = Reason(
        type=_type(field), field=field, operator="exists", expected=True, actual=actual, verdict=Verdict.UNREADABLE
    )
    return _result(target, check, Outcome.ERROR, reason, note="not decided")


def _passed(target: str, check: Check) -> Result:
    field = str(check.expect.field) if isinstance(check.expect, Comparison) else ""
    actual = Known("no", "/etc/example.conf:12")
    reason = Reason(
        type=_type(field), field=field, operator="equals", expected="no", actual=actual, verdict=Verdict.TRUE
    )
    return _result(target, check, Outcome.PASS, reason)


def _type(field: str) -> FieldType | Absent:
    spec = _FIELDS.get(field.rpartition(".")[2])
    return spec.type if spec else ABSENT


_STATES = {
    Outcome.FAIL: ControlState.FAIL,
    Outcome.ERROR: ControlState.ERROR,
    Outcome.PASS: ControlState.PASS,
    Outcome.NOT_APPLICABLE: ControlState.NOT_APPLICABLE,
}


def _judgement(snapshot: Snapshot, content: Content, results: Sequence[Result]) -> TargetJudgement:
    outcomes = {result.check: result.outcome for result in results}
    reference = BaselineReference("linux-server", Level.EXTENDED)
    controls = []
    for control in content.baselines["linux-server"].controls:
        if control.checks:
            state = _STATES[outcomes[control.checks[0]]]
        else:
            state = ControlState.UNCOVERED if isinstance(control.manual, Absent) else ControlState.MANUAL
        ids = tuple(f"{snapshot.target}/{check}" for check in control.checks)
        controls.append(ControlResult(baseline=reference, control=control, state=state, results=ids))
    return TargetJudgement(snapshot=snapshot, results=tuple(results), controls=tuple(controls))


def build_gaps(judgements: Sequence[TargetJudgement], content: Content) -> tuple[Gap, ...]:
    """Return all failed results without a waiver, worst first."""
    exposures = {"internet": 3, "dmz": 2, "internal": 1}
    gaps = [
        Gap(
            result=result.id,
            target=result.target,
            check=result.check,
            severity=content.checks[result.check].severity,
            exposure=exposures[judgement.snapshot.labels["exposure"]],
        )
        for judgement in judgements
        for result in judgement.results
        if result.outcome is Outcome.FAIL and not result.waivers
    ]
    return tuple(sorted(gaps, key=lambda gap: (-gap.risk, gap.result)))


def build_measures(
    judgements: Sequence[TargetJudgement], content: Content, gaps: Sequence[Gap]
) -> tuple[MeasureResult, ...]:
    """Return what the scan says of each measure."""
    return tuple(
        _measure_result(framework.id, measure, judgements, gaps)
        for framework in content.frameworks.values()
        for measure in framework.measures
    )


def _measure_result(
    framework: str, measure: Measure, judgements: Sequence[TargetJudgement], gaps: Sequence[Gap]
) -> MeasureResult:
    checks = {link.check for link in measure.checks}
    counts = sum(
        (Counts.of(result.outcome) for each in judgements for result in each.results if result.check in checks),
        Counts(),
    )
    found = tuple(gap for gap in gaps if gap.check in checks)
    examined = MeasureState.NO_GAPS if counts.passed else MeasureState.NOT_EXAMINED
    if measure.id == "2.9.3":
        examined = MeasureState.ATTESTED
    return MeasureResult(
        framework=framework,
        measure=measure,
        state=MeasureState.GAPS if found else examined,
        gaps=found,
        counts=counts,
    )


def build_actions(content: Content, gaps: Sequence[Gap]) -> tuple[ActionItem, ...]:
    """Return the items of work, each under the recommended measure of its worst gap."""
    items = defaultdict(list)
    for gap in gaps:
        items[content.checks[gap.check].action].append(gap)
    return tuple(
        ActionItem(action=content.actions[action], measure=content.recommended[found[0].check], gaps=tuple(found))
        for action, found in items.items()
    )


def build_info() -> ScanInfo:
    """Return the facts of the scan."""
    return ScanInfo(
        started=STARTED,
        as_of=STARTED,
        finished=STARTED + 14,
        tool_version="0.1.0",
        content_digest="5be2c1f0" * 8,
        plan_digest="9f31c2aa" * 8,
        command="hardening scan --site /etc/hardening -b linux-server:extended -o html=avvik.html",
        gate=Gate(
            10,
            (
                Texts(en="Gaps at or above high: 6.", nb="Avvik på høy eller over: 6."),
                Texts(
                    en="Not everything at or above high was examined: 1 target was not reached.",
                    nb="Ikke alt på høy eller over ble undersøkt: 1 system ble ikke nådd.",
                ),
            ),
        ),
    )


def build_attestations(text: str = "") -> tuple[Attestation, ...]:
    """Return what persons answer: one that counts, and one that has expired; each says ``text`` if it is given."""
    return (
        Attestation(
            framework=FRAMEWORK,
            measure="2.9.3",
            answer=Answer.PARTLY,
            statement=text or "Gjenoppretting av fagsystemene ble øvd 12. mars; e-posten gjenstår.",
            person=text or "Kari Nordmann, IT-leder",
            evidence=text or "Sak 26/1234, referat fra øvelsen",
            made=STARTED - 200 * 86_400,
            ends=STARTED + 100 * 86_400,
        ),
        Attestation(
            framework=FRAMEWORK,
            measure="4.1.1",
            answer=Answer.DONE,
            statement=text or "Planverket er vedtatt.",
            person=text or "Ola Hansen, beredskapsleder",
            evidence=text or "Sak 24/77",
            made=STARTED - 500 * 86_400,
            ends=STARTED - 86_400,
        ),
    )


WAIVER = Waiver(
    id="W-1",
    check="linux-perm-shadow",
    targets=("web-01",),
    holds=(),
    reason="The old agent reads it.",
    owner="Kari Nordmann",
    approver="Ola Hansen",
    ticket="SAK-1",
    compensating="Nobody logs in there.",
    starts=STARTED - 30 * DAY,
    ends=STARTED + 60 * DAY,
)


def build_waived(content: Content | None = None) -> Report:
    """Return the report of the example in which a waiver covers the first gap of the first server."""
    content = content or build_content()
    first, *others = build_judgements(content)
    gap = next(result for result in first.results if result.outcome is Outcome.FAIL)
    results = tuple(replace(each, waivers=("W-1",)) if each is gap else each for each in first.results)
    waivers = Waivers(waivers=(replace(WAIVER, check=gap.check),))
    return build_example([replace(first, results=results), *others], content, waivers=waivers)


def build_example(
    judgements: Sequence[TargetJudgement] | None = None,
    content: Content | None = None,
    attestations: Sequence[Attestation] | None = None,
    waivers: Waivers = NO_WAIVERS,
) -> Report:
    """Return the report of the example, or of other judgements."""
    content = content or build_content()
    judged = build_judgements(content) if judgements is None else judgements
    gaps = build_gaps(judged, content)

    builder = ReportBuilder(content, build_kinds())
    for judgement in judged:
        builder.add(judgement)
    return builder.build(
        build_info(),
        measures=build_measures(judged, content, gaps),
        actions=build_actions(content, gaps),
        attestations=build_attestations() if attestations is None else attestations,
        waivers=waivers,
    )


def build_past() -> Past:
    """Return earlier scans of the example, one a month: it got better, then content changed."""
    points = tuple(
        TrendEntry(
            scan=f"scan-{number}",
            started=STARTED - (8 - number) * 30 * 86_400,
            targets=3,
            counts=Counts(passed=10 + number, failed=26 - number, errors=30),
            gaps={Severity.CRITICAL: 3, Severity.HIGH: 12 - number, Severity.MEDIUM: 11},
            other_content=number == 5,
        )
        for number in range(8)
    )
    gaps = build_gaps(build_judgements(build_content()), build_content())
    seen = {gap.result: points[index % 8].started for index, gap in enumerate(gaps) if index % 4}
    return Past(points=points, left_out=2, first_seen=seen, last_content="5be2c1f0" * 8)


def build_example_with_past() -> Report:
    """Return the example as it is once earlier scans are kept."""
    return with_past(build_example(), build_past())
