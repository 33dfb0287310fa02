"""Fixtures of the lab. Trees are built before the first test, in no test's time; hosts start when a test asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.cache import cache_folder
from tests.lab.catalogue import STOCK, SUITE
from tests.lab.commands import LabError
from tests.lab.hosts import Host
from tests.lab.judges import build_judges
from tests.lab.lab import SUITES, Lab, Materials, build_materials, open_lab
from tests.lab.scans import Scans
from tests.lab.sessions import StartSshd, sshd_on
from tests.lab.trees import build_layer

FOLDER = Path(__file__).parent
MATERIALS: pytest.StashKey[Materials | LabError] = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test in this folder."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.lab)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what the lab is made from, if a test of the lab is going to run."""
    is_wanted = any(item.get_closest_marker("lab") for item in session.items)
    if is_wanted and not session.config.getoption("collectonly"):
        try:
            ours = [item for item in session.items if item.get_closest_marker("lab")]
            is_slow = any(item.get_closest_marker("slow") for item in ours)
            session.config.stash[MATERIALS] = materials = build_materials(os.environ, SUITES if is_slow else (SUITE,))
            if is_slow:
                _build_further(materials)
        except LabError as error:
            session.config.stash[MATERIALS] = error


def _build_further(materials: Materials) -> None:
    """Put into the cache what slow tests lay over a tree; inside the lab's network nothing can be fetched."""
    cache, base = cache_folder(os.environ), materials.trees[STOCK][0]
    build_judges(cache, materials.keys, base)
    build_layer(cache, materials.keys, base, "rpm")


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Open the lab and stay in its network until the last test; without a lab its tests fail, they are not skipped."""
    materials = request.config.stash[MATERIALS]
    if isinstance(materials, LabError):
        pytest.fail(str(materials), pytrace=False)
    with open_lab(materials) as opened:
        yield opened


@pytest.fixture(scope="session")
def scans(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Scans:
    """Return what runs the real command against the lab."""
    return Scans(lab, tmp_path_factory.mktemp("scans"))


@pytest.fixture
def plain(lab: Lab) -> Host:
    """Return the host with the many accounts."""
    return lab.host("plain")


@pytest.fixture
def start_sshd(lab: Lab, plain: Host) -> Iterator[StartSshd]:
    """Start further servers with options of their own on the plain host; each logs to /run/sshd-<port>.log."""
    with sshd_on(lab, plain) as start:
        yield start
