"""Markdown: the state, what to do first and the worst gaps, at the length of a CI job's summary.

GitHub takes at most 1 MiB for a step (https://docs.github.com/en/actions, "step isolation and limits"), so lists are
cut and say so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.check import Severity
from hardening.model.clean import clean_line
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.path_words import count_paths, list_not_searched, list_searched, tell_path, tell_state
from hardening.report.telling import checks_by_id, tell_waiver
from hardening.report.values import Gate
from hardening.report.views import (
    build_cards,
    describe_directories,
    explain_no_work,
    tell_age,
    tell_attestation,
    tell_past,
)
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.report.values import Report, Summary
    from hardening.report.wording import Wording

MOST_TARGETS = 100
MOST_MEASURES = 10
MOST_GAPS = 100
MOST_UNEXAMINED = 50
MOST_PATHS = 30
MOST_WAIVERS = 50
LONGEST_CELL = 1_500
_SHOWN = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)

# CommonMark lets a backslash stand before any of its signs. @ and # would call people and issues, and GitHub makes
# links of whole addresses; the last two would begin a list.
_SIGNS = re.compile(r"[\\`*_{}\[\]<>#|~@&$]|:(?=//)|(?<=www)\.|\A[-+=]|(?<=\A\d)[.)]")


def render_markdown(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report, in the language asked for."""
    wording = load_wording(options.folder, options.language, options.zone)
    yield OutputFile(
        "report.md",
        ("".join(f"{line}\n" for line in _write(report.summary, wording, options.house.marking)).encode(),).__iter__(),
    )


def _write(summary: Summary, wording: Wording, marking: str) -> Iterator[str]:
    if marking:
        yield f"**{escape(marking)}**"
        yield ""
    yield f"# {escape(wording.text('summary.title', date=wording.date(summary.info.started)))}"
    yield from _write_end(summary, wording)
    yield from _write_targets(summary, wording)
    yield from _write_first(summary, wording)
    yield from _write_paths(summary, wording)
    yield from _write_gaps(summary, wording)
    yield from _write_waived(summary, wording)
    yield from _write_unexamined(summary, wording)
    yield from _write_attestations(summary, wording)
    if marking:
        yield ""
        yield f"**{escape(marking)}**"


def _write_end(summary: Summary, wording: Wording) -> Iterator[str]:
    counts, controls = summary.counts, summary.control_coverage
    yield ""
    yield escape(
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
        yield escape(wording.count("summary.waived", counts.waived, compliance=compliance))
    yield escape(wording.text("scope.line", n=controls.not_examined, m=controls.total))
    yield ""
    yield from (escape(words) for words in tell_past(summary, wording))
    if isinstance(gate := summary.info.gate, Gate):
        yield ""
        yield f"**{escape(wording.text('gate.code', code=gate.exit_code))}**"
        yield ""
        yield from (f"- {escape(wording.of(words))}" for words in gate.lines)


def _write_targets(summary: Summary, wording: Wording) -> Iterator[str]:
    heads = [wording.text("word.target"), wording.text("state.compliance"), wording.text("state.coverage")]
    heads += [wording.text(f"severity.{severity}") for severity in _SHOWN]
    yield ""
    yield _row(heads)
    yield "|---|" + "---:|" * (len(heads) - 1)
    for target in summary.targets[:MOST_TARGETS]:
        if target.reached:
            numbers = [wording.percent(target.counts.compliance), wording.percent(target.counts.coverage)]
            numbers += [wording.integer(target.gaps.get(severity, 0)) for severity in _SHOWN]
        else:
            numbers = [wording.text("state.not_reached"), *["–"] * (len(heads) - 2)]
        yield _row([target.name, *numbers])
    if len(summary.targets) > MOST_TARGETS:
        yield ""
        yield escape(wording.count("summary.more_targets", len(summary.targets) - MOST_TARGETS))


def _write_first(summary: Summary, wording: Wording) -> Iterator[str]:
    cards = build_cards(summary)
    yield ""
    yield f"## {escape(wording.text('summary.first'))}"
    yield ""
    if not cards:
        yield escape(explain_no_work(summary, wording))
    for number, card in enumerate(cards[:MOST_MEASURES], 1):
        where = wording.count("word.on_targets", len(card.line.targets))
        gaps = f"{wording.count('word.gap', len(card.line.gaps))} {where}"
        yield f"{number}. **{escape(card.label)} {escape(wording.of(card.line.title))}**: {escape(gaps)}"
        for work in card.work:
            closes = wording.count("first.closes", len(work.line.gaps))
            yield f"   - {escape(wording.of(work.line.title))} ({escape(closes)})"
    if len(cards) > MOST_MEASURES:
        yield ""
        yield escape(wording.count("summary.more_measures", len(cards) - MOST_MEASURES))


def _write_gaps(summary: Summary, wording: Wording) -> Iterator[str]:
    if not summary.gaps:
        return
    checks = checks_by_id(summary)
    yield ""
    yield f"## {escape(wording.text('summary.gaps'))}"
    yield ""
    for gap in summary.gaps[:MOST_GAPS]:
        severity = wording.text(f"severity.{gap.severity}")
        title = wording.of(checks[gap.check].title)
        age = tell_age(gap, summary, wording)
        since = f", {escape(age)}" if age else ""
        yield f"- {escape(severity)}: {escape(gap.target)}: {escape(title)} (`{gap.check}`){since}"
    if len(summary.gaps) > MOST_GAPS:
        yield f"- {escape(wording.count('summary.more_gaps', len(summary.gaps) - MOST_GAPS))}"


def _write_paths(summary: Summary, wording: Wording) -> Iterator[str]:
    for paths in summary.control_paths:
        yield ""
        yield f"## {escape(wording.text('paths.title'))}: {escape(paths.target)}"
        yield ""
        found = count_paths(paths, wording)
        yield from (escape(f"{words}.") for words in (found,) if words)
        if paths.reason:
            yield ""
            yield escape(wording.text("paths.reason", reason=wording.phrase(paths.reason).text))
        yield ""
        for path in paths.paths[:MOST_PATHS]:
            words = f"{tell_state(path, wording)}; {tell_path(path, wording)}"
            yield f"- **{escape(path.account)}** ({escape(words)})"
        if more := len(paths.paths[MOST_PATHS:]) + paths.omitted:
            yield f"- {escape(wording.count('paths.more', more))}"
        yield ""
        yield escape(list_searched(paths, wording))
        yield escape(list_not_searched(paths, wording))


def _write_waived(summary: Summary, wording: Wording) -> Iterator[str]:
    used = [waiver for waiver in summary.waivers if waiver.results]
    if not used:
        return
    yield ""
    yield f"## {escape(wording.text('waivers.title'))}"
    yield ""
    for waiver in used[:MOST_WAIVERS]:
        covers = wording.count("waivers.covers", waiver.results)
        yield f"- {escape(tell_waiver(waiver, wording))} (`{waiver.check}`, {escape(covers)})"
    if len(used) > MOST_WAIVERS:
        yield f"- {escape(wording.text('value.more', n=len(used) - MOST_WAIVERS))}"


def _write_unexamined(summary: Summary, wording: Wording) -> Iterator[str]:
    lines = [
        f"{wording.text('summary.unreached', target=line.target)}: {wording.phrase(line.reason).text}"
        for line in summary.unreached
    ]
    lines += describe_directories(summary, wording)
    lines += [
        wording.count(f"unexamined.{group.need}", len(group.checks), target=group.target)
        + (f": {wording.phrase(group.reason).text}" if group.reason else "")
        for group in summary.unexamined
    ]
    if not lines:
        return
    yield ""
    yield f"## {escape(wording.text('summary.unexamined'))}"
    yield ""
    yield from (f"- {escape(line)}" for line in lines[:MOST_UNEXAMINED])
    if len(lines) > MOST_UNEXAMINED:
        yield f"- {escape(wording.count('summary.more_unexamined', len(lines) - MOST_UNEXAMINED))}"


def _write_attestations(summary: Summary, wording: Wording) -> Iterator[str]:
    if not summary.attestations:
        return
    yield ""
    yield f"## {escape(wording.text('attestations.title'))}"
    yield ""
    yield escape(wording.text("attestations.lead"))
    yield ""
    for line in summary.attestations[:MOST_UNEXAMINED]:
        yield f"- {escape(tell_attestation(line, wording))}"
    if len(summary.attestations) > MOST_UNEXAMINED:
        yield f"- {escape(wording.text('value.more', n=len(summary.attestations) - MOST_UNEXAMINED))}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"


def escape(text: str, longest: int = LONGEST_CELL) -> str:
    """Return text that Markdown shows as it is: one line, no links, no markup, no HTML, nobody called."""
    return _SIGNS.sub(r"\\\g<0>", clean_line(text, longest).encode("utf-8", "replace").decode())
