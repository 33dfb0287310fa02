"""`hardening discover` against a directory that does as it is told: what is printed, written, and the exit status."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.transports.ldap_fakes import Answering, Asked, FakeDirectory, done, entry, serve

DOMAIN = "DC=kommune,DC=test"
CONTROLLER = entry(
    "",
    namingContexts=[DOMAIN.encode()],
    defaultNamingContext=[DOMAIN.encode()],
    configurationNamingContext=[f"CN=Configuration,{DOMAIN}".encode()],
    rootDomainNamingContext=[DOMAIN.encode()],
    supportedCapabilities=[b"1.2.840.113556.1.4.800"],
)
NOW = str((int(time.time()) + 11_644_473_600) * 10_000_000).encode()


def computer(name: str, system: str = "Ubuntu 24.04", host: str = "", flags: int = 4096) -> bytes:
    return entry(
        f"CN={name},OU=Servere,{DOMAIN}",
        dNSHostName=[(host or f"{name}.kommune.test").encode()],
        operatingSystem=[system.encode()],
        pwdLastSet=[NOW],
        userAccountControl=[str(flags).encode()],
    )


def knows(*computers: bytes, result: int = 0) -> Answering:
    def answer(asked: Asked) -> tuple[Sequence[bytes], bytes]:
        found = computers if asked.base == DOMAIN else ()
        return (*found, done(result if asked.base == DOMAIN else 0)), b""

    return answer


def inventory(path: Path, server: FakeDirectory, *more: str) -> Path:
    way = f"{{address: 127.0.0.1, port: {server.port}, security: plain, auth: anonymous}}"
    text = f"# vårt eget\ntargets:\n  - name: dc-01.kommune.test\n    ldap: {way}\n"
    path.write_text(text + "".join(more), encoding="utf-8")
    path.chmod(0o600)
    return path


def discover(hardening: Command, answer: Answering, *words: object, root: bytes = CONTROLLER, more: str = "") -> Run:
    with serve(answer, root=root) as server:
        inventory(Path("inventory.yaml"), server, more)
        return hardening("discover", "dc-01.kommune.test", *words)


THREE = knows(computer("dc-01"), computer("web-01"), computer("pc-01", "Windows 11 Enterprise"))


def test_without_a_file_entries_are_printed_and_nothing_is_written(hardening: Command, tmp_path: Path) -> None:
    run = discover(hardening, THREE)
    assert (run.status, run.out) == (
        0,
        (
            "targets:\n"
            "  - name: web-01.kommune.test\n"
            "    ssh: {address: web-01.kommune.test}\n"
            '    labels: {os: "Ubuntu 24.04", ou: Servere}\n'
        ),
    )
    assert run.err.splitlines()[:2] == ["1 server new, 1 known already", "1 left out because it is no server"]
    assert [path.name for path in tmp_path.iterdir()] == ["inventory.yaml"]


def test_what_is_printed_is_an_inventory(hardening: Command, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(discover(hardening, THREE).out)
    path.chmod(0o600)
    assert hardening("plan", "web-01.kommune.test", "-i", path, "-b", "linux-server").status == 0


def test_where_nothing_is_new_no_entry_is_printed(hardening: Command) -> None:
    assert discover(hardening, knows(computer("dc-01"))).out == "targets: []\n"


def test_into_adds_entries_behind_what_stands_there(hardening: Command, tmp_path: Path) -> None:
    run = discover(hardening, THREE, "--into", "inventory.yaml", "--as", "ssh=audit")
    lines = (tmp_path / "inventory.yaml").read_text(encoding="utf-8").splitlines()
    assert (run.status, run.out, lines[0]) == (0, "", "# vårt eget")
    assert lines[4:] == [
        "  - name: web-01.kommune.test",
        "    ssh: {address: web-01.kommune.test, user: audit}",
        '    labels: {os: "Ubuntu 24.04", ou: Servere}',
    ]
    assert run.err.splitlines()[0] == "1 server added to inventory.yaml, 1 known already"


def test_a_second_time_nothing_is_added(hardening: Command, tmp_path: Path) -> None:
    with serve(THREE, root=CONTROLLER) as server:
        path = inventory(tmp_path / "inventory.yaml", server)
        words = ("discover", "dc-01.kommune.test", "--into", path)
        assert hardening(*words).status == 0
        once = path.read_bytes()
        again = hardening(*words)
    assert (again.status, path.read_bytes()) == (0, once)
    assert again.err.splitlines()[0] == f"0 servers added to {path}, 2 known already"


@pytest.mark.parametrize(
    "host", ["web-01.kommune.test\n  - name: evil", "web: 01.kommune.test", "-x.kommune.test", "\u202eweb.kommune.test"]
)
def test_a_hostile_name_is_told_in_one_line_and_never_written(hardening: Command, tmp_path: Path, host: str) -> None:
    run = discover(hardening, knows(computer("a\\0Ab", host=host)), "--into", "inventory.yaml")
    said = run.err.splitlines()[1]
    assert (run.status, said.startswith("1 left out because its host name is none that")) == (0, True)
    assert "evil" not in (tmp_path / "inventory.yaml").read_text()
    assert said.isprintable()


def test_a_credential_that_the_inventory_lacks_changes_nothing(hardening: Command, tmp_path: Path) -> None:
    run = discover(hardening, THREE, "--into", "inventory.yaml", "--credential", "ssh=audit-key")
    assert (run.status, "web-01" in (tmp_path / "inventory.yaml").read_text()) == (2, False)
    assert 'no credential is named "audit-key"' in run.err


def test_a_way_that_there_is_not_is_a_usage_error(hardening: Command) -> None:
    run = discover(hardening, THREE, "--as", "telnet=audit")
    assert run.status == 2
    assert "--as telnet=audit: write ssh=" in run.err


OLD = "  - {name: old-01, ssh: {address: old-01.kommune.test}}\n  - {name: here, local: {}}\n"


def test_compare_names_both_sides_and_exits_10(hardening: Command) -> None:
    run = discover(hardening, knows(computer("dc-01"), computer("web-01")), "--compare", more=OLD)
    assert (run.status, run.out.splitlines()) == (
        10,
        [
            "not in the inventory: web-01.kommune.test (Ubuntu 24.04, Servere)",
            "not in the directory: old-01 (ssh://old-01.kommune.test:22): the directory has no computer of that name",
        ],
    )


def test_compare_says_why_a_computer_does_not_count(hardening: Command) -> None:
    answer = knows(computer("dc-01"), computer("old-01", flags=4098))
    run = discover(hardening, answer, "--compare", "--json", more=OLD)
    assert json.loads(run.out)["not_in_directory"] == [
        {"target": "old-01", "address": "ssh://old-01.kommune.test:22", "reason": "its account is disabled"}
    ]


def test_compare_exits_0_where_both_know_the_same(hardening: Command) -> None:
    run = discover(hardening, knows(computer("dc-01")), "--compare")
    assert (run.status, run.out) == (0, "")


def test_a_part_of_the_computers_is_told_and_exits_3(hardening: Command) -> None:
    run = discover(hardening, knows(computer("dc-01"), result=4))
    assert (run.status, run.err.splitlines()[-1]) == (
        3,
        "some computers are missing: the server's size limit was reached",
    )


def test_another_directory_has_no_computers(hardening: Command) -> None:
    run = discover(hardening, THREE, root=entry("", namingContexts=[DOMAIN.encode()]))
    assert (run.status, run.out) == (3, "")
    assert "is no Active Directory but LDAP, DC=kommune,DC=test; only Active Directory keeps" in run.err


def test_a_directory_that_does_not_answer_exits_3(hardening: Command) -> None:
    with serve(THREE) as server:
        inventory(Path("inventory.yaml"), server)
    run = hardening("discover", "dc-01.kommune.test")
    assert (run.status, "the port is closed" in run.err) == (3, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--compare", "--into", "x.yaml"), "--compare writes nothing"),
        (("--json",), "--json goes with --compare"),
    ],
)
def test_options_that_exclude_each_other_are_refused(hardening: Command, words: tuple[str, ...], said: str) -> None:
    run = hardening("discover", "ldaps://dc-01", *words)
    assert (run.status, said in run.err) == (2, True)


def test_a_target_without_a_directory_is_a_usage_error(hardening: Command) -> None:
    run = hardening("discover", "local")
    assert (run.status, "local: no way to a directory; name ldaps://HOST" in run.err) == (2, True)


def test_compare_needs_an_inventory(hardening: Command) -> None:
    run = hardening("discover", "ldaps://dc-01", "--auth", "anonymous", "--compare")
    assert (run.status, "there is no inventory to compare with" in run.err) == (2, True)


def test_the_searches_are_shown_without_asking_anybody(hardening: Command) -> None:
    run = hardening("discover", "ldaps://dc-01", "--plan")
    assert (run.status, run.out.splitlines()[0]) == (0, "6 searches; every one only reads.")
    assert "filter (objectCategory=computer)" in run.out


def test_nothing_is_sent_that_is_not_shown(hardening: Command) -> None:
    with serve(THREE, root=CONTROLLER) as server:
        inventory(Path("inventory.yaml"), server)
        hardening("discover", "dc-01.kommune.test")
    shown = hardening("discover", "dc-01.kommune.test", "--plan").out
    for asked in server.asked:
        assert f"attributes {' '.join(asked.attributes)}" in shown
    assert len(server.asked) == 6
