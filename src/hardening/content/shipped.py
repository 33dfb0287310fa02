"""Where the content that comes with the scanner is."""

from __future__ import annotations

from pathlib import Path

import hardening
from hardening.errors import UsageError


def find_shipped() -> Path:
    """Return the folder that holds ``checks``, ``baselines``, ``reports`` and ``schemas``.

    Raises ``UsageError`` if neither the installed package nor a checkout around it has them.
    """
    package = Path(hardening.__file__).parent
    for folder in (package / "_shipped", package.parent.parent):
        if (folder / "checks").is_dir() and (folder / "baselines").is_dir():
            return folder
    msg = "the checks that come with the scanner are missing; install it again"
    raise UsageError(msg)
