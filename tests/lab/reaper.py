"""Watches over a lab from outside: when the process that opened it is gone without a word, this ends what it left."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.lab.lab import destroy
from tests.lab.peers import READY


def watch(folder: Path) -> None:
    """Wait until standard input ends, then end the lab if it is still there."""
    print(READY, flush=True)  # noqa: T201  # whoever started this program waits for it
    sys.stdin.read()
    if folder.exists():
        destroy(folder)


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
