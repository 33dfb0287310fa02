"""Containers and images as targets, through podman; the same code under the name docker is podman's own disguise."""
# ruff: noqa: D102 - fixtures of a class do what their names say

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from unittest import mock

import pytest

from hardening.errors import ConnectError
from hardening.model.evidence import Known
from hardening.model.platform import OperatingSystem
from hardening.model.step import NotRun, ShellStep, select_shell_steps
from hardening.model.target import Become, ContainerEndpoint, ContainerProgram, Endpoint, ImageEndpoint
from hardening.probes import KINDS
from hardening.probes.identification import STEP, parse_identification
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.session import BecomeRefused, Limits, Opening, Session
from tests.lab.lab import Lab
from tests.lab.podman import Podman, open_podman
from tests.lab.scans import EXTENDED, Scans
from tests.probes.cases import build_probe
from tests.transports.conformance import LiveConformance, OpenSession, RootConformance, completed

pytestmark = pytest.mark.slow

PODMAN = ContainerProgram.PODMAN
DOCKER = ContainerProgram.DOCKER
IMAGE = "localhost/small:1"


def open_at(endpoint: Endpoint, limits: Limits | None = None) -> Session:
    assert isinstance(endpoint, ContainerEndpoint | ImageEndpoint)
    return open_session(endpoint, Opening(resolve=Secret, limits=limits or Limits()))


def container(name: str = "stays", program: ContainerProgram = PODMAN, become: Become = Become.NO) -> ContainerEndpoint:
    return ContainerEndpoint(program=program, name=name, become=become)


def image(reference: str = IMAGE, program: ContainerProgram = PODMAN) -> ImageEndpoint:
    return ImageEndpoint(program=program, reference=reference)


def ask(endpoint: Endpoint, script: str) -> str:
    session = open_at(endpoint)
    answers = session.run([ShellStep(name="one", script=script)], as_root=False)
    session.close()
    return completed(answers["one"]).text.strip()


def identify(endpoint: Endpoint) -> OperatingSystem:
    session = open_at(endpoint)
    identity = parse_identification(session.run([STEP], as_root=False)[STEP.name])
    session.close()
    assert isinstance(identity.platform.os, OperatingSystem)
    return identity.platform.os


@pytest.fixture(scope="module")
def podman(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """Open a podman with an image of the small tree and containers of it: one of root, one of another account."""
    with open_podman(tmp_path_factory.mktemp("podman")) as opened, mock.patch.dict(os.environ, opened.environment):
        opened.import_tree(lab.materials.small, IMAGE)
        opened.start(IMAGE, "stays")
        opened.start(IMAGE, "of-app", "--user=1000")
        yield opened


@pytest.mark.usefixtures("podman")
class TestContainer(LiveConformance, RootConformance):
    """What every transport promises, in a running container."""

    @pytest.fixture(scope="class")
    @classmethod
    def open_target(cls) -> OpenSession:
        return lambda limits: open_at(container(), limits)

    @pytest.fixture
    def open_root(self) -> OpenSession:
        return lambda limits: open_at(container("of-app", become=Become.SUDO), limits)


@pytest.mark.usefixtures("podman")
class TestImage(LiveConformance, RootConformance):
    """What every transport promises, in an image."""

    @pytest.fixture(scope="class")
    @classmethod
    def open_target(cls) -> OpenSession:
        return lambda limits: open_at(image(), limits)

    @pytest.fixture
    def open_root(self, open_target: OpenSession) -> OpenSession:
        return open_target


@pytest.mark.usefixtures("podman")
@pytest.mark.parametrize("endpoint", [container(program=DOCKER), image(program=DOCKER)])
def test_docker_is_asked_in_the_same_words(endpoint: Endpoint) -> None:
    assert ask(endpoint, ". /etc/os-release; echo $ID") == "small"


@pytest.mark.usefixtures("podman")
def test_without_root_rights_a_container_is_asked_as_its_own_account() -> None:
    assert ask(container("of-app"), "id -u") == "1000"


@pytest.mark.usefixtures("podman")
def test_root_rights_are_not_taken_unasked() -> None:
    session = open_at(container("of-app"))
    with pytest.raises(BecomeRefused, match="not asked for"):
        session.run([ShellStep(name="one", script="id")], as_root=True)
    session.close()


@pytest.mark.usefixtures("podman")
def test_a_running_container_is_a_running_system_with_a_foreign_kernel() -> None:
    system = identify(container())
    assert (system.container, system.running, bool(system.kernel)) == (True, True, True)


@pytest.mark.usefixtures("podman")
def test_an_image_is_no_running_system() -> None:
    system = identify(image())
    assert (system.container, system.running, system.kernel, system.hostname) == (True, False, "", "localhost")


@pytest.mark.usefixtures("podman")
def test_kernel_values_of_the_visit_are_not_those_of_an_image() -> None:
    probe = build_probe({"kind": "sysctl", "key": "net.ipv4.conf.all.accept_redirects"})
    session = open_at(image())
    evidence = KINDS["sysctl"].parse(
        [probe], session.run(select_shell_steps(KINDS["sysctl"].steps([probe])), as_root=False)
    )[probe]
    session.close()
    states = evidence["states"]
    assert isinstance(states, Known)
    assert isinstance(states.value, tuple)
    assert [record["when"] for record in states.value if not isinstance(record, str)] == [Known("boot")]


@pytest.mark.usefixtures("podman")
def test_an_image_is_asked_without_rights_that_reading_does_not_take() -> None:
    said = dict(
        line.split(":\t") for line in ask(image(), "grep -E '^(CapEff|CapBnd|NoNew)' /proc/self/status").split("\n")
    )
    dac_override = f"{1 << 1:016x}"
    assert said == {"CapEff": dac_override, "CapBnd": dac_override, "NoNewPrivs": "1"}


@pytest.mark.usefixtures("podman")
@pytest.mark.parametrize("path", ["/x", "/etc/x", "/run/x", "/run/sshd/x"])
def test_nothing_can_be_written_in_an_image(path: str) -> None:
    assert ask(image(), f"( : >{path} ) 2>&1").endswith("Read-only file system")


@pytest.mark.usefixtures("podman")
def test_an_image_has_no_network() -> None:
    assert ask(image(), "cd /sys/class/net && echo *") == "lo"


@pytest.mark.usefixtures("podman")
def test_files_of_an_image_are_those_of_the_image(lab: Lab) -> None:
    assert ask(image(), "cat /etc/passwd") == (lab.materials.small / "etc/passwd").read_text().strip()


@pytest.mark.usefixtures("podman")
@pytest.mark.parametrize("endpoint", [container(), image()])
def test_nothing_of_our_environment_reaches_the_target(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_PASSWORD", "Sommer-2026!")
    assert "Sommer" not in ask(endpoint, "env")


def test_an_image_leaves_no_container_behind(podman: Podman) -> None:
    ask(image(), "id")
    assert podman.names() == {"stays", "of-app"}


def test_an_image_that_hangs_leaves_no_container_behind(podman: Podman) -> None:
    session = open_at(image(), Limits(deadline_seconds=0.5))
    session.run([ShellStep(name="hangs", script="sleep 300")], as_root=False)
    session.close()
    assert podman.names() == {"stays", "of-app"}


def test_a_session_that_ran_nothing_leaves_no_container_behind(podman: Podman) -> None:
    open_at(image()).close()
    assert podman.names() == {"stays", "of-app"}


def test_a_container_that_is_stopped_in_mid_scan_says_so(podman: Podman) -> None:
    podman.start(IMAGE, "stops")
    session = open_at(container("stops"))
    killer = Timer(0.5, podman.run, ["kill", "stops"])
    killer.start()
    steps = [ShellStep(name="before", script="echo here"), ShellStep(name="hangs", script="sleep 300")]
    answers = session.run(steps, as_root=False)
    killer.join()
    session.close()
    podman.run("rm", "stops")
    assert (completed(answers["before"]).text, answers["hangs"]) == (
        "here\n",
        NotRun("the container stops was stopped"),
    )


def test_a_container_that_does_not_run_is_one_clear_error(podman: Podman) -> None:
    podman.run("create", "--name=rests", "--network=none", IMAGE, "true")
    with pytest.raises(ConnectError) as caught:
        open_at(container("rests"))
    podman.run("rm", "rests")
    assert (caught.value.reason, "podman-image:" in caught.value.remedy) == ("rests is not running", True)


@pytest.mark.usefixtures("podman")
@pytest.mark.parametrize("program", [PODMAN, DOCKER])
def test_what_does_not_exist_is_one_clear_error(program: ContainerProgram) -> None:
    reasons = []
    for endpoint in (container("nobody", program), image("localhost/nothing", program)):
        with pytest.raises(ConnectError) as caught:
            open_at(endpoint)
        reasons.append(caught.value.reason)
    assert reasons == ["no container is called nobody", "no image localhost/nothing is on this machine"]


def spoil_shell(tree: Path) -> None:
    (tree / "bin/sh").unlink()


def spoil_architecture(tree: Path) -> None:
    (tree / "bin/sh").unlink()
    (tree / "bin/sh").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 2, 22, 1) + bytes(100))
    (tree / "bin/sh").chmod(0o755)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_shell, "it has no /bin/sh"),
        (spoil_architecture, "its /bin/sh is a program for another kind of machine"),
    ],
)
def test_an_image_that_cannot_run_is_one_clear_error(
    podman: Podman, lab: Lab, tmp_path: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    tree = Path(shutil.copytree(lab.materials.small, tmp_path / "tree", symlinks=True))
    spoil(tree)
    podman.import_tree(tree, "localhost/spoilt:1")
    with pytest.raises(ConnectError) as caught:
        open_at(image("localhost/spoilt:1"))
    podman.run("rmi", "localhost/spoilt:1")
    assert caught.value.reason == reason


def test_a_container_without_a_shell_is_one_clear_error(podman: Podman) -> None:
    podman.start(IMAGE, "shell-less")
    podman.run("exec", "shell-less", "rm", "/bin/sh")
    with pytest.raises(ConnectError) as caught:
        open_at(container("shell-less"))
    podman.run("rm", "--force", "--time=0", "shell-less")
    assert caught.value.reason == "it has no /bin/sh"


@pytest.mark.usefixtures("podman")
def test_a_missing_program_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConnectError, match="podman cannot be run on this machine") as caught:
        open_at(container())
    assert caught.value.remedy == "install podman, or run the scan where it is"


@pytest.mark.usefixtures("podman")
@pytest.mark.parametrize(
    ("endpoint", "transport"),
    [(container(), "podman"), (image(), "podman-image"), (image(program=DOCKER), "docker-image")],
)
def test_the_session_names_its_transport(endpoint: Endpoint, transport: str) -> None:
    session = open_at(endpoint)
    session.close()
    assert session.connection["transport"] == Known(transport)


@pytest.mark.usefixtures("podman")
@pytest.mark.parametrize("word", ["podman:stays", "podman-image:localhost/small:1"])
def test_what_belongs_to_the_host_is_not_judged_in_a_container(scans: Scans, word: str) -> None:
    outcomes = scans.run("scan", word, *EXTENDED, "-o", "json=-").outcomes
    assert (outcomes["linux-sysctl-aslr"], outcomes["linux-perm-passwd"]) == ("not_applicable", "pass")
