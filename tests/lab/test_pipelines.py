"""The examples of docs/pipelines.md on real trees, images and servers: green, red for a new gap, incomplete."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.lab.catalogue import STOCK
from tests.lab.commands import run
from tests.lab.hosts import Host
from tests.lab.lab import Lab
from tests.lab.podman import open_podman
from tests.pipelines.examples import inputs_of
from tests.pipelines.runners import Job, run_action, run_component

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SERVER = """\
credentials:
  audit-key: {{key: {key}}}
targets:
  - name: web-01
    ssh: {{address: {address}, user: audit, become: sudo, known_hosts: {known_hosts}}}
    credential: audit-key
    labels: {{zone: dmz}}
    baselines: [linux-server]
"""
DOWN = """\
  - name: web-02
    ssh: {{address: {address}, port: 1, user: audit, known_hosts: {known_hosts}}}
    credential: audit-key
    labels: {{zone: dmz}}
    baselines: [linux-server]
"""


@dataclass(frozen=True, slots=True)
class Example:
    """An example with the checkout that it runs in; ``open_up`` lets everybody write /etc/passwd of its target."""

    name: str
    folder: Path
    open_up: Callable[[], object]
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, **other: str) -> Job:
        """Run the job as it stands on the page, or with some other inputs."""
        run_job = run_component if self.name.startswith("gitlab") else run_action
        surroundings = {"LANG": "en_GB.UTF-8", "HOME": str(self.folder), **self.environment}
        return run_job(self.folder, {**inputs_of(self.name), **other}, surroundings)

    def keep_known(self) -> Job:
        """Run the job without known gaps, and keep its report as the page says."""
        job = self.run(**{"new-since": ""})
        shutil.copy(job.reports / "report.json", self.folder / inputs_of(self.name)["new-since"])
        return job

    def states(self) -> list[int]:
        """Run the job with nothing known, with everything known, and after a change for the worse."""
        first, old = self.keep_known(), self.run()
        self.open_up()
        new = self.run()
        assert "linux-perm-passwd" in new.log, first.log + old.log + new.log
        return [first.status, old.status, new.status]


def copy_stock(lab: Lab, to: Path) -> Path:
    """Copy a server's root tree, with host keys of its own: without any, its sshd would say nothing of itself."""
    (tree,) = lab.materials.trees[STOCK]
    run("cp", "--archive", str(tree), str(to))
    run("ssh-keygen", "-A", "-f", str(to))
    return to


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return the folder that a job works in."""
    folder = tmp_path / "checkout"
    folder.mkdir(mode=0o755)
    return folder


def test_image_of_debootstrap(lab: Lab, checkout: Path) -> None:
    tree = copy_stock(lab, checkout / "image")
    example = Example("github image", checkout, lambda: (tree / "etc/passwd").chmod(0o666))
    assert example.states() == [10, 0, 10]


def test_image_that_podman_built(lab: Lab, checkout: Path, tmp_path: Path) -> None:
    tree = copy_stock(lab, tmp_path / "tree")
    (tmp_path / "podman").mkdir()
    with open_podman(tmp_path / "podman") as podman:
        (reference,) = inputs_of("github container")["targets"].split(":", 1)[1:]
        podman.import_tree(tree, reference)

        def build_again() -> None:
            (tree / "etc/passwd").chmod(0o666)
            podman.import_tree(tree, reference)

        example = Example("github container", checkout, build_again, podman.environment)
        assert example.states() == [10, 0, 10]


@pytest.fixture(params=["github server", "gitlab server"])
def server(request: pytest.FixtureRequest, lab: Lab, plain: Host, checkout: Path) -> Iterator[Example]:
    """Return the example of a server, a lab host; what it opens up is closed again."""
    site = checkout / "hardening"
    site.mkdir(mode=0o755)
    (site / "inventory.yaml").write_text(
        SERVER.format(key=lab.user_key, address=plain.address, known_hosts=lab.known_hosts)
    )
    yield Example(request.param, checkout, lambda: plain.run("chmod", "0666", "/etc/passwd"))
    plain.run("chmod", "0644", "/etc/passwd")


def test_server_after_ansible(server: Example) -> None:
    assert server.states() == [10, 0, 10]


def test_server_that_is_down_is_incomplete(server: Example, lab: Lab, plain: Host) -> None:
    server.keep_known()
    with (server.folder / "hardening/inventory.yaml").open("a") as inventory:
        inventory.write(DOWN.format(address=plain.address, known_hosts=lab.known_hosts))
    job = server.run()
    assert job.status == 3, job.log
