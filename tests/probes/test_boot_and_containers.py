"""Boot loader, kernel and containers: what must stay on the target, and rules beside the recorded cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hardening.model.evidence import Known, Unreadable
from hardening.model.step import Completed
from hardening.probes import KINDS
from hardening.probes.registries import find_insecure
from tests.probes.cases import build_probe
from tests.probes.laid_out import lay_out
from tests.probes.system_tree import run_on_tree_everywhere

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECRET = b"hunter2"


def _told(kind: str, tree: Path, files: Mapping[str, str]) -> set[bool]:
    [step] = KINDS[kind].steps([build_probe({"kind": kind})])
    answers = run_on_tree_everywhere(step, lay_out(tree, {"/bin/x": "", **files}))
    return {_SECRET in answer.stdout + answer.stderr for answer in answers.values()}


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("boot_loader", {"/boot/grub/grub.cfg": "set superusers=root\npassword root hunter2\n"}),
        ("boot_loader", {"/boot/grub/grub.cfg": "password_pbkdf2 root grub.pbkdf2.sha512.1.hunter2\n"}),
        ("boot_loader", {"/boot/grub2/user.cfg": "GRUB2_PASSWORD=grub.pbkdf2.sha512.hunter2\n"}),
        ("kernel", {"/proc/cmdline": "ro rd.password=hunter2 quiet -- secret=hunter2\n"}),
        ("containers", {"/etc/docker/daemon.json": '{"proxies": {"http-proxy": "http://u:hunter2@p"}, "icc": true}'}),
        ("containers", {"/run/docker.pid": "7", "/proc/7/cmdline": "dockerd\0--log-opt\0token=hunter2\0--icc\0"}),
        ("containers", {"/etc/containers/registries.conf": 'credential-helpers = ["hunter2"]\n'}),
    ],
)
def test_secrets_stay_on_the_target(tmp_path: Path, kind: str, files: Mapping[str, str]) -> None:
    assert _told(kind, tmp_path, files) == {False}


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["[[registry]]", 'location = "a"', "insecure = true"], ("a",)),
        (["[[registry]]", "insecure = true", 'location = "a"'], ("a",)),
        (["[[registry]]", 'location = "a"', "insecure = false", "[[registry]]", 'location = "b"'], ()),
        (["[registries.insecure]", "registries = ['a', 'b']"], ("a", "b")),
        (["[registries.search]", "registries = ['a']"], ()),
        (["insecure = true"], ("every registry",)),
    ],
)
def test_registries_without_tls_are_found(lines: list[str], found: tuple[str, ...]) -> None:
    assert find_insecure({"f": list(enumerate(lines, start=1))}) == found


@pytest.mark.parametrize(
    ("state", "vulnerable"),
    [
        ("Not affected", False),
        ("Mitigation: Clear CPU buffers; SMT vulnerable", False),
        ("Vulnerable: eIBRS with unprivileged eBPF", True),
        ("KVM: Mitigation: Split huge pages", False),
        ("Processor vulnerable", True),
    ],
)
def test_words_of_the_kernel_about_a_flaw(state: str, vulnerable: bool) -> None:  # noqa: FBT001 - a case
    probe = build_probe({"kind": "kernel"})
    answer = Completed(exit_status=0, stdout=f"cpu x={state}\n=end\n".encode())
    flaws = KINDS["kernel"].parse([probe], {"kernel": answer})[probe]["vulnerabilities"]
    assert isinstance(flaws, Known)
    assert isinstance(flaws.value, tuple)
    assert [flaw["vulnerable"].value for flaw in flaws.value if isinstance(flaw, dict)] == [vulnerable]


def test_bounding_set_in_a_user_namespace_is_worth_nothing() -> None:
    assert _privileged("own pid net ipc uts user mnt") == Known(value=False, place="/proc/5/status")


def test_full_bounding_set_is_privileged() -> None:
    assert _privileged("own pid net ipc uts mnt") == Known(value=True, place="/proc/5/status")


@pytest.mark.parametrize("own", ["own", "own ?pid ?net ?ipc ?uts ?user ?mnt"])
def test_namespaces_that_cannot_be_seen_decide_nothing(own: str) -> None:
    assert isinstance(_privileged(own), Unreadable)


def _privileged(own: str) -> object:
    probe = build_probe({"kind": "containers"})
    identity = "a" * 64
    text = f"process {identity} 5 docker-{identity}\n{own}\nstatus 0 00ff\nhost 00ff\n=end\n"
    found = KINDS["containers"].parse([probe], {"containers": Completed(exit_status=0, stdout=text.encode())})
    containers = found[probe]["containers"]
    assert isinstance(containers, Known)
    assert isinstance(containers.value, tuple)
    [record] = containers.value
    assert not isinstance(record, str)
    return record["privileged"]
