"""Computer objects of a directory become servers, or are left out for a reason."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from hardening.inventory.computers import (
    COMPUTERS,
    SITES,
    STEPS,
    ZONES,
    Computers,
    Left,
    read_computers,
    split_dn,
)
from hardening.model.evidence import Unreadable
from hardening.model.server import ServerKind
from hardening.model.step import Answer, LdapAnswer, LdapEntry, NotRun

NOW = 1_790_000_000
DAY = 86_400
DOMAIN = "DC=example,DC=org"
NO_SUCH_OBJECT = LdapAnswer(result=32)


def filetime(days_ago: int) -> bytes:
    return str((NOW - days_ago * DAY + 11_644_473_600) * 10_000_000).encode()


def computer(name: str, *, host: str | None = None, dn: str = "", **changes: bytes | None) -> LdapEntry:
    values: dict[str, bytes | None] = {
        "dnshostname": (f"{name}.example.org" if host is None else host).encode() or None,
        "operatingsystem": b"Windows Server 2022 Standard",
        "useraccountcontrol": b"4096",
        "lastlogontimestamp": filetime(20),
        "pwdlastset": filetime(5),
        **changes,
    }
    attributes = {key: (value,) for key, value in values.items() if value is not None}
    return LdapEntry(dn or f"CN={name},OU=Web,OU=Servere,{DOMAIN}", attributes)


def read(*entries: LdapEntry, cut: str = "", more: Mapping[str, Answer] = MappingProxyType({})) -> Computers:
    answers: dict[str, Answer] = {step.name: NO_SUCH_OBJECT for step in STEPS}
    answers[COMPUTERS.name] = LdapAnswer(entries=entries, cut=cut)
    found = read_computers({**answers, **more}, now=NOW, days=60)
    assert isinstance(found, Computers)
    return found


def test_a_server_is_told_with_its_ou_and_when_it_was_seen() -> None:
    (server,) = read(computer("WEB-01", host="WEB-01.Example.org")).servers
    assert (server.host, server.kind, server.ou) == (
        "web-01.example.org",
        ServerKind.WINDOWS_SERVER,
        "Servere/Web",
    )
    assert (server.last_seen, server.controller) == (NOW - 5 * DAY, False)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (computer("a", useraccountcontrol=b"4098"), Left.DISABLED),
        (computer("a", pwdlastset=filetime(90), lastlogontimestamp=filetime(61)), Left.STALE),
        (computer("a", pwdlastset=b"0", lastlogontimestamp=None), Left.UNSEEN),
        (computer("a", operatingsystem=b"Windows 11 Enterprise"), Left.CLIENT),
        (computer("a", operatingsystem=b"NetApp Release 9.8"), Left.OTHER_SYSTEM),
        (computer("a", operatingsystem=None), Left.UNTOLD_SYSTEM),
        (computer("a", host=""), Left.NO_HOST_NAME),
    ],
)
def test_what_is_no_server_in_use_is_left_out_for_a_reason(entry: LdapEntry, reason: Left) -> None:
    found = read(entry)
    assert (found.servers, [why for _, why in found.left]) == ((), [reason])


def test_one_that_was_seen_by_either_time_is_in_use() -> None:
    assert len(read(computer("a", pwdlastset=filetime(400), lastlogontimestamp=filetime(59))).servers) == 1


@pytest.mark.parametrize(
    "host",
    [
        "web-01",
        "web 01.example.org",
        "web-01.example.org\n  - name: evil",
        "-oProxyCommand=x.example.org",
        "web-01.-x",
        "a: b.example.org",
        "../../etc.org",
        "192.0.2.7",
        "web\u202e01.example.org",
        "wéb.example.org",
        f"{'a' * 64}.example.org",
        f"{'a.' * 130}org",
    ],
)
def test_a_host_name_that_no_connection_can_be_made_to_is_left_out(host: str) -> None:
    found = read(computer("a", host=host))
    assert (found.servers, [why for _, why in found.left]) == ((), [Left.UNFIT_HOST_NAME])


def test_of_two_with_one_host_name_the_one_seen_last_counts() -> None:
    old = computer("old", host="web-01.example.org", pwdlastset=filetime(50), lastlogontimestamp=None)
    new = computer("new", host="WEB-01.example.org")
    for entries in ((old, new), (new, old)):
        found = read(*entries)
        assert [server.dn for server in found.servers] == [new.dn]
        assert [(each.dn, why) for each, why in found.left] == [(old.dn, Left.SAME_HOST_NAME)]


def test_a_part_of_the_computers_is_told_as_one() -> None:
    assert read(computer("a"), cut="the server's size limit was reached").cut == "the server's size limit was reached"


def test_computers_that_nobody_may_see_are_no_empty_list() -> None:
    assert isinstance(read_computers({COMPUTERS.name: NotRun("refused")}, now=NOW, days=60), Unreadable)


def test_hostile_names_of_ous_are_made_harmless() -> None:
    dn = f'CN=a,OU=x\\0A- name: evil,OU=R\u202ev,OU=a\\,b\\"c,{DOMAIN}'
    (server,) = read(computer("a", dn=dn)).servers
    assert server.ou == 'a,b"c/R\\u202ev/x\\n- name: evil'


def record(address: bytes, kind: int) -> bytes:
    return struct.pack("<HHBBHIIII", len(address), kind, 5, 240, 0, 1, 0, 0, 0) + address


def node(name: str, *records: bytes, zone: str = "example.org") -> LdapEntry:
    dn = f"DC={name},DC={zone},CN=MicrosoftDNS,DC=DomainDnsZones,{DOMAIN}"
    return LdapEntry(dn, {"dnsrecord": records})


def subnet(name: str, site: str) -> LdapEntry:
    sites = f"CN=Sites,CN=Configuration,{DOMAIN}"
    attributes = {"cn": (name.encode(),), "siteobject": (f"CN={site},{sites}".encode(),), "objectclass": (b"subnet",)}
    return LdapEntry(f"CN={name.replace('/', chr(92) + '/')},CN=Subnets,{sites}", attributes)


SITE_ANSWER = LdapAnswer(
    entries=(
        subnet("10.0.0.0/8", "Hovedkontor"),
        subnet("10.2.0.0/16", "Skole"),
        subnet("2001:db8::/32", "Skole"),
        subnet("no subnet", "Ingen"),
        LdapEntry(
            f"CN=DC-01,CN=Servers,CN=Datasenter,CN=Sites,CN=Configuration,{DOMAIN}",
            {"dnshostname": (b"DC-01.example.org",), "objectclass": (b"top", b"server")},
        ),
    )
)


@pytest.mark.parametrize(
    ("nodes", "site"),
    [
        ([node("a", record(bytes([10, 1, 2, 3]), 1))], "Hovedkontor"),
        ([node("a", record(bytes([10, 2, 2, 3]), 1))], "Skole"),
        ([node("a", record(bytes.fromhex("20010db8" + "0" * 23 + "1"), 28))], "Skole"),
        ([node("@", record(bytes([10, 2, 2, 3]), 1), zone="a.example.org")], "Skole"),
        ([node("a", record(bytes([10, 1, 2, 3]), 1), record(bytes([10, 2, 2, 3]), 1))], ""),
        ([node("a", record(bytes([192, 0, 2, 3]), 1))], ""),
        ([node("a", record(b"\x0a\x01", 1), b"", b"\x04", record(b"text", 16))], ""),
        ([node("b", record(bytes([10, 1, 2, 3]), 1))], ""),
        ([], ""),
    ],
)
def test_a_server_stands_in_the_site_of_its_subnet(nodes: list[LdapEntry], site: str) -> None:
    more: dict[str, Answer] = {SITES.name: SITE_ANSWER, ZONES[0].name: LdapAnswer(entries=tuple(nodes))}
    assert [server.site for server in read(computer("a"), more=more).servers] == [site]


def test_a_controller_stands_where_the_directory_says() -> None:
    found = read(computer("dc-01", useraccountcontrol=b"532480"), more={SITES.name: SITE_ANSWER})
    assert [(server.site, server.controller) for server in found.servers] == [("Datasenter", True)]


def test_sites_that_are_not_shown_are_told() -> None:
    found = read(computer("a"), more={SITES.name: NotRun("refused")})
    assert (found.unplaced, [server.site for server in found.servers]) == ("refused", [""])


@pytest.mark.parametrize(
    ("dn", "parts"),
    [
        ("CN=a\\,b,OU=c,DC=d", [("cn", "a,b"), ("ou", "c"), ("dc", "d")]),
        ("CN=Bj\\C3\\B8rn,DC=d", [("cn", "Bjørn"), ("dc", "d")]),
        ("CN=a\\0ACNF:1,DC=d", [("cn", "a\nCNF:1"), ("dc", "d")]),
        ("CN=\\ff,DC=d", [("cn", "\\xff"), ("dc", "d")]),
        ("CN=a\\", [("cn", "a")]),
        ("nonsense", []),
        ("", []),
    ],
)
def test_names_are_taken_apart(dn: str, parts: list[tuple[str, str]]) -> None:
    assert split_dn(dn) == parts
