"""The report says how many of the servers that a directory knows the scan did not see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest

from hardening.model.evidence import ABSENT, Absent, Field, Known, Partial, Record
from hardening.model.platform import Directory, DirectoryKind, OperatingSystem, Platform
from hardening.model.probe import Probe
from hardening.model.snapshot import EndpointRecord, Privileges, Snapshot
from hardening.model.texts import Language
from hardening.report.directories import ServerTally
from hardening.report.format import View
from hardening.report.values import DirectoryServers, Report
from hardening.report.views import describe_directory
from hardening.report.wording import load_wording
from tests.report.example import build_example
from tests.report.rendering import FOLDER, render
from tests.report.test_summary import show

NOW = 1_790_000_000
DAY = 86_400
SYSTEM = OperatingSystem(family="linux", distribution="debian", hostname="web-01")


def computer(host: str, **changes: Field) -> Record:
    return {
        "kind": Known("computer"),
        "enabled": Known(value=True),
        "operating_system": Known("Windows Server 2022 Standard"),
        "host_name": Known(host),
        "last_logon": Known(NOW - 20 * DAY),
        "password_set": Known(NOW - 5 * DAY),
        **changes,
    }


def snapshot(name: str, *, os: OperatingSystem | Absent = ABSENT, accounts: Field = ABSENT) -> Snapshot:
    directory = Directory(kind=DirectoryKind.ACTIVE_DIRECTORY)
    return Snapshot(
        target=name,
        platform=Platform(os=os, directory=ABSENT if isinstance(accounts, Absent) else directory),
        endpoints=(EndpointRecord(channel="ssh", address=f"ssh://audit@{name}.example.org:22"),),
        privileges=Privileges(),
        evidence={} if isinstance(accounts, Absent) else {Probe("ad_accounts", ()): {"accounts": accounts}},
        steps=(),
        time=NOW,
        duration_ms=0,
        target_time=NOW,
        plan_digest="",
        tool_version="",
        content_digest="",
    )


def count(accounts: Field, *others: Snapshot) -> tuple[DirectoryServers, ...]:
    tally = ServerTally()
    for each in (snapshot("dc-01", accounts=accounts), *others):
        tally.add(each)
    return tally.results()


def known(*records: Record) -> Known:
    return Known(records)


THREE = known(
    computer("DC-01.example.org", kind=Known("domain_controller")),
    *map(computer, ("web-01.example.org", "db-01.example.org")),
)


def test_a_directory_alone_sees_none_of_its_servers() -> None:
    hosts = ("db-01.example.org", "dc-01.example.org", "web-01.example.org")
    assert count(THREE) == (DirectoryServers(target="dc-01", servers=3, unseen=3, hosts=hosts, complete=True),)


def test_a_server_whose_system_was_seen_counts_by_its_address() -> None:
    assert count(THREE, snapshot("web-01", os=SYSTEM))[0].hosts == ("db-01.example.org", "dc-01.example.org")


def test_a_server_counts_by_the_name_it_gives_itself() -> None:
    (line,) = count(THREE, snapshot("192.0.2.7", os=replace(SYSTEM, hostname="db-01.example.org")))
    assert line.hosts == ("dc-01.example.org", "web-01.example.org")


def test_a_server_that_was_not_reached_was_not_seen() -> None:
    assert count(THREE, snapshot("web-01"))[0].unseen == 3


@pytest.mark.parametrize(
    "record",
    [
        computer("a.example.org", enabled=Known(value=False)),
        computer("a.example.org", operating_system=Known("Windows 11 Enterprise")),
        computer("a.example.org", operating_system=ABSENT),
        computer("a.example.org", kind=Known("person")),
        computer("a.example.org", host_name=ABSENT),
        computer("a.example.org", last_logon=Known(NOW - 61 * DAY), password_set=Known(NOW - 61 * DAY)),
        computer("a.example.org", last_logon=ABSENT, password_set=ABSENT),
    ],
)
def test_what_is_no_server_in_use_does_not_count(record: Record) -> None:
    assert count(known(record)) == ()


def test_computers_that_were_not_all_shown_are_told() -> None:
    (line,) = count(Partial((computer("a.example.org"),), "cut"))
    assert (line.servers, line.complete) == (1, False)
    wording = load_wording(FOLDER, Language.EN, UTC)
    assert describe_directory(line, wording) == (
        "Servers in use that dc-01 knows: 1. This scan did not see 1 of them. "
        "The directory did not show all its computers."
    )


def test_only_the_first_hundred_are_named() -> None:
    (line,) = count(known(*(computer(f"s{number:03}.example.org") for number in range(150))))
    assert (line.unseen, len(line.hosts), line.hosts[-1]) == (150, 100, "s099.example.org")


def test_that_all_were_seen_is_told_in_norwegian() -> None:
    (line,) = count(known(computer("web-01.example.org")), snapshot("web-01", os=SYSTEM))
    wording = load_wording(FOLDER, Language.NB, UTC)
    assert describe_directory(line, wording) == "Servere i bruk som dc-01 kjenner: 1. Denne skanningen så alle."


def example(host: str) -> Report:
    report = build_example()
    line = DirectoryServers(target="dc-01", servers=7, unseen=2, hosts=(host,), complete=True)
    return Report(replace(report.summary, directories=(line,)), report.targets)


SAID = "Servers in use that dc-01 knows: 7. This scan did not see 2 of them."


@pytest.mark.parametrize("view", [View.SUMMARY, View.ACTIONS, View.EVIDENCE])
def test_each_page_tells_it(view: View) -> None:
    assert SAID in render(example("web-01"), "html", view=view).decode()


def test_the_page_names_the_servers_and_a_hostile_name_stays_text() -> None:
    page = render(example("<script>x</script>"), "html").decode()
    assert "<li>&lt;script&gt;x&lt;/script&gt;</li>" in page
    assert "… and 1 more" in page


def test_markdown_and_the_terminal_tell_it() -> None:
    assert SAID.replace("-", "\\-") in render(example("a"), "md").decode().replace("dc-01", "dc\\-01")
    assert SAID in " ".join(show(example("a"), width=200).split())
