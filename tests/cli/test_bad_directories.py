"""Directories that misbehave, met by the whole command: the right outcome with its remedy, no traceback, one login."""

from __future__ import annotations

import ssl
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.lab.directory.authority import Authority, Fault
from tests.transports.ldap_fakes import Answering, Asked, FakeDirectory, Manner, done, entry, reference, serve_as

DOMAIN = "DC=kommune,DC=test"
PASSWORD = "Sommer-2026!"
SIMPLE, BOUND = 0x80, 0x61
STEPS = ("-b", "active-directory:extended")


def root(*, capable: bool = True, ahead: int = 0) -> bytes:
    """Return a root DSE: of a domain controller, or of a directory that nobody knows; its clock may be ahead."""
    moment = time.strftime("%Y%m%d%H%M%S.0Z", time.gmtime(time.time() + ahead))
    return entry(
        "",
        namingContexts=[DOMAIN.encode()],
        defaultNamingContext=[DOMAIN.encode()],
        configurationNamingContext=[f"CN=Configuration,{DOMAIN}".encode()],
        schemaNamingContext=[f"CN=Schema,CN=Configuration,{DOMAIN}".encode()],
        rootDomainNamingContext=[DOMAIN.encode()],
        currentTime=[moment.encode()],
        **({"supportedCapabilities": [b"1.2.840.113556.1.4.800"]} if capable else {"vendorName": [b"Somebody"]}),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Certificates of a server, and the file with the authority that a scan trusts."""

    folder: Path
    ca_file: Path

    def context(self) -> ssl.SSLContext:
        """Return what the server speaks TLS with."""
        built = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        built.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return built


def make_place(folder: Path, fault: Fault = Fault.NONE, names: tuple[str, ...] = ("127.0.0.1",)) -> Place:
    authority = Authority("an authority", is_bare=fault is Fault.BARE_AUTHORITY)
    authority.issue(names, fault).write(folder, "server")
    other = fault is Fault.UNKNOWN_AUTHORITY
    (folder / "ca.pem").write_bytes(Authority("another").pem if other else authority.pem)
    return Place(folder, folder / "ca.pem")


@dataclass(slots=True)
class Scans:
    """Scans of a directory that behaves in some manner."""

    hardening: Command
    monkeypatch: pytest.MonkeyPatch
    place: Place
    server: FakeDirectory | None = field(default=None)

    def scan(
        self,
        answer: Answering,
        *,
        bind: Callable[[int, bytes], bytes] = lambda _kind, _body: done(tag=BOUND),
        raw: Callable[[object], None] | None = None,
        root_dse: bytes = b"",
    ) -> Run:
        """Scan once with a password."""
        self.monkeypatch.setenv("AUDIT_PASSWORD", PASSWORD)
        manner = Manner(answer, raw, bind, self.place.context())
        with serve_as(manner, root=root_dse or root()) as server:
            self.server = server
            way = (f"ldaps://127.0.0.1:{server.port}", "--user", "audit@kommune.test", "--ca-file", self.place.ca_file)
            run = self.hardening("scan", *way, "--password-from", "env:AUDIT_PASSWORD", *STEPS, "-o", "json=-")
        assert "Traceback" not in run.err
        assert PASSWORD not in run.out + run.err
        assert self.passwords <= 1
        return run

    @property
    def passwords(self) -> int:
        """How often the password was sent."""
        assert self.server is not None
        return sum(body == PASSWORD.encode() for kind, body in self.server.bound if kind == SIMPLE)


@pytest.fixture
def scans(hardening: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scans:
    folder = tmp_path / "tls"
    folder.mkdir()
    return Scans(hardening, monkeypatch, make_place(folder))


def outcomes(run: Run) -> set[str]:
    return {result["outcome"] for result in run.report["results"]}


def passed(run: Run) -> set[str]:
    """Return the checks that passed by what the directory answered, not by what was seen of the connection."""
    found = {result["check"] for result in run.report["results"] if result["outcome"] == "pass"}
    return {check for check in found if not check.startswith("ad-ldaps-tls")}


def always(*messages: bytes) -> Answering:
    return lambda _asked: (messages, b"")


def said(run: Run) -> str:
    return " ".join(run.err.replace("\n  · ", " ").split())


REFUSALS = [
    (49, "80090308: LdapErr: DSID-0C090449, data 52e, v4563", "the name or the password is wrong (result 49: the pass"),
    (49, "80090308: LdapErr: DSID-0C090449, data 775, v4563", "(result 49: the account is locked)"),
    (8, "00002028: LdapErr: DSID-0C090259", "the server demands a login with signing (result 8"),
    (13, "confidentiality required", "the server demands encryption (result 13"),
]


@pytest.mark.parametrize(("result", "message", "reason"), REFUSALS)
def test_a_login_that_is_refused_is_sent_once_and_told(scans: Scans, result: int, message: str, reason: str) -> None:
    run = scans.scan(always(done()), bind=lambda _kind, _body: done(result, message, tag=BOUND))
    assert (run.status, outcomes(run), scans.passwords) == (3, {"error"}, 1)
    assert reason in said(run)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.EXPIRED, "the certificate has expired; renew the certificate of the server"),
        (Fault.NOT_YET_VALID, "the certificate is not valid yet; check the clocks of both machines"),
        (Fault.UNKNOWN_AUTHORITY, "the authority of the certificate is not"),
    ],
)
def test_a_certificate_that_is_not_to_be_trusted_gets_no_login(scans: Scans, fault: Fault, reason: str) -> None:
    scans.place = make_place(scans.place.folder, fault)
    run = scans.scan(always(done()))
    assert (run.status, scans.passwords, passed(run)) == (3, 0, set())
    assert reason in said(run)


def test_a_certificate_for_another_name_gets_no_login(scans: Scans) -> None:
    scans.place = make_place(scans.place.folder, names=("dc-09.kommune.test",))
    run = scans.scan(always(done()))
    assert (run.status, scans.passwords) == (3, 0)
    assert "the certificate does not hold this IP address; connect by a name" in said(run)


def test_a_directory_that_is_neither_is_unknown_and_nothing_is_judged(scans: Scans) -> None:
    run = scans.scan(always(done()), root_dse=root(capable=False))
    assert (run.status, outcomes(run) & {"pass", "fail"}) == (3, set())


def test_a_clock_that_differs_is_shown(scans: Scans) -> None:
    run = scans.scan(always(done()), root_dse=root(ahead=7200))
    (target,) = run.report["targets"]
    assert 7100 < target["clock_difference"] < 7300
    assert f"The clock of {target['name']} differs from ours by" in said(run)


def test_a_limit_of_the_server_gives_no_pass(scans: Scans) -> None:
    one = entry(f"CN=a,{DOMAIN}", sAMAccountName=[b"a"], userAccountControl=[b"512"], objectClass=[b"user"])
    run = scans.scan(always(one, done(4, "size limit")))
    # What is wrong with the part that came is a gap all the same.
    assert (run.status in {3, 10}, passed(run)) == (True, set())


def test_a_directory_that_only_refers_gives_no_pass(scans: Scans) -> None:
    run = scans.scan(always(reference(f"ldap://elsewhere.example.org/{DOMAIN}"), done(10, "go elsewhere")))
    assert (run.status, passed(run)) == (3, set())


def test_a_directory_that_dies_in_mid_page_gives_no_pass(scans: Scans) -> None:
    def die(connection: object) -> None:
        connection.sendall(b"\x30\x84\x00\x00\x10\x00\x02\x01")  # type: ignore[attr-defined] # a socket

    run = scans.scan(always(done()), raw=die)
    assert (run.status, passed(run)) == (3, set())
    assert "broke off" in said(run) or "the connection is gone" in said(run)


ODD = (
    f"CN=Nordmann\\, Kari,{DOMAIN}",
    f'CN=\\"Ola\\",{DOMAIN}',
    f"CN=linje\\0Askift,{DOMAIN}",
    f"CN=\u202erav\u202c snudd,{DOMAIN}",
    f"CN=<script>,{DOMAIN}",
)


def test_odd_names_come_through_in_lines_of_their_own(scans: Scans) -> None:
    accounts = [
        entry(
            dn,
            sAMAccountName=[b"x"],
            userAccountControl=[b"66080"],
            objectClass=[b"user"],
            objectCategory=[b"CN=Person"],
            objectSid=[b"\1\5" + b"\0" * 5 + b"\5" + struct.pack("<5I", 21, 1, 2, 3, 1000 + number)],
        )
        for number, dn in enumerate(ODD)
    ]
    head = entry(DOMAIN, objectSid=[b"\1\4" + b"\0" * 5 + b"\5" + struct.pack("<4I", 21, 1, 2, 3)])
    admins = entry(
        f"CN=Administrators,CN=Builtin,{DOMAIN}",
        objectClass=[b"group"],
        objectSid=[b"\1\2" + b"\0" * 5 + b"\5" + struct.pack("<2I", 32, 544)],
        member=[ODD[0].encode()],
    )

    def answer(asked: Asked) -> tuple[Sequence[bytes], bytes]:
        if asked.base != DOMAIN:
            return (done(),), b""
        return ((head, done()) if asked.scope == 0 else (*accounts, admins, done())), b""

    run = scans.scan(answer)
    keys = {key for result in run.report["results"] for key in result["failed_keys"]}
    assert set(ODD) <= keys
    assert "\u202e" not in run.err


@pytest.mark.parametrize(
    "junk", [b"", b"\1", b"\1\0\4\x80" + b"\xff" * 16, b"\0" * 20, b"\1\0\4\x80" + bytes(12) + b"\x14\0\0\0"]
)
def test_a_security_descriptor_that_is_none_gives_no_pass(scans: Scans, junk: bytes) -> None:
    holder = entry(
        f"CN=AdminSDHolder,CN=System,{DOMAIN}",
        cn=[b"AdminSDHolder"],
        objectClass=[b"container"],
        nTSecurityDescriptor=[junk],
    )
    head = entry(DOMAIN, objectClass=[b"domainDNS"], nTSecurityDescriptor=[junk])
    run = scans.scan(always(head, holder, done()))
    rights = {result["check"]: result["outcome"] for result in run.report["results"]}
    assert rights["ad-priv-adminsdholder-acl"] == "error"
    assert rights["ad-priv-domain-root-acl"] == "error"
