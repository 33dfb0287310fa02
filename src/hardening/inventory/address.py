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
from hardening.model.target import (
    Become,
    ChrootEndpoint,
    ContainerEndpoint,
    ContainerProgram,
    Credential,
    Endpoint,
    HostKeys,
    ImageEndpoint,
    LocalEndpoint,
    RecordedEndpoint,
    SshEndpoint,
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


def is_address(text: str) -> bool:
    """Say whether a word on the command line is an address rather than a name from the inventory."""
    word, colon, _ = text.partition(":")
    return text == "local" or text.startswith("ssh://") or bool(colon and word in FORMS)


def parse_address(text: str, options: AddressOptions) -> Endpoint:
    """Return the endpoint that an address means; raises ``UsageError`` with the form that is expected."""
    credential = Credential(key=options.key, password=options.password, sudo_password=options.sudo_password)
    if text == "local":
        return LocalEndpoint(become=options.become, credential=credential)
    if text.startswith("ssh://"):
        return _parse_ssh(text, options, credential)
    word, colon, rest = text.partition(":")
    if colon and word in FORMS:
        return parse_word(word, rest, options.become)
    forms = ", ".join(f"{word}:{form}" for word, form in FORMS.items())
    msg = f"{text}: not an address; use local, ssh://USER@HOST:PORT, {forms}, or a name from the inventory"
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
    try:
        parts = urlsplit(text)
        host, port = _host_of(parts.netloc), parts.port
    except ValueError as error:
        msg = f"{text}: not an address ({error}); write ssh://USER@HOST:PORT"
        raise UsageError(msg) from error
    if not host or parts.path.strip("/") or parts.query or parts.fragment:
        msg = f"{text}: not an address; write ssh://USER@HOST:PORT"
        raise UsageError(msg)
    if parts.password is not None:
        msg = f"ssh://{host}: a password on the command line can be read by others; use --password-from env:NAME"
        raise UsageError(msg)
    said = Wanted(
        address=host,
        known_hosts=options.known_hosts,
        host_keys=options.host_keys,
        credential=credential,
        config=options.ssh_config,
    )
    wanted = replace(
        said,
        port=port or 0,
        user=unquote(parts.username or "") or options.user,
        jump=parse_jump(options.jump, said),
        is_jump_said=bool(options.jump),
        become=options.become,
    )
    return require_straight(build_route(wanted))


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
