"""What is wrong with a connection, stage by stage, each with what to do about it. Pure: judges an examination."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hardening.app.diagnosis_directory import diagnose_directory
from hardening.app.diagnosis_lines import Diagnosis, State, failed, ok, text_of
from hardening.app.diagnosis_windows import diagnose_powershell, diagnose_windows
from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Absent, Evidence, Field, Known, Partial, Unreadable
from hardening.model.step import needs_root
from hardening.model.target import Become, Endpoint, LdapEndpoint, LocalEndpoint, SshEndpoint, WinRmEndpoint
from hardening.probes import KINDS
from hardening.probes.kind import Channel
from hardening.transports.known_hosts import SSH_PORT
from hardening.transports.session import Milestone

if TYPE_CHECKING:
    from hardening.app.examination import Examination
    from hardening.model.snapshot import EndpointRecord, Snapshot


CLOCK_SECONDS = 300
"""The difference of clocks that is worth a word."""

SUDO_LINES = {
    "requiretty": "echo 'Defaults:{user} !requiretty' | sudo tee /etc/sudoers.d/{user}-tty",
    "does not name the account": "hardening plan --kit ./kit --account {user}",
    "does not allow the account": "hardening plan --kit ./kit --account {user}",
    "has expired": "sudo passwd {user}",
    "sudo is not installed": "sudo apt-get install sudo",
    "and none is configured": "hardening doctor {target} --become sudo --sudo-password-from prompt:",
    "refused the password": "ssh {login} -t sudo -k -v",
    "did not let us give one": "hardening plan --kit ./kit --account {user}",
    "does not let the account run": "ssh {login} -t sha256sum /usr/local/libexec/hardening-root",
}
"""What to paste where root rights were refused, by words of ours in the reason."""

_WEAK = {
    "KexAlgorithms": (
        "kex_offered",
        re.compile(r"diffie-hellman-group(1|14|-exchange)-sha1|gss-\S*sha1\S*|rsa1024-sha1"),
    ),
    "HostKeyAlgorithms": ("host_key_algorithms_offered", re.compile(r"ssh-rsa(-cert-v01@openssh\.com)?|ssh-dss\S*")),
    "Ciphers": ("ciphers_offered", re.compile(r"\S+-cbc(@\S+)?|arcfour\S*|none")),
    "MACs": ("macs_offered", re.compile(r"hmac-(md5|sha1|ripemd160)\S*|umac-64\S*|none")),
}
_KNOWN_HOSTS_LINE = re.compile(r"(\S+ (?:ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/]+={0,3})$")
_KNOWN_HOSTS_FILE = re.compile(r"then add to (\S+): ")
_REACH_ROOT = "scan with become: sudo, or install what `hardening plan --kit DIR` writes and scan with become: kit"


def diagnose(seen: Examination) -> tuple[Diagnosis, ...]:
    """Return the stages of a target in the order in which a connection passes them, up to the first that failed."""
    lines: list[Diagnosis] = []
    for stages in (_diagnose_way(seen), _diagnose_account(seen)):
        for line in stages:
            lines.append(line)
            if line.state is State.FAIL and line.stage != "sudo":
                return tuple(lines)
    return tuple(lines)


def _diagnose_way(seen: Examination) -> Iterator[Diagnosis]:
    """Yield what lies between us and a login; nothing where there is no connection."""
    endpoint = seen.endpoint
    if isinstance(endpoint, LdapEndpoint):
        yield from diagnose_directory(seen, endpoint, _connection(seen))
        return
    if isinstance(endpoint, WinRmEndpoint):
        yield from diagnose_windows(seen, endpoint, _connection(seen))
        return
    if not isinstance(endpoint, SshEndpoint):
        if isinstance(seen.failure, ConnectError):
            yield failed("open", seen.failure)
        return
    if Milestone.CREDENTIAL not in seen.milestones:
        yield failed("credential", seen.failure)
        return
    yield ok("credential", "what is needed to log in is there")
    if isinstance(seen.addresses, Unreadable):
        yield Diagnosis(
            stage="name",
            state=State.FAIL,
            what=f"the name could not be resolved: {seen.addresses.reason}",
            remedy="check the address and the name service",
            line=f"getent ahosts {shlex.quote(endpoint.address)}",
        )
        return
    if seen.addresses:
        yield ok("name", f"the name stands for {', '.join(seen.addresses)}")
    # Whether a reset is met while connecting or afterwards is chance: something answered.
    if Milestone.PORT not in seen.milestones and not isinstance(_cause(seen), ConnectionResetError):
        yield failed("port", seen.failure, _port_line(seen, endpoint))
        return
    yield ok("port", f"port {endpoint.port} answers")
    yield from _diagnose_peer(seen, endpoint)


def _diagnose_peer(seen: Examination, endpoint: SshEndpoint) -> Iterator[Diagnosis]:
    connection = _connection(seen)
    greeting = connection.get("server_version", ABSENT)
    if not isinstance(greeting, Known):
        yield failed("greeting", seen.failure, f"nc {shlex.quote(endpoint.address)} {endpoint.port} </dev/null")
        return
    yield ok("greeting", f"the server says {greeting.value}")
    if Milestone.ALGORITHMS not in seen.milestones:
        yield failed("algorithms", seen.failure, "sudo sshd -T | grep -E '^(kex|ciphers|macs|hostkeyalgorithms)'")
        return
    yield _diagnose_algorithms(connection)
    if Milestone.HOST_KEY not in seen.milestones:
        yield failed("host_key", seen.failure, _known_hosts_line(seen.failure))
        return
    yield ok("host_key", f"the key is a known one: {text_of(connection, 'host_key_fingerprint')}")
    if Milestone.LOGIN not in seen.milestones:
        yield failed("login", seen.failure, _login_line(endpoint))
        return
    yield ok("login", f"logged in as {endpoint.user or 'our own name'} with {text_of(connection, 'authentication')}")


def _diagnose_algorithms(connection: Evidence) -> Diagnosis:
    weak: dict[str, list[str]] = {}
    for option, (name, pattern) in _WEAK.items():
        if found := [each for each in _names(connection.get(name, ABSENT)) if pattern.fullmatch(each)]:
            weak[option] = found
    if not weak:
        return ok(
            "algorithms", f"agreed on {text_of(connection, 'kex')} and {text_of(connection, 'cipher_in')}; none is weak"
        )
    lines = "\\n".join(f"{option} -{','.join(names)}" for option, names in weak.items())
    return Diagnosis(
        stage="algorithms",
        state=State.WARN,
        what=f"weak algorithms are offered: {', '.join(name for names in weak.values() for name in names)}",
        remedy="take them out of the configuration of sshd",
        line=f"printf '{lines}\\n' | sudo tee /etc/ssh/sshd_config.d/00-algorithms.conf && sudo sshd -t && "
        "sudo systemctl reload ssh",
    )


def _diagnose_account(seen: Examination) -> Iterator[Diagnosis]:
    """Yield what the account may do, and what that costs."""
    user = _user(seen)
    silence = next((endpoint for endpoint in seen.snapshot.endpoints if endpoint.failure), None)
    if silence is not None and not isinstance(seen.endpoint, LdapEndpoint):
        yield _diagnose_silence(silence, _become(seen.endpoint), user)
        return
    if isinstance(seen.endpoint, WinRmEndpoint):
        yield from diagnose_powershell(seen)
    elif not isinstance(seen.endpoint, LdapEndpoint):
        yield _diagnose_shell(seen)
        yield _diagnose_sudo(seen)
    yield from _diagnose_rights(seen)
    # OpenLDAP tells no time.
    if not isinstance(seen.endpoint, LdapEndpoint) or isinstance(seen.snapshot.target_time, int):
        yield _diagnose_clock(seen.snapshot)


def _diagnose_silence(silence: EndpointRecord, become: Become, user: str) -> Diagnosis:
    """Tell why a target that let us in ran nothing at all."""
    if silence.channel == "winrm":
        return Diagnosis(stage="powershell", state=State.FAIL, what=silence.failure, remedy=silence.remedy)
    stage, remedy, line = "shell", "give the account a shell that runs commands", f"sudo usermod --shell /bin/sh {user}"
    if become is Become.KIT:
        stage, remedy, line = "kit", silence.remedy, f"hardening plan --kit ./kit --account {user}"
    elif "expired" in silence.failure:
        remedy, line = "set a new password for the account", f"sudo passwd {user}"
    return Diagnosis(stage=stage, state=State.FAIL, what=silence.failure, remedy=remedy, line=line)


def _diagnose_shell(seen: Examination) -> Diagnosis:
    if isinstance(seen.shell, Absent) or not seen.shell.said.strip():
        return ok("shell", "the shell of the account runs what it is given, and says nothing else")
    return Diagnosis(
        stage="shell",
        state=State.WARN,
        what=f"the shell says something of its own before each command: {clean_line(seen.shell.said.strip(), 100)}",
        remedy="it does the scan no harm; let its start file speak on terminals only",
        line="case $- in *i*) ;; *) return ;; esac",
    )


def _diagnose_sudo(seen: Examination) -> Diagnosis:
    privileges, user = seen.snapshot.privileges, _user(seen)
    if privileges.refused:
        line = next((line for words, line in SUDO_LINES.items() if words in privileges.refused), "sudo -l")
        names = {"user": user, "login": _where(seen.endpoint), "target": shlex.quote(seen.target.name)}
        return Diagnosis(
            stage="sudo",
            state=State.FAIL,
            what=privileges.refused,
            remedy=privileges.remedy,
            line=line.format(**names),
        )
    if not privileges.root:
        return Diagnosis(
            stage="sudo",
            state=State.WARN,
            what="root rights were not asked for",
            remedy=_REACH_ROOT,
            line=f"hardening plan --kit ./kit --account {user}",
        )
    match _become(seen.endpoint):
        case Become.KIT:
            return ok("sudo", "the installed script runs as root, and nothing else does")
        case Become.SUDO if seen.asked_password:
            return ok("sudo", "sudo asked for the password and took it")
        case Become.SUDO if privileges.uid != 0:
            return ok("sudo", "sudo makes the account root without a password")
        case _:
            return ok("sudo", "the account is root")


def _diagnose_rights(seen: Examination) -> Iterator[Diagnosis]:
    """Yield, for each kind that lacks answers, how many and why."""
    missing: dict[tuple[str, str], list[str]] = defaultdict(list)
    asked = 0
    for probe, evidence in seen.snapshot.evidence.items():
        if (kind := KINDS[probe.kind]).channel is Channel.SESSION:
            continue
        asked += 1
        reasons = [field.reason for field in evidence.values() if isinstance(field, Unreadable | Partial)]
        if reasons:
            needs = "root" if any(map(needs_root, kind.steps([probe]))) else "any account"
            missing[needs, probe.kind].append(reasons[0])
    for (needs, name), reasons in sorted(missing.items()):
        lacks_root = needs == "root" and not seen.snapshot.privileges.root
        yield Diagnosis(
            stage="rights",
            state=State.WARN,
            what=f"{len(reasons)} questions of kind {name} ({needs}) were not answered in full: {reasons[0]}",
            remedy=_REACH_ROOT if lacks_root else "",
            line=f"hardening plan --kit ./kit --account {_user(seen)}" if lacks_root else "",
        )
    if not missing:
        yield ok("rights", f"all {asked} questions were answered in full")


def _diagnose_clock(snapshot: Snapshot) -> Diagnosis:
    if not isinstance(snapshot.target_time, int):
        return Diagnosis(stage="clock", state=State.WARN, what="the target did not tell its time", line="date +%s")
    difference = snapshot.target_time - snapshot.time
    if abs(difference) <= CLOCK_SECONDS:
        return ok("clock", "the clocks agree")
    return Diagnosis(
        stage="clock",
        state=State.WARN,
        what=f"the clock of the target is {abs(difference)} s {'ahead of' if difference > 0 else 'behind'} ours",
        remedy="find out which of the two is wrong, and let it follow a time server",
        line="sudo timedatectl set-ntp true",
    )


def _connection(seen: Examination) -> Evidence:
    """Return what was seen of the connection, whether or not it came to anything."""
    if isinstance(seen.failure, ConnectError) and seen.failure.connection:
        return seen.failure.connection
    return next((endpoint.connection for endpoint in seen.snapshot.endpoints), {})


def _names(field: Field) -> list[str]:
    if isinstance(field, Known) and isinstance(field.value, tuple):
        return [name for name in field.value if isinstance(name, str)]
    return []


def _cause(seen: Examination) -> BaseException | None:
    return seen.failure.__cause__ if isinstance(seen.failure, ConnectError) else None


def _port_line(seen: Examination, endpoint: SshEndpoint) -> str:
    if isinstance(_cause(seen), ConnectionRefusedError):
        return "sudo systemctl enable --now ssh"
    return f"nc -vz {shlex.quote(endpoint.address)} {endpoint.port}"


def _known_hosts_line(failure: ConnectError | Absent) -> str:
    """Return what adds the key that was shown; a revoked key has no such line."""
    if isinstance(failure, Absent) or not (line := _KNOWN_HOSTS_LINE.search(failure.remedy)):
        return ""
    if file := _KNOWN_HOSTS_FILE.search(failure.remedy):
        return f"echo {shlex.quote(line[1])} >> {shlex.quote(file[1])}"
    return line[1]


def _login_line(endpoint: SshEndpoint) -> str:
    if endpoint.credential.key:
        return f"ssh-copy-id -i {shlex.quote(endpoint.credential.key + '.pub')} {_login(endpoint)}"
    return f"ssh {_login(endpoint)} true"


def _login(endpoint: SshEndpoint) -> str:
    """Return the words by which OpenSSH logs in at an endpoint."""
    port = "" if endpoint.port == SSH_PORT else f"-p {endpoint.port} "
    return port + shlex.quote(f"{endpoint.user}@{endpoint.address}" if endpoint.user else endpoint.address)


def _where(endpoint: Endpoint) -> str:
    return _login(endpoint) if isinstance(endpoint, SshEndpoint) else "localhost"


def _user(seen: Examination) -> str:
    """Return the account in words for a shell."""
    endpoint = seen.endpoint
    named = endpoint.user if isinstance(endpoint, SshEndpoint) else ""
    return shlex.quote(seen.snapshot.privileges.user or named or "audit")


def _become(endpoint: Endpoint) -> Become:
    match endpoint:
        case SshEndpoint(become=become) | LocalEndpoint(become=become):
            return become
        case _:
            return Become.NO
