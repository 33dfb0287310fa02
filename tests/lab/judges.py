"""Other judges inside a lab host: OpenSCAP with its content for Debian 12, and Lynis. What they say is not read here.

The host gets their files in its tmpfs, not their packages: what is asked about the host stays the host's own.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.lab.cache import build_once
from tests.lab.commands import run
from tests.lab.hosts import Host
from tests.lab.keys import Keys
from tests.lab.packages import apt_sources
from tests.lab.trees import build_layer

CONTENT_SUITE: Final = "trixie"
"""The first suite whose ssg-debian knows Debian 12; that of Debian 12 ends with Debian 11."""
CONTENT: Final = "usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml"
PARTS: Final = (
    "etc/lynis",
    "usr/bin",
    "usr/lib",
    "usr/sbin",
    "usr/share/lynis",
    "usr/share/openscap",
    "usr/share/judges",
)
PLACE: Final = Path("/usr/share/judges")


@dataclass(frozen=True, slots=True)
class Judges:
    """What is laid over a host: a tree with the programs, and one with OpenSCAP's content."""

    programs: Path
    content: Path

    @property
    def data_stream(self) -> Path:
        """Name the content for Debian 12, as this machine sees it."""
        return self.content / CONTENT

    @property
    def version(self) -> str:
        """Read which release of the content it is."""
        return (self.content / "version").read_text().strip()


def build_judges(cache: Path, keys: Keys, base: Path) -> Judges:
    """Return the judges, fetched from the mirrors of this machine's apt; what the cache has takes no time."""
    content = build_once(cache / "judges" / f"{CONTENT_SUITE}-ssg-debian", _fetch_content)
    return Judges(build_layer(cache, keys, base, "judges"), content)


def lay_over(host: Host, judges: Judges) -> None:
    """Put the judges into a running host."""
    for part in PARTS:
        source, target = judges.programs / part, host.root / part
        shutil.copytree(
            source, target, symlinks=True, dirs_exist_ok=True, ignore=partial(_name_present, source, target)
        )
    shutil.copy(judges.data_stream, host.root / PLACE.relative_to("/"))
    host.run("sh", "-euc", f"dpkg --install {PLACE}/linux-base_*.deb")


def _name_present(source: Path, target: Path, folder: str, names: list[str]) -> set[str]:
    """Name what the host has already, such as a library that a package of its layer brought."""
    there = target / Path(folder).relative_to(source)
    return {name for name in names if (there / name).is_symlink() or (there / name).is_file()}


def _fetch_content(folder: Path) -> None:
    """Unpack one package of another suite, by an apt with folders of its own; this machine's lists stay as they are."""
    apt = folder / "apt"
    for name in ("state/lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True)
    (apt / "sources.list").write_text("".join(f"{line}\n" for line in apt_sources(CONTENT_SUITE)))
    (apt / "status").touch()
    options = (
        *("--quiet", "--option", f"Dir::Etc::SourceList={apt / 'sources.list'}"),
        *("--option", "Dir::Etc::SourceParts=/dev/null", "--option", f"Dir::State={apt / 'state'}"),
        *("--option", f"Dir::State::status={apt / 'status'}", "--option", f"Dir::Cache={apt / 'cache'}"),
        *("--option", "APT::Sandbox::User=root", "--option", "Acquire::Retries=3"),
    )
    run("apt-get", *options, "update")
    run("sh", "-euc", 'cd "$1"; shift; exec apt-get "$@"', "sh", str(apt), *options, "download", "ssg-debian")
    (package,) = apt.glob("ssg-debian_*.deb")
    run("dpkg-deb", "--extract", str(package), str(folder))
    (folder / "version").write_text(package.name.split("_")[1])
    shutil.rmtree(apt)
