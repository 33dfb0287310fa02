"""What a scan can do for its end while its first target thinks: loading what reports, summary and history need."""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING

from hardening.content.shipped import find_shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hardening.app.report import Destination

_HTML = "html"


def prepare_meanwhile(
    progress: Callable[[str, str], None], destinations: Sequence[Destination]
) -> Callable[[str, str], None]:
    """Return ``progress`` that also starts the preparation, once, when a target is asked.

    Not before: until then this machine is busy with the login. Trouble with a part shows when the part is used.
    """
    formats = frozenset(destination.format for destination in destinations)
    thread = threading.Thread(target=_prepare, args=(formats,), name="prepare", daemon=True)
    started = threading.Lock()

    def note(target: str, stage: str) -> None:
        if stage == "asking" and started.acquire(blocking=False):
            thread.start()
        progress(target, stage)

    return note


def _prepare(formats: frozenset[str]) -> None:
    importlib.import_module("hardening.cli.summary")
    importlib.import_module("hardening.cli.keeping")
    importlib.import_module("rich.console")
    if _HTML in formats:
        importlib.import_module("hardening.report.html_report").load_templates(find_shipped() / "reports")
