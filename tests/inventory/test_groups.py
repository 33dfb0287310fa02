"""Groups and defaults: who belongs where, which value counts, and where each came from."""

from __future__ import annotations

import contextlib
import gc
import time
from pathlib import Path

import pytest

from hardening.errors import ContentError
from hardening.inventory.load import MergedInventory, load_merged
from hardening.inventory.ssh_config import Surroundings
from hardening.model.target import Become, Credential, SshEndpoint, Target

AROUND = Surroundings(home=Path("/nonexistent"))
GOOD = """
credentials:
  audit: {key: /keys/audit}
  dmz: {key: /keys/dmz}
defaults:
  credential: audit
  labels: {owner: it}
  ssh: {user: audit, become: sudo}
groups:
  outside:
    groups: [dmz]
    ssh: {port: 2200, user: outer}
  dmz:
    targets: [bastion]
    select: zone=dmz
    credential: dmz
    ssh: {jump: bastion, port: 2222}
    labels: {exposure: internet}
  web:
    targets: [web-01]
    baselines: [linux-server:extended]
    parameters:
      linux-ssh-max-auth-tries: {limit: "3"}
targets:
  - name: web-01
    ssh: {address: web-01.example.org, user: www}
    labels: {zone: dmz}
  - name: bastion
    ssh: {address: 192.0.2.1}
  - name: db-01
    ssh: {address: db-01.example.org}
    credential: none
    labels: {owner: dba}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def load(folder: Path, text: str) -> MergedInventory:
    path = folder / "inventory.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return load_merged(path, AROUND)


def target(loaded: MergedInventory, name: str) -> Target:
    return {each.name: each for each in loaded.inventory.targets}[name]


def endpoint(loaded: MergedInventory, name: str) -> SshEndpoint:
    (found,) = target(loaded, name).endpoints
    assert isinstance(found, SshEndpoint)
    return found


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ContentError) as caught:
        load(folder, text)
    return [str(problem).removeprefix(f"{folder}/inventory.yaml:") for problem in caught.value.problems]


def origins(loaded: MergedInventory, name: str) -> dict[str, str]:
    (merged,) = (each for each in loaded.merged if each.entry.name == name)
    return {".".join(path): source.who for path, source in merged.inherited.items()}


def test_target_belongs_to_groups_that_name_it_choose_it_and_stand_around_those(folder: Path) -> None:
    loaded = load(folder, GOOD)
    assert {each.name: set(each.groups) for each in loaded.inventory.targets} == {
        "web-01": {"web", "dmz", "outside"},
        "bastion": {"dmz", "outside"},
        "db-01": set(),
    }


def test_target_wins_over_group_and_the_inner_group_over_the_outer(folder: Path) -> None:
    found = endpoint(load(folder, GOOD), "web-01")
    assert (found.user, found.port, found.become, found.credential) == (
        "www",
        2222,
        Become.SUDO,
        Credential(key="/keys/dmz"),
    )


def test_group_wins_over_defaults(folder: Path) -> None:
    assert endpoint(load(folder, GOOD), "bastion").user == "outer"


def test_jump_host_that_is_in_the_group_does_not_jump_through_itself(folder: Path) -> None:
    loaded = load(folder, GOOD)
    assert endpoint(loaded, "web-01").jump == endpoint(loaded, "bastion")


def test_labels_of_group_and_target_add_up(folder: Path) -> None:
    loaded = load(folder, GOOD)
    assert dict(target(loaded, "web-01").labels) == {"zone": "dmz", "exposure": "internet", "owner": "it"}
    assert dict(target(loaded, "db-01").labels) == {"owner": "dba"}


def test_none_is_no_credential(folder: Path) -> None:
    assert endpoint(load(folder, GOOD), "db-01").credential == Credential()


def test_each_inherited_value_knows_who_said_it(folder: Path) -> None:
    assert origins(load(folder, GOOD), "web-01") == {
        "labels.owner": "defaults",
        "labels.exposure": "group dmz",
        "ssh.become": "defaults",
        "ssh.jump": "group dmz",
        "ssh.port": "group dmz",
        "credential": "group dmz",
        "baselines": "group web",
        "parameters.linux-ssh-max-auth-tries.limit": "group web",
    }


def test_parameter_of_a_group_names_the_line_of_the_group(folder: Path) -> None:
    ((name, rule),) = load(folder, GOOD).inventory.parameters
    assert (name, dict(rule.values), rule.place.line) == ("web-01", {"limit": "3"}, 23)


def test_baselines_of_groups_beside_each_other_add_up(folder: Path) -> None:
    text = (
        "groups:\n  a: {targets: [t], baselines: [linux-server]}\n  b: {targets: [t], baselines: [other:extended]}\n"
        "targets:\n  - {name: t, local: {}}\n"
    )
    assert [str(each) for each in target(load(folder, text), "t").baselines] == ["linux-server", "other:extended"]


def test_group_may_choose_by_labels_that_a_group_gives_by_name(folder: Path) -> None:
    text = (
        "groups:\n  a: {targets: [t], labels: {zone: dmz}}\n  b: {select: zone=dmz, labels: {seen: yes}}\n"
        "  c: {select: group=a, labels: {also: yes}}\ntargets:\n  - {name: t, local: {}}\n"
    )
    assert dict(target(load(folder, text), "t").labels) == {"zone": "dmz", "seen": "yes", "also": "yes"}


T = "targets:\n  - {name: t, ssh: {address: h}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"groups:\n  a: {{groups: [b]}}\n  b: {{groups: [c]}}\n  c: {{groups: [a]}}\n{T}",
            "4:15: the groups contain each other: a → b → c → a; take one of them out of `groups:`",
        ),
        (f"groups:\n  a: {{targets: [tt]}}\n{T}", '2:17: no target is named "tt"; did you mean "t"?'),
        (f"groups:\n  a: {{groups: [b]}}\n{T}", '2:16: no group is named "b"; known are a'),
        (f"groups:\n  a: {{targets: [t], credential: key}}\n{T}", '2:33: no credential is named "key"; add it under'),
        (f"defaults: {{ssh: {{jump: nobody}}}}\n{T}", "1:24: no target with ssh is named nobody"),
        (f"groups:\n  a: {{select: zone}}\n{T}", "2:15: selector 'zone': write LABEL=VALUE"),
        (f"groups:\n  a: {{ssh: {{adress: h}}}}\n{T}", '2:13: unknown field "adress"'),
        (
            f"groups:\n  a: {{targets: [t], ssh: {{user: x}}}}\n  b: {{targets: [t], ssh: {{user: y}}}}\n{T}",
            '5:5: ssh.user of t: group a says "x" and group b says "y"; say it at t, or let one of the groups',
        ),
    ],
)
def test_problem_names_its_line_and_what_to_do(folder: Path, text: str, expected: str) -> None:
    found = problems(folder, text)
    assert any(problem.startswith(expected) for problem in found), found


def test_what_groups_disagree_on_may_be_said_by_the_target(folder: Path) -> None:
    text = (
        "groups:\n  a: {targets: [t], ssh: {user: x}}\n  b: {targets: [t], ssh: {user: y}}\n"
        "targets:\n  - {name: t, ssh: {address: h, user: z}}\n"
    )
    assert endpoint(load(folder, text), "t").user == "z"


def test_groups_that_say_the_same_do_not_disagree(folder: Path) -> None:
    text = (
        "groups:\n  a: {targets: [t], ssh: {user: x}}\n  b: {targets: [t], ssh: {user: x}}\n"
        "targets:\n  - {name: t, ssh: {address: h}}\n"
    )
    assert endpoint(load(folder, text), "t").user == "x"


def test_long_row_of_jump_hosts_is_one_clear_problem(folder: Path) -> None:
    rows = [f"  - {{name: t{number}, ssh: {{address: h{number}, jump: t{number + 1}}}}}" for number in range(2000)]
    text = "targets:\n" + "\n".join(rows) + "\n  - {name: t2000, ssh: {address: h2000}}\n"
    assert "more than 8 jump hosts stand one behind another: t0 → t1 → " in problems(folder, text)[0]


def many(count: int, rest: str = "") -> str:
    names = ", ".join(f"t{number}" for number in range(count))
    rows = (
        f"  - {{name: t{number}, ssh: {{address: h, port: {number % 60000 + 1}}}, labels: {{zone: z{number % 7}}}}}"
        for number in range(count)
    )
    groups = f"groups:\n  all: {{targets: [{names}], ssh: {{user: audit}}{rest}}}\n"
    return groups + "  z1: {select: zone=z1, labels: {x: y}}\ntargets:\n" + "\n".join(rows) + "\n"


def seconds(folder: Path, text: str) -> float:
    # As the program itself does: what is made here lives until the end, and is not looked through again and again.
    gc.disable()
    began = time.process_time()
    with contextlib.suppress(ContentError):
        load(folder, text)
    gc.enable()
    return time.process_time() - began


@pytest.mark.parametrize(
    "rest", ["", ", credential: nobody", ", groups: [nowhere]"], ids=["good", "credential", "group"]
)
def test_time_grows_with_the_entries_and_not_faster(folder: Path, rest: str) -> None:
    load(folder, many(50))
    few, more = seconds(folder, many(500, rest)), seconds(folder, many(4000, rest))
    assert more < 8 * few * 2.5


@pytest.mark.slow
def test_fifty_thousand_entries_are_read(folder: Path) -> None:
    began = time.process_time()
    loaded = load(folder, many(50_000))
    assert len(loaded.inventory.targets) == 50_000
    assert time.process_time() - began < 60
