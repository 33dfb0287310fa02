"""Proves that what runs on a target ends by its own deadline there, whatever has become of the scanner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from hardening.model.step import ShellStep
from hardening.model.target import SshEndpoint
from hardening.secrets import Secret
from hardening.transports.bootstrap import Token, build_command, build_sudo_command, render_command
from hardening.transports.channel import Received
from hardening.transports.framing import render_batch
from hardening.transports.session import Limits, Opening
from hardening.transports.ssh import open_ssh
from hardening.transports.ssh_channel import SshChannel
from tests.lab.hosts import Host
from tests.lab.lab import Lab
from tests.lab.sessions import endpoint
from tests.lab.test_interrupts import await_no_process, await_process

HOST = "bastion"
DEADLINE = 2
LATEST = DEADLINE + 8
"""The deadline, and what a busy machine needs."""

# The second does not listen to a friendly end, the third is two processes.
SLOW = {
    "waits": "sleep 7771",
    "ignores": "trap '' TERM; sleep 7772; sleep 7772",
    "in-a-pipe": "sleep 7773 | cat",
}


def with_own_timeout(host: Host) -> AbstractContextManager[None]:
    """Leave a host its `timeout`."""
    assert host.run("timeout", "--version").startswith("timeout (GNU coreutils)")
    return nullcontext()


@contextmanager
def without_timeout(host: Host) -> Iterator[None]:
    """Take `timeout` from a host while the block runs."""
    (host.root / "run" / "nothing").write_text("")
    host.run("mount", "--bind", "/run/nothing", "/usr/bin/timeout")
    try:
        yield
    finally:
        host.run("umount", "/usr/bin/timeout")


@contextmanager
def with_busybox_timeout(host: Host) -> Iterator[None]:
    """Give a host the `timeout` of busybox, which ends the shell and leaves what that started."""
    tool, name = host.root / "run" / "busybox", host.root / "usr/local/bin/busybox"
    tool.write_bytes(Path("/usr/bin/busybox").read_bytes())
    tool.chmod(0o755)
    name.symlink_to("/run/busybox")
    host.run("mount", "-o", "bind", "/run/busybox", "/usr/bin/timeout")
    host.run("mount", "-o", "remount,bind,exec", "/usr/bin/timeout")
    try:
        yield
    finally:
        host.run("umount", "/usr/bin/timeout")
        name.unlink()


TIMEOUTS = {"coreutils": with_own_timeout, "none": without_timeout, "busybox": with_busybox_timeout}
each_timeout = pytest.mark.parametrize("timeout", TIMEOUTS.values(), ids=list(TIMEOUTS))
Timeout = Callable[[Host], AbstractContextManager[None]]


@contextmanager
def silent_scanner(target: SshEndpoint, script: str, *, as_root: bool) -> Iterator[None]:
    """Start a batch and then neither read nor close anything, as a scanner does that hangs."""
    opening = Opening(resolve=Secret, limits=Limits(connect_seconds=5, idle_seconds=30))
    session = open_ssh(target, opening)
    ready, word, prompt = (Token(opening.random_word()) for _ in range(3))
    command = build_sudo_command(prompt, ready, DEADLINE) if as_root else build_command(ready, DEADLINE)
    try:
        transport = session._connection.transport  # type: ignore[attr-defined] # the way in, without what reads from it
        channel = SshChannel(transport, render_command(command), opening.limits)
        heard = b""
        while ready.bytes not in heard:
            match channel.receive(10):
                case Received(stdout=stdout):
                    heard += stdout
                case end:
                    pytest.fail(f"no shell: {end}")
        text = render_batch([ShellStep(name="slow", script=script)])
        channel.send(word.bytes + b"\n" + text.encode())
        channel.finish()
        yield
    finally:
        session.close()


@pytest.mark.parametrize("script", SLOW.values(), ids=list(SLOW))
@each_timeout
@pytest.mark.parametrize("as_root", [False, True], ids=["user", "root"])
def test_a_batch_ends_by_itself(lab: Lab, script: str, timeout: Timeout, *, as_root: bool) -> None:
    host = lab.host(HOST)
    nap = next(word for word in script.replace(";", " ").split() if word.startswith("777"))
    with (
        timeout(host),
        silent_scanner(endpoint(lab, host), script, as_root=as_root),
    ):
        await_process(host, f"sleep {nap}")
        left = await_no_process(host, f"sleep {nap}", LATEST)
    assert left == []


@each_timeout
def test_the_shell_of_a_batch_ends_with_it(lab: Lab, timeout: Timeout) -> None:
    host = lab.host(HOST)
    with (
        timeout(host),
        silent_scanner(endpoint(lab, host), SLOW["waits"], as_root=True),
    ):
        await_process(host, "sleep 7771")
        left = await_no_process(host, "hardening_word", LATEST)
    assert left == []


def test_a_batch_that_never_gets_its_word_ends_by_itself(lab: Lab) -> None:
    host = lab.host(HOST)
    opening = Opening(resolve=Secret)
    session = open_ssh(endpoint(lab, host), opening)
    try:
        # Long enough to be seen on a busy machine before it ends.
        command = render_command(build_command(Token(opening.random_word()), 5 * DEADLINE))
        transport = session._connection.transport  # type: ignore[attr-defined] # as above
        channel = SshChannel(transport, command, opening.limits)
        await_process(host, "hardening_word")
        left = await_no_process(host, "hardening_word", 5 * DEADLINE + LATEST)
        channel.close()
    finally:
        session.close()
    assert left == []


def test_what_runs_is_nice_to_others(lab: Lab) -> None:
    host = lab.host(HOST)
    with silent_scanner(endpoint(lab, host), SLOW["waits"], as_root=True):
        await_process(host, "sleep 7771")
        nice = host.run("sh", "-c", "ps -eo ni=,args= | grep 'sleep [7]771'").split()[0]
    assert nice == "10"
