"""Containers that run here and what they may do to the host, and settings of the engines that run them.

What a container may do is seen in the kernel: its capabilities, namespaces and mounts, whatever started it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from hardening.model.evidence import (
    Absent,
    Evidence,
    Field,
    FieldSpec,
    FieldType,
    Known,
    Partial,
    Record,
    Unreadable,
    build_unreadable,
)
from hardening.model.step import Answer, Privilege, ShellStep, Step
from hardening.probes.containers_script import build_container_script
from hardening.probes.kind import ProbeKind
from hardening.probes.registries import find_insecure
from hardening.probes.shell import CUT, clean, completed, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe

STEP = ShellStep(
    name="containers", script=build_container_script(), privilege=Privilege.ROOT, output_limit=2_000_000, slow=True
)

CONTAINER: Mapping[str, FieldSpec] = {
    "name": FieldSpec(FieldType.TEXT, "its name, or the first digits of its id"),
    "engine": FieldSpec(FieldType.TEXT, "docker, podman, containerd or crio"),
    "image": FieldSpec(FieldType.TEXT, "the image it was started from; absent where the engine does not tell"),
    "image_created": FieldSpec(FieldType.TIME, "when the image was built"),
    "privileged": FieldSpec(FieldType.BOOLEAN, "whether it has every capability of the host"),
    "unconfined": FieldSpec(FieldType.BOOLEAN, "whether no filter for system calls holds it"),
    "host_namespaces": FieldSpec(FieldType.TEXTS, "which of pid, net, ipc and uts it shares with the host"),
    "sockets": FieldSpec(FieldType.TEXTS, "where in it the socket of an engine is mounted"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "engines": FieldSpec(FieldType.TEXTS, "which of dockerd, podman, containerd and crio are installed"),
    "containers": FieldSpec(FieldType.RECORDS, "containers that run", record=CONTAINER),
    "hosts": FieldSpec(FieldType.TEXTS, "where dockerd listens: what its command line and daemon.json say"),
    "tcp_hosts": FieldSpec(FieldType.TEXTS, "those of them that are reached over the network"),
    "tls_verify": FieldSpec(FieldType.BOOLEAN, "whether dockerd asks clients for a certificate"),
    "userns_remap": FieldSpec(FieldType.TEXT, "user that root in Docker's containers becomes; absent where it is root"),
    "no_new_privileges": FieldSpec(FieldType.BOOLEAN, "whether Docker's containers gain no rights by setuid"),
    "icc": FieldSpec(FieldType.BOOLEAN, "whether containers on Docker's default network reach each other"),
    "live_restore": FieldSpec(FieldType.BOOLEAN, "whether containers run on while dockerd is restarted"),
    "insecure_registries": FieldSpec(FieldType.TEXTS, "registries that Docker trusts without TLS"),
    "podman_insecure_registries": FieldSpec(FieldType.TEXTS, "registries that podman trusts without TLS"),
}
_OF_DOCKER = (
    "hosts",
    "tcp_hosts",
    "tls_verify",
    "userns_remap",
    "no_new_privileges",
    "icc",
    "live_restore",
    "insecure_registries",
)
_NAMESPACES = ("pid", "net", "ipc", "uts")
_ENGINES = {"docker": "docker", "libpod": "podman", "libpod-payload": "podman", "crio": "crio"}
_SHORT = 12
_NAMED = re.compile(r'[^:]*:"id":"([0-9a-f]{64})","names":\["([A-Za-z0-9_.-]+)"')
_SOCKET = re.compile(r"/proc/([0-9]+)/mountinfo:[0-9]+ [0-9]+ [0-9:]+ \S+ (\S+)")
_PROCESS = re.compile(r"process ([0-9a-f]{64}) ([0-9]{1,9}) (\S*)")
_SETTING = re.compile(r'"([a-z-]+)"\s*:\s*(.*)')
_FLAG = re.compile(r"(?:-H=?|--([a-z-]+)(?:=|$))(.*)")
_REGISTRY = re.compile(r"(/etc/containers/registries\.conf(?:\.d/[^:]*)?):([0-9]{1,9}):(.*)")
_TRUE = frozenset({"", "1", "t", "true"})


@dataclass(slots=True)
class _Container:
    """What was seen of one container."""

    id: str
    pid: str
    group: str
    own: tuple[str, ...] = ()
    seccomp: str = ""
    bounding: str = ""


@dataclass(slots=True)
class _Output:
    """What the script said."""

    engines: list[str] = field(default_factory=list)
    containers: list[_Container] = field(default_factory=list)
    names: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    created: dict[str, str] = field(default_factory=dict)
    sockets: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    daemon: dict[str, object] = field(default_factory=dict)
    flags: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unit: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    registries: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    refused: list[str] = field(default_factory=list)
    docker_status: str = ""
    host_bounding: str = ""
    is_running: bool = False
    is_complete: bool = False


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (STEP,) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP.name)
    if isinstance(answer, Unreadable):
        return dict.fromkeys(probes, build_unreadable(FIELDS, answer.reason))
    output = _read_output(clean(answer.text))
    if answer.cut or not output.is_complete:
        reason = CUT if answer.cut else first_line(answer.error_text) or "the answer is incomplete"
        return dict.fromkeys(probes, build_unreadable(FIELDS, reason))
    return dict.fromkeys(probes, _build_evidence(output))


def _read_output(text: str) -> _Output:
    output = _Output()
    for line in text.split("\n")[:-1]:
        _take_line(output, line)
    return output


def _take_line(output: _Output, line: str) -> None:  # noqa: C901, PLR0912 - one branch a word
    word, _, rest = line.partition(" ")
    if line == "=end":
        output.is_complete = True
    elif word == "engine" and rest not in output.engines:
        output.engines.append(rest)
    elif match := _PROCESS.fullmatch(line):
        output.containers.append(_Container(match[1], match[2], match[3]))
    elif word == "own" and output.containers:
        output.containers[-1].own = tuple(rest.split())
    elif word == "status" and output.containers:
        output.containers[-1].seccomp, _, output.containers[-1].bounding = rest.partition(" ")
    elif word == "host":
        output.host_bounding = rest
    elif word == "docker":
        identity, _, what = rest.partition(" ")
        name, image, title = [*what.split(" ", 2), "", "", ""][:3]
        output.names[identity] = (name.lstrip("/"), title, image)
    elif word == "image":
        identity, _, created = rest.partition(" ")
        output.created[identity] = created
    elif word == "docker-status":
        output.docker_status = rest
    elif word in {"flag", "unit"} and (match := _FLAG.fullmatch(rest)):
        (output.flags if word == "flag" else output.unit)[match[1] or "host"].append(match[2].lstrip("="))
    elif word == "unit-reset":
        output.unit.clear()
    elif word == "running":
        output.is_running = True
    elif word == "daemon" and (match := _SETTING.fullmatch(rest)):
        output.daemon[match[1]] = _load(match[2])
    elif word == "refused":
        output.refused.append(rest)
    elif match := _SOCKET.fullmatch(line):
        output.sockets[match[1]].append(match[2])
    elif match := _NAMED.fullmatch(line):
        output.names.setdefault(match[1], (match[2], "", ""))
    elif match := _REGISTRY.fullmatch(line):
        output.registries[match[1]].append((int(match[2]), match[3]))


def _load(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _build_evidence(output: _Output) -> Evidence:
    return {
        "engines": Known(tuple(output.engines)),
        "containers": _list_containers(output),
        **_judge_docker(output),
        "podman_insecure_registries": _judge_podman(output),
    }


def _list_containers(output: _Output) -> Field:
    records = tuple(_build_container(container, output) for container in output.containers)
    if any(path.startswith("/proc") for path in output.refused):
        reason = "namespaces and capabilities of other processes may not be read; it takes root"
        return Partial(records, reason) if records else Unreadable(reason)
    return Known(records, "/proc")


def _build_container(container: _Container, output: _Output) -> Record:
    place = f"/proc/{container.pid}"
    name, image, identity = output.names.get(container.id, ("", "", ""))
    word = re.split(r"[-/](?=[0-9a-f]{64})", container.group)[0]
    own = set(container.own)
    unknown = any(kind.startswith("?") for kind in own) or not own
    shared: Field = Known(tuple(kind for kind in _NAMESPACES if kind not in own), f"{place}/ns")
    if unknown:
        shared = Unreadable("its namespaces may not be read", f"{place}/ns")
    record: dict[str, Field] = {
        "name": Known(name or container.id[:_SHORT], place),
        "engine": Known(_ENGINES.get(word, "containerd"), place),
        "image_created": _read_created(output.created.get(identity, "")),
        "privileged": _judge_privileged(container, output, place, is_unknown=unknown),
        "unconfined": Known(container.seccomp == "0", f"{place}/status")
        if container.seccomp
        else Unreadable("not seen", f"{place}/status"),
        "host_namespaces": shared,
        "sockets": Unreadable("its mounts may not be read", f"{place}/mountinfo")
        if unknown
        else Known(tuple(dict.fromkeys(output.sockets.get(container.pid, ()))), f"{place}/mountinfo"),
    }
    if image:
        record["image"] = Known(image, place)
    return record


def _judge_privileged(container: _Container, output: _Output, place: str, *, is_unknown: bool) -> Field:
    """Compare the bounding set with that of the host's first process; in a user namespace it is worth nothing here."""
    if is_unknown or not container.bounding or not output.host_bounding:
        return Unreadable("its capabilities may not be read", f"{place}/status")
    is_own_user = "user" in container.own
    return Known(not is_own_user and container.bounding == output.host_bounding, f"{place}/status")


def _read_created(text: str) -> Field:
    if not text:
        return Unreadable("the engine was not asked, or does not tell")
    try:
        moment = datetime.fromisoformat(re.sub(r"\.[0-9]+", "", text))
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError, OSError):
        return Unreadable(f"not understood: {text[:40]}")
    return Known(seconds) if seconds > 0 else Unreadable("the image does not tell")


def _judge_docker(output: _Output) -> Evidence:
    if "dockerd" not in output.engines:
        return dict.fromkeys(_OF_DOCKER, Absent("dockerd"))
    doubt = next((path for path in output.refused if "docker" in path), "")
    if doubt:
        return dict.fromkeys(_OF_DOCKER, Unreadable(f"{doubt}: may not be read; it takes root"))
    flags = output.flags if output.is_running else output.unit
    remap = _last_text(flags, output, "userns-remap")
    named = [*flags.get("host", ()), *_texts(output.daemon.get("hosts"))]
    hosts = tuple(dict.fromkeys(host.strip("\"'") for host in named))
    return {
        "hosts": Known(hosts, "dockerd"),
        # A bare address counts as tcp; fd and unix stay on this machine.
        "tcp_hosts": Known(tuple(host for host in hosts if not host.startswith(("fd:", "unix:", "npipe:"))), "dockerd"),
        "tls_verify": Known(_is_on(flags, output, "tlsverify", default=False), "dockerd"),
        "userns_remap": Known(remap, "dockerd") if remap else Absent("dockerd"),
        "no_new_privileges": Known(_is_on(flags, output, "no-new-privileges", default=False), "dockerd"),
        "icc": Known(_is_on(flags, output, "icc", default=True), "dockerd"),
        "live_restore": Known(_is_on(flags, output, "live-restore", default=False), "dockerd"),
        "insecure_registries": Known(
            tuple(
                dict.fromkeys((*flags.get("insecure-registry", ()), *_texts(output.daemon.get("insecure-registries"))))
            ),
            "dockerd",
        ),
    }


def _is_on(flags: Mapping[str, Sequence[str]], output: _Output, key: str, *, default: bool) -> bool:
    if flags.get(key):
        return flags[key][-1].lower() in _TRUE
    value = output.daemon.get(key)
    return value if isinstance(value, bool) else default


def _last_text(flags: Mapping[str, Sequence[str]], output: _Output, key: str) -> str:
    value = output.daemon.get(key)
    return flags[key][-1] if flags.get(key) else value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _judge_podman(output: _Output) -> Field:
    refused = next((path for path in output.refused if path.startswith("/etc/containers")), "")
    if refused:
        return Unreadable(f"{refused}: may not be read")
    return Known(find_insecure(output.registries), "/etc/containers/registries.conf")


KIND = ProbeKind(
    name="containers",
    summary="containers that run and what they may do to the host, and settings of Docker and podman",
    fields=FIELDS,
    steps=_steps,
    parse=_parse,
)
