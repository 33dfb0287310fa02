"""Targets named on the command line without an inventory: `local`, `ssh://audit@web-01:22`, `chroot:/srv/image`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from hardening.errors import UsageError
from hardening.inventory.ssh_config import SshConfig
from hardening.inventory.ssh_route import SSH_PORT, Wanted, build_route, parse_jump, require_straight
from hardening.model.evidence import ABSENT, Absent
from hardening.model.server import is_ip_address
from hardening.model.target import (
    Become,
    ChrootEndpoint,
    ContainerEndpoint,
    ContainerProgram,
    Credential,
    Endpoint,
    HostKeys,
    ImageEndpoint,
    LdapAuthentication,
    LdapEndpoint,
    LdapSecurity,
    LocalEndpoint,
    RecordedEndpoint,
    SshEndpoint,
    WinRmAuthentication,
    WinRmBackend,
    WinRmEndpoint,
)

FORMS: Mapping[str, str] = {
    "chroot": "FOLDER",
    "podman": "NAME",
    "docker": "NAME",
    "podman-image": "IMAGE",
    "docker-image": "IMAGE",
    "recorded": "FILE",
}
"""The addresses that are a word, a colon and what the word means; a Windows drive or a host name is none of them."""

# Neither may begin with a hyphen: they become arguments of a program.
CONTAINER_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
IMAGE_REFERENCE = r"[A-Za-z0-9][A-Za-z0-9_.:/@-]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressOptions:
    """What the command line says about all targets that it names by address; empty means not said."""

    user: str = ""
    key: str = ""
    known_hosts: str = ""
    jump: str = ""
    host_keys: HostKeys = HostKeys.KNOWN
    ssh_config: SshConfig | Absent = ABSENT
    become: Become = Become.NO
    sudo_password: str = ""
    password: str = ""
    ca_file: str = ""
    authentication: str = ""


LDAP_PORTS: Mapping[LdapSecurity, int] = {
    LdapSecurity.LDAPS: 636,
    LdapSecurity.STARTTLS: 389,
    LdapSecurity.PLAIN: 389,
}
"""The usual port of a directory, by how the connection is protected."""

WINRM_PORTS: Mapping[bool, int] = {True: 5986, False: 5985}
"""The usual port of WinRM, by whether it is over TLS."""

_WINRM_SCHEMES = {"winrm+https": True, "winrm+http": False}
_SCHEMES = ("ssh://", "ldap://", "ldaps://", *(f"{scheme}://" for scheme in _WINRM_SCHEMES))

_LDAP_SCHEMES = {"ldaps": LdapSecurity.LDAPS, "ldap": LdapSecurity.STARTTLS}


def is_address(text: str) -> bool:
    """Say whether a word on the command line is an address rather than a name from the inventory."""
    word, colon, _ = text.partition(":")
    return text == "local" or text.startswith(_SCHEMES) or bool(colon and word in FORMS)


def parse_address(text: str, options: AddressOptions) -> Endpoint:
    """Return the endpoint that an address means; raises ``UsageError`` with the form that is expected."""
    credential = Credential(key=options.key, password=options.password, sudo_password=options.sudo_password)
    if text == "local":
        return LocalEndpoint(become=options.become, credential=credential)
    if text.startswith("ssh://"):
        return _parse_ssh(text, options, credential)
    if text.startswith(("ldap://", "ldaps://")):
        return _parse_ldap(text, options, credential)
    if text.startswith(tuple(_WINRM_SCHEMES)):
        return _parse_winrm(text, options, credential)
    word, colon, rest = text.partition(":")
    if colon and word in FORMS:
        return parse_word(word, rest, options.become)
    forms = ", ".join(f"{word}:{form}" for word, form in FORMS.items())
    forms = f"local, ssh://USER@HOST:PORT, winrm+https://USER@HOST, ldaps://USER@HOST, {forms}"
    msg = f"{text}: not an address; use {forms}, or a name from the inventory"
    raise UsageError(msg)


def parse_word(word: str, rest: str, become: Become) -> Endpoint:
    """Return the endpoint that an address of ``FORMS`` means; raises ``UsageError`` with the form that is expected."""
    pattern = {"NAME": CONTAINER_NAME, "IMAGE": IMAGE_REFERENCE}.get(FORMS[word], ".+")
    if not re.fullmatch(pattern, rest, re.DOTALL) or "\0" in rest:
        what = f"no {FORMS[word].lower()} is called {rest!r}" if rest else f"names no {FORMS[word].lower()}"
        msg = f"{word}: {what}; write {word}:{FORMS[word]}"
        raise UsageError(msg)
    match word:
        case "recorded":
            return RecordedEndpoint(rest)
        case "chroot":
            return ChrootEndpoint(rest)
        case "podman" | "docker" if become is Become.KIT:
            msg = f"{word}:{rest}: no kit is installed in a container; use --become sudo, or none"
            raise UsageError(msg)
        case "podman" | "docker":
            return ContainerEndpoint(program=ContainerProgram(word), name=rest, become=become)
        case _:
            return ImageEndpoint(program=ContainerProgram(word.removesuffix("-image")), reference=rest)


def _parse_ssh(text: str, options: AddressOptions, credential: Credential) -> SshEndpoint:
    _, host, port, user = _split(text)
    said = Wanted(
        address=host,
        known_hosts=options.known_hosts,
        host_keys=options.host_keys,
        credential=credential,
        config=options.ssh_config,
    )
    wanted = replace(
        said,
        port=port,
        user=user or options.user,
        jump=parse_jump(options.jump, said),
        is_jump_said=bool(options.jump),
        become=options.become,
    )
    return require_straight(build_route(wanted))


def _parse_ldap(text: str, options: AddressOptions, credential: Credential) -> LdapEndpoint:
    scheme, host, port, user = _split(text)
    security = _LDAP_SCHEMES[scheme]
    wanted = options.authentication or LdapAuthentication.SIMPLE.value
    if wanted not in {way.value for way in LdapAuthentication}:
        msg = f"{scheme}://{host}: a directory knows no auth {wanted}; use simple or anonymous"
        raise UsageError(msg)
    endpoint = LdapEndpoint(
        address=host,
        port=port or LDAP_PORTS[security],
        user=user or options.user,
        security=security,
        authentication=LdapAuthentication(wanted),
        ca_file=options.ca_file,
        credential=credential,
    )
    if fault := find_ldap_fault(endpoint):
        what, remedy = fault
        msg = f"{scheme}://{host}: {what}; {remedy}"
        raise UsageError(msg)
    return endpoint


def _parse_winrm(text: str, options: AddressOptions, credential: Credential) -> WinRmEndpoint:
    scheme, host, port, user = _split(text)
    tls = _WINRM_SCHEMES[scheme]
    wanted = options.authentication or WinRmAuthentication.NTLM.value
    if wanted not in {way.value for way in WinRmAuthentication}:
        msg = f"{scheme}://{host}: WinRM knows no auth {wanted}; use ntlm or kerberos"
        raise UsageError(msg)
    endpoint = WinRmEndpoint(
        address=host,
        port=port or WINRM_PORTS[tls],
        tls=tls,
        user=user or options.user,
        authentication=WinRmAuthentication(wanted),
        ca_file=options.ca_file,
        credential=credential,
    )
    if fault := find_winrm_fault(endpoint):
        what, remedy = fault
        msg = f"{scheme}://{host}: {what}; {remedy}"
        raise UsageError(msg)
    return endpoint


def find_winrm_fault(endpoint: WinRmEndpoint) -> tuple[str, str] | None:
    """Return what is wrong with how a Windows server is to be reached, and the remedy; ``None`` if nothing is."""
    certificate = endpoint.authentication is WinRmAuthentication.CERTIFICATE
    match endpoint.authentication:
        case WinRmAuthentication.NTLM if not endpoint.user:
            return "no account is named", "name one with `user`, as EXAMPLE\\audit or audit@example.org"
        case WinRmAuthentication.NTLM if not endpoint.credential.password:
            return "no password is named", "say where it is (--password-from env:NAME, or a credential with `password`)"
        case WinRmAuthentication.CERTIFICATE if not endpoint.tls:
            return "a certificate needs TLS", "use scheme: https"
        case WinRmAuthentication.CERTIFICATE if not endpoint.credential.key or not endpoint.credential.certificate:
            return "auth certificate needs a certificate and its key", "give a credential with `certificate` and `key`"
        case _ if endpoint.configuration and endpoint.backend is not WinRmBackend.PSRP:
            return "only PowerShell sessions know configurations", "use backend: psrp"
        case _ if certificate and endpoint.user:
            return (
                "auth certificate and an account exclude each other",
                "leave `user` out: the server maps the certificate",
            )
        case _:
            return None


def find_ldap_fault(endpoint: LdapEndpoint) -> tuple[str, str] | None:
    """Return what is wrong with how a directory is to be reached, and the remedy; ``None`` if nothing is."""
    plain = endpoint.security is LdapSecurity.PLAIN
    match endpoint.authentication:
        case LdapAuthentication.SIMPLE | LdapAuthentication.EXTERNAL | LdapAuthentication.KERBEROS if plain:
            return "without encryption no login is sent", "use security: ldaps or starttls, or auth: anonymous"
        case LdapAuthentication.SIMPLE if not endpoint.user:
            return "no account is named", "name one with `user`, or ask as nobody with auth anonymous"
        case LdapAuthentication.SIMPLE if not endpoint.credential.password:
            return "no password is named", "say where it is (--password-from env:NAME, or a credential with `password`)"
        case LdapAuthentication.EXTERNAL if not endpoint.credential.key or not endpoint.credential.certificate:
            return "auth external needs a certificate and its key", "give a credential with `certificate` and `key`"
        case LdapAuthentication.KERBEROS if is_ip_address(endpoint.address):
            return "Kerberos knows a server by its name", "write the host name in place of the IP address"
        case LdapAuthentication.ANONYMOUS if endpoint.user:
            return "auth anonymous and an account exclude each other", "leave `user` out"
        case _:
            return None


def _split(text: str) -> tuple[str, str, int, str]:
    """Return scheme, host, port (0 if not said) and user of an address; raises ``UsageError``."""
    scheme = text.partition(":")[0]
    form = f"write {scheme}://USER@HOST:PORT"
    try:
        parts = urlsplit(text)
        host, port = _host_of(parts.netloc), parts.port
    except ValueError as error:
        msg = f"{text}: not an address ({error}); {form}"
        raise UsageError(msg) from error
    if not host or parts.path.strip("/") or parts.query or parts.fragment:
        msg = f"{text}: not an address; {form}"
        raise UsageError(msg)
    if parts.password is not None:
        msg = f"{scheme}://{host}: a password on the command line can be read by others; use --password-from env:NAME"
        raise UsageError(msg)
    return scheme, host, port or 0, unquote(parts.username or "")


def _host_of(netloc: str) -> str:
    """Return the host as it was written: names of ssh_config are told apart by case. A zone is written after `%25`."""
    place = netloc.rpartition("@")[2]
    if place.startswith("["):
        address, percent, zone = place[1:].partition("]")[0].partition("%")
        return address + percent + zone.removeprefix("25")
    return place.partition(":")[0]


def name_of(endpoint: Endpoint) -> str:
    """Return the name of a target that has none: its host, with the port where it is not the usual one."""
    match endpoint:
        case SshEndpoint(address=address, port=port):
            return address if port == SSH_PORT else f"{address}:{port}"
        case LdapEndpoint(address=address, port=port, security=security):
            return address if port == LDAP_PORTS[security] else f"{address}:{port}"
        case WinRmEndpoint(address=address, port=port, tls=tls):
            return address if port == WINRM_PORTS[tls] else f"{address}:{port}"
        case LocalEndpoint():
            return "local"
        case RecordedEndpoint(path):
            return path.rsplit("/", 1)[-1].removesuffix(".gz").removesuffix(".json").removesuffix(".recording")
        case ChrootEndpoint(path):
            return path.rstrip("/").rsplit("/", 1)[-1] or path
        case ContainerEndpoint(name=name):
            return name
        case ImageEndpoint(reference=reference):
            return reference
