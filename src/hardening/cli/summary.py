"""The summary on a terminal: how each target does, what to do first, the gaps, what could not be examined.

Every line begins with a word or sign of ours, also where a long one is broken: a CI log obeys some lines by their
beginning, and text from a target must not stand there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import ROUNDED
from rich.table import Table
from rich.text import Text

from hardening.model.attestation import AttestationState
from hardening.model.check import Severity
from hardening.model.clean import clean_line
from hardening.model.waiver import WaiverState
from hardening.report.path_words import count_paths, list_not_searched, tell_path, tell_state
from hardening.report.values import Gate, Need, Outlook
from hardening.report.views import (
    build_cards,
    count_attestations,
    describe_directories,
    describe_outlook,
    explain_no_work,
    measure_label,
    tell_attestation,
    tell_past,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from hardening.report.target_values import TargetEntry
    from hardening.report.values import Report, Summary, Unexamined
    from hardening.report.views import MeasureCard
    from hardening.report.wording import Wording

MOST_TARGETS = 20
MOST_CLOCKS = 5
CLOCKS_AGREE = 300  # seconds
MOST_MEASURES = 5
MOST_GAPS = 10
MOST_PATHS = 10
MOST_UNEXAMINED = 10
MOST_CHARACTERS = 1500  # room for a remedy that ends with a whole line for known_hosts
MOST_OF_A_NAME = 60

_SHOWN = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
_CONTINUED = "· "


def print_summary(report: Report, wording: Wording, console: Console) -> None:
    """Print the summary of a report; the results of single targets are not read."""
    summary = report.summary
    page = _Page(console)
    page.line(0, (wording.text("summary.title", date=wording.date(summary.info.started)), "bold"))
    page.table(_build_table(summary.targets, wording, page.fit))
    if len(summary.targets) > MOST_TARGETS:
        page.line(2, (wording.count("summary.more_targets", len(summary.targets) - MOST_TARGETS), ""))
    _print_clocks(page, summary.targets, wording)
    _print_first(page, summary, wording)
    _print_outlook(page, summary, wording)
    _print_paths(page, summary, wording)
    _print_gaps(page, summary, wording)
    _print_unexamined(page, summary, wording)
    _print_end(page, summary, wording)


class _Page:
    """A console on which every line begins with a sign of ours; what a target said never breaks out of its line."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def heading(self, words: str) -> None:
        """Print a heading, set apart from what stands above."""
        self._console.print()
        self.line(0, (words, "bold"))

    def line(self, indent: int, *parts: tuple[str, str], hang: int = 0) -> None:
        """Print parts, each with its style, as one line; where it is broken, the rest stands ``hang`` further in."""
        text = Text()
        for words, style in parts:
            text.append(self.fit(words), style)
        room = self._console.width - indent
        first, rest = _break_once(text, self._console, max(20, room))
        broken = rest.wrap(self._console, max(20, room - hang - len(_CONTINUED))) if rest else ()
        for number, piece in enumerate([first, *broken]):
            piece.rstrip()
            begin = " " * indent if number == 0 else " " * (indent + hang) + self.fit(_CONTINUED)
            self._console.print(Text(begin) + piece, soft_wrap=True, highlight=False)

    def table(self, table: Table) -> None:
        """Print a table whose frame begins each line."""
        self._console.print(table, highlight=False)

    def fit(self, words: str) -> str:
        """Return words as this console can show them; others become question marks."""
        shown = clean_line(words, MOST_CHARACTERS)
        return shown.encode(self._console.encoding, "replace").decode(self._console.encoding)


def _break_once(text: Text, console: Console, room: int) -> tuple[Text, Text]:
    """Return what fits into a line, and the rest."""
    if text.cell_len <= room:
        return text, Text()
    first = text.wrap(console, room)[0]
    rest = text[len(first.plain.rstrip()) :]
    return first, rest[len(rest.plain) - len(rest.plain.lstrip()) :]


def _build_table(targets: Sequence[TargetEntry], wording: Wording, fit: Callable[[str], str]) -> Table:
    table = Table(box=ROUNDED, header_style="bold", pad_edge=True)
    table.add_column(fit(wording.text("word.target")), overflow="fold", min_width=8, max_width=24)
    for key in ("state.compliance", "state.coverage"):
        table.add_column(fit(wording.text(key)), justify="right", no_wrap=True)
    for severity in _SHOWN:
        table.add_column(fit(wording.text(f"severity.{severity}")), justify="right", no_wrap=True)
    for target in sorted(targets, key=_worst_first)[:MOST_TARGETS]:
        table.add_row(*(Text(fit(words), style) for words, style in _build_row(target, wording)))
    return table


def _worst_first(target: TargetEntry) -> tuple[int, ...]:
    return tuple(-target.gaps.get(severity, 0) for severity in _SHOWN)


def _build_row(target: TargetEntry, wording: Wording) -> Iterator[tuple[str, str]]:
    yield target.name[:MOST_OF_A_NAME], ""
    if not target.reached:
        yield wording.text("state.not_reached"), "yellow"
        yield from [("–", "")] * (1 + len(_SHOWN))
        return
    yield wording.percent(target.counts.compliance), ""
    yield wording.percent(target.counts.coverage), ""
    for severity in _SHOWN:
        gaps = target.gaps.get(severity, 0)
        yield wording.integer(gaps), _STYLES[severity] if gaps else "dim"


def _print_clocks(page: _Page, targets: Sequence[TargetEntry], wording: Wording) -> None:
    """Print whose clock is wrong: ages on a target count from its own clock, and so do its logs."""
    shown = 0
    for target in targets:
        difference = target.clock_difference
        if isinstance(difference, int) and abs(difference) > CLOCKS_AGREE and shown < MOST_CLOCKS:
            shown += 1
            words = wording.text("summary.clock", target=target.name, difference=wording.duration(abs(difference)))
            page.line(2, (words, "yellow"))


def _print_first(page: _Page, summary: Summary, wording: Wording) -> None:
    cards = build_cards(summary)
    page.heading(wording.text("summary.first"))
    for number, card in enumerate(cards[:MOST_MEASURES], 1):
        _print_card(page, number, card, wording)
    if not cards:
        page.line(2, (explain_no_work(summary, wording), ""))
    if len(cards) > MOST_MEASURES:
        page.line(2, (wording.count("summary.more_measures", len(cards) - MOST_MEASURES), "dim"))


def _print_card(page: _Page, number: int, card: MeasureCard, wording: Wording) -> None:
    line = card.line
    page.line(1, (f"{number}. ", ""), (f"{card.label} ", "bold"), (wording.of(line.title), "bold"))
    gaps = f"{wording.count('word.gap', len(line.gaps))} {wording.count('word.on_targets', len(line.targets))}"
    rank = wording.text("summary.rank", risk=line.risk, points=card.points, rank=wording.decimal(line.rank))
    page.line(4, (f"{gaps}; {rank}", ""))
    for work in card.work:
        closes = wording.count("first.closes", len(work.line.gaps))
        page.line(4, ("- ", ""), (wording.of(work.line.title), ""), (f" ({closes})", "dim"))
    for other in card.elsewhere:
        under = wording.count("summary.elsewhere", other.gaps, measure=other.label)
        page.line(4, ("- ", ""), (wording.of(other.line.title), ""), (under, "dim"))


def _print_outlook(page: _Page, summary: Summary, wording: Wording) -> None:
    if not isinstance(outlook := summary.outlook, Outlook):
        return
    page.heading(wording.text("outlook.title"))
    for name in outlook.measures:
        page.line(2, ("- ", ""), (wording.text("outlook.measure", measure=measure_label(*name.split("/", 1))), ""))
    if outlook.budget:
        page.line(2, (wording.text("outlook.budget", budget=outlook.budget, points=outlook.points), ""))
    actions = {action.id: action for action in summary.actions}
    for name in outlook.actions:
        line = actions[name]
        closes = wording.count("first.closes", len(line.gaps))
        effort = wording.text("first.effort", effort=line.effort)
        page.line(2, ("- ", ""), (wording.of(line.title), ""), (f" ({closes}, {effort})", "dim"))
    page.line(2, (describe_outlook(summary, outlook, wording), "bold"))
    if outlook.budget:
        page.line(2, (wording.text("outlook.method"), "dim"))


def _print_paths(page: _Page, summary: Summary, wording: Wording) -> None:
    """Print who can become administrator of each directory, and by which steps."""
    for paths in summary.control_paths:
        page.heading(f"{wording.text('paths.title')}: {paths.target}")
        if found := count_paths(paths, wording):
            page.line(2, (found, ""))
        if paths.reason:
            page.line(2, (wording.text("paths.reason", reason=wording.phrase(paths.reason).text), "yellow"))
        for path in paths.paths[:MOST_PATHS]:
            words = ((path.account, "bold" if path.usable else "dim"), (f" ({tell_state(path, wording)}): ", "dim"))
            page.line(2, ("- ", ""), *words, (tell_path(path, wording), ""))
        if more := len(paths.paths[MOST_PATHS:]) + paths.omitted:
            page.line(2, (wording.count("paths.more", more), "dim"))
        page.line(2, (list_not_searched(paths, wording), "dim"))


def _print_gaps(page: _Page, summary: Summary, wording: Wording) -> None:
    if not summary.gaps:
        return
    titles = {check.id: wording.of(check.title) for check in summary.checks}
    page.heading(wording.text("summary.gaps"))
    width = max(len(wording.text(f"severity.{gap.severity}")) for gap in summary.gaps[:MOST_GAPS])
    for gap in summary.gaps[:MOST_GAPS]:
        severity = wording.text(f"severity.{gap.severity}").ljust(width)
        words = ((f"{severity}  ", _STYLES[gap.severity]), (f"{gap.target}: {titles[gap.check]}", ""))
        page.line(2, *words, (f" ({gap.check})", "dim"), hang=width)
    if len(summary.gaps) > MOST_GAPS:
        page.line(2, (wording.count("summary.more_gaps", len(summary.gaps) - MOST_GAPS), "dim"))


def _print_unexamined(page: _Page, summary: Summary, wording: Wording) -> None:
    unlisted = describe_directories(summary, wording)
    if not summary.unreached and not summary.unexamined and not unlisted:
        return
    page.heading(wording.text("summary.unexamined"))
    lines = [
        _explain(wording.text("summary.unreached", target=line.target), line.reason, line.remedy, wording)
        for line in summary.unreached
    ]
    lines += unlisted
    lines += [
        _explain(_say(group, wording), group.reason, _advise(group, wording), wording) for group in summary.unexamined
    ]
    for words in lines[:MOST_UNEXAMINED]:
        page.line(2, ("- ", ""), (words, ""))
    if len(lines) > MOST_UNEXAMINED:
        page.line(2, (wording.count("summary.more_unexamined", len(lines) - MOST_UNEXAMINED), "dim"))


def _say(group: Unexamined, wording: Wording) -> str:
    return wording.count(f"unexamined.{group.need}", len(group.checks), target=group.target)


def _advise(group: Unexamined, wording: Wording) -> str:
    return group.remedy or (wording.text("unexamined.become") if group.need is Need.ROOT else "")


def _explain(words: str, reason: str, remedy: str, wording: Wording) -> str:
    """Return what happened, why, and what to do, as far as it is known."""
    because = f": {wording.phrase(reason).text}" if reason else ""
    advice = f"; {wording.phrase(remedy).text}" if remedy else ""
    return f"{words}{because}{advice}"


def _print_end(page: _Page, summary: Summary, wording: Wording) -> None:
    counts, controls = summary.counts, summary.control_coverage
    page.heading(
        wording.text(
            "summary.numbers",
            compliance=wording.percent(counts.compliance),
            coverage=wording.percent(counts.coverage),
            passed=counts.passed,
            failed=counts.failed,
            errors=counts.errors,
        )
    )
    if counts.waived:
        compliance = wording.percent(counts.compliance_with_waivers)
        page.line(0, (wording.count("summary.waived", counts.waived, compliance=compliance), ""))
    _print_waivers(page, summary, wording)
    for said in tell_past(summary, wording):
        page.line(0, (said, ""))
    _print_attestations(page, summary, wording)
    page.line(0, (wording.text("scope.line", n=controls.not_examined, m=controls.total), ""))
    if isinstance(gate := summary.info.gate, Gate):
        page.line(0, (wording.text("gate.code", code=gate.exit_code), "bold"))
        for words in gate.lines:
            page.line(2, ("- ", ""), (wording.of(words), ""))


def _print_attestations(page: _Page, summary: Summary, wording: Wording) -> None:
    """Print how many measures persons answer for, and the answers that must be renewed."""
    for words in count_attestations(summary, wording):
        page.line(0, (words, ""))
    found = [line for line in summary.attestations if line.ends_soon or line.state is not AttestationState.VALID]
    if not found:
        return
    page.line(0, (wording.text("summary.attestations"), ""))
    for line in found[:MOST_UNEXAMINED]:
        page.line(2, ("- ", ""), (tell_attestation(line, wording), ""))
    if len(found) > MOST_UNEXAMINED:
        page.line(2, (wording.text("value.more", n=len(found) - MOST_UNEXAMINED), "dim"))


def _print_waivers(page: _Page, summary: Summary, wording: Wording) -> None:
    """Print the waivers that somebody must look at: what ends soon, and what does not count."""
    found = [line for line in summary.waivers if line.ends_soon or line.state is not WaiverState.VALID]
    if not found:
        return
    page.line(0, (wording.text("summary.waivers"), ""))
    for line in found[:MOST_UNEXAMINED]:
        words = wording.text(
            "waivers.line",
            id=line.id,
            check=line.check,
            state=wording.text("waivers.soon" if line.ends_soon else f"waivers.state.{line.state}").lower(),
            covers=wording.count("waivers.covers", line.results),
            day=line.last_day,
            owner=line.owner,
        )
        page.line(2, ("- ", ""), (words, ""))
    if len(found) > MOST_UNEXAMINED:
        page.line(2, (wording.text("value.more", n=len(found) - MOST_UNEXAMINED), "dim"))
