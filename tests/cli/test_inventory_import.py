"""`hardening inventory import`: what is printed and what is written, and that what stood there stays as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hardening.inventory.load import load_inventory
from hardening.inventory.ssh_config import Surroundings
from tests.cli.conftest import Command, Run

CSV = (
    "name;address;user;label:zone;groups;baselines\nweb-01;192.0.2.1;audit;dmz;web;linux-server\ndb-01;192.0.2.2;;;;\n"
)
PRINTED = """groups:
  web:
    targets: [web-01]
targets:
  - name: web-01
    ssh: {address: "192.0.2.1", user: audit}
    labels: {owner: it, zone: dmz}
    baselines: [linux-server]
  - name: db-01
    ssh: {address: "192.0.2.2"}
    labels: {owner: it}
    baselines: ["linux-server:extended"]
"""
THERE = """# Ours, written by hand.
credentials:
  audit: {key: /keys/audit}   # the one key

groups:
  web:
    targets: [old]
# The servers.
targets:

  - name: old
    ssh: {address: 192.0.2.50}
    credential: audit
    # behind the last one
"""


def write(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def names(path: Path) -> list[str]:
    return [target.name for target in load_inventory(path, Surroundings(home=Path("/nonexistent"))).targets]


def errors(run: Run) -> list[str]:
    return [line.removeprefix("error: ") for line in run.err.splitlines() if line.startswith("error: ")]


def test_what_is_printed_is_an_inventory(hardening: Command, tmp_path: Path) -> None:
    write(tmp_path, CSV, "servers.csv")
    run = hardening("inventory", "import", "csv", "servers.csv", "--label", "owner=it", "-b", "linux-server:extended")
    assert (run.status, run.out) == (0, PRINTED)
    assert run.err == "2 targets found\n"
    assert names(write(tmp_path, run.out, "inventory.yaml")) == ["web-01", "db-01"]


def test_new_inventory_is_closed_to_others(hardening: Command, tmp_path: Path) -> None:
    write(tmp_path, CSV, "servers.csv")
    run = hardening("inventory", "import", "csv", "servers.csv", "--into", "inventory.yaml")
    path = tmp_path / "inventory.yaml"
    assert (run.status, names(path), path.stat().st_mode & 0o777) == (0, ["web-01", "db-01"], 0o600)


def test_what_stood_there_stays_byte_for_byte(hardening: Command, tmp_path: Path) -> None:
    path = write(tmp_path, THERE, "inventory.yaml")
    write(tmp_path, CSV.replace(";web;", ";dmz;"), "servers.csv")
    path.chmod(0o640)
    run = hardening("inventory", "import", "csv", "servers.csv", "--into", path, "--credential", "audit")
    text = path.read_text()
    kept = [line for line in THERE.splitlines() if line not in text.splitlines()]
    at = [text.splitlines().index(line) for line in THERE.splitlines() if line]
    assert (run.status, run.out, kept, at == sorted(at)) == (0, "", [], True)
    assert (names(path), path.stat().st_mode & 0o777) == (["old", "web-01", "db-01"], 0o640)
    assert "  dmz:\n    targets: [web-01]\n# The servers." in text


def test_second_import_adds_nothing(hardening: Command, tmp_path: Path) -> None:
    write(tmp_path, CSV, "servers.csv")
    words = ("inventory", "import", "csv", "servers.csv", "--into", "inventory.yaml")
    hardening(*words)
    before = (tmp_path / "inventory.yaml").read_bytes()
    run = hardening(*words)
    assert (run.status, run.err) == (0, "0 targets added to inventory.yaml, 2 known already\n")
    assert (tmp_path / "inventory.yaml").read_bytes() == before


def test_source_that_disagrees_with_the_inventory_is_told_and_the_rest_goes_on(
    hardening: Command, tmp_path: Path
) -> None:
    path = write(tmp_path, THERE, "inventory.yaml")
    write(tmp_path, "name,address\nold,192.0.2.99\nnew,192.0.2.3\n", "servers.csv")
    run = hardening("inventory", "import", "csv", "servers.csv", "--into", path)
    assert (run.status, names(path)) == (10, ["old", "new"])
    (told,) = errors(run)
    assert told == (
        f"{path}:11:5: old: servers.csv:2:1 says ssh address 192.0.2.99, and this says ssh address 192.0.2.50; "
        "correct one of them; the inventory stays as it is"
    )


def test_two_sources_that_disagree_are_told_and_neither_is_taken(hardening: Command, tmp_path: Path) -> None:
    write(tmp_path, "name,address,port\na,192.0.2.1,22\nb,192.0.2.2,\n", "one.csv")
    write(tmp_path, "name,address,port\na,192.0.2.9,22\nb,192.0.2.2,\n", "two.csv")
    run = hardening("inventory", "import", "csv", "one.csv", "two.csv", "--into", "inventory.yaml")
    assert (run.status, names(tmp_path / "inventory.yaml")) == (10, ["b"])
    (told,) = errors(run)
    assert told == (
        "two.csv:2:1: a: this says ssh address 192.0.2.9 port 22, and one.csv:2:1 says ssh address 192.0.2.1 port 22; "
        "correct one of them; neither is taken"
    )


def test_group_that_is_there_stays_and_what_it_lacks_is_told(hardening: Command, tmp_path: Path) -> None:
    path = write(tmp_path, THERE, "inventory.yaml")
    write(tmp_path, CSV, "servers.csv")
    run = hardening("inventory", "import", "csv", "servers.csv", "--into", path)
    assert f"note: {path}:6:3: group web is there already, and stays as it is; add web-01 to it" in run.err


@pytest.mark.parametrize(
    "text",
    [
        "targets: [{name: a, local: {}}]\n",
        "{targets: [{name: a, local: {}}]}\n",
        "groups: {}\ntargets:\n  - {name: a, local: {}}\n",
    ],
)
def test_inventory_in_brackets_is_left_alone_with_the_remedy(hardening: Command, tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text, "inventory.yaml")
    write(tmp_path, CSV, "servers.csv")
    run = hardening("inventory", "import", "csv", "servers.csv", "--into", path)
    assert (run.status, path.read_text()) == (2, text)
    assert "by hand" in run.err or "without --into" in run.err


def test_nothing_is_written_if_it_would_not_be_valid(hardening: Command, tmp_path: Path) -> None:
    path = write(tmp_path, THERE, "inventory.yaml")
    write(tmp_path, "name,jump\nweb-01,nowhere\n", "servers.csv")
    run = hardening("inventory", "import", "csv", "servers.csv", "--into", path)
    assert (run.status, path.read_text()) == (2, THERE)
    assert "no target with ssh is named nowhere" in run.err


def test_windows_line_ends_stay(hardening: Command, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_bytes(b"targets:\r\n- name: a\r\n  local: {}")
    path.chmod(0o600)
    write(tmp_path, "name\nb\n", "servers.csv")
    assert hardening("inventory", "import", "csv", "servers.csv", "--into", path).status == 0
    assert path.read_bytes() == b"targets:\r\n- name: a\r\n  local: {}\r\n- name: b\r\n  ssh: {address: b}\r\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nam,address\n", 'servers.csv:1:1: "nam" is no column; did you mean "name"?; a label is label:NAME'),
        ("user\nx\n", "servers.csv:1:1: there is no column name or address"),
        ("name,name\na,b\n", "servers.csv:1:1: two columns have one name"),
        ("name,user\na\n", "servers.csv:2:1: there are 1 cells, and 2 columns"),
        ('name,user\na,"b\n', "servers.csv:2:1: this is no CSV"),
        ("name,user\n,b\n", "servers.csv:2:1: neither name nor address is given"),
    ],
)
def test_bad_table_names_its_line(hardening: Command, tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, text, "servers.csv")
    run = hardening("inventory", "import", "csv", "servers.csv")
    assert run.status in {2, 10}
    assert expected in run.err


def test_hosts_of_ssh_config_keep_their_settings_there(hardening: Command, tmp_path: Path) -> None:
    text = (
        "Host web web-alias\n  HostName 192.0.2.9\n  User www\nHost *.example.org !x\n  User y\nHost *\n  Port 2200\n"
    )
    write(tmp_path, text, "config")
    assert hardening("inventory", "import", "ssh-config", "config", "--into", "inventory.yaml").status == 0
    shown = hardening("inventory", "show", "web", "--json").report["targets"][0]["values"]
    said = {line["name"]: (line["value"], line["from"]) for line in shown if line["name"] != "baselines"}
    assert said == {
        "ssh.address": ("192.0.2.9", "ssh_config"),
        "ssh.port": (2200, "ssh_config"),
        "ssh.user": ("www", "ssh_config"),
        "ssh.ssh_config": ("config", "target"),
    }
    assert names(tmp_path / "inventory.yaml") == ["web", "web-alias"]


def test_variables_beside_an_ansible_inventory_are_read(hardening: Command, tmp_path: Path) -> None:
    write(tmp_path, "[web]\na\nb\n", "hosts")
    write(tmp_path, "ansible_user: everyone\nother: [1, {x: y}]\n", "group_vars/all.yml")
    (tmp_path / "group_vars" / "web").mkdir(mode=0o700)
    write(tmp_path, "---\nansible_port: 2222\n", "group_vars/web/main.yml")
    write(tmp_path, "ansible_user: b\n", "host_vars/b")
    run = hardening("inventory", "import", "ansible", "hosts")
    assert [line.strip() for line in run.out.splitlines() if "address" in line] == [
        "ssh: {address: a, port: 2222, user: everyone}",
        "ssh: {address: b, port: 2222, user: b}",
    ]


def test_inventory_that_is_a_program_is_not_run(hardening: Command, tmp_path: Path) -> None:
    path = write(tmp_path, f"#!/bin/sh\ntouch {tmp_path}/ran\n", "hosts")
    path.chmod(0o700)
    run = hardening("inventory", "import", "ansible", "hosts")
    assert (run.status, "is a program; let `hardening inventory import ansible-inventory" in run.err) == (2, True)
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for `ansible-inventory`: it prints what a file says, and notes how it was called."""
    program = write(
        tmp_path, f'#!/bin/sh\necho "$@" > {tmp_path}/called\ncat {tmp_path}/listing\n', "bin/ansible-inventory"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path / "listing"


def test_ansible_is_asked_only_when_it_is_named(hardening: Command, tmp_path: Path, ansible: Path) -> None:
    data = {"_meta": {"hostvars": {"a": {"ansible_host": "192.0.2.1"}}}, "web": {"hosts": ["a"]}}
    ansible.write_text(json.dumps(data))
    write(tmp_path, "plugin: x.y.z\n", "-cloud.yml")
    refused = hardening("inventory", "import", "ansible", "--", "-cloud.yml")
    assert (refused.status, (tmp_path / "called").exists()) == (2, False)
    run = hardening("inventory", "import", "ansible-inventory", "--into", "inventory.yaml", "--", "-cloud.yml")
    assert (run.status, names(tmp_path / "inventory.yaml")) == (0, ["a"])
    assert (tmp_path / "called").read_text() == f"--inventory={tmp_path}/-cloud.yml --list\n"


def test_ansible_that_fails_is_told_with_its_last_line(hardening: Command, tmp_path: Path, ansible: Path) -> None:
    ansible.with_name("bin").joinpath("ansible-inventory").write_text("#!/bin/sh\necho no such plugin >&2\nexit 4\n")
    write(tmp_path, "", "cloud.yml")
    run = hardening("inventory", "import", "ansible-inventory", "cloud.yml")
    assert (run.status, "ansible-inventory failed (no such plugin)" in run.err) == (2, True)


def test_ansible_that_is_not_installed_is_told(hardening: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    run = hardening("inventory", "import", "ansible-inventory", "cloud.yml")
    assert (run.status, "is not installed here" in run.err) == (2, True)
