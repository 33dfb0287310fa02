"""`hardening inventory`: the merged view, the lint, the graph, in text and JSON."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from hardening.content.shipped import find_shipped
from tests.cli.conftest import Command, Run

GOOD = """
credentials:
  audit: {key: /keys/audit}
defaults:
  credential: audit
groups:
  outside: {groups: [dmz]}
  dmz:
    targets: [bastion]
    select: zone=dmz
    ssh: {user: audit, jump: bastion}
targets:
  - name: web-01
    ssh: {address: web-01.example.org, port: 2222}
    labels: {zone: dmz}
  - name: bastion
    ssh: {address: 192.0.2.1}
  - name: db-01
    ssh: {address: db-01.example.org}
    baselines: [linux-server]
"""
SITE = """
parameters:
  - select: zone=dmz
    check: linux-ssh-max-auth-tries
    values: {limit: 3}
"""


@pytest.fixture
def site(hardening: Command, tmp_path: Path) -> Command:
    write(tmp_path, GOOD)
    write(tmp_path, SITE, "site.yaml")
    return hardening


def write(folder: Path, text: str, name: str = "inventory.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return path


def values(run: Run) -> dict[str, tuple[object, str, str]]:
    (target,) = run.report["targets"]
    return {line["name"]: (line["value"], line["from"], line["place"]) for line in target["values"]}


def test_show_tells_each_value_with_who_said_it_and_where(site: Command) -> None:
    shown = values(site("inventory", "show", "web-01", "--json"))
    assert shown == {
        "ssh.address": ("web-01.example.org", "target", "inventory.yaml:14:20"),
        "ssh.port": (2222, "target", "inventory.yaml:14:46"),
        "ssh.user": ("audit", "group dmz", "inventory.yaml:11:17"),
        "ssh.jump": ("bastion", "group dmz", "inventory.yaml:11:30"),
        "credential": ("audit", "defaults", "inventory.yaml:5:15"),
        "labels.zone": ("dmz", "target", "inventory.yaml:15:20"),
        "baselines": (shown["baselines"][0], "default of the platform", ""),
        "parameters.linux-ssh-max-auth-tries.limit": (3, "site.yaml", "site.yaml:3:5"),
    }
    assert shown["baselines"][0] == ["linux-server"]


def test_show_as_text_has_a_line_a_value(site: Command) -> None:
    lines = site("inventory", "show", "db-01").out.splitlines()
    assert lines == [
        "db-01  inventory.yaml:18:5",
        "  baselines    linux-server  [target]  inventory.yaml:20:16",
        "  credential   audit  [defaults]  inventory.yaml:5:15",
        "  ssh.address  db-01.example.org  [target]  inventory.yaml:19:20",
    ]


def test_show_tells_what_an_ssh_config_adds(site: Command, tmp_path: Path) -> None:
    write(tmp_path, "Host web\n  HostName 192.0.2.9\n  User www\n  Port 2200\n  ProxyJump out\n", "config")
    write(tmp_path, "ssh_config: config\ntargets:\n  - {name: web, ssh: {address: web}}\n")
    shown = values(site("inventory", "show", "--json"))
    assert {name: shown[name][:2] for name in shown if name != "baselines"} == {
        "ssh.address": ("192.0.2.9", "ssh_config"),
        "ssh.user": ("www", "ssh_config"),
        "ssh.port": (2200, "ssh_config"),
        "ssh.jump": ("out", "ssh_config"),
    }


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("group=dmz", ["web-01", "bastion"]),
        ("group=outside,zone=dmz", ["web-01"]),
        ("group!=dmz", ["db-01"]),
        ("group=nowhere", []),
    ],
)
def test_targets_are_chosen_by_group(site: Command, selector: str, expected: list[str]) -> None:
    run = site("inventory", "show", "--select", selector, "--json")
    assert [target["name"] for target in run.report["targets"]] == expected


def test_scan_chooses_by_group_as_well(site: Command) -> None:
    run = site("scan", "--select", "group=nowhere")
    assert (run.status, "no target to scan" in run.err) == (2, True)


def test_unknown_target_is_refused_with_the_nearest_name(site: Command) -> None:
    run = site("inventory", "show", "web-1")
    assert (run.status, "did you mean web-01?" in run.err) == (2, True)


def test_graph_draws_groups_in_groups_and_ways_through_jump_hosts(site: Command) -> None:
    assert site("inventory", "graph").out.splitlines() == [
        "outside",
        "  dmz (select zone=dmz): web-01, bastion",
        "in no group: db-01",
        "through 192.0.2.1: web-01",
    ]


def test_graph_as_json_has_everything(site: Command) -> None:
    drawn = site("inventory", "graph", "--json").report
    assert ([(group["name"], group["targets"]) for group in drawn["groups"]], drawn["ungrouped"], drawn["jumps"]) == (
        [("outside", []), ("dmz", ["web-01", "bastion"])],
        ["db-01"],
        [{"through": ["192.0.2.1"], "targets": ["web-01"]}],
    )


def test_groups_that_share_groups_are_drawn_once(site: Command, tmp_path: Path) -> None:
    rows = [f"  g{number}: {{groups: [g{number + 1}, h{number + 1}]}}" for number in range(60)]
    rows += [f"  h{number}: {{groups: [g{number + 1}, h{number + 1}]}}" for number in range(60)]
    write(tmp_path, "\n".join(["groups:", *rows, "  g60: {}", "  h60: {}", "targets: [{name: t, local: {}}]", ""]))
    assert len(site("inventory", "graph").out.splitlines()) < 300


def test_good_inventory_passes_lint(site: Command) -> None:
    run = site("inventory", "lint", "--strict")
    assert (run.status, run.out, run.err) == (0, "3 targets, 2 groups\n", "")


LINT = """
credentials:
  old: {key: /keys/old}
groups:
  empty: {select: zone=nowhere}
  web: {targets: [a, b]}
targets:
  - {name: a, ssh: {address: h}}
  - {name: b, ssh: {address: h, user: x}}
  - {name: c, ssh: {address: i}}
  - {name: d, ssh: {address: j}, credential: none}
"""


def test_lint_warns_of_what_is_likely_not_meant(site: Command, tmp_path: Path) -> None:
    write(tmp_path, LINT)
    run = site("inventory", "lint")
    told = [line.removeprefix("warning: inventory.yaml:").partition(";")[0] for line in run.err.splitlines()]
    assert (run.status, told) == (
        0,
        [
            '3:3: no target uses the credential "old"',
            "5:3: group empty has no target",
            "6:3: group web has no credential: 2 of its targets are logged in to with the keys of whoever scans",
            "9:5: b and a are both at h:22",
            "10:5: c has no credential: it is logged in to with the keys of whoever scans",
        ],
    )


def test_warnings_fail_a_strict_lint(site: Command, tmp_path: Path) -> None:
    write(tmp_path, LINT)
    assert site("inventory", "lint", "--strict").status == 10


TARGET = "targets:\n  - {name: a, local: {}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "targets:\n  - {name: a, local: {}}\n  - {name: a, local: {}}\n",
            (3, "two targets are named a", "rename one"),
        ),
        (
            "groups:\n  g: {targets: [a], baselines: [linux-serve]}\ntargets:\n  - {name: a, local: {}}\n",
            (4, "a: no baseline 'linux-serve'; did you mean linux-server?", ""),
        ),
        (
            "groups:\n  g: {parameters: {linux-ssh-max-auth-tries: {limt: 3}}, targets: [a]}\n" + TARGET,
            (2, "linux-ssh-max-auth-tries has no parameter 'limt'", 'did you mean "limit"?'),
        ),
    ],
)
def test_lint_tells_errors_with_line_and_remedy(
    site: Command, tmp_path: Path, text: str, expected: tuple[int, str, str]
) -> None:
    write(tmp_path, text)
    run = site("inventory", "lint", "--json")
    (problem,) = run.report["problems"]
    assert (run.status, problem["kind"]) == (10, "error")
    assert (problem["line"], problem["what"], problem["remedy"]) == expected


def test_without_an_inventory_the_remedy_is_told(hardening: Command) -> None:
    run = hardening("inventory", "lint")
    assert (run.status, "name one with -i FILE" in run.err) == (2, True)


def test_guide_shows_what_is_printed(hardening: Command, tmp_path: Path) -> None:
    text = (find_shipped() / "docs" / "inventory.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    shown = re.search(r"^    web-01  inventory.*?\n\n", text, re.DOTALL | re.MULTILINE)
    assert example
    assert shown
    write(tmp_path, example[1])
    assert hardening("inventory", "show", "web-01").out == textwrap.dedent(shown[0]).rstrip() + "\n"
    assert hardening("inventory", "lint", "--strict").status == 0
