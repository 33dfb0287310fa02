"""What tests of Kerberos need is installed before the first test: the lab's network has no way out."""

from __future__ import annotations

import pytest
from winrm import transport

from tests.lab.commands import LabError
from tests.transports.kerberos_extra import install

MODULE = "test_winrm_kerberos.py"
TROUBLE: pytest.StashKey[str] = pytest.StashKey()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install the extra for Kerberos, if a test that needs it is going to run."""
    if session.config.getoption("collectonly") or not any(item.path.name == MODULE for item in session.items):
        return
    try:
        install()
    except LabError as error:
        session.config.stash[TROUBLE] = str(error)


@pytest.fixture(scope="session")
def kerberos_trouble(request: pytest.FixtureRequest) -> str:
    """Return why there is no Kerberos; empty if there is."""
    if not transport.HAVE_KERBEROS:
        return request.config.stash.get(TROUBLE, "it was installed just now: run `make packages`, and the tests again")
    return ""
