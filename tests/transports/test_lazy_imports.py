"""Nothing is loaded that the endpoint does not need: paramiko alone costs a quarter of a second."""

from __future__ import annotations

import subprocess
import sys

OPEN_LOCAL = """\
import hardening.transports.recording
from hardening.transports import open_session
from hardening.transports.session import Opening
from hardening.model.target import LocalEndpoint
open_session(LocalEndpoint(), Opening(resolve=print)).close()
"""

OPEN_SSH = """\
from hardening.errors import ConnectError
from hardening.transports import open_session
from hardening.transports.session import Opening
from hardening.model.target import Credential, SshEndpoint
try:
    open_session(SshEndpoint(address="127.0.0.1", credential=Credential(key="/nonexistent")), Opening(resolve=print))
except ConnectError:
    pass
"""


def modules_after(statement: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint(' '.join(sys.modules))"],
        capture_output=True,
        check=True,
        text=True,
    )
    return set(done.stdout.split())


def test_paramiko_is_not_loaded_before_an_ssh_endpoint_is_opened() -> None:
    assert "paramiko" not in modules_after(OPEN_LOCAL)


def test_paramiko_is_loaded_by_the_session_that_needs_it() -> None:
    assert "paramiko" in modules_after("import hardening.transports.ssh")


def test_what_paramiko_brings_to_run_programs_is_not_loaded() -> None:
    modules = modules_after(OPEN_SSH)
    assert ("paramiko" in modules, "invoke" in modules) == (True, False)
