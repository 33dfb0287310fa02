"""Servers found in a real domain, with an ordinary account: written into an inventory, and held against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.inventory.load import load_inventory
from hardening.inventory.ssh_config import Surroundings
from tests.lab.directory.conftest import StartDirectory
from tests.lab.directory.servers import Directory
from tests.lab.scans import SUDO_PASSWORD, Run, Scans


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path / "inventory.yaml"


def discover(scans: Scans, server: Directory, *words: object) -> Run:
    login = ("--user", server.user, "--password-from", f"env:{SUDO_PASSWORD}", "--ca-file", server.ca_file)
    return scans.run("discover", f"ldaps://{server.address}", *login, *words)


def test_servers_in_use_become_targets_with_ou_and_site(scans: Scans, directory: StartDirectory, path: Path) -> None:
    run = discover(scans, directory("dc-servers"), "--into", path, "--as", "ssh=audit")
    assert run.status == 0, run.err
    found = {target.name: target for target in load_inventory(path, Surroundings(home=Path("/nonexistent"))).targets}
    assert "web-01.kommune.test" in found
    assert found["web-01.kommune.test"].labels == {"os": "Ubuntu 24.04", "ou": "Servere/Web, DMZ", "site": "Skole"}
    assert set(found) & {"off-01.kommune.test", "pc-01.kommune.test", "old-01.kommune.test"} == set()


def test_what_is_left_out_is_told_with_its_reason(scans: Scans, directory: StartDirectory) -> None:
    said = discover(scans, directory("dc-servers")).err
    for words in (
        "1 left out because its account is disabled: CN=off-01",
        "1 left out because it has not been seen for too long (60 days): CN=old-01",
        "1 left out because it is no server\n",
        "1 left out because its host name is none that a connection can be made to: CN=odd\\u202ename\\0Aevil",
    ):
        assert words in said


def test_compare_names_what_lacks_where(scans: Scans, directory: StartDirectory, path: Path) -> None:
    path.write_text(
        "targets:\n  - {name: web-01, ssh: {address: 192.0.2.7}}\n"
        "  - {name: old-01, ssh: {address: old-01.kommune.test}}\n"
    )
    path.chmod(0o600)
    run = discover(scans, directory("dc-servers"), "--compare", "-i", path)
    assert run.status == 10
    assert "not in the inventory: fs-01.kommune.test (Windows Server 2022 Standard, Servere)" in run.out
    assert "(ssh://old-01.kommune.test:22): it has not been seen for too long" in run.out
    assert "web-01" not in run.out


def test_an_openldap_has_no_computers(scans: Scans, directory: StartDirectory) -> None:
    run = discover(scans, directory("slapd-hard"))
    assert run.status == 3
    assert "is no Active Directory but OpenLDAP" in run.err


def test_the_report_of_a_scan_says_how_many_servers_it_did_not_see(scans: Scans, directory: StartDirectory) -> None:
    server = directory("dc-servers")
    login = ("--user", server.user, "--password-from", f"env:{SUDO_PASSWORD}", "--ca-file", server.ca_file)
    run = scans.run("scan", f"ldaps://{server.address}", *login, "-b", "active-directory", "-o", "json=-")
    (line,) = run.report["directories"]
    assert (line["unseen"], line["complete"]) == (line["servers"], True)
    assert {"fs-01.kommune.test", "web-01.kommune.test"} <= set(line["hosts"])
    assert f"Servers in use that {server.address} knows: {line['servers']}. This scan did not see" in run.said
