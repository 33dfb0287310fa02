"""The libraries of the extra `kerberos`, some of them built from source into the venv of the tests."""

from __future__ import annotations

import fcntl
import importlib.util
import sys
from pathlib import Path

from tests.lab import packages
from tests.lab.commands import run
from tests.lab.wsman.realm import PACKAGES

EXTRA = ("pywinrm[kerberos]", "pyspnego[kerberos]")
MODULES = ("gssapi", "kerberos", "krb5")


def install() -> None:
    """Install what is missing, once for all test workers."""
    with (Path(sys.prefix) / "kerberos.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        packages.install((*PACKAGES, "gcc", "libkrb5-dev"))
        importlib.invalidate_caches()
        if any(importlib.util.find_spec(name) is None for name in MODULES):
            run(sys.executable, "-m", "pip", "install", "-q", *EXTRA, environment={"CFLAGS": "-O0 -g0"}, timeout=900)
