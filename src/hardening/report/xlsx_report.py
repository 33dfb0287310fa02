"""The XLSX report: everything as rows to sort and filter; every cell with text is text, whatever it begins with."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.values import Trend
from hardening.report.views import describe_directory, measure_label, name_state, tell_age, tell_past
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hardening.report.target_values import ReasonEntry, ResultEntry
    from hardening.report.values import Report, Summary
    from hardening.report.wording import Wording

CHUNK = 1 << 20
LONGEST_CELL = 2_000
MOST_ROWS = 1_000_000
"""Rows of one sheet; a spreadsheet holds 1,048,576."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = tuple[str | int | float, ...]


def render_xlsx(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the XLSX report."""
    yield OutputFile("report.xlsx", _render_chunks(report, options))


def _render_chunks(report: Report, options: RenderOptions) -> Iterator[bytes]:
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - only a spreadsheet needs it

    words = load_wording(options.folder, options.language, options.zone)
    with tempfile.TemporaryDirectory(prefix="hardening-xlsx-") as folder:
        path = Path(folder) / "report.xlsx"
        settings = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "tmpdir": folder,
        }
        with xlsxwriter.Workbook(str(path), settings) as workbook:
            created = datetime.fromtimestamp(max(0, report.summary.info.started), UTC).replace(tzinfo=None)
            house = options.house
            workbook.set_properties(
                {"title": words.text("title"), "company": house.name, "comments": house.marking, "created": created}
            )
            book = _Book(workbook, clean_line(house.marking, 200))
            for sheet in _build_sheets(report, words):
                book.write(sheet)
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, its columns with their widths, and its rows, which can be gone through once."""

    name: str
    columns: tuple[tuple[str, int], ...]
    rows: Iterable[Row]


class _Book:
    """A workbook whose sheets all begin with the marking and are ready to be filtered and printed."""

    def __init__(self, workbook: Any, marking: str) -> None:  # noqa: ANN401 - xlsxwriter has no types
        self._workbook = workbook
        self._marking = marking
        self._head = workbook.add_format(
            {"bold": True, "bg_color": "#0B4F6C", "font_color": "#FFFFFF", "valign": "top"}
        )
        self._text = workbook.add_format({"text_wrap": True, "valign": "top"})
        self._guarded = workbook.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
        self._mark = workbook.add_format({"bold": True, "font_color": "#7A1022"})

    def write(self, sheet: Sheet) -> None:
        """Write a sheet; what is too long for one goes on in another."""
        rows, part = iter(sheet.rows), 1
        while self._write_part(sheet, rows, part):
            part += 1

    def _write_part(self, sheet: Sheet, rows: Iterator[Row], part: int) -> bool:
        name = sheet.name[:28] if part == 1 else f"{sheet.name[:26]} {part}"
        page = self._workbook.add_worksheet(name)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.set_footer(f"&L{_plain(self._marking)}&R&P / &N")
        for column, (_, width) in enumerate(sheet.columns):
            page.set_column(column, column, width)
        top = 0
        if self._marking:
            page.set_header(f"&C{_plain(self._marking)}")
            page.write_string(0, 0, self._marking, self._mark)
            top = 1
        for column, (title, _) in enumerate(sheet.columns):
            page.write_string(top, column, title, self._head)
        page.freeze_panes(top + 1, 1)
        page.repeat_rows(top)
        row = top
        for row, values in enumerate(rows, top + 1):
            self._write_row(page, row, values)
            if row == MOST_ROWS:
                break
        page.autofilter(top, 0, max(row, top + 1), len(sheet.columns) - 1)
        return row == MOST_ROWS

    def _write_row(self, page: Any, row: int, values: Sequence[str | float]) -> None:  # noqa: ANN401 - as above
        for column, value in enumerate(values):
            if isinstance(value, str):
                shown = clean_line(value, LONGEST_CELL)
                page.write_string(row, column, shown, self._guarded if shown.startswith(_FORMULA) else self._text)
            else:
                page.write_number(row, column, value, self._text)


def _plain(text: str) -> str:
    """Return a text for a header or footer, in which an ampersand begins a command."""
    return text.replace("&", "&&")


def _build_sheets(report: Report, words: Wording) -> Iterator[Sheet]:
    summary = report.summary
    titles = {check.id: words.of(check.title) for check in summary.checks}
    yield Sheet(words.text("state.title"), ((words.text("state.title"), 44), ("", 90)), _state_rows(summary, words))
    yield Sheet(
        words.text("work.nav"),
        (
            (words.text("word.measure"), 12),
            (words.text("word.work"), 50),
            (words.text("state.gaps"), 8),
            (words.text("targets.title"), 10),
            (words.text("first.effort_head"), 8),
            (words.text("xlsx.cost"), 12),
            (words.text("measures.risk"), 8),
            (words.text("measures.rank"), 14),
            (words.text("xlsx.names"), 60),
        ),
        _work_rows(summary, words),
    )
    if isinstance(summary.trend, Trend):
        yield Sheet(
            words.text("trend.nav"),
            (
                (words.text("trend.scan"), 24),
                (words.text("targets.title"), 12),
                (words.text("state.gaps"), 10),
                (words.text("state.compliance"), 14),
                (words.text("state.coverage"), 14),
                ("", 50),
            ),
            _trend_rows(summary.trend, words),
        )
    yield Sheet(
        words.text("summary.gaps"),
        (
            (words.text("word.severity"), 12),
            (words.text("word.target"), 20),
            (words.text("gaps.title_short"), 60),
            ("id", 32),
            (words.text("word.measure"), 12),
            (words.text("xlsx.remedy"), 80),
            (words.text("age.head"), 24),
        ),
        _gap_rows(summary, words, titles),
    )
    yield Sheet(
        words.text("measures.title"),
        (
            ("", 24),
            (words.text("word.measure"), 14),
            (words.text("controls.asks"), 70),
            (words.text("controls.state"), 26),
            (words.text("state.gaps"), 8),
            (words.text("state.coverage"), 10),
            (words.text("first.effort_head"), 8),
            (words.text("measures.risk"), 8),
        ),
        _measure_rows(summary, words),
    )
    if summary.attestations:
        yield Sheet(
            words.text("attestations.nav"),
            (
                (words.text("word.measure"), 14),
                (words.text("controls.asks"), 50),
                (words.text("controls.state"), 26),
                (words.text("attestations.statement"), 70),
                (words.text("attestations.evidence"), 50),
                (words.text("attestations.person"), 26),
                (words.text("attestations.first_day"), 16),
                (words.text("waivers.last_day"), 16),
            ),
            _attestation_rows(summary, words),
        )
    yield Sheet(
        words.text("unexamined.nav"),
        (
            (words.text("word.target"), 20),
            (words.text("unexamined.why"), 70),
            (words.text("unexamined.remedy"), 70),
            ("id", 60),
        ),
        _unexamined_rows(summary, words),
    )
    yield Sheet(
        words.text("state.results"),
        (
            (words.text("word.target"), 20),
            ("id", 34),
            (words.text("gaps.title_short"), 60),
            (words.text("controls.state"), 16),
            (words.text("word.severity"), 12),
            (words.text("xlsx.version"), 14),
            (words.text("gaps.expected"), 40),
            (words.text("gaps.seen"), 40),
            (words.text("gaps.place"), 40),
            (words.text("word.measure"), 40),
            (words.text("waivers.title"), 20),
        ),
        (row for target in report.targets for result in target.results for row in _result_rows(result, words, titles)),
    )


def _state_rows(summary: Summary, words: Wording) -> Iterator[Row]:
    counts, controls = summary.counts, summary.control_coverage
    yield (words.text("method.started"), words.time(summary.info.started))
    yield (words.text("word.target"), len(summary.targets))
    yield (words.text("state.gaps"), counts.failed)
    yield (words.text("state.compliance"), words.percent(counts.compliance))
    if counts.waived:
        compliance = words.percent(counts.compliance_with_waivers)
        yield ("", words.count("summary.waived", counts.waived, compliance=compliance))
    yield (words.text("state.coverage"), words.percent(counts.coverage))
    yield ("", words.text("scope.line", n=controls.not_examined, m=controls.total))
    yield (words.text("method.limits"), words.text("method.limits_text"))
    for said in tell_past(summary, words):
        yield (words.text("trend.title"), said)
    yield (words.text("method.tool"), summary.info.tool_version)
    yield (words.text("method.content"), summary.info.content_digest)
    yield (words.text("method.plan"), summary.info.plan_digest)


def _work_rows(summary: Summary, words: Wording) -> Iterator[Row]:
    for line in summary.actions:
        cost = "" if isinstance(line.cost, Absent) else line.cost
        yield (
            measure_label(summary.recommended, line.measure),
            words.of(line.title),
            len(line.gaps),
            len(line.targets),
            line.effort,
            cost,
            line.risk,
            float(line.rank),
            ", ".join(line.targets),
        )


def _trend_rows(trend: Trend, words: Wording) -> Iterator[Row]:
    for entry in trend.points:
        yield (
            words.time(entry.started),
            entry.targets,
            sum(entry.gaps.values()),
            words.percent(entry.counts.compliance),
            words.percent(entry.counts.coverage),
            words.text("trend.other_content") if entry.other_content else "",
        )


def _gap_rows(summary: Summary, words: Wording, titles: dict[str, str]) -> Iterator[Row]:
    checks = {check.id: check for check in summary.checks}
    for gap in summary.gaps:
        check = checks[gap.check]
        measure = "".join(measure_label(link.framework, link.measure) for link in check.measures[:1])
        severity = words.text(f"severity.{gap.severity}")
        yield (
            severity,
            gap.target,
            titles[gap.check],
            gap.check,
            measure,
            words.of(check.remediation),
            tell_age(gap, summary, words),
        )


def _measure_rows(summary: Summary, words: Wording) -> Iterator[Row]:
    for line in summary.measures:
        state = words.text(f"xlsx.state.{name_state(line)}")
        yield (
            line.framework,
            line.id,
            words.of(line.title),
            state,
            len(line.gaps),
            words.percent(line.counts.coverage),
            line.effort,
            line.risk,
        )


def _attestation_rows(summary: Summary, words: Wording) -> Iterator[Row]:
    for line in summary.attestations:
        yield (
            measure_label(line.framework, line.measure),
            words.of(line.title),
            words.text(f"attestations.state.{line.state}"),
            f"{words.text(f'attestations.answer.{line.answer}')}. {line.statement}",
            line.evidence,
            line.person,
            words.day(line.made),
            words.day(line.ends - 1),
        )


def _unexamined_rows(summary: Summary, words: Wording) -> Iterator[Row]:
    for line in summary.unreached:
        yield (line.target, words.phrase(line.reason).text, words.phrase(line.remedy).text, "")
    for directory in summary.directories:
        yield (directory.target, describe_directory(directory, words), "", ", ".join(directory.hosts))
    for group in summary.unexamined:
        why = words.count(f"unexamined.{group.need}", len(group.checks), target=group.target)
        reason = words.phrase(group.reason).text if group.reason else ""
        yield (
            group.target,
            f"{why}: {reason}" if reason else why,
            words.phrase(group.remedy).text,
            ", ".join(group.checks),
        )


def _tell_seen(reason: ReasonEntry, words: Wording) -> str:
    seen, told = words.seen(reason), words.told(reason)
    record = f"{reason.key} ({told}): " if told else ""
    return f"{record}{seen.value} {seen.note}".strip()


def _result_rows(result: ResultEntry, words: Wording, titles: dict[str, str]) -> Iterator[Row]:
    decisive = [reason for reason in result.reasons if reason.decisive] or list(result.reasons)
    seen = [_tell_seen(reason, words) for reason in decisive[:5]]
    yield (
        result.target,
        result.check,
        titles[result.check],
        words.text(f"state.{result.outcome}"),
        words.text(f"severity.{result.severity}"),
        result.check_version,
        "; ".join(words.expected(reason) for reason in decisive[:5]),
        "; ".join(seen) or words.phrase(result.note).text,
        "; ".join(dict.fromkeys(reason.seen.place for reason in decisive[:5] if reason.seen.place)),
        ", ".join(measure_label(*measure.split("/", 1)) for measure in result.measures),
        ", ".join(result.waivers),
    )
