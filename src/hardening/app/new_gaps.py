"""The gaps that the last scan in the history has and the scan before it had not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.app.history import decode_results, open_history

if TYPE_CHECKING:
    from hardening.app.state import State


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


def _gaps(content: bytes) -> list[tuple[tuple[str, str], str]]:
    gaps: list[tuple[tuple[str, str], str]] = []
    for result in decode_results(content):
        if result["outcome"] != "fail":
            continue
        keys = result["keys"] if isinstance(result["keys"], list) else []
        gaps.extend(((str(result["check"]), str(key)), str(result["severity"])) for key in keys or [""])
    return gaps
