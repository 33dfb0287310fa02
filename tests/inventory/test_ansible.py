"""Ansible inventories in all their forms: which servers there are, how they are reached, which groups they stand in."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest

from hardening.errors import ContentError
from hardening.inventory.ansible_data import read_listing, read_variables, read_yaml
from hardening.inventory.ansible_ini import expand, read_ini
from hardening.inventory.ansible_tree import AnsibleTree
from hardening.inventory.imported import Found, FoundTarget


def ini(text: str) -> Found:
    tree = AnsibleTree()
    read_ini(text, "hosts", tree)
    return tree.build()


def yaml(text: str) -> Found:
    tree = AnsibleTree()
    read_yaml(text, "hosts.yml", tree)
    return tree.build()


def listing(data: object) -> Found:
    tree = AnsibleTree()
    read_listing(json.dumps(data), "source", tree)
    return tree.build()


def one(found: Found) -> FoundTarget:
    assert not found.problems
    (target,) = found.targets
    return target


INI = """
lonely ansible_host=192.0.2.9
[web]
www[01:02].example.org  # two of them
[db]
db-01:2222 ansible_user='db admin' note="a b"
[prod:children]
web
db
[prod:vars]
ansible_user = audit
ansible_ssh_private_key_file=~/.ssh/audit
[all:vars]
ansible_become=true
ansible_user=nobody
"""
YAML = """
all:
  hosts:
    lonely: {ansible_host: 192.0.2.9}
  vars: {ansible_become: yes, ansible_user: nobody}
  children:
    prod:
      vars:
        ansible_user: audit
        ansible_ssh_private_key_file: ~/.ssh/audit
        ansible_password: !vault |
          $ANSIBLE_VAULT;1.1;AES256
          3031
      children:
        web:
          hosts:
            www[01:02].example.org:
        db:
          hosts:
            db-01: {ansible_port: 2222, ansible_user: db admin}
"""
LISTING = {
    "_meta": {
        "hostvars": {
            "lonely": {"ansible_host": "192.0.2.9", "ansible_become": True, "ansible_user": "nobody"},
            **{
                f"www0{number}.example.org": {
                    "ansible_become": True,
                    "ansible_user": "audit",
                    "ansible_ssh_private_key_file": "~/.ssh/audit",
                    "facts": {"deep": [1]},
                }
                for number in (1, 2)
            },
            "db-01": {
                "ansible_become": True,
                "ansible_user": "db admin",
                "ansible_port": 2222,
                "ansible_ssh_private_key_file": "~/.ssh/audit",
            },
        }
    },
    "all": {"children": ["ungrouped", "prod"]},
    "ungrouped": {"hosts": ["lonely"]},
    "web": {"hosts": ["www01.example.org", "www02.example.org"]},
    "db": ["db-01"],
    "prod": {"children": ["web", "db"]},
}


@pytest.mark.parametrize("found", [ini(INI), yaml(YAML), listing(LISTING)], ids=["ini", "yaml", "list"])
def test_all_forms_of_one_inventory_come_to_the_same(found: Found) -> None:
    said = {target.name: (dict(target.settings), target.credential) for target in found.targets}
    assert said == {
        "lonely": ({"address": "192.0.2.9", "user": "nobody", "become": "sudo"}, ""),
        "www01.example.org": ({"address": "www01.example.org", "user": "audit", "become": "sudo"}, "audit"),
        "www02.example.org": ({"address": "www02.example.org", "user": "audit", "become": "sudo"}, "audit"),
        "db-01": ({"address": "db-01", "port": "2222", "user": "db admin", "become": "sudo"}, "audit"),
    }
    groups = {group.name: (group.targets, group.groups) for group in found.groups}
    assert groups == {
        "web": (("www01.example.org", "www02.example.org"), ()),
        "db": (("db-01",), ()),
        "prod": ((), ("web", "db")),
    }
    assert dict(found.credentials) == {"audit": "~/.ssh/audit"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("h ansible_host='{{ inventory_hostname }}.example.org'", {"address": "h.example.org"}),
        ("h ansible_host='{{ a }}' a='{{b}}' b=192.0.2.1", {"address": "192.0.2.1"}),
        ("h ansible_ssh_common_args='-o ProxyJump=audit@out:2222'", {"address": "h", "jump": "audit@out:2222"}),
        ("h ansible_ssh_extra_args='-C -J out'", {"address": "h", "jump": "out"}),
        ("h ansible_become=no", {"address": "h"}),
        ("2001:db8::1", {"address": "2001:db8::1"}),
        ("[2001:db8::1]:2222", {"address": "2001:db8::1", "port": "2222"}),
        ("h ansible_ssh_user=old ansible_user=new", {"address": "h", "user": "new"}),
    ],
)
def test_variables_that_say_how_a_server_is_reached_are_read(line: str, expected: dict[str, str]) -> None:
    assert dict(one(ini(line)).settings) == expected


def test_this_machine_is_local() -> None:
    target = one(ini("h ansible_connection=local ansible_become=yes"))
    assert (target.way, dict(target.settings)) == ("local", {"become": "sudo"})


def test_inner_group_wins_and_of_equal_depth_the_later_in_the_alphabet() -> None:
    text = "[b]\nh\n[a]\nh\n[outer:children]\nb\n[outer:vars]\nansible_port=1\nansible_user=o\n"
    text += "[a:vars]\nansible_user=a\n[b:vars]\nansible_user=b\n"
    # b stands one deeper, in outer.
    assert dict(one(ini(text)).settings) == {"address": "h", "user": "b", "port": "1"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("h ansible_password=hunter2", "h: passwords are not copied"),
        ("h ansible_ssh_common_args='-o ProxyCommand=\"nc %h 22\"'", "h: ProxyCommand is left out, as nothing is run"),
        ("h ansible_connection=winrm", "h is left out: its connection is winrm"),
        ("h ansible_become=yes ansible_become_method=su", "h: become through su is left out"),
    ],
)
def test_what_is_left_out_is_told(line: str, told: str) -> None:
    found = ini(line)
    assert ([str(note.place) for note in found.notes], [note.what for note in found.notes]) == (["hosts:1:1"], [told])


def test_no_secret_is_in_what_is_told() -> None:
    found = ini("h ansible_password=hunter2 ansible_become_pass=hunter3")
    assert "hunter" not in repr(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h ansible_host={{nowhere}}", "hosts:1:1: h: ansible_host stands in the variable nowhere, which is not set"),
        ("h ansible_host='{{ a }}' a='{{ a }}'", "hosts:1:1: h: ansible_host cannot be worked out"),
        ("h ansible_host=\"{{ lookup('pipe', 'id') }}\"", "hosts:1:1: h: ansible_host stands in the variable lookup("),
        ("h ansible_user='$ANSIBLE_VAULT;1.1'", "hosts:1:1: h: ansible_user is encrypted"),
        ("[a:children]\nb\n[b:children]\na\n", "hosts:1:1: the groups contain each other: a → b → a"),
        ("[a:children]\nbb\n[b]\nh\n", 'hosts:2:1: group a has no group bb in it; did you mean "b"?'),
        ("h 'a", "hosts:1:1: a quotation does not end"),
        ("h key = value", "hosts:1:1: key is no variable; write NAME=VALUE"),
        ("[a:b]\nh", "hosts:1:1: a section is [GROUP]"),
        ("h[5:1]", "hosts:1:1: h[5:1]: the range ends before it begins"),
        ("h[1:999999999]", "hosts:1:1: h[1:999999999]: there are more than 200000 servers"),
        ("h[1:9999][1:9999]", "hosts:1:1: h[1:9999][1:9999]: there are more than 200000 servers"),
    ],
)
def test_problem_names_its_line_and_what_to_do(text: str, expected: str) -> None:
    found = [str(problem) for problem in ini(text).problems]
    assert found[0].startswith(expected), found
    assert ";" in found[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plugin: amazon.aws.aws_ec2\n", "hosts.yml:1:1: this inventory is made by a program; ask Ansible"),
        ("- a\n", "hosts.yml: this is no inventory of groups"),
        ("a: &x {}\nb: *x\n", "hosts.yml:1:4: there is an anchor (&x)"),
    ],
)
def test_yaml_that_only_ansible_understands_is_refused_with_the_way(text: str, expected: str) -> None:
    with pytest.raises(ContentError) as caught:
        yaml(text)
    assert str(caught.value.problems[0]).startswith(expected)


def test_unknown_part_of_a_group_is_told_with_its_line() -> None:
    assert str(yaml("web:\n  host: {}\n").problems[0]).startswith('hosts.yml:2:3: "host" is no part of a group')


@pytest.mark.parametrize("data", ["nonsense", [], 3, {"a": 3}, {"a": {"hosts": {"b": {}}}}, {"_meta": []}])
def test_odd_listing_gives_no_target_and_no_crash(data: Any) -> None:
    with contextlib.suppress(ContentError):
        assert listing(data).targets == ()


def test_encrypted_file_of_variables_is_told_and_not_read() -> None:
    tree = AnsibleTree()
    assert read_variables("$ANSIBLE_VAULT;1.1;AES256\n33\n", "group_vars/all", tree) == {}
    assert [note.what for note in tree.notes] == ["is encrypted and not read"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("h[08:10]", ["h08", "h09", "h10"]),
        ("h[a:c]x", ["hax", "hbx", "hcx"]),
        ("h[1:5:2]", ["h1", "h3", "h5"]),
        ("[1:2]-[1:2]", ["1-1", "1-2", "2-1", "2-2"]),
    ],
)
def test_ranges_are_written_out(pattern: str, names: list[str]) -> None:
    assert list(expand(pattern, 100)) == names


def test_fifty_thousand_servers_are_read_in_time() -> None:
    began = time.process_time()
    found = ini("[web]\nh[1:50000] ansible_user=audit\n[prod:children]\nweb\n")
    assert (len(found.targets), time.process_time() - began < 20) == (50_000, True)
