"""What a result says in plain lines: for formats that programs read and people look into."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hardening.model.check import Outcome
from hardening.model.clean import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.report.target_values import ReasonEntry, ResultEntry
    from hardening.report.values import CheckEntry, Summary
    from hardening.report.wording import Wording

LONGEST_LINE = 1_000
MOST_LINES = 20


def checks_by_id(summary: Summary) -> Mapping[str, CheckEntry]:
    """Return the checks of a report by their id."""
    return {check.id: check for check in summary.checks}


def tell_result(result: ResultEntry, wording: Wording) -> tuple[str, ...]:
    """Return why a result came out as it did, one line each; harmless in a terminal and a log."""
    lines = [clean_line(wording.phrase(result.note).text, LONGEST_LINE)] if result.note else []
    lines += [tell_reason(reason, wording) for reason in _telling(result)]
    left_out = len(lines) - MOST_LINES + result.reasons_omitted
    if left_out > 0:
        lines = [*lines[:MOST_LINES], wording.text("value.more", n=left_out)]
    return tuple(lines)


def tell_reason(reason: ReasonEntry, wording: Wording) -> str:
    """Return what a comparison asked for, what was seen, and where."""
    seen = wording.seen(reason)
    told = f" ({words})" if (words := wording.told(reason)) else ""
    name = f"{reason.field} [{reason.key}{told}]" if reason.key else reason.field
    place = f" ({reason.seen.place})" if reason.seen.place else ""
    what = " ".join(part for part in (seen.value, seen.note) if part)
    return clean_line(
        wording.text("telling.reason", name=name, expected=wording.expected(reason), seen=what) + place, LONGEST_LINE
    )


def time_of(seconds: int) -> str:
    """Return a time in UTC as RFC 3339 writes it; a time outside of the years 1 to 9999 is the first moment of 1970."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _telling(result: ResultEntry) -> Iterator[ReasonEntry]:
    if result.outcome in {Outcome.FAIL, Outcome.ERROR}:
        yield from (reason for reason in result.reasons if reason.decisive)
