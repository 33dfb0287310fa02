"""Containers and images on this machine, through `podman` or `docker`: the same batches, run by their own shell.

A running container is asked by `exec`. An image is asked in a container of its own, which has no network, no rights and
nothing to write to, and which is removed when the session ends. Nothing is ever pulled.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.errors import ConnectError
from hardening.model.platform import AT_REST
from hardening.model.target import Become, channel_of
from hardening.transports.channel import Broken, Ended, Received
from hardening.transports.local import LocalChannel
from hardening.transports.started import NotStarted, Place, StartedSession

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.model.target import ContainerEndpoint, ContainerProgram, ImageEndpoint
    from hardening.transports.session import Opening, Session

_LOG = logging.getLogger(__name__)

# Where each program finds its own configuration, its engine and its images; nothing of it reaches a container.
_ENVIRONMENT = (
    "CONTAINERS_CONF",
    "CONTAINERS_CONF_OVERRIDE",
    "CONTAINERS_REGISTRIES_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINER_CONNECTION",
    "CONTAINER_HOST",
    "CONTAINER_SSHKEY",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "HOME",
    "LOGNAME",
    "PATH",
    "STORAGE_DRIVER",
    "STORAGE_OPTS",
    "TMPDIR",
    "USER",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
)
_ASIDE_SECONDS = 20
_LAST_SECONDS = 2

# Root without rights could not even read what belongs to other accounts; all that it could write is read-only.
# sshd, asked about its configuration, wants its empty folder.
_CONFINED = (
    "--rm",
    "--interactive",
    "--pull=never",
    "--network=none",
    "--hostname=localhost",
    "--stop-timeout=0",
    "--read-only",
    "--tmpfs=/run/sshd:ro,nosuid,nodev,noexec,size=4k,mode=755",
    "--cap-drop=ALL",
    "--cap-add=DAC_OVERRIDE",
    "--security-opt=no-new-privileges",
    "--user=0:0",
    "--workdir=/",
    f"--env={AT_REST}=yes",
)
# By itself podman lays writable folders over /run and /tmp of the image.
_CONFINED_BY = {"podman": (*_CONFINED, "--read-only-tmpfs=false"), "docker": _CONFINED}


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Words of podman or docker, and what they mean; ``{name}`` and ``{program}`` are filled in."""

    pattern: str
    reason: str
    remedy: str


_TROUBLES = (
    _Trouble(
        r"no such container|no container with name",
        "no container is called {name}",
        "see `{program} ps`; containers of other users are not seen",
    ),
    _Trouble(
        r"no such image|image not known|unable to find image|requested access to the resource is denied",
        "no image {name} is on this machine",
        "pull it first: `{program} pull {name}`",
    ),
    _Trouble(
        r"cannot connect to|permission denied while trying to connect|error during connect",
        "{program} does not reach its engine",
        "start it, or run the scan as an account that may use it",
    ),
    _Trouble(
        r"exec format error",
        "its /bin/sh is a program for another kind of machine",
        "scan it on a machine of its architecture",
    ),
    _Trouble(
        r"/bin/sh.*no such file|no such file.*/bin/sh|/bin/sh.*not found|not found.*/bin/sh",
        "it has no /bin/sh",
        "only a container with a shell of its own can be scanned",
    ),
    _Trouble(
        r"container state improper|is not running|is paused|running containers|was stopped$",
        "{name} is not running",
        "start it, or scan its image by {program}-image:IMAGE",
    ),
)


def open_container(endpoint: ContainerEndpoint, opening: Opening) -> Session:
    """Return a session in a running container; raises ``ConnectError``."""
    root = () if endpoint.become is Become.NO else ("--user=0:0",)

    def start(command: Sequence[str]) -> _ContainerChannel:
        words = [endpoint.program.value, "exec", "--interactive", *root, endpoint.name, *command]
        return _ContainerChannel(words, endpoint)

    place = Place(
        transport=channel_of(endpoint),
        start=start,
        explain=lambda failure: _explain(endpoint.program, endpoint.name, failure),
        patience=opening.limits.connect_seconds,
        is_root=bool(root),
        root_remedy="give it become: sudo, which asks as the container's root",
    )
    return StartedSession(place, opening)


def open_image(endpoint: ImageEndpoint, opening: Opening) -> Session:
    """Return a session in a container made from an image; raises ``ConnectError``."""

    def start(command: Sequence[str]) -> _OwnChannel:
        name = f"hardening-{opening.random_word()[:16]}"
        shell, *arguments = command
        confined = _CONFINED_BY[endpoint.program]
        words = [endpoint.program.value, "run", *confined, f"--name={name}", f"--entrypoint={shell}"]
        return _OwnChannel([*words, endpoint.reference, *arguments], endpoint.program, name)

    place = Place(
        transport=channel_of(endpoint),
        start=start,
        explain=lambda failure: _explain(endpoint.program, endpoint.reference, failure),
        # Making a container may mean to unpack the image.
        patience=max(opening.limits.connect_seconds, opening.limits.idle_seconds),
        is_root=True,
    )
    return StartedSession(place, opening)


class _ContainerChannel(LocalChannel):
    """A command in a container that others may stop: its end is told from the end of the container."""

    def __init__(self, arguments: Sequence[str], endpoint: ContainerEndpoint) -> None:
        with _explained(endpoint.program):
            super().__init__(arguments, _ENVIRONMENT)
        self._endpoint = endpoint

    def receive(self, seconds: float) -> Received | Ended | Broken:
        """Wait for output, at most so long."""
        event = super().receive(seconds)
        if isinstance(event, Ended) and event.exit_status != 0 and self._is_stopped():
            return Broken(f"the container {self._endpoint.name} was stopped")
        return event

    def _is_stopped(self) -> bool:
        query = ("container", "inspect", "--format={{.State.Running}}", self._endpoint.name)
        return _ask_aside(self._endpoint.program, query) == "false"


class _OwnChannel(LocalChannel):
    """A command in a container of our own, which is removed with it."""

    def __init__(self, arguments: Sequence[str], program: ContainerProgram, name: str) -> None:
        with _explained(program):
            super().__init__(arguments, _ENVIRONMENT)
        self._program = program
        self._name = name
        self._is_left = True

    def close(self) -> None:
        """End the command; what does not end well by itself is removed by force: `--rm` may not have come to it."""
        if not self._is_left:
            return
        self._is_left = False
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0 if self._is_killed else _LAST_SECONDS)
        is_over = self._process.returncode == 0
        super().close()
        if not is_over:
            _ask_aside(self._program, ("rm", "--force", self._name))


@contextlib.contextmanager
def _explained(program: ContainerProgram) -> Iterator[None]:
    """Say what it means that a program cannot be started."""
    try:
        yield
    except OSError as error:
        reason = f"{program} cannot be run on this machine: {error.strerror}"
        raise ConnectError(reason, f"install {program}, or run the scan where it is") from error


def _ask_aside(program: ContainerProgram, arguments: Sequence[str]) -> str:
    """Run podman or docker beside a batch and return what it prints; empty where it says nothing in time."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(
            [program.value, *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_ASIDE_SECONDS,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _LOG.debug("%s %s: %s", program, arguments[0], error)
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def _explain(program: ContainerProgram, name: str, failure: NotStarted) -> ConnectError:
    for trouble in _TROUBLES:
        if re.search(trouble.pattern, failure.words, re.IGNORECASE):
            reason = trouble.reason.format(name=name, program=program)
            return ConnectError(reason, trouble.remedy.format(name=name, program=program))
    said = f": {failure.words}" if failure.words else ""
    reason = f"{program} started no shell (exit status {failure.status}){said}"
    return ConnectError(reason, f"see whether a shell starts there by hand with {program}")
