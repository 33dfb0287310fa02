"""Sessions on directories that behave as no real one can be brought to: ranges, limits, floods, silence, death."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hardening.errors import ConnectError
from hardening.model.directory import ROOT_DSE
from hardening.model.step import Answer, LdapAnswer, LdapIdentity, LdapScope, LdapStep, NotRun
from hardening.model.target import Credential, LdapAuthentication, LdapEndpoint, LdapSecurity
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.ldap_search import find_refusal
from hardening.transports.session import Limits, Milestone, Opening
from tests.transports.ldap_fakes import ROOT, Answering, Asked, FakeDirectory, done, entry, reference, serve

SEARCH = LdapStep(
    name="all", base="{default_nc}", scope=LdapScope.SUBTREE, filter="(objectClass=*)", attributes=("cn", "member")
)
LIMITS = Limits(connect_seconds=2, idle_seconds=0.5, deadline_seconds=5)
BASE = "dc=kommune,dc=test"


def plain(server: FakeDirectory, **changes: object) -> LdapEndpoint:
    endpoint = LdapEndpoint(
        address="127.0.0.1",
        port=server.port,
        security=LdapSecurity.PLAIN,
        authentication=LdapAuthentication.ANONYMOUS,
    )
    return replace(endpoint, **changes)  # type: ignore[arg-type] # a test may change any of them


def search(server: FakeDirectory, *steps: LdapStep, limits: Limits = LIMITS) -> dict[str, Answer]:
    session = open_session(plain(server), Opening(resolve=Secret, limits=limits))
    try:
        return dict(session.search(steps or (SEARCH,)))
    finally:
        session.close()


def always(*messages: bytes) -> Answering:
    return lambda _asked: (messages, b"")


def found(answers: dict[str, Answer], name: str = "all") -> LdapAnswer:
    answer = answers[name]
    assert isinstance(answer, LdapAnswer), answer
    return answer


def pages(count: int, size: int) -> Answering:
    """Return what gives so many pages of so many entries each."""

    def answer(asked: Asked) -> tuple[Sequence[bytes], bytes]:
        number = int(asked.cookie or b"0")
        entries = [entry(f"cn={number}-{each},{BASE}", cn=[b"x"]) for each in range(size)]
        return (*entries, done()), b"%d" % (number + 1) if number + 1 < count else b""

    return answer


def test_pages_are_fetched_to_the_last() -> None:
    with serve(pages(4, 3)) as server:
        answer = found(search(server))
    assert (len(answer.entries), answer.cut, len(server.asked)) == (12, "", 1 + 4)


def test_a_result_that_is_no_success_ends_the_pages_and_is_kept() -> None:
    with serve(lambda _: ((entry(f"cn=a,{BASE}", cn=[b"a"]), done(4, "size limit")), b"next")) as server:
        answer = found(search(server))
    assert (len(answer.entries), answer.result, answer.cut) == (1, 4, "the server's size limit was reached")


def test_more_entries_than_a_step_may_have_are_cut() -> None:
    with serve(pages(10, 4)) as server:
        answer = found(search(server, replace(SEARCH, entry_limit=6)))
    assert (len(answer.entries), answer.cut, len(server.asked)) == (6, "more than 6 entries", 1 + 2)


def test_as_many_entries_as_a_step_may_have_are_not_cut() -> None:
    with serve(pages(2, 3)) as server:
        assert found(search(server, replace(SEARCH, entry_limit=6))).cut == ""


def test_more_bytes_than_a_step_may_have_are_cut() -> None:
    with serve(lambda _: ((entry(f"cn=a,{BASE}", cn=[b"x" * 600]), done()), b"next")) as server:
        answer = found(search(server, replace(SEARCH, output_limit=1000)))
    assert (len(answer.entries), answer.cut) == (2, "more than 1000 bytes")


def test_a_descriptor_that_objects_share_is_kept_once() -> None:
    shown = tuple(entry(f"cn={name},{BASE}", nTSecurityDescriptor=[b"x" * 600]) for name in "ab")
    with serve(lambda _: ((*shown, done()), b"")) as server:
        answer = found(search(server, replace(SEARCH, sd_flags=7, output_limit=1000)))
    first, second = (each.values("nTSecurityDescriptor")[0] for each in answer.entries)
    assert (first is second, answer.cut) == (True, "")


def ranged(step: int, total: int, *, silent_after: int | None = None) -> Answering:
    """Return what shows the members of a group in ranges, as Active Directory does beyond 1,500."""

    def answer(asked: Asked) -> tuple[Sequence[bytes], bytes]:
        begin = next(
            (int(name.partition("range=")[2].rstrip("-*")) for name in asked.attributes if ";range=" in name), 0
        )
        if silent_after is not None and begin > silent_after:
            return (entry(f"cn=g,{BASE}"), done()), b""
        end = min(begin + step, total)
        name = f"member__range_eq_{begin}_" + ("*" if end == total else str(end - 1))
        return (entry(f"cn=g,{BASE}", **{name: [b"cn=%d" % each for each in range(begin, end)]}), done()), b""

    return answer


def test_values_in_ranges_are_fetched_to_the_last() -> None:
    with serve(ranged(10, 35)) as server:
        answer = found(search(server))
    members = answer.entries[0].values("member")
    assert (len(members), len(set(members)), answer.cut, len(server.asked)) == (35, 35, "", 1 + 4)


def test_ranges_that_end_early_are_cut() -> None:
    with serve(ranged(10, 35, silent_after=10)) as server:
        answer = found(search(server))
    assert answer.cut == f"member of cn=g,{BASE} was not shown to its end"


def test_ranges_are_fetched_for_every_entry_of_a_page() -> None:
    def answer(asked: Asked) -> tuple[Sequence[bytes], bytes]:
        if asked.base == BASE:
            groups = [entry(f"cn={name},{BASE}", member__range_eq_0_0=[b"one"]) for name in "ab"]
            return (*groups, done()), b""
        return (entry(asked.base, **{"member__range_eq_1_*": [b"two"]}), done()), b""

    with serve(answer) as server:
        entries = found(search(server)).entries
    assert [each.values("member") for each in entries] == [(b"one", b"two")] * 2


def test_secrets_that_come_unasked_are_dropped() -> None:
    with serve(always(entry(f"cn=a,{BASE}", unicodePwd=[b"x"], ms_Mcs_AdmPwd=[b"y"], cn=[b"a"]), done())) as server:
        assert dict(found(search(server)).entries[0].attributes) == {"cn": (b"a",)}


def test_of_a_password_only_its_scheme_is_kept() -> None:
    with serve(always(entry(f"cn=a,{BASE}", userPassword=[b"{SSHA}x", b"hemmelig"]), done())) as server:
        assert found(search(server)).entries[0].values("userPassword") == (b"{SSHA}", b"{CLEARTEXT}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attributes": ("cn", "*")}, "all attributes are never asked for: secrets could be among them"),
        ({"attributes": ("+",)}, "all attributes are never asked for: secrets could be among them"),
        ({"attributes": ("unicodePwd",)}, "unicodePwd holds secrets and is never asked for"),
        (
            {"attributes": ("msLAPS-Password;range=0-*",)},
            "msLAPS-Password;range=0-* holds secrets and is never asked for",
        ),
        ({"filter": "(&(cn=a)(ms-Mcs-AdmPwd=Som*))"}, "ms-Mcs-AdmPwd holds secrets, and a filter could guess them"),
        ({"filter": "(!(unicodePwd>=a))"}, "unicodePwd holds secrets, and a filter could guess them"),
    ],
)
def test_secrets_are_never_asked_for(changes: dict[str, object], reason: str) -> None:
    step = replace(SEARCH, **changes)  # type: ignore[arg-type] # as above
    with serve(always(done())) as server:
        answers = search(server, step)
    assert (answers, len(server.asked)) == ({"all": NotRun(reason)}, 1)


def test_whether_there_is_a_secret_may_be_asked() -> None:
    assert find_refusal(replace(SEARCH, filter="(ms-Mcs-AdmPwd=*)")) == ""


def test_parts_in_other_servers_are_missing_parts() -> None:
    with serve(always(reference(f"ldap://b/ou=x,{BASE}"), done())) as server:
        answer = found(search(server))
    assert answer.cut == "1 parts lie in other servers, which are not asked"


def test_a_server_that_only_refers_has_answered_nothing() -> None:
    with serve(always(done(10, "go elsewhere"))) as server:
        answer = found(search(server))
    assert (answer.result, answer.entries) == (10, ())


def breaks(action: Callable[[socket.socket], None]) -> dict[str, Answer]:
    with serve(always(done()), raw=action) as server:
        return search(server, SEARCH, replace(SEARCH, name="next"))


def test_a_server_that_dies_in_mid_page_costs_this_step_and_the_next() -> None:
    def die(connection: socket.socket) -> None:
        connection.sendall(b"\x30\x84\x00\x00\x10\x00\x02\x01")

    answers = breaks(die)
    assert answers == {
        "all": NotRun("the search broke off: the server closed the connection"),
        "next": NotRun("the connection is gone: the server closed the connection"),
    }


def test_a_server_that_resets_is_named_so() -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    answer = breaks(reset)["all"]
    assert answer == NotRun("the search broke off: the peer reset the connection")


def test_a_server_that_falls_silent_is_given_up() -> None:
    hold: list[socket.socket] = []

    def keep(connection: socket.socket) -> None:
        hold.append(connection.dup())

    answer = breaks(keep)["all"]
    for each in hold:
        each.close()
    assert answer == NotRun("the search broke off: nothing came for 0.5 s")


def test_a_server_that_says_something_else_is_named_so() -> None:
    answer = breaks(lambda connection: connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n" * 10))["all"]
    assert isinstance(answer, NotRun)
    assert answer.reason.startswith("the search broke off: ")


def test_a_server_that_never_ends_is_cut_off() -> None:
    piece = entry(f"cn=a,{BASE}", cn=[b"x" * 50_000])

    def flood(connection: socket.socket) -> None:
        message = b"\x30\x84" + (len(piece) + 3).to_bytes(4, "big") + b"\x02\x01\x02" + piece
        for _ in range(400):
            connection.sendall(message)

    with serve(always(done()), raw=flood) as server:
        answers = search(server, limits=replace(LIMITS, directory_bytes=5_000_000))
    # Under load ldap3 now and then takes a piece of the flood for an answer to something else, and gives up before us.
    assert answers["all"] in (
        NotRun("the search broke off: it sent more than it may"),
        NotRun("the search broke off: the connection broke: invalid messageId received"),
    )


def test_the_root_dse_is_asked_once_and_first() -> None:
    with serve(always(done())) as server:
        answers = search(server, ROOT_DSE, SEARCH)
    (root,) = found(answers, ROOT_DSE.name).entries
    assert root.values("namingContexts") == (b"dc=kommune,dc=test",)
    assert [each.base for each in server.asked] == ["", BASE]


def test_a_context_that_the_directory_does_not_name_is_not_searched() -> None:
    with serve(always(done())) as server:
        answers = search(server, replace(SEARCH, base="CN=Sites,{config_nc}"))
    assert answers == {"all": NotRun("the root DSE names no config_nc")}


def test_nobody_logs_in_over_a_plain_connection() -> None:
    with serve(always(done())) as server:
        endpoint = plain(
            server,
            authentication=LdapAuthentication.SIMPLE,
            user="cn=audit",
            credential=Credential(password="Sommer-2026!"),
        )
        with pytest.raises(ConnectError, match="is not encrypted, so no login is sent"):
            open_session(endpoint, Opening(resolve=Secret, limits=LIMITS))
    assert server.binds == 0


def test_as_nobody_no_login_is_tried() -> None:
    with serve(always(done())) as server:
        search(server, SEARCH, replace(SEARCH, name="nobody", identity=LdapIdentity.ANONYMOUS))
    assert server.binds == 0


@pytest.mark.parametrize("security", [LdapSecurity.LDAPS, LdapSecurity.STARTTLS])
def test_a_server_without_tls_is_named_so(security: LdapSecurity) -> None:
    with serve(always(done())) as server, pytest.raises(ConnectError) as caught:
        open_session(plain(server, security=security), Opening(resolve=Secret, limits=LIMITS))
    assert caught.value.remedy


def test_a_closed_port_is_named_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectError, match=rf"127.0.0.1:{port}: the port is closed"):
        open_session(plain(FakeDirectory(port, ROOT)), Opening(resolve=Secret, limits=LIMITS))


def test_a_file_that_holds_no_authorities_is_named_so(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    endpoint = LdapEndpoint(address="127.0.0.1", ca_file=str(path))
    with pytest.raises(ConnectError, match=r"the authorities in .*ca.pem cannot be read"):
        open_session(endpoint, Opening(resolve=Secret, limits=LIMITS))


def test_milestones_are_told_in_order() -> None:
    reached: list[Milestone] = []
    with serve(always(done())) as server:
        opening = Opening(resolve=Secret, limits=LIMITS, reached=lambda _where, milestone: reached.append(milestone))
        open_session(plain(server), opening).close()
    expected = [Milestone.CREDENTIAL, Milestone.PORT, Milestone.CERTIFICATE, Milestone.LOGIN, Milestone.ROOT_DSE]
    assert reached == expected
