"""What a directory is seen to do on connections that nobody logs in over."""

from __future__ import annotations

import ssl
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from hardening.model.step import Answer, LdapAnswer, LdapNtlmStep, LdapTlsStep, NotRun, TlsVersion
from hardening.model.target import LdapAuthentication, LdapEndpoint, LdapSecurity
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.ntlm import MadeUpLogin, without_binding
from hardening.transports.session import Limits, Opening
from tests.lab.directory.authority import Authority
from tests.transports.ldap_fakes import FakeDirectory, Manner, bound, done, serve, serve_as

LIMITS = Limits(connect_seconds=2, idle_seconds=2, deadline_seconds=10)
SIMPLE, DISCOVERY, NEGOTIATE, RESPONSE = 0x80, 0x89, 0x8A, 0x8B
TARGET = struct.pack("<HH4s", 2, 4, b"E\0X\0") + struct.pack("<HH16s", 10, 16, b"b" * 16) + bytes(4)
CHALLENGE = struct.pack("<8sI8xI8s8xHHI8x", b"NTLMSSP\0", 2, 0x80000, b"c" * 8, len(TARGET), len(TARGET), 56) + TARGET
NTLM = LdapNtlmStep(name="ntlm")
CHANCE = bytes(range(32))


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an authority, and a certificate of a server and its key."""
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority("an authority")
    authority.issue(("127.0.0.1",)).write(folder, "server")
    (folder / "ca.pem").write_bytes(authority.pem)
    return folder


def context(papers: Path) -> ssl.SSLContext:
    built = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    built.load_cert_chain(papers / "server.pem", papers / "server.key")
    return built


def look(papers: Path, server: FakeDirectory, *steps: LdapTlsStep | LdapNtlmStep) -> dict[str, Answer]:
    endpoint = LdapEndpoint(
        address="127.0.0.1",
        port=server.port,
        authentication=LdapAuthentication.ANONYMOUS,
        ca_file=str(papers / "ca.pem"),
    )
    session = open_session(endpoint, Opening(resolve=Secret, limits=LIMITS))
    try:
        return dict(session.search(steps))
    finally:
        session.close()


def speaks_ntlm(result: int, message: str) -> Callable[[int, bytes], bytes]:
    """Return what logs in by NTLM up to an end."""
    answers = {
        DISCOVERY: bound(0, b"NTLM"),
        NEGOTIATE: bound(0, CHALLENGE),
        RESPONSE: bound(result, b"", message),
    }
    return lambda kind, _body: answers.get(kind, done(tag=0x61))


def try_ntlm(papers: Path, bind: Callable[[int, bytes], bytes]) -> tuple[Answer, FakeDirectory]:
    with serve_as(Manner(lambda _: ((done(),), b""), bind=bind, tls=context(papers))) as server:
        return look(papers, server, NTLM)["ntlm"], server


def test_what_the_server_says_to_an_unbound_login_is_the_answer(papers: Path) -> None:
    said = "80090346: LdapErr: DSID-0C0905E2, comment: AcceptSecurityContext error, data 80090346, v4563"
    answer, server = try_ntlm(papers, speaks_ntlm(49, said))
    assert isinstance(answer, LdapAnswer)
    assert (answer.result, answer.message) == (49, said)
    assert [kind for kind, _ in server.bound] == [DISCOVERY, NEGOTIATE, RESPONSE]


def test_the_login_holds_no_channel_binding_and_a_made_up_name(papers: Path) -> None:
    _, server = try_ntlm(papers, speaks_ntlm(49, "data 52e"))
    message = server.bound[-1][1]
    assert b"b" * 16 not in message
    length, offset = struct.unpack_from("<H2xI", message, 36)
    name = message[offset : offset + length].decode("utf-16-le")
    assert (len(name), int(name, 16) >= 0) == (20, True)


@pytest.mark.parametrize(
    ("bind", "reason"),
    [
        (lambda kind, _body: bound(0, b"GSSAPI") if kind == DISCOVERY else done(tag=0x61), "the server offers no NTLM"),
        (lambda _kind, _body: bound(7), "the server offers no NTLM"),
        (
            lambda kind, _body: bound(0, b"NTLM") if kind == DISCOVERY else bound(8),
            "the server ended the login early (result 8)",
        ),
        (
            lambda kind, _body: bound(0, b"NTLM") if kind == DISCOVERY else bound(0, b"nonsense"),
            "the login got no answer: the peer does not speak LDAP as expected",
        ),
    ],
)
def test_a_server_that_does_not_speak_ntlm_is_named_so(
    papers: Path, bind: Callable[[int, bytes], bytes], reason: str
) -> None:
    answer, _ = try_ntlm(papers, bind)
    assert answer == NotRun(reason)


def test_a_made_up_login_is_of_the_form_of_one() -> None:
    login = MadeUpLogin("nobody", CHANCE)
    assert login.create_negotiate_message()[:12] == b"NTLMSSP\0\1\0\0\0"
    login.parse_challenge_message(CHALLENGE)
    message = login.create_authenticate_message()
    fields = [struct.unpack_from("<HHI", message, 12 + 8 * number) for number in range(6)]
    assert [offset + length for length, _, offset in fields][-1] == len(message)
    length, _, offset = fields[1]
    answer = message[offset : offset + length]
    assert (answer[:16], answer[16:18]) == (CHANCE[:16], b"\1\1")
    assert answer[44:] == without_binding(TARGET) + bytes(4)


@pytest.mark.parametrize("message", [b"", b"NTLMSSP\0" + bytes(60), b"x" * 60])
def test_what_is_no_challenge_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="did not answer as NTLM does"):
        MadeUpLogin("nobody", CHANCE).parse_challenge_message(message)


@pytest.mark.parametrize("pairs", [b"", b"\x02", struct.pack("<HH", 2, 900), TARGET[:5]])
def test_a_list_that_breaks_off_ends_all_the_same(pairs: bytes) -> None:
    assert without_binding(pairs)[-4:] == bytes(4)


STEPS = [LdapTlsStep(name=version.value, version=version) for version in TlsVersion]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("oldest", "newest", "agreed"),
    [
        (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, ["TLSv1.2", "TLSv1.3"]),
        (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, ["TLSv1", "TLSv1.1", "TLSv1.2"]),
        (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3, ["TLSv1.3"]),
    ],
)
def test_each_version_is_tried_alone(
    papers: Path, oldest: ssl.TLSVersion, newest: ssl.TLSVersion, agreed: list[str]
) -> None:
    speaks = context(papers)
    speaks.set_ciphers("ALL:@SECLEVEL=0")
    speaks.maximum_version, speaks.minimum_version = newest, oldest
    with serve_as(Manner(lambda _: ((done(),), b""), tls=speaks)) as server:
        answers = look(papers, server, *STEPS)
    results = {name: answer.result for name, answer in answers.items() if isinstance(answer, LdapAnswer)}
    assert results == {version.value: 0 if version.value in agreed else 91 for version in TlsVersion}


def test_over_a_plain_connection_nothing_is_tried(papers: Path) -> None:
    del papers
    with serve(lambda _: ((done(),), b"")) as server:
        endpoint = LdapEndpoint(
            address="127.0.0.1",
            port=server.port,
            security=LdapSecurity.PLAIN,
            authentication=LdapAuthentication.ANONYMOUS,
        )
        session = open_session(endpoint, Opening(resolve=Secret, limits=LIMITS))
        answers = session.search([*STEPS, NTLM])
        session.close()
    assert set(answers.values()) == {NotRun("the connection to this directory is not encrypted")}


def test_a_version_that_openssl_does_not_offer_was_not_tried(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_as(Manner(lambda _: ((done(),), b""), tls=context(papers))) as server:
        monkeypatch.setattr("hardening.transports.ldap_observe._EVERY_CIPHER", "no such cipher")
        answers = look(papers, server, STEPS[0])
    assert answers == {"TLSv1": NotRun("the OpenSSL of the scanner's machine does not offer it")}
