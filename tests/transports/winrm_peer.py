"""Sessions over WinRM on servers of the lab, opened and closed for a test."""
# ruff: noqa: D102 - methods that say what they do

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hardening.errors import ConnectError
from hardening.model.step import Answer, Completed, NotRun, PowerShellStep
from hardening.model.target import Credential, WinRmBackend, WinRmEndpoint
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.session import Limits, Milestone, Opening, PowerShellSession
from tests.lab.directory.authority import Authority
from tests.lab.wsman.replies import PowerShell, answer_items
from tests.lab.wsman.server import PASSWORD, Behaviour, WsManServer, serve

AUTHORITY = Authority("Lab")
LIMITS = Limits(connect_seconds=3, idle_seconds=8, deadline_seconds=20, output_bytes=2_000_000)
ONE = PowerShellStep(name="one", script="Get-Date")
TWO = PowerShellStep(name="two", script="'it''s'\nGet-Item -LiteralPath 'C:\\'")


def echo(script: str) -> Answer:
    return answer_items({"said": script})


class Peer:
    """Opens sessions on servers of its own, over TLS or not, and closes both."""

    def __init__(
        self,
        folder: Path,
        stack: contextlib.ExitStack,
        *,
        tls: bool,
        backend: WinRmBackend = WinRmBackend.WINRS,
    ) -> None:
        self._backend = backend
        self._folder = folder
        self._stack = stack
        self.tls = tls
        self.milestones: list[Milestone] = []
        (folder / "ca.pem").write_bytes(AUTHORITY.pem)

    def start(
        self, powershell: PowerShell | None = None, behaviour: Behaviour | None = None, **paper: object
    ) -> WsManServer:
        issued = AUTHORITY.issue(["127.0.0.1", "localhost"]) if self.tls else None
        given = paper.get("paper", issued)
        address = str(paper.get("address", "127.0.0.1"))
        authority = paper.get("client_authority", b"")
        assert isinstance(authority, bytes)
        return self._stack.enter_context(
            serve(
                powershell or PowerShell(echo),
                behaviour,
                paper=given,  # type: ignore[arg-type] # what the test passes on
                address=address,
                client_authority=authority,
            )
        )

    def endpoint(self, server: WsManServer) -> WinRmEndpoint:
        return WinRmEndpoint(
            address="127.0.0.1",
            port=server.port,
            tls=self.tls,
            backend=self._backend,
            user="EXAMPLE\\audit",
            ca_file=str(self._folder / "ca.pem"),
            credential=Credential(password="env:AUDIT"),
        )

    def open(
        self,
        server: WsManServer,
        limits: Limits = LIMITS,
        change: Callable[[WinRmEndpoint], WinRmEndpoint] = lambda endpoint: endpoint,
        password: str = PASSWORD,
    ) -> PowerShellSession:
        opening = Opening(
            resolve=lambda _: Secret(password),
            limits=limits,
            reached=lambda _where, milestone: self.milestones.append(milestone),
        )
        session = open_session(change(self.endpoint(server)), opening)
        self._stack.callback(session.close)
        return session

    def refuse(self, server: WsManServer, **options: object) -> ConnectError:
        with pytest.raises(ConnectError) as refused:
            self.open(server, **options)  # type: ignore[arg-type] # passed on as they are
        return refused.value


def run(session: PowerShellSession, *steps: PowerShellStep) -> dict[str, Answer]:
    return dict(session.run_blocks(steps or (ONE, TWO)))


def reason(answer: Answer) -> str:
    assert isinstance(answer, NotRun)
    return answer.reason


def said(answer: Answer) -> object:
    assert isinstance(answer, Completed)
    return json.loads(answer.stdout)
