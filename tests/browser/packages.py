"""What the browser tests need from this machine: Chromium and npm from Debian, axe-core from npm into the venv."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.lab.commands import run

PACKAGES = ("chromium", "npm")
AXE = "axe-core@4.14.1"
FOLDER = Path(sys.prefix) / "axe"
AXE_FILE = FOLDER / "node_modules" / "axe-core" / "axe.min.js"


def install() -> None:
    """Install axe-core where it is missing; Debian's packages are there by then."""
    if not AXE_FILE.is_file() or AXE.partition("@")[2] not in AXE_FILE.read_text("utf-8")[:200]:
        FOLDER.mkdir(exist_ok=True)
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(FOLDER), AXE, timeout=600)


def find_chromium() -> str:
    """Return the path of Chromium; raises ``FileNotFoundError`` with the remedy."""
    found = shutil.which("chromium")
    if not found:
        msg = "chromium is missing: run `make packages`"
        raise FileNotFoundError(msg)
    return found
