"""Kerberos logins: what is sent, what is bound, and what is said where the extra or a ticket is missing."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from hardening.errors import ConnectError
from hardening.model.evidence import Known
from hardening.model.target import LdapAuthentication, LdapEndpoint
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.ldap_kerberos import describe_failure
from hardening.transports.session import Opening
from tests.transports.ldap_fakes import Manner, done, pack, serve_as
from tests.transports.test_ldap_observe import LIMITS, context

SASL = 0xA3


class FakeGssError(Exception):
    """What the library raises."""


@dataclass(slots=True)
class Gssapi:
    """What the library was asked, and how it behaves: the layers that the server's last token is to hold."""

    layers: bytes = b"\7\0\0\0"
    turns: int = 1
    error: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    wrapped: list[bytes] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put it in the place of the library."""
        module: Any = ModuleType("gssapi")
        errors: Any = ModuleType("gssapi.exceptions")
        errors.GSSError = FakeGssError
        module.exceptions = errors
        module.Name = lambda text, kind: (text, kind)
        module.NameType = SimpleNamespace(hostbased_service="service", kerberos_principal="principal")
        module.MechType = SimpleNamespace(kerberos="kerberos")
        module.RequirementFlag = SimpleNamespace(mutual_authentication=2, out_of_sequence_detection=8)
        module.Credentials = lambda **named: ("credentials", named["name"])
        module.raw = SimpleNamespace(ChannelBindings=lambda application_data: application_data)
        module.SecurityContext = self.open
        monkeypatch.setitem(sys.modules, "gssapi", module)
        monkeypatch.setitem(sys.modules, "gssapi.exceptions", errors)

    def open(self, **named: object) -> SimpleNamespace:
        """Begin a login."""
        self.asked.append(named)
        made = SimpleNamespace(complete=False, unwrap=lambda _: SimpleNamespace(message=self.layers), wrap=self.wrap)

        def step(token: bytes | None = None) -> bytes:
            if self.error is not None:
                raise self.error
            made.turn = getattr(made, "turn", 0) + 1
            made.complete = made.turn >= self.turns
            return b"turn" if token is None else b"next"

        made.step = step
        return made

    def wrap(self, message: bytes, *, encrypt: bool) -> SimpleNamespace:
        """Take the client's choice of a layer."""
        assert not encrypt
        self.wrapped.append(message)
        return SimpleNamespace(message=b"wrapped" + message)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an authority and a certificate for `localhost`."""
    from tests.lab.directory.authority import Authority  # noqa: PLC0415 - only here

    folder = tmp_path_factory.mktemp("tls")
    authority = Authority("an authority")
    authority.issue(("localhost",)).write(folder, "server")
    (folder / "ca.pem").write_bytes(authority.pem)
    return folder


def answer_sasl(kind: int, body: bytes) -> bytes:
    """Go on with each token, and end with the one that chooses a layer."""
    assert kind == SASL
    if b"wrapped" in body:
        return done(tag=0x61)
    return pack(0x61, pack(10, b"\x0e"), pack(4), pack(4), pack(0x87, b"token"))


def log_in(papers: Path, *, user: str = "", result: int = 0) -> tuple[Any, list[tuple[int, bytes]]]:
    bind = answer_sasl if not result else lambda _kind, _body: done(result, "no", tag=0x61)
    with serve_as(Manner(lambda _: ((done(),), b""), bind=bind, tls=context(papers))) as server:
        way = LdapEndpoint(
            address="localhost",
            port=server.port,
            user=user,
            authentication=LdapAuthentication.KERBEROS,
            ca_file=str(papers / "ca.pem"),
        )
        session = open_session(way, Opening(resolve=Secret, limits=LIMITS))
        seen = session.connection
        session.close()
    return seen, server.bound


def test_a_login_is_for_the_host_and_bound_to_its_certificate(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Gssapi()
    library.install(monkeypatch)
    seen, sent = log_in(papers)
    (asked,) = library.asked
    assert asked["name"] == ("ldap@localhost", "service")
    pem = (papers / "server.pem").read_text()
    import ssl  # noqa: PLC0415 - to read the certificate as the server shows it

    shown = ssl.PEM_cert_to_DER_cert(pem[: pem.index("-----END CERTIFICATE-----") + 25])
    assert asked["channel_bindings"] == b"tls-server-end-point:" + hashlib.sha256(shown).digest()
    assert (asked["creds"], library.wrapped, len(sent)) == (None, [b"\1\0\0\0"], 2)
    assert seen["authentication"] == Known("kerberos")


def test_a_principal_that_is_named_is_the_one_used(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Gssapi()
    library.install(monkeypatch)
    log_in(papers, user="audit@EXAMPLE.ORG")
    assert library.asked[0]["creds"] == ("credentials", ("audit@EXAMPLE.ORG", "principal"))


def test_a_server_that_offers_no_login_without_signing_is_named_so(
    papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Gssapi(layers=b"\6\0\0\0")
    library.install(monkeypatch)
    with pytest.raises(ConnectError, match="demands that each message after the login is signed") as caught:
        log_in(papers)
    assert (library.wrapped, caught.value.remedy != "") == ([], True)


def test_a_refused_login_is_sent_once(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Gssapi()
    library.install(monkeypatch)
    with pytest.raises(ConnectError, match=r"login as the ticket's account: the name or the password is wrong"):
        log_in(papers, result=49)
    assert len(library.asked) == 1


def test_a_login_that_never_ends_is_given_up(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Gssapi(turns=1000).install(monkeypatch)
    with pytest.raises(ConnectError, match="the login did not come to its end"):
        log_in(papers)


def test_what_the_library_says_becomes_a_reason_with_a_remedy(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Gssapi(error=FakeGssError("Clock skew too great")).install(monkeypatch)
    with pytest.raises(ConnectError, match="the clocks differ too much for Kerberos") as caught:
        log_in(papers)
    assert "time servers" in caught.value.remedy


def test_without_the_extra_the_error_names_it(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gssapi", None)
    with pytest.raises(ConnectError, match="the extra for Kerberos is not installed") as caught:
        log_in(papers)
    assert "pip install 'hardening[kerberos]'" in caught.value.remedy


@pytest.mark.parametrize(
    ("kind", "words", "reason"),
    [
        ("MissingCredentialsError", "Major (458752)", "there is no ticket"),
        ("ExpiredCredentialsError", "…", "the ticket has expired"),
        ("GSSError", "Server ldap/x@Y not found in Kerberos database", "the domain knows no service of this name"),
        ("GSSError", "Cannot contact any KDC for realm 'Y'", "no domain controller answers for Kerberos"),
        ("GSSError", "something\nelse", "Kerberos failed"),
    ],
)
def test_each_failure_has_words(kind: str, words: str, reason: str) -> None:
    told, remedy = describe_failure(kind, words)
    assert (told.startswith(f"{reason} ("), "\n" in told, remedy != "") == (True, False, True)
