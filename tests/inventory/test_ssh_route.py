"""The way to a server: what was said wins, ssh_config completes it, jump hosts stand in a row and never in a circle."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.errors import UsageError
from hardening.inventory.address import AddressOptions, parse_address
from hardening.inventory.load import load_inventory
from hardening.inventory.ssh_config import SshConfig, Surroundings
from hardening.inventory.ssh_route import Wanted, parse_jump
from hardening.model.evidence import ABSENT, Absent
from hardening.model.target import Become, Credential, Endpoint, HostKeys, SshEndpoint

CONFIG = """
Host web
  HostName web-01.example.org
  Port 2222
  User audit
  IdentityFile ~/id_web
  ProxyJump inner
Host inner
  HostName 10.0.0.2
  ProxyJump ops@bastion:2200
Host bastion
  HostName 192.0.2.1
  IdentityFile ~/id_bastion
Host round
  ProxyJump about
Host about
  ProxyJump round
Host self
  ProxyJump self
Host twin
  HostName 192.0.2.1
  ProxyJump bastion
Host files
  UserKnownHostsFile /a /b
Host nofiles
  UserKnownHostsFile none
Host keys
  IdentityFile ~/missing
  IdentityFile ~/id_web
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    for name in ("id_web", "id_bastion", "ssh_config"):
        (tmp_path / name).touch(mode=0o600)
    (tmp_path / "ssh_config").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def config(home: Path) -> SshConfig:
    return SshConfig(home / "ssh_config", Surroundings(home=home, user="scanner"))


def reach(
    text: str,
    config: SshConfig | Absent = ABSENT,
    *,
    user: str = "",
    key: str = "",
    known_hosts: str = "",
    jump: str = "",
    password: str = "",
) -> SshEndpoint:
    options = AddressOptions(
        ssh_config=config, user=user, key=key, known_hosts=known_hosts, jump=jump, password=password
    )
    endpoint: Endpoint = parse_address(text, options)
    assert isinstance(endpoint, SshEndpoint)
    return endpoint


def hops(endpoint: SshEndpoint | Absent) -> list[str]:
    """Return the places on the way, the nearest first."""
    row: list[str] = []
    while not isinstance(endpoint, Absent):
        row.insert(0, f"{endpoint.user}@{endpoint.address}:{endpoint.port}")
        endpoint = endpoint.jump
    return row


def test_a_name_of_ssh_config_is_followed_through_its_jump_hosts(config: SshConfig) -> None:
    assert hops(reach("ssh://web", config)) == ["ops@192.0.2.1:2200", "@10.0.0.2:22", "audit@web-01.example.org:2222"]


def test_each_server_has_its_own_key(config: SshConfig, home: Path) -> None:
    web = reach("ssh://web", config)
    assert not isinstance(web.jump, Absent)
    assert not isinstance(web.jump.jump, Absent)
    keys = [each.credential.key for each in (web, web.jump, web.jump.jump)]
    assert keys == [f"{home}/id_web", "", f"{home}/id_bastion"]


def test_what_the_address_says_wins(config: SshConfig) -> None:
    assert hops(reach("ssh://root@web:22", config, jump="none")) == ["root@web-01.example.org:22"]


def test_what_the_options_say_wins(config: SshConfig) -> None:
    endpoint = reach("ssh://web", config, user="ops", key="/k", known_hosts="/h", jump="bastion")
    assert (endpoint.user, endpoint.credential.key, endpoint.known_hosts) == ("ops", "/k", "/h")
    assert hops(endpoint)[0] == "@192.0.2.1:22"


def test_a_password_needs_no_key_of_ssh_config(config: SshConfig) -> None:
    assert reach("ssh://web", config, password="env:P").credential == Credential(password="env:P")


def test_names_are_told_apart_by_case(config: SshConfig) -> None:
    assert reach("ssh://WEB", config).address == "WEB"


def test_the_first_key_that_is_there_is_used(config: SshConfig, home: Path) -> None:
    assert reach("ssh://keys", config).credential.key == f"{home}/id_web"


def test_all_files_with_host_keys_are_looked_at(config: SshConfig) -> None:
    endpoint = reach("ssh://files", config)
    assert (endpoint.known_hosts, endpoint.more_known_hosts) == ("/a", ("/b", "/etc/ssh/ssh_known_hosts"))


def test_without_a_file_of_the_user_that_of_the_machine_is_left(config: SshConfig) -> None:
    endpoint = reach("ssh://nofiles", config)
    assert (endpoint.known_hosts, endpoint.more_known_hosts) == ("/etc/ssh/ssh_known_hosts", ())


def test_without_ssh_config_a_name_is_an_address() -> None:
    assert reach("ssh://web") == SshEndpoint(address="web")


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a", ["@a:22"]),
        ("x@a:2200,b", ["x@a:2200", "@b:22"]),
        ("a, b ,c", ["@a:22", "@b:22", "@c:22"]),
        ("ssh://x@a:2200", ["x@a:2200"]),
        ("[fe80::1%eth0]:2200,b", ["@fe80::1%eth0:2200", "@b:22"]),
        ("none", []),
        ("", []),
    ],
)
def test_jump_hosts_stand_in_a_row_the_nearest_first(text: str, row: list[str]) -> None:
    assert hops(parse_jump(text, Wanted(address=""))) == row


def test_the_first_jump_host_is_reached_by_ssh_config_the_others_through_it(config: SshConfig) -> None:
    assert hops(reach("ssh://db", config, jump="inner,bastion")) == [
        "ops@192.0.2.1:2200", "@10.0.0.2:22", "@192.0.2.1:22", "@db:22",
    ]  # fmt: skip


def test_host_keys_hold_for_jump_hosts_as_well() -> None:
    options = AddressOptions(jump="a", host_keys=HostKeys.ACCEPT_NEW)
    endpoint = parse_address("ssh://db", options)
    assert isinstance(endpoint, SshEndpoint)
    assert isinstance(endpoint.jump, SshEndpoint)
    assert (endpoint.host_keys, endpoint.jump.host_keys) == (HostKeys.ACCEPT_NEW, HostKeys.ACCEPT_NEW)


def test_root_rights_are_not_asked_for_on_jump_hosts(config: SshConfig) -> None:
    endpoint = parse_address("ssh://web", AddressOptions(ssh_config=config, become=Become.SUDO))
    assert isinstance(endpoint, SshEndpoint)
    assert isinstance(endpoint.jump, SshEndpoint)
    assert endpoint.jump.become is Become.NO


@pytest.mark.parametrize(
    ("alias", "circle"),
    [
        ("round", "round → about → round"),
        ("self", "self → self"),
        ("twin", "192.0.2.1 → 192.0.2.1"),
    ],
)
def test_a_circle_in_ssh_config_is_refused(config: SshConfig, alias: str, circle: str) -> None:
    with pytest.raises(UsageError, match=f"the jump hosts form a circle: {circle}"):
        reach(f"ssh://{alias}", config)


@pytest.mark.parametrize("jump", ["a,b,a", "a,a", "db", "DB:22,x", "x,db"])
def test_a_circle_on_the_command_line_is_refused(jump: str) -> None:
    with pytest.raises(UsageError, match="the jump hosts form a circle"):
        reach("ssh://db", jump=jump)


def test_another_port_of_a_jump_host_is_another_server() -> None:
    assert hops(reach("ssh://a:2222", jump="a")) == ["@a:22", "@a:2222"]


@pytest.mark.parametrize("text", ["ssh://[fe80::1%25eth0]:2222", "ssh://[fe80::1%eth0]:2222"])
def test_an_address_may_have_a_zone(text: str) -> None:
    assert reach(text).address == "fe80::1%eth0"


def write_inventory(home: Path, text: str) -> list[SshEndpoint]:
    path = home / "inventory.yaml"
    path.write_text(text)
    path.chmod(0o600)
    targets = load_inventory(path, Surroundings(home=home, user="scanner")).targets
    return [endpoint for target in targets for endpoint in target.endpoints if isinstance(endpoint, SshEndpoint)]


def test_an_inventory_reads_ssh_config_only_where_it_is_named(home: Path) -> None:
    (endpoint,) = write_inventory(home, "targets:\n  - {name: web, ssh: {address: web}}\n")
    assert endpoint == SshEndpoint(address="web")


def test_an_inventory_may_name_an_ssh_config_for_all(home: Path) -> None:
    text = "ssh_config: ssh_config\ntargets:\n  - {name: w, ssh: {address: web, user: ops}}\n"
    (endpoint,) = write_inventory(home, text)
    assert hops(endpoint) == ["ops@192.0.2.1:2200", "@10.0.0.2:22", "ops@web-01.example.org:2222"]


def test_a_target_may_name_another_ssh_config_or_none(home: Path) -> None:
    text = "ssh_config: ssh_config\ntargets:\n  - {name: w, ssh: {address: web, ssh_config: none}}\n"
    assert write_inventory(home, text) == [SshEndpoint(address="web")]


def test_targets_may_stand_in_a_row_of_jump_hosts(home: Path) -> None:
    text = """targets:
  - {name: a, ssh: {address: h1, jump: b}}
  - {name: b, ssh: {address: h2, jump: c}}
  - {name: c, ssh: {address: h3}}
"""
    assert hops(write_inventory(home, text)[0]) == ["@h3:22", "@h2:22", "@h1:22"]


def test_a_target_chooses_to_accept_new_keys(home: Path) -> None:
    text = "targets:\n  - {name: a, ssh: {address: h, host_keys: accept-new}}\n"
    assert write_inventory(home, text)[0].host_keys is HostKeys.ACCEPT_NEW
