"""Fixtures of the lab's directories. What takes long is made before the first test, in no test's time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import packages
from tests.lab.cache import cache_folder
from tests.lab.commands import LabError
from tests.lab.directory.servers import Directory, prepare, start_directory, stop_directory
from tests.lab.lab import Lab

FOLDER = Path(__file__).parent
TROUBLE: pytest.StashKey[str] = pytest.StashKey()
PACKAGES = (
    "ldap-utils",
    "python3-gssapi",
    "python3-samba",
    "samba",
    "samba-ad-dc",
    "samba-ad-provision",
    "samba-dsdb-modules",
    "slapd",
    "slapd-contrib",
)

StartDirectory = Callable[[str], Directory]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test in this folder: a domain with thousands of accounts takes longer to make than `make test` may."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install the servers and make the domains, if a test here is going to run."""
    if session.config.getoption("collectonly") or not any(item.path.is_relative_to(FOLDER) for item in session.items):
        return
    session.config.stash[TROUBLE] = ""
    try:
        packages.install(PACKAGES)
        prepare(cache_folder(os.environ))
    except LabError as error:
        session.config.stash[TROUBLE] = str(error)


@pytest.fixture(scope="session")
def directory(request: pytest.FixtureRequest, lab: Lab) -> Iterator[StartDirectory]:
    """Return what gives a directory by name, started when first asked for; they end with the last test."""
    if trouble := request.config.stash[TROUBLE]:
        pytest.fail(trouble, pytrace=False)
    cache = cache_folder(os.environ)
    started: set[str] = set()

    def start(name: str) -> Directory:
        started.add(name)
        return start_directory(lab, name, cache)

    yield start
    for name in started:
        stop_directory(lab, name)
