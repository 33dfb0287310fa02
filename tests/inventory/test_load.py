"""An inventory becomes targets, or every problem at once with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.errors import ContentError
from hardening.inventory.load import load_inventory, load_site_settings
from hardening.inventory.ssh_config import Surroundings
from hardening.model.baseline import BaselineReference, Level
from hardening.model.target import (
    Become,
    ChrootEndpoint,
    ContainerEndpoint,
    ContainerProgram,
    Credential,
    ImageEndpoint,
    LdapAuthentication,
    LdapEndpoint,
    LdapSecurity,
    LocalEndpoint,
    RecordedEndpoint,
    SshEndpoint,
)
from hardening.model.texts import Language

AROUND = Surroundings(home=Path("/nonexistent"))
GOOD = """
credentials:
  audit-key: {key: id_audit, passphrase: "env:AUDIT", sudo_password: "file:sudo.txt"}
  jump-key: {key: /keys/jump}
targets:
  - name: web-01
    ssh: {address: web-01.example.org, port: 2222, user: audit, jump: bastion, become: sudo, known_hosts: ./known_hosts}
    credential: audit-key
    labels: {zone: dmz, exposure: internet}
    baselines: [linux-server:extended]
    parameters:
      linux-perm-shadow: {allowed_groups: [root]}
  - name: bastion
    ssh: {address: 192.0.2.1, user: audit}
    credential: jump-key
  - name: here
    local: {become: sudo}
  - name: old
    recorded: old.recording.json.gz
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def write(folder: Path, text: str, name: str = "inventory.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ContentError) as caught:
        load_inventory(write(folder, text), AROUND)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_ssh_target_is_joined_with_its_credential_and_jump_host(folder: Path) -> None:
    target = load_inventory(write(folder, GOOD), AROUND).targets[0]
    (endpoint,) = target.endpoints
    assert endpoint == SshEndpoint(
        address="web-01.example.org",
        port=2222,
        user="audit",
        become=Become.SUDO,
        known_hosts=str(folder / "known_hosts"),
        credential=Credential(
            key=str(folder / "id_audit"), passphrase="env:AUDIT", sudo_password=f"file:{folder}/sudo.txt"
        ),
        jump=SshEndpoint(address="192.0.2.1", user="audit", credential=Credential(key="/keys/jump")),
    )


def test_target_keeps_labels_baselines_and_its_line(folder: Path) -> None:
    target = load_inventory(write(folder, GOOD), AROUND).targets[0]
    assert (dict(target.labels), target.baselines, target.place) == (
        {"zone": "dmz", "exposure": "internet"},
        (BaselineReference("linux-server", Level.EXTENDED),),
        f"{folder}/inventory.yaml:6:5",
    )


def test_local_and_recorded_targets_are_read(folder: Path) -> None:
    endpoints = [
        endpoint for target in load_inventory(write(folder, GOOD), AROUND).targets[2:] for endpoint in target.endpoints
    ]
    assert endpoints == [LocalEndpoint(become=Become.SUDO), RecordedEndpoint(str(folder / "old.recording.json.gz"))]


def test_parameters_of_a_target_stay_text_until_the_check_types_them(folder: Path) -> None:
    ((name, rule),) = load_inventory(write(folder, GOOD), AROUND).parameters
    assert (name, rule.check, dict(rule.values)) == ("web-01", "linux-perm-shadow", {"allowed_groups": ("root",)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("targets: []\n", "inventory.yaml:1:10: "),
        ("targets:\n  - name: a\n", "inventory.yaml:2:5: a has no endpoint; give it one of"),
        (
            "targets:\n  - {name: a, local: {}, recorded: x}\n",
            "inventory.yaml:2:5: a has local and recorded; give it one of",
        ),
        (
            "targets:\n  - {name: a, local: {}}\n  - {name: a, local: {}}\n",
            "inventory.yaml:3:12: two targets are named a",
        ),
        (
            "credentials: {ops: {key: k}}\ntargets:\n  - {name: a, local: {}, credential: opz}\n",
            'inventory.yaml:3:38: no credential is named "opz"; did you mean "ops"?',
        ),
        (
            "targets:\n  - {name: a, ssh: {address: h, adress: x}}\n",
            'inventory.yaml:2:33: unknown field "adress"; did you mean "address"?',
        ),
        (
            "targets:\n  - {name: a, ssh: {address: h, port: 70000}}\n",
            "inventory.yaml:2:39: this must be at most 65535",
        ),
        (
            "targets:\n  - {name: a, ssh: {address: h, jump: b}}\n  - {name: b, ssh: {address: h, jump: a}}\n",
            "inventory.yaml:2:39: the jump hosts form a circle: a → b → a",
        ),
        (
            "targets:\n  - {name: a, ssh: {address: h, jump: nowhere}}\n",
            "inventory.yaml:2:39: no target with ssh is named",
        ),
        (
            "credentials: {c: {password: hunter2}}\ntargets:\n  - {name: a, local: {}}\n",
            "inventory.yaml:1:29: this is no reference",
        ),
        ("targets:\n  - {name: a, podman: {name: --rm}}\n", "inventory.yaml:2:30: "),
        ("targets:\n  - {name: a, local: {}, baselines: [x:full]}\n", "inventory.yaml:2:38: x:full is no baseline"),
    ],
)
def test_problem_names_its_line_and_what_to_do(folder: Path, text: str, expected: str) -> None:
    found = problems(folder, text)
    assert any(problem.startswith(expected) for problem in found), found


def test_all_problems_are_told_at_once(folder: Path) -> None:
    text = "targets:\n  - {name: a}\n  - {name: a, local: {}, credential: x}\n"
    assert len(problems(folder, text)) == 3


def test_secret_written_in_place_of_a_reference_is_not_repeated(folder: Path) -> None:
    text = "credentials: {c: {password: hunter2}}\ntargets:\n  - {name: a, local: {}}\n"
    assert "hunter2" not in "\n".join(problems(folder, text))


def test_inventory_that_others_may_write_is_refused(folder: Path) -> None:
    path = write(folder, GOOD)
    path.chmod(0o666)
    with pytest.raises(ContentError, match="may be written by everyone"):
        load_inventory(path, AROUND)


def test_trees_containers_and_images_are_targets(folder: Path) -> None:
    text = """targets:
  - {name: tree, chroot: image}
  - {name: runs, podman: {name: web, become: sudo}}
  - {name: runs-too, docker: {name: web}}
  - {name: rests, podman_image: "web:1"}
  - {name: rests-too, docker_image: registry.example.org/web}
"""
    endpoints = [
        endpoint for target in load_inventory(write(folder, text), AROUND).targets for endpoint in target.endpoints
    ]
    assert endpoints == [
        ChrootEndpoint(str(folder / "image")),
        ContainerEndpoint(program=ContainerProgram.PODMAN, name="web", become=Become.SUDO),
        ContainerEndpoint(program=ContainerProgram.DOCKER, name="web"),
        ImageEndpoint(program=ContainerProgram.PODMAN, reference="web:1"),
        ImageEndpoint(program=ContainerProgram.DOCKER, reference="registry.example.org/web"),
    ]


def test_site_settings_are_read(folder: Path) -> None:
    text = "language: en\nparameters:\n  - {select: zone=dmz, check: linux-x, values: {limit: 3}}\n"
    settings = load_site_settings(write(folder, text, "site.yaml"))
    assert (settings.language, [(rule.check, dict(rule.values)) for rule in settings.parameters]) == (
        Language.EN,
        [("linux-x", {"limit": "3"})],
    )


def test_malformed_selector_in_the_site_names_its_line(folder: Path) -> None:
    with pytest.raises(ContentError, match=r"site\.yaml:2:14: .*LABEL=VALUE"):
        load_site_settings(write(folder, "parameters:\n  - {select: zone, check: c, values: {a: b}}\n", "site.yaml"))


DIRECTORIES = """
credentials:
  audit-domain: {password: "env:AUDIT_PASSWORD"}
  audit-key: {key: id_audit}
  papers: {certificate: audit.pem, key: audit.key}
targets:
  - name: dc-01
    ssh: {address: dc-01.example.org, user: audit, credential: audit-key}
    ldap: {address: dc-01.example.org, user: audit@example.org, ca_file: ./ca.pem}
    credential: audit-domain
  - name: ldap-01
    ldap: {address: ldap-01, security: starttls, auth: external, credential: papers}
  - name: open
    ldap: {address: open, security: plain, auth: anonymous}
    credential: audit-domain
  - name: then
    recorded: [a.recording.json.gz, a.ldap.recording.json.gz]
"""


def test_a_target_may_have_a_shell_and_a_directory(folder: Path) -> None:
    shell, directory = load_inventory(write(folder, DIRECTORIES), AROUND).targets[0].endpoints
    assert isinstance(shell, SshEndpoint)
    assert shell.credential == Credential(key=str(folder / "id_audit"))
    assert directory == LdapEndpoint(
        address="dc-01.example.org",
        user="audit@example.org",
        ca_file=str(folder / "ca.pem"),
        credential=Credential(password="env:AUDIT_PASSWORD"),
    )


def test_a_directory_may_stand_alone(folder: Path) -> None:
    targets = load_inventory(write(folder, DIRECTORIES), AROUND).targets
    assert [target.endpoints for target in targets[1:3]] == [
        (
            LdapEndpoint(
                address="ldap-01",
                port=389,
                security=LdapSecurity.STARTTLS,
                authentication=LdapAuthentication.EXTERNAL,
                credential=Credential(certificate=str(folder / "audit.pem"), key=str(folder / "audit.key")),
            ),
        ),
        # Nobody needs no credential, whatever the target has for its other endpoints.
        (
            LdapEndpoint(
                address="open",
                port=389,
                security=LdapSecurity.PLAIN,
                authentication=LdapAuthentication.ANONYMOUS,
            ),
        ),
    ]


def test_a_target_may_have_several_recordings(folder: Path) -> None:
    target = load_inventory(write(folder, DIRECTORIES), AROUND).targets[3]
    assert target.endpoints == tuple(
        RecordedEndpoint(str(folder / name)) for name in ("a.recording.json.gz", "a.ldap.recording.json.gz")
    )


@pytest.mark.parametrize(
    ("ldap", "said"),
    [
        ("{address: a, security: plain, user: b}", "without encryption no login is sent"),
        ("{address: a, user: b}", "no password is named"),
        ("{address: a}", "no account is named"),
        ("{address: a, auth: anonymous, user: b}", "auth anonymous and an account exclude each other"),
        ("{address: a, auth: external}", "auth external needs a certificate and its key"),
    ],
)
def test_a_directory_that_cannot_be_reached_so_is_refused(folder: Path, ldap: str, said: str) -> None:
    (problem,) = problems(folder, f"targets:\n  - name: a\n    ldap: {ldap}\n")
    assert problem.startswith(f"inventory.yaml:3:11: {said}; ")
