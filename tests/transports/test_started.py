"""Sessions whose shells are started by a command on this machine: opened by a ready line, or a clear error."""
# ruff: noqa: D102 - fixtures of a class do what their names say

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from hardening.errors import ConnectError
from hardening.model.step import ShellStep
from hardening.model.target import ChrootEndpoint, ContainerEndpoint, ContainerProgram, ImageEndpoint
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.container import _explain
from hardening.transports.local import LocalChannel
from hardening.transports.session import BecomeRefused, Limits, Opening, Session
from hardening.transports.started import NotStarted, Place, StartedSession
from tests.transports.conformance import LiveConformance, OpenSession, completed

Start = Callable[[Sequence[str]], LocalChannel]


def open_with(start: Start, limits: Limits | None = None, *, patience: float = 5, is_root: bool = True) -> Session:
    def explain(failure: NotStarted) -> ConnectError:
        return ConnectError(f"{failure.status}: {failure.words}", "")

    place = Place(transport="chroot", start=start, explain=explain, patience=patience, is_root=is_root)
    return StartedSession(place, Opening(resolve=Secret, limits=limits or Limits()))


def instead(script: str) -> Start:
    """Run something of our own where a shell should start."""
    return lambda _: LocalChannel(["/bin/sh", "-c", script])


class TestStarted(LiveConformance):
    """What every transport promises."""

    @pytest.fixture(scope="class")
    @classmethod
    def open_target(cls) -> OpenSession:
        return partial(open_with, LocalChannel)


def test_words_before_the_shell_is_ready_do_no_harm() -> None:
    session = open_with(lambda command: LocalChannel(["/bin/sh", "-c", 'echo hello; exec "$@"', "sh", *command]))
    answers = session.run([ShellStep(name="one", script="echo here")], as_root=False)
    session.close()
    assert completed(answers["one"]).text == "here\n"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo no shell here >&2; exit 7", "7: no shell here"),
        ("printf 'one\\ntwo\\033[31m\\n' >&2; exit 1", "1: one two"),
        ("exit 0", "0: "),
    ],
)
def test_a_command_that_ends_is_an_error_with_its_words(script: str, reason: str) -> None:
    with pytest.raises(ConnectError) as caught:
        open_with(instead(script))
    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize("script", ["sleep 60", "while :; do echo noise; done"])
def test_a_command_that_never_gets_ready_is_an_error(script: str) -> None:
    with pytest.raises(ConnectError, match=r"no shell was ready within 0\.5 s"):
        open_with(instead(script), patience=0.5)


def test_root_steps_are_refused_where_we_are_not_root() -> None:
    session = open_with(LocalChannel, is_root=False)
    with pytest.raises(BecomeRefused):
        session.run([ShellStep(name="one", script="id")], as_root=True)
    session.close()


def test_the_first_batch_goes_to_the_shell_that_was_ready() -> None:
    started: list[Sequence[str]] = []

    def start(command: Sequence[str]) -> LocalChannel:
        started.append(command)
        return LocalChannel(command)

    session = open_with(start)
    session.run([ShellStep(name="one", script="id")], as_root=True)
    session.close()
    assert (len(started), session.traffic.channels) == (1, 1)


def test_a_root_tree_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ConnectError, match="only root"):
        open_session(ChrootEndpoint("/srv/image"), Opening(resolve=Secret))


@pytest.mark.parametrize(
    "endpoint",
    [
        ContainerEndpoint(program=ContainerProgram.PODMAN, name="web"),
        ImageEndpoint(program=ContainerProgram.DOCKER, reference="web"),
    ],
)
def test_a_missing_program_is_an_error(
    endpoint: ContainerEndpoint | ImageEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConnectError, match="cannot be run on this machine: No such file"):
        open_session(endpoint, Opening(resolve=Secret))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ('Error: no container with name or ID "web" found: no such container', "no container is called web"),
        ("Error response from daemon: No such container: web", "no container is called web"),
        ("Error response from daemon: container 0a1b is not running", "web is not running"),
        ("Error: web: image not known", "no image web is on this machine"),
        ("docker: Error response from daemon: No such image: web:latest", "no image web is on this machine"),
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "docker does not reach its engine",
        ),
        (
            'OCI runtime exec failed: exec failed: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown',
            "it has no /bin/sh",
        ),
        ("Error: crun: executable file `/bin/sh` not found: No such file or directory", "it has no /bin/sh"),
        ("exec /bin/sh: exec format error", "its /bin/sh is a program for another kind of machine"),
        ("something new", "docker started no shell (exit status 1): something new"),
    ],
)
def test_words_of_podman_and_docker_are_understood(words: str, reason: str) -> None:
    assert _explain(ContainerProgram.DOCKER, "web", NotStarted(1, words)).reason == reason
