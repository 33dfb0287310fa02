"""Kerberos logins at a real domain controller, with a ticket of its own key distribution centre."""

from __future__ import annotations

import importlib
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hardening.model.directory import ROOT_DSE
from hardening.model.target import Credential, LdapAuthentication, LdapEndpoint
from tests.lab.directory.conftest import StartDirectory
from tests.lab.directory.servers import Directory
from tests.lab.directory.sessions import ask, endpoint, everything, failure, found, open_directory
from tests.lab.sessions import value

# Debian's own, built for its own Python, where this one has none: building it takes longer than all tests here.
DEBIAN = Path("/usr/lib/python3/dist-packages")
REALM = "KOMMUNE.TEST"
Tickets = Callable[[Directory], LdapEndpoint]


@pytest.fixture(scope="module")
def gssapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the library of the extra `kerberos`."""
    folder = tmp_path_factory.mktemp("gssapi")
    for name in ("gssapi", "decorator.py"):
        (folder / name).symlink_to(DEBIAN / name)
    sys.path.append(str(folder))
    yield importlib.import_module("gssapi")
    sys.path.remove(str(folder))


@pytest.fixture
def kerberos(gssapi: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tickets:
    """Return what gets a ticket for a directory's ordinary account and tells the way there."""
    cache = tmp_path / "tickets"
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{cache}")
    monkeypatch.setenv("KRB5_CONFIG", str(tmp_path / "krb5.conf"))

    def prepare(server: Directory) -> LdapEndpoint:
        host = f"{server.name}.kommune.test"
        (tmp_path / "krb5.conf").write_text(
            f"[libdefaults]\n default_realm = {REALM}\n dns_canonicalize_hostname = false\n rdns = false\n"
            f" dns_lookup_kdc = false\n[realms]\n {REALM} = {{\n  kdc = {server.address}\n }}\n"
            f"[domain_realm]\n .kommune.test = {REALM}\n"
        )
        name = gssapi.Name(f"audit@{REALM}", gssapi.NameType.kerberos_principal)
        password = server.passwords[server.user].encode()
        ticket = gssapi.raw.acquire_cred_with_password(name, password, usage="initiate").creds
        gssapi.Credentials(ticket).store({b"ccache": f"FILE:{cache}".encode()}, usage="initiate", overwrite=True)
        resolve = socket.getaddrinfo

        def look_up(asked: Any, *more: Any, **named: Any) -> Any:
            return resolve(server.address if asked == host else asked, *more, **named)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        way = endpoint(server)
        return replace(way, address=host, user="", authentication=LdapAuthentication.KERBEROS, credential=Credential())

    return prepare


@pytest.mark.parametrize("starttls", [False, True], ids=["ldaps", "starttls"])
def test_a_ticket_is_a_login(directory: StartDirectory, kerberos: Tickets, *, starttls: bool) -> None:
    server = directory("dc-kerberos")
    way = kerberos(server)
    secured = endpoint(server, starttls=starttls)
    session = open_directory(replace(way, security=secured.security, port=secured.port))
    answer = found(session.search([everything()])["all"])
    seen = session.connection
    session.close()
    assert (answer.result, len(answer.entries) > 10) == (0, True)
    assert value(seen, "authentication") == "kerberos"


def test_a_principal_may_be_named(directory: StartDirectory, kerberos: Tickets) -> None:
    way = replace(kerberos(directory("dc-kerberos")), user=f"audit@{REALM}")
    assert found(ask(way, ROOT_DSE)[ROOT_DSE.name]).entries


def test_a_principal_without_a_ticket_is_told_so(directory: StartDirectory, kerberos: Tickets) -> None:
    error = failure(replace(kerberos(directory("dc-kerberos")), user=f"other@{REALM}"))
    assert "Kerberos" in error.reason or "ticket" in error.reason
    assert error.remedy


def test_without_a_ticket_the_remedy_is_to_get_one(
    directory: StartDirectory, kerberos: Tickets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = kerberos(directory("dc-kerberos"))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path}/none")
    error = failure(way)
    assert "there is no ticket" in error.reason
    assert "kinit" in error.remedy


def test_a_server_that_demands_signing_says_so(directory: StartDirectory, kerberos: Tickets) -> None:
    # Samba as it is: a login that is not signed is refused over TLS too.
    error = failure(kerberos(directory("dc-signing")))
    assert "demands" in error.reason
    assert error.remedy


def test_a_server_that_the_domain_does_not_know_by_this_name_says_so(
    directory: StartDirectory, kerberos: Tickets
) -> None:
    error = failure(kerberos(directory("dc-clean")))
    assert "the domain knows no service of this name" in error.reason
    assert "connect by the host name" in error.remedy
