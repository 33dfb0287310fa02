"""CSV: one row a result, for a spreadsheet. Comma, RFC 4180, UTF-8 with a byte order mark, as Excel wants it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.telling import checks_by_id, tell_result, time_of
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.report.values import Report
    from hardening.report.wording import Wording

COLUMNS = (
    "target",
    "check",
    "title",
    "severity",
    "outcome",
    "measures",
    "why",
    "remediation",
    "time",
    "check_version",
    "waivers",
    "first_seen",
)
# A spreadsheet takes a cell for a formula by its first character, also after white space.
_FORMULA_SIGNS = frozenset("=+-@\t\r|%")
LONGEST_CELL = 32_000


def render_csv(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report; texts are in the language asked for, names of columns are not translated."""
    wording = load_wording(options.folder, options.language, options.zone)
    yield OutputFile("report.csv", _render_chunks(report, wording, options.house.marking))


def _render_chunks(report: Report, wording: Wording, marking: str) -> Iterator[bytes]:
    # A column and no line of its own: programs read the file as ever, and no row that is taken out loses it.
    marks = (marking,) if marking else ()
    checks = checks_by_id(report.summary)
    seen = {gap.result: time_of(at) for gap in report.summary.gaps if not isinstance(at := gap.first_seen, Absent)}
    yield "\ufeff".encode() + _row((*COLUMNS, *(("marking",) if marking else ())))
    for target in report.targets:
        for result in target.results:
            check = checks[result.check]
            yield _row(
                (
                    result.target,
                    result.check,
                    wording.of(check.title),
                    result.severity.value,
                    result.outcome.value,
                    " ".join(result.measures),
                    " | ".join(tell_result(result, wording)),
                    wording.of(check.remediation),
                    time_of(target.entry.time),
                    result.check_version,
                    " ".join(result.waivers),
                    seen.get(result.id, ""),
                    *marks,
                )
            )


def _row(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([guard_cell(cell) for cell in cells])
    return line.getvalue().encode()


def guard_cell(text: str) -> str:
    """Return a text that a spreadsheet shows and does not run: an apostrophe stands before what may be a formula."""
    shown = clean_line(text, LONGEST_CELL)
    return f"'{shown}" if shown.lstrip()[:1] in _FORMULA_SIGNS and shown.strip() else shown
