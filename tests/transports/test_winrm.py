"""WinRM against the WS-Man server of the lab, over TLS and over plain HTTP with sealed messages."""
# ruff: noqa: D101, D102, FBT003 - the name of a test is its sentence, in a class as well; values of fields

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hardening.model.evidence import Known
from hardening.model.step import Completed, NotRun, PowerShellStep
from hardening.model.target import Credential, WinRmAuthentication
from hardening.transports.session import Limits, Milestone
from hardening.transports.winrm import WinRmSession
from tests.lab.directory.authority import Authority, Fault
from tests.lab.wsman.replies import Mangling, PowerShell, answer_error, answer_items
from tests.lab.wsman.server import ACCESS_DENIED, Behaviour, Trouble
from tests.transports.winrm_peer import AUTHORITY, ONE, TWO, Peer, echo, reason, run, said


@pytest.fixture(params=[True, False], ids=["https", "http"])
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Peer]:
    with contextlib.ExitStack() as stack:
        yield Peer(tmp_path, stack, tls=request.param)


@pytest.fixture
def over_tls(tmp_path: Path) -> Iterator[Peer]:
    with contextlib.ExitStack() as stack:
        yield Peer(tmp_path, stack, tls=True)


@pytest.fixture
def over_http(tmp_path: Path) -> Iterator[Peer]:
    with contextlib.ExitStack() as stack:
        yield Peer(tmp_path, stack, tls=False)


class TestConformance:
    def test_each_step_has_its_own_answer(self, peer: Peer) -> None:
        answers = run(peer.open(peer.start()))
        assert [said(answer) for answer in answers.values()] == [[{"said": ONE.script}], [{"said": TWO.script}]]

    def test_slow_steps_run_last(self, peer: Peer) -> None:
        powershell = PowerShell(echo)
        run(peer.open(peer.start(powershell)), replace(ONE, slow=True), TWO)
        assert powershell.asked == [TWO.script, ONE.script]

    def test_an_error_is_that_of_its_step(self, peer: Peer) -> None:
        error = answer_error("System.UnauthorizedAccessException", -2147024891, "Ingen tilgang.")
        powershell = PowerShell(lambda script: error if script == ONE.script else echo(script))
        answers = run(peer.open(peer.start(powershell)))
        assert (answers["one"], said(answers["two"])) == (error, [{"said": TWO.script}])

    def test_a_step_without_an_end_was_not_run(self, peer: Peer) -> None:
        powershell = PowerShell(lambda script: NotRun("") if script == ONE.script else echo(script))
        assert reason(run(peer.open(peer.start(powershell)))["one"]) == "no end marker"

    def test_a_cut_answer_says_so(self, peer: Peer) -> None:
        cut = Completed(exit_status=0, stdout=b"[1]", cut=True)
        answers = run(peer.open(peer.start(PowerShell(lambda _: cut))))
        assert answers["one"] == cut

    def test_more_than_one_batch_runs_in_one_shell(self, peer: Peer) -> None:
        server = peer.start()
        session = peer.open(server)
        run(session)
        run(session)
        assert (server.opened, server.actions["Command"]) == (1, 2)

    def test_closing_twice_is_closing_once(self, peer: Peer) -> None:
        server = peer.start()
        session = peer.open(server)
        session.close()
        session.close()
        assert (server.opened, server.closed) == (1, 1)

    def test_a_long_script_goes_in_pieces(self, peer: Peer) -> None:
        server = peer.start()
        step = PowerShellStep(name="long", script=f"# {'x' * 700_000}\nGet-Date")
        assert said(run(peer.open(server), step)["long"]) == [{"said": step.script}]
        assert server.actions["Send"] == 3

    def test_a_long_answer_comes_in_pieces(self, peer: Peer) -> None:
        server = peer.start(PowerShell(lambda _: answer_items("x" * 900_000)))
        assert said(run(peer.open(server), ONE)["one"]) == ["x" * 900_000]
        assert server.actions["Receive"] == 3

    def test_waiting_goes_on_while_the_server_has_nothing(self, peer: Peer) -> None:
        server = peer.start(behaviour=Behaviour(timeouts=3))
        assert said(run(peer.open(server))["one"]) == [{"said": ONE.script}]
        assert server.actions["Receive"] == 4

    def test_output_is_asked_for_in_utf_8(self, peer: Peer) -> None:
        server = peer.start()
        peer.open(server)
        assert server.code_pages == ["65001"]

    def test_the_script_is_on_no_command_line(self, peer: Peer) -> None:
        server = peer.start()
        run(peer.open(server))
        assert len(server.command_lines[0]) < 200

    def test_a_session_knows_its_own_connection(self, peer: Peer) -> None:
        connection = peer.open(peer.start()).connection
        assert [connection[name] for name in ("transport", "encrypted", "authentication")] == [
            Known("winrm"),
            Known(True),
            Known("ntlm"),
        ]

    def test_milestones_are_reached_in_turn(self, peer: Peer) -> None:
        peer.open(peer.start())
        certificate = [Milestone.CERTIFICATE] if peer.tls else []
        assert peer.milestones == [
            Milestone.CREDENTIAL,
            Milestone.PORT,
            *certificate,
            Milestone.LOGIN,
            Milestone.SHELL,
        ]


class TestCost:
    def test_eight_requests_are_enough_over_https(self, over_tls: Peer) -> None:
        server = over_tls.start()
        session = over_tls.open(server)
        run(session)
        session.close()
        assert server.requests == 8
        assert server.actions == dict.fromkeys(("Create", "Command", "Send", "Receive", "Signal", "Delete"), 1)

    def test_what_was_spent_is_told(self, over_tls: Peer) -> None:
        server = over_tls.start()
        session = over_tls.open(server)
        run(session)
        session.close()
        assert (session.traffic.round_trips, session.traffic.channels) == (server.requests, 1)


class TestEncryption:
    def test_nothing_passes_in_plain_over_http(self, over_http: Peer) -> None:
        server = over_http.start()
        session = over_http.open(server)
        run(session)
        session.close()
        assert server.plain_bodies == 0

    def test_an_answer_in_plain_is_refused(self, over_http: Peer) -> None:
        server = over_http.start(behaviour=Behaviour(troubles={"Receive": Trouble.PLAIN}))
        assert reason(run(over_http.open(server))["one"]) == "an answer came that is not encrypted"

    def test_the_login_is_bound_to_the_connection(self, over_tls: Peer) -> None:
        paper = AUTHORITY.issue(["127.0.0.1"])
        server = over_tls.start(paper=paper, behaviour=Behaviour(checks_channel=True))
        over_tls.open(server)
        assert server.logins_refused == 0

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (Fault.EXPIRED, "the certificate has expired"),
            (Fault.NOT_YET_VALID, "the certificate is not valid yet"),
            (Fault.OTHER_NAME, "the certificate does not hold this IP address"),
            (Fault.UNKNOWN_AUTHORITY, "the authority of the certificate is not known here"),
        ],
    )
    def test_a_bad_certificate_is_refused_before_anything_is_sent(
        self, over_tls: Peer, fault: Fault, expected: str
    ) -> None:
        authority = Authority("Another") if fault is Fault.UNKNOWN_AUTHORITY else AUTHORITY
        server = over_tls.start(paper=authority.issue(["127.0.0.1"], fault))
        error = over_tls.refuse(server)
        assert error.reason == f"127.0.0.1:{server.port}: {expected}"
        assert server.requests == 0

    def test_a_certificate_that_was_refused_is_evidence(self, over_tls: Peer) -> None:
        server = over_tls.start(paper=AUTHORITY.issue(["127.0.0.1"], Fault.EXPIRED))
        assert over_tls.refuse(server).connection["certificate_issuer"] == Known("CN=Lab")

    def test_a_client_certificate_logs_in(self, over_tls: Peer, tmp_path: Path) -> None:
        AUTHORITY.issue([], client="audit").write(tmp_path, "client")
        server = over_tls.start(client_authority=AUTHORITY.pem, behaviour=Behaviour(offers=()))
        credential = Credential(certificate=str(tmp_path / "client.pem"), key=str(tmp_path / "client.key"))
        session = over_tls.open(
            server,
            change=lambda endpoint: replace(
                endpoint, authentication=WinRmAuthentication.CERTIFICATE, user="", credential=credential
            ),
        )
        assert said(run(session)["one"]) == [{"said": ONE.script}]

    def test_ipv6_works(self, over_tls: Peer) -> None:
        server = over_tls.start(address="::1", paper=AUTHORITY.issue(["::1"]))
        session = over_tls.open(server, change=lambda endpoint: replace(endpoint, address="::1"))
        assert said(run(session)["one"]) == [{"said": ONE.script}]


class TestRefusedLogin:
    def test_a_wrong_password_is_one_clear_line(self, peer: Peer) -> None:
        server = peer.start()
        error = peer.refuse(server, password="wrong")
        assert error.reason == f"127.0.0.1:{server.port}: login as EXAMPLE\\audit was refused (HTTP 401)"

    def test_a_wrong_password_is_tried_once(self, peer: Peer) -> None:
        server = peer.start()
        peer.refuse(server, password="wrong")
        assert server.logins_refused == 1

    def test_a_server_without_ntlm_is_told_apart(self, peer: Peer) -> None:
        server = peer.start(behaviour=Behaviour(offers=("Basic", "Kerberos")))
        assert (
            peer.refuse(server).reason
            == f"127.0.0.1:{server.port}: the server does not offer ntlm, only basic, kerberos"
        )

    def test_the_password_never_goes_out_as_it_is(self, peer: Peer) -> None:
        server = peer.start(behaviour=Behaviour(offers=("Basic",)))
        peer.refuse(server)
        assert server.logins_refused == 0

    def test_an_empty_password_is_not_sent(self, peer: Peer) -> None:
        server = peer.start()
        peer.refuse(server, password="")
        assert server.requests == 0

    def test_no_shell_is_left_behind(self, peer: Peer) -> None:
        server = peer.start()
        peer.refuse(server, password="wrong")
        assert (server.opened, server.closed) == (0, 0)


class TestNoShell:
    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            (ACCESS_DENIED, "access denied: the account may log in, but not open a shell"),
            (0x803381A5, "the account has as many shells open as it may"),
            (0x803381A6, "the account has as many operations under way as it may"),
            (0x803381AC, "remote shells are turned off"),
            (0x80338048, "a message is larger than the server takes"),
            (0x80338012, "WinRM refused: Noe gikk galt. (2150858770)"),
        ],
    )
    def test_a_fault_is_one_clear_line(self, peer: Peer, code: int, expected: str) -> None:
        server = peer.start(behaviour=Behaviour(faults={"Create": (code, "Noe gikk galt.")}))
        error = peer.refuse(server)
        assert error.reason == f"127.0.0.1:{server.port}: {expected}"
        assert error.remedy

    def test_the_login_was_good_though_no_shell_was_opened(self, peer: Peer) -> None:
        server = peer.start(behaviour=Behaviour(faults={"Create": (ACCESS_DENIED, "Ingen tilgang.")}))
        assert peer.refuse(server).connection["authentication"] == Known("ntlm")
        assert Milestone.LOGIN in peer.milestones

    def test_user_account_control_is_named(self, peer: Peer) -> None:
        server = peer.start(behaviour=Behaviour(faults={"Create": (ACCESS_DENIED, "Ingen tilgang.")}))
        assert "User Account Control" in peer.refuse(server).remedy

    @pytest.mark.parametrize(
        ("trouble", "expected"),
        [
            (Trouble.DROP_BEFORE, "the peer closed the connection without an answer"),
            (Trouble.UNAVAILABLE, "the service is not available (HTTP 503)"),
            (Trouble.HTML, "a web page came in place of an answer of WinRM (HTTP 200 through a proxy)"),
            (Trouble.PROXY, "a proxy in between asks for a login (HTTP 407)"),
            (Trouble.REDIRECT, "the answer sends us elsewhere (HTTP 307)"),
            (Trouble.NOT_FOUND, "there is no WinRM at this path (HTTP 404)"),
            (Trouble.ENDLESS, "the server sends more than it may"),
        ],
    )
    def test_what_stands_in_between_is_named(self, peer: Peer, trouble: Trouble, expected: str) -> None:
        server = peer.start(behaviour=Behaviour(troubles={"any": trouble}))
        assert peer.refuse(server).reason == f"127.0.0.1:{server.port}: {expected}"

    def test_a_silent_server_is_given_up(self, peer: Peer) -> None:
        server = peer.start(behaviour=Behaviour(troubles={"any": Trouble.SILENCE}))
        limits = Limits(connect_seconds=1, idle_seconds=1)
        assert peer.refuse(server, limits=limits).reason == f"127.0.0.1:{server.port}: no answer in time"

    def test_a_port_that_speaks_no_tls_is_named(self, over_http: Peer) -> None:
        server = over_http.start()
        error = over_http.refuse(server, change=lambda endpoint: replace(endpoint, tls=True))
        assert error.remedy == (
            "check that the port speaks TLS: 5986 does if a listener with a certificate is set up, 5985 never does"
        )

    def test_a_port_that_speaks_only_tls_is_named(self, over_tls: Peer) -> None:
        server = over_tls.start()
        error = over_tls.refuse(server, change=lambda endpoint: replace(endpoint, tls=False))
        assert "the connection broke" in error.reason or "the peer reset" in error.reason

    def test_a_closed_port_is_named(self, peer: Peer) -> None:
        server = peer.start()
        error = peer.refuse(server, change=lambda endpoint: replace(endpoint, port=9))
        assert error.reason == "127.0.0.1:9: the port is closed"

    def test_no_proxy_of_the_environment_is_used(self, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert said(run(peer.open(peer.start()))["one"]) == [{"said": ONE.script}]


class TestBadAnswers:
    @pytest.mark.parametrize(
        ("mangling", "expected"),
        [
            (
                Mangling.SAYS_NOTHING,
                "PowerShell ended with status 0 and said nothing: it is blocked, or something stands in its place",
            ),
            (Mangling.BLOCKED, "PowerShell broke off: Dette skriptet er blokkert av antivirusprogrammet."),
            (Mangling.FLOOD, "output limit reached"),
        ],
    )
    def test_what_did_not_answer_was_not_run(self, peer: Peer, mangling: Mangling, expected: str) -> None:
        server = peer.start(PowerShell(lambda _: NotRun(""), mangling))
        assert reason(run(peer.open(server))["one"]) == expected

    @pytest.mark.parametrize("mangling", [Mangling.BANNER, Mangling.OEM, Mangling.WRAPPED, Mangling.CLIXML])
    def test_what_is_beside_the_answers_does_not_matter(self, peer: Peer, mangling: Mangling) -> None:
        server = peer.start(PowerShell(echo, mangling))
        assert said(run(peer.open(server))["two"]) == [{"said": TWO.script}]

    def test_an_answer_that_was_changed_is_not_believed(self, peer: Peer) -> None:
        server = peer.start(PowerShell(lambda _: answer_items("sm\u00f8r"), Mangling.OEM_INSIDE))
        assert reason(run(peer.open(server))["one"]).startswith("the answer was changed on the way")

    def test_answers_before_a_flood_are_kept(self, peer: Peer) -> None:
        server = peer.start(PowerShell(echo, Mangling.FLOOD))
        assert said(run(peer.open(server))["one"]) == [{"said": ONE.script}]

    @pytest.mark.parametrize("action", ["Command", "Send", "Receive", "Signal"])
    @pytest.mark.parametrize("trouble", [Trouble.DROP_BEFORE, Trouble.DROP_DURING, Trouble.JUNK, Trouble.UNAVAILABLE])
    def test_whatever_breaks_off_the_shell_is_closed(self, peer: Peer, action: str, trouble: Trouble) -> None:
        server = peer.start(behaviour=Behaviour(troubles={action: trouble}))
        session = peer.open(server)
        run(session)
        server.behaviour.troubles.clear()
        session.close()
        assert (server.opened, server.closed) == (1, 1)

    @pytest.mark.parametrize(
        ("trouble", "expected"),
        [
            (Trouble.DROP_BEFORE, "the peer closed the connection without an answer"),
            (Trouble.JUNK, "the peer does not speak WinRM as expected"),
            (Trouble.UNAVAILABLE, "the service is not available (HTTP 503)"),
        ],
    )
    def test_what_broke_off_is_named(self, over_tls: Peer, trouble: Trouble, expected: str) -> None:
        server = over_tls.start(behaviour=Behaviour(troubles={"Receive": trouble}))
        assert reason(run(over_tls.open(server))["one"]) == expected

    @pytest.mark.parametrize(
        ("action", "code", "expected"),
        [
            ("Command", 0x8033805B, "the shell is gone"),
            ("Command", 0x803381A6, "the account has as many operations under way as it may"),
            ("Send", 0x80338048, "a message is larger than the server takes"),
            ("Receive", 0x8033805B, "the shell is gone"),
        ],
    )
    def test_a_fault_is_the_reason_and_the_shell_is_closed(
        self, peer: Peer, action: str, code: int, expected: str
    ) -> None:
        server = peer.start(behaviour=Behaviour(faults={action: (code, "Noe gikk galt.")}))
        session = peer.open(server)
        assert reason(run(session)["one"]) == expected
        session.close()
        assert (server.opened, server.closed) == (1, 1)

    def test_a_connection_that_drops_during_the_answer_is_named(self, over_tls: Peer) -> None:
        server = over_tls.start(behaviour=Behaviour(troubles={"Receive": Trouble.DROP_DURING}))
        assert "broke" in reason(run(over_tls.open(server))["one"])


class TestDeadlines:
    def test_a_step_that_hangs_was_not_run(self, peer: Peer) -> None:
        server = peer.start(PowerShell(echo, Mangling.HANGS))
        session = peer.open(server, limits=Limits(connect_seconds=2, idle_seconds=30, deadline_seconds=1))
        answers = run(session)
        assert (said(answers["one"]), reason(answers["two"])) == (
            [{"said": ONE.script}],
            "the batch did not end within 1 s",
        )

    def test_the_shell_is_closed_after_a_step_that_hangs(self, peer: Peer) -> None:
        server = peer.start(PowerShell(echo, Mangling.HANGS))
        session = peer.open(server, limits=Limits(connect_seconds=2, idle_seconds=30, deadline_seconds=1))
        run(session)
        session.close()
        assert (server.opened, server.closed, server.actions["Signal"]) == (1, 1, 1)

    def test_silence_ends_the_batch(self, peer: Peer) -> None:
        server = peer.start(PowerShell(echo, Mangling.HANGS))
        session = peer.open(server, limits=Limits(connect_seconds=2, idle_seconds=1, deadline_seconds=60))
        assert reason(run(session)["two"]) == "nothing came from the target for 1 s"

    def test_a_slow_step_may_be_silent(self, peer: Peer) -> None:
        server = peer.start(PowerShell(echo, Mangling.HANGS))
        session = peer.open(server, limits=Limits(connect_seconds=2, idle_seconds=1, deadline_seconds=2))
        answers = run(session, ONE, replace(TWO, slow=True))
        assert reason(answers["two"]) == "the batch did not end within 2 s"

    def test_closing_from_another_thread_ends_the_batch_and_closes_the_shell(self, peer: Peer) -> None:
        server = peer.start(PowerShell(echo, Mangling.HANGS))
        session = peer.open(server)
        threading.Timer(0.5, session.close).start()
        answers = run(session)
        session.close()
        assert reason(answers["two"]) == "the session was closed"
        assert (server.opened, server.closed) == (1, 1)


def test_the_session_is_of_its_own_class(peer: Peer) -> None:
    assert isinstance(peer.open(peer.start()), WinRmSession)


def test_what_a_server_calls_itself_is_one_clean_line(over_tls: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lab.wsman.server._Handler.server_version", "Microsoft\x1b[2J\x07")
    version = over_tls.open(over_tls.start()).connection["server_version"]
    assert version == Known("Microsoft\\x1b[2J\\x07")
