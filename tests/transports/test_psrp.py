"""PowerShell sessions against the WS-Man server of the lab: any script, or one that is installed as a JEA endpoint."""
# ruff: noqa: FBT003 - values of fields

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypsrp.exceptions
import pytest
import winrm.exceptions

from hardening.errors import ConnectError
from hardening.model.evidence import Known
from hardening.model.step import Completed, NotRun, PowerShellStep
from hardening.model.target import Credential, WinRmAuthentication, WinRmBackend, WinRmEndpoint
from hardening.transports.powershell_kit import digest_blocks, render_kit_blocks
from hardening.transports.psrp import PsrpSession, as_pywinrm
from hardening.transports.session import Limits, Milestone, PowerShellSession
from tests.lab.directory.authority import Fault
from tests.lab.wsman.replies import Mangling, PowerShell, answer_items
from tests.lab.wsman.server import ACCESS_DENIED, Behaviour, Trouble, WsManServer
from tests.probes.powershell import read_script
from tests.transports.winrm_peer import AUTHORITY, ONE, TWO, Peer, echo, reason, run, said

BROKEN = "PowerShell broke off"


@pytest.fixture(params=[True, False], ids=["https", "http"])
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Peer]:
    with contextlib.ExitStack() as stack:
        yield Peer(tmp_path, stack, tls=request.param, backend=WinRmBackend.PSRP)


def installed(endpoint: WinRmEndpoint) -> WinRmEndpoint:
    return replace(endpoint, configuration="hardening")


def install(server: WsManServer, *steps: PowerShellStep) -> None:
    server.configurations["hardening"] = render_kit_blocks(steps or (ONE, TWO))


def open_installed(peer: Peer, server: WsManServer) -> PowerShellSession:
    return peer.open(server, change=installed)


def test_each_step_has_its_own_answer(peer: Peer) -> None:
    answers = run(peer.open(peer.start()))
    assert [said(answer) for answer in answers.values()] == [[{"said": ONE.script}], [{"said": TWO.script}]]


def test_the_session_is_of_its_own_class(peer: Peer) -> None:
    assert isinstance(peer.open(peer.start()), PsrpSession)


def test_a_scan_costs_no_more_than_a_shell(peer: Peer) -> None:
    server = peer.start()
    session = peer.open(server)
    run(session)
    session.close()
    assert (server.requests, server.opened, server.closed) == (8 if peer.tls else 9, 1, 1)


def test_nothing_passes_in_plain(peer: Peer) -> None:
    server = peer.start()
    run(peer.open(server))
    assert server.plain_bodies == 0


def test_a_session_knows_its_own_connection(peer: Peer) -> None:
    connection = peer.open(peer.start()).connection
    assert [connection[name] for name in ("transport", "encrypted", "authentication")] == [
        Known("psrp"),
        Known(True),
        Known("ntlm"),
    ]


def test_milestones_are_reached_in_turn(peer: Peer) -> None:
    peer.open(peer.start())
    certificate = [Milestone.CERTIFICATE] if peer.tls else []
    assert peer.milestones == [
        Milestone.CREDENTIAL,
        Milestone.PORT,
        *certificate,
        Milestone.LOGIN,
        Milestone.SHELL,
    ]


def test_a_long_script_and_a_long_answer_pass(peer: Peer) -> None:
    server = peer.start(PowerShell(lambda _: answer_items("y" * 300_000)))
    step = PowerShellStep(name="long", script=f"# {'x' * 700_000}\nGet-Date")
    assert said(run(peer.open(server), step)["long"]) == ["y" * 300_000]


def test_an_installed_batch_answers(peer: Peer) -> None:
    server = peer.start()
    install(server)
    answers = run(open_installed(peer, server))
    assert [said(answer) for answer in answers.values()] == [[{"said": ONE.script}], [{"said": TWO.script}]]


def test_an_installed_batch_of_another_plan_is_refused(peer: Peer) -> None:
    server = peer.start()
    install(server, ONE)
    with pytest.raises(ConnectError, match="holds another plan than this scan"):
        run(open_installed(peer, server))


def test_an_endpoint_that_is_no_kit_is_refused(peer: Peer) -> None:
    server = peer.start()
    server.configurations["hardening"] = ""
    with pytest.raises(ConnectError, match="did not say what it holds"):
        run(open_installed(peer, server))


def test_a_configuration_that_is_not_there_is_named(peer: Peer) -> None:
    server = peer.start()
    error = peer.refuse(server, change=installed)
    assert error.reason.endswith("there is no such session configuration, or it may not be used")


def test_a_wrong_password_is_one_clear_line_and_tried_once(peer: Peer) -> None:
    server = peer.start()
    error = peer.refuse(server, password="wrong")
    assert error.reason == f"127.0.0.1:{server.port}: login as EXAMPLE\\audit was refused (HTTP 401)"
    assert (server.logins_refused, server.opened) == (1, 0)


def test_access_denied_is_one_clear_line(peer: Peer) -> None:
    server = peer.start(behaviour=Behaviour(faults={"Create": (ACCESS_DENIED, "Ingen tilgang.")}))
    assert "access denied" in peer.refuse(server).reason


def test_an_expired_certificate_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        peer = Peer(tmp_path, stack, tls=True, backend=WinRmBackend.PSRP)
        server = peer.start(paper=AUTHORITY.issue(["127.0.0.1"], Fault.EXPIRED))
        assert peer.refuse(server).reason == f"127.0.0.1:{server.port}: the certificate has expired"
        assert server.requests == 0


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (Trouble.UNAVAILABLE, "the service is not available (HTTP 503)"),
        (Trouble.PROXY, "a proxy in between asks for a login (HTTP 407)"),
        (Trouble.DROP_BEFORE, "the peer closed the connection without an answer"),
        (Trouble.REDIRECT, "the answer sends us elsewhere (HTTP 307)"),
    ],
)
def test_what_stands_in_between_is_named(peer: Peer, trouble: Trouble, expected: str) -> None:
    server = peer.start(behaviour=Behaviour(troubles={"any": trouble}))
    assert peer.refuse(server).reason == f"127.0.0.1:{server.port}: {expected}"


def test_a_silent_server_is_given_up(peer: Peer) -> None:
    server = peer.start(behaviour=Behaviour(troubles={"any": Trouble.SILENCE}))
    error = peer.refuse(server, limits=Limits(connect_seconds=1, idle_seconds=1))
    assert error.reason == f"127.0.0.1:{server.port}: no answer in time"


@pytest.mark.parametrize("action", ["Command", "Receive", "Signal"])
@pytest.mark.parametrize("trouble", [Trouble.DROP_BEFORE, Trouble.DROP_DURING, Trouble.UNAVAILABLE])
def test_whatever_breaks_off_the_session_is_closed(peer: Peer, action: str, trouble: Trouble) -> None:
    server = peer.start()
    session = peer.open(server)
    server.behaviour.troubles[action] = trouble
    answers = run(session)
    server.behaviour.troubles.clear()
    session.close()
    assert (server.opened, server.closed) == (1, 1)
    assert action == "Signal" or all(isinstance(answer, NotRun) for answer in answers.values())


def test_a_step_that_hangs_was_not_run(peer: Peer) -> None:
    server = peer.start(PowerShell(echo, Mangling.HANGS))
    session = peer.open(server, limits=Limits(connect_seconds=2, idle_seconds=30, deadline_seconds=1))
    answers = run(session)
    session.close()
    assert isinstance(answers["one"], Completed)
    assert reason(answers["two"]) == "the batch did not end within 1 s"
    assert (server.opened, server.closed) == (1, 1)


def test_a_stub_that_says_nothing_answers_nothing(peer: Peer) -> None:
    server = peer.start(PowerShell(echo, Mangling.SAYS_NOTHING))
    assert reason(run(peer.open(server))["one"]) == BROKEN


def test_closing_from_another_thread_ends_the_batch_and_closes_the_session(peer: Peer) -> None:
    server = peer.start(PowerShell(echo, Mangling.HANGS))
    session = peer.open(server)
    threading.Timer(0.5, session.close).start()
    answers = run(session)
    session.close()
    assert reason(answers["two"]) == "the session was closed"
    assert (server.opened, server.closed) == (1, 1)


def test_without_the_extra_the_remedy_is_told(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    server = peer.start()
    monkeypatch.setattr("hardening.transports.psrp._MISSING", ImportError("pypsrp"))
    assert peer.refuse(server).remedy == "install the extra: pip install 'hardening[psrp]'"


def test_every_error_of_the_library_becomes_one_that_has_words() -> None:
    transport = pypsrp.exceptions.WinRMTransportError("http", 503, "")
    kinds = [
        (pypsrp.exceptions.AuthenticationError("x"), winrm.exceptions.AuthenticationError),
        (transport, winrm.exceptions.WinRMTransportError),
        (pypsrp.exceptions.FragmentError("x"), winrm.exceptions.WinRMError),
        (ValueError("x"), ValueError),
    ]
    assert [type(as_pywinrm(error)) for error, _ in kinds] == [kind for _, kind in kinds]


def test_the_kit_is_one_that_powershell_parses() -> None:
    assert read_script(render_kit_blocks((ONE, TWO))).faults == ()


def test_the_kit_runs_no_text() -> None:
    assert "Invoke-Expression" not in {call.name for call in read_script(render_kit_blocks((ONE, TWO))).calls}


def test_the_kit_is_named_by_what_it_asks() -> None:
    renamed = replace(ONE, script="Get-Date -Format o")
    assert len({digest_blocks((ONE, TWO)), digest_blocks((renamed, TWO)), digest_blocks((ONE,))}) == 3


def test_a_client_certificate_logs_in(tmp_path: Path) -> None:
    AUTHORITY.issue([], client="audit").write(tmp_path, "client")
    credential = Credential(certificate=str(tmp_path / "client.pem"), key=str(tmp_path / "client.key"))
    with contextlib.ExitStack() as stack:
        peer = Peer(tmp_path, stack, tls=True, backend=WinRmBackend.PSRP)
        server = peer.start(client_authority=AUTHORITY.pem, behaviour=Behaviour(offers=()))
        session = peer.open(
            server,
            change=lambda endpoint: replace(
                endpoint, authentication=WinRmAuthentication.CERTIFICATE, user="", credential=credential
            ),
        )
        assert said(run(session)["one"]) == [{"said": ONE.script}]
