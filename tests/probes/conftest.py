"""What tests of probes need from outside is fetched before the first test: the lab's network has no way out."""

from __future__ import annotations

import pytest

from tests.lab.commands import LabError
from tests.probes.powershell_inventories import install

MODULE = "test_powershell_commands.py"
TROUBLE: pytest.StashKey[str] = pytest.StashKey()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch the inventories of Windows, if a test that asks them is going to run."""
    if session.config.getoption("collectonly") or not any(item.path.name == MODULE for item in session.items):
        return
    try:
        install()
    except LabError as error:
        session.config.stash[TROUBLE] = str(error)


@pytest.fixture(scope="session")
def trouble(request: pytest.FixtureRequest) -> str:
    """Return why the inventories could not be fetched; empty if they could."""
    return request.config.stash.get(TROUBLE, "")
