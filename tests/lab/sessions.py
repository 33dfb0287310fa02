"""Sessions of the ssh transport with lab hosts, and further servers on a host with options of their own."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hardening.errors import ConnectError
from hardening.model.evidence import Evidence, Known, Value
from hardening.model.step import Answer, ShellStep
from hardening.model.target import Become, Credential, SshEndpoint
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.session import BecomeRefused, Limits, Opening
from tests.lab.hosts import Host
from tests.lab.lab import Lab
from tests.transports.conformance import completed

SHORT = Limits(connect_seconds=3, idle_seconds=6, deadline_seconds=12)
WHO = ShellStep(name="who", script="id -un")
PORTS = itertools.count(2300)


def opening(limits: Limits = SHORT) -> Opening:
    """Return what a session needs; a reference to a secret stands for itself here."""
    return Opening(resolve=Secret, limits=limits)


def endpoint(
    lab: Lab, host: Host, user: str = "audit", *, become: Become = Become.SUDO, **credential: str
) -> SshEndpoint:
    """Return the way to an account; without a credential it is the key that opens nearly all."""
    return SshEndpoint(
        address=host.address,
        port=host.port,
        user=user,
        become=become,
        known_hosts=str(lab.known_hosts),
        credential=Credential(**(credential or {"key": str(lab.user_key)})),
    )


def run(target: SshEndpoint, *steps: ShellStep, as_root: bool = False, limits: Limits = SHORT) -> dict[str, Answer]:
    """Open a session, run one batch, close."""
    session = open_session(target, opening(limits))
    try:
        return dict(session.run(steps or (WHO,), as_root=as_root))
    finally:
        session.close()


def who(target: SshEndpoint, *, as_root: bool = False) -> str:
    """Return the account that answers."""
    return completed(run(target, as_root=as_root)["who"]).text.strip()


def failure(target: SshEndpoint, limits: Limits = SHORT) -> ConnectError:
    """Return why no session can be opened."""
    with pytest.raises(ConnectError) as caught:
        open_session(target, opening(limits))
    return caught.value


def refusal(target: SshEndpoint) -> BecomeRefused:
    """Return why root rights are refused."""
    with pytest.raises(BecomeRefused) as caught:
        run(target, as_root=True)
    return caught.value


def value(evidence: Evidence, name: str) -> Value:
    """Return a field that must be known."""
    field = evidence[name]
    assert isinstance(field, Known)
    return field.value


StartSshd = Callable[..., SshEndpoint]


@contextmanager
def sshd_on(lab: Lab, host: Host) -> Iterator[StartSshd]:
    """Give what starts further servers with options of their own on a host; each logs to /run/sshd-<port>.log."""
    with ExitStack() as stack:

        def start(*options: str, user: str = "audit", **credential: str) -> SshEndpoint:
            target = replace(endpoint(lab, host, user, become=Become.SUDO, **credential), port=next(PORTS))
            known = stack.enter_context(known_hosts_at(lab, host, target.port))
            # Nothing of the host's own configuration, where a Match block could win over an option.
            arguments = [argument for option in (*options, "UsePAM=yes") for argument in ("-o", option)]
            log, pid = f"/run/sshd-{target.port}.log", f"/run/sshd-{target.port}.pid"
            own = ("-f", os.devnull, "-p", str(target.port), "-E", log, "-o", f"PidFile={pid}")
            host.run("/usr/sbin/sshd", *own, *arguments)
            stack.callback(host.run, "sh", "-c", f"kill $(cat {pid}) || true")
            await_port(target)
            return replace(target, known_hosts=str(known))

        yield start


@contextmanager
def known_hosts_at(lab: Lab, host: Host, port: int) -> Iterator[Path]:
    """Write a file with the keys of a host under another port."""
    path = lab.folder / f"known_hosts.{port}"
    lines = [line.split(" ", 1) for line in lab.known_hosts.read_text("ascii").splitlines()]
    path.write_text("".join(f"[{host.address}]:{port} {key}\n" for name, key in lines if name == host.address), "ascii")
    yield path
    path.unlink()


def await_port(target: SshEndpoint) -> None:
    for _ in range(100):
        try:
            open_session(replace(target, known_hosts=os.devnull), opening()).close()
        except ConnectError as error:
            if "the port is closed" not in error.reason:
                return
        time.sleep(0.02)
    pytest.fail("sshd did not start")


def log_of(host: Host, target: SshEndpoint) -> str:
    return host.run("cat", f"/run/sshd-{target.port}.log")
