"""podman as it runs inside the lab: its own configuration and storage in a folder, and what tests do with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.commands import run

# In a sandbox there is no systemd to make control groups, and no higher limits than we have ourselves.
ENGINE = """\
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
[engine.runtimes]
runc = ["/usr/sbin/runc"]
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""
STORAGE = """\
[storage]
driver = "vfs"
graphroot = "{folder}/images"
runroot = "{folder}/run"
"""


@dataclass(frozen=True, slots=True)
class Podman:
    """A podman of its own; ``environment`` makes the program use it, also under the name docker."""

    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Name its files, by the variables that podman reads, and a folder of programs where `docker` is podman."""
        return {
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
        }

    def run(self, *arguments: str) -> str:
        """Run podman and return what it prints."""
        return run("podman", *arguments, environment=self.environment).strip()

    def import_tree(self, tree: Path, reference: str) -> None:
        """Make an image of a root tree."""
        archive = self.folder / "tree.tar"
        run("tar", "--create", f"--file={archive}", f"--directory={tree}", ".")
        self.run("import", "--quiet", str(archive), reference)
        archive.unlink()

    def start(self, reference: str, name: str, *options: str, command: tuple[str, ...] = ("sleep", "600")) -> None:
        """Start a container."""
        self.run("run", "--detach", "--network=none", f"--name={name}", *options, reference, *command)

    def names(self) -> set[str]:
        """Name the containers there are, running or not."""
        return set(self.run("ps", "--all", "--format={{.Names}}").split())


@contextmanager
def open_podman(folder: Path) -> Iterator[Podman]:
    """Configure a podman in a folder; what it made is removed at the end."""
    (folder / "containers.conf").write_text(ENGINE)
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
    (folder / "bin").mkdir()
    (folder / "bin/docker").symlink_to(shutil.which("podman") or "/usr/bin/podman")
    podman = Podman(folder)
    try:
        yield podman
    finally:
        podman.run("rm", "--all", "--force", "--time=0")
        podman.run("rmi", "--all", "--force")
