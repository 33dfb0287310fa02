"""What a command of the site is told after a scan: the gaps that the scan before did not have, as JSON."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

from hardening.app.history import decode_results, open_history
from hardening.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.app.state import State

SECONDS = 60


def split_hook(command: str) -> tuple[str, ...]:
    """Return the words of a command, which no shell reads; raises ``UsageError``."""
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        msg = f"--on-new-gaps: {error}; close the quote"
        raise UsageError(msg) from error


def list_new_gaps(state: State) -> list[dict[str, object]]:
    """Return the gaps of the last scan, by target, check and key, that the scan before did not have.

    Targets that the scan before did not visit are passed over, and so is a first scan: nothing is new without an old.
    """
    history = open_history(state)
    scans = history.scans(last=2)
    if len(scans) < 2:  # noqa: PLR2004 - the last and the one before
        return []
    before = {visit.target: visit.results for visit in history.visits(scans[0].id) if visit.reached}
    found: list[dict[str, object]] = []
    for visit in history.visits(scans[1].id):
        if visit.target not in before or before[visit.target] == visit.results:
            continue
        old = {gap for gap, _ in _gaps(history.read(before[visit.target]))}
        found.extend(
            {"target": visit.target, "check": check, "key": key, "severity": severity}
            for (check, key), severity in _gaps(history.read(visit.results))
            if (check, key) not in old
        )
    return found


def tell(words: tuple[str, ...], message: Mapping[str, object]) -> str:
    """Run a command with a message on its standard input; return what went wrong, or nothing."""
    try:
        run = subprocess.run(
            words, input=json.dumps(message).encode(), stdout=subprocess.DEVNULL, check=False, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{words[0]} could not be told of new gaps: {error}"
    return f"{words[0]} ended with {run.returncode} when it was told of new gaps" if run.returncode else ""


def _gaps(content: bytes) -> list[tuple[tuple[str, str], str]]:
    gaps: list[tuple[tuple[str, str], str]] = []
    for result in decode_results(content):
        if result["outcome"] != "fail":
            continue
        keys = result["keys"] if isinstance(result["keys"], list) else []
        gaps.extend(((str(result["check"]), str(key)), str(result["severity"])) for key in keys or [""])
    return gaps
