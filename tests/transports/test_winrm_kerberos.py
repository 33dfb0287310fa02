"""WinRM with Kerberos, against MIT's KDC and the WS-Man server of the lab."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hardening.model.evidence import Known
from hardening.model.target import Credential, WinRmAuthentication, WinRmBackend, WinRmEndpoint
from tests.lab.commands import run as run_program
from tests.lab.wsman.realm import Realm, run_realm
from tests.lab.wsman.server import Behaviour
from tests.transports.winrm_peer import AUTHORITY, ONE, Peer, run, said

pytestmark = [pytest.mark.lab, pytest.mark.slow]

OFFERS = Behaviour(offers=("Negotiate", "Kerberos"))


@pytest.fixture(scope="module")
def realm(kerberos_trouble: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """Run a realm."""
    if kerberos_trouble:
        pytest.fail(kerberos_trouble, pytrace=False)
    with run_realm(tmp_path_factory.mktemp("realm")) as started:
        yield started


@pytest.fixture(params=["winrs", "psrp"])
def backend(request: pytest.FixtureRequest) -> WinRmBackend:
    return WinRmBackend(request.param)


@pytest.fixture(params=[True, False], ids=["https", "http"])
def peer(request: pytest.FixtureRequest, tmp_path: Path, backend: WinRmBackend) -> Iterator[Peer]:
    with contextlib.ExitStack() as stack:
        yield Peer(tmp_path, stack, tls=request.param, backend=backend)


def by_ticket(endpoint: WinRmEndpoint) -> WinRmEndpoint:
    """Return the same server by its name in the realm, with the ticket that is there."""
    return replace(
        endpoint,
        address="localhost",
        user="",
        authentication=WinRmAuthentication.KERBEROS,
        credential=Credential(),
    )


def test_a_ticket_opens_the_server(realm: Realm, peer: Peer) -> None:
    realm.log_in()
    server = peer.start(behaviour=replace(OFFERS), paper=AUTHORITY.issue(["localhost"]) if peer.tls else None)
    session = peer.open(server, change=by_ticket)
    assert said(run(session)["one"]) == [{"said": ONE.script}]
    assert session.connection["authentication"] == Known("kerberos")
    session.close()
    assert (server.opened, server.closed, server.plain_bodies) == (1, 1, 0)


def test_without_a_ticket_the_remedy_is_told(realm: Realm, peer: Peer) -> None:
    realm.log_out()
    server = peer.start(behaviour=replace(OFFERS), paper=AUTHORITY.issue(["localhost"]) if peer.tls else None)
    error = peer.refuse(server, change=by_ticket)
    assert error.reason == f"localhost:{server.port}: there is no Kerberos ticket, or it has expired"
    assert error.remedy == "get one with kinit, and let KRB5CCNAME name its file"


def test_a_name_that_the_realm_does_not_know_is_told(realm: Realm, peer: Peer) -> None:
    realm.log_in()
    server = peer.start(behaviour=replace(OFFERS))
    error = peer.refuse(server, change=lambda endpoint: replace(by_ticket(endpoint), address="127.0.0.1"))
    assert "Kerberos" in error.reason or "service HTTP" in error.reason


@pytest.mark.usefixtures("realm")
def test_what_the_libraries_of_kerberos_raise_has_words() -> None:
    # In a process of its own: these errors count only where the libraries were there from the start.
    program = (
        "import gssapi.raw, kerberos; from hardening.transports.winrm_errors import LIBRARY_ERRORS, find_translation\n"
        "assert issubclass(gssapi.raw.GSSError, LIBRARY_ERRORS)\n"
        "print(find_translation(kerberos.GSSError('no'))[0])"
    )
    assert run_program(sys.executable, "-c", program) == "Kerberos failed: no\n"
