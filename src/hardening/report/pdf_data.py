"""What stands in a PDF report, as plain data in one language: typst adds layout and no words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent
from hardening.report.format import View
from hardening.report.path_words import count_paths, list_not_searched, list_searched, tell_path, tell_state
from hardening.report.values import Outlook
from hardening.report.views import (
    build_cards,
    count_attestations,
    describe_directories,
    describe_outlook,
    explain_no_work,
    measure_label,
    tell_age,
    tell_attestation,
    tell_past,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.model.texts import Texts
    from hardening.report.codec import JsonData
    from hardening.report.format import RenderOptions
    from hardening.report.paths import ControlPaths
    from hardening.report.values import Summary
    from hardening.report.views import MeasureCard, Work
    from hardening.report.wording import Wording

MOST_ROWS = 2_000
MOST_NAMES = 12
LONGEST_LINE = 5_000
FIVE = 5


def build_pdf_data(summary: Summary, words: Wording, options: RenderOptions) -> dict[str, JsonData]:
    """Return everything that the template shows."""
    cards = build_cards(summary)
    is_actions = options.view is View.ACTIONS
    outlook = summary.outlook
    return {
        "language": options.language.value,
        "view": "actions" if is_actions else "summary",
        "title": words.text("title.actions" if is_actions else "title.summary"),
        "house": clean_line(options.house.name, 120),
        "marking": clean_line(options.house.marking, 200),
        "subtitle": words.count("subtitle", len(summary.targets), date=words.date(summary.info.started)),
        "footer": words.text("footer", version=summary.info.tool_version),
        "state": {"title": words.text("state.title")},
        "figures": list(_build_figures(summary, words)),
        "counts": _counts(summary.counts.passed, summary.counts.failed, summary.counts.errors),
        "legend": words.text(
            "pdf.legend", failed=summary.counts.failed, errors=summary.counts.errors, passed=summary.counts.passed
        ),
        "past": {"title": words.text("trend.title"), "lines": list(tell_past(summary, words))},
        "outlook": describe_outlook(summary, outlook, words) if isinstance(outlook, Outlook) else "",
        "five": {
            "title": words.count("five.title", min(FIVE, len(cards))) if cards else words.text("first.title"),
            "items": [_build_five(card, words) for card in cards[:FIVE]]
            or [{"label": "", "title": explain_no_work(summary, words), "line": ""}],
        },
        "principles": list(_build_principles(summary, words)),
        "work": {
            "title": words.text("work.title"),
            "lead": words.text("pdf.lead") if cards else explain_no_work(summary, words),
            "cards": [_build_card(card, words) for card in cards] if is_actions else [],
        },
        "paths": [_build_paths(paths, words) for paths in summary.control_paths] if is_actions else [],
        "gaps": _build_gaps(summary, words),
        "unexamined": {"title": words.text("unexamined.title"), "lines": list(_build_unexamined(summary, words))},
        "attestations": {
            "title": words.text("attestations.title"),
            "lead": words.text("attestations.lead"),
            "lines": [clean_line(tell_attestation(line, words), LONGEST_LINE) for line in summary.attestations]
            if is_actions
            else [],
        },
        "limits": {"title": words.text("method.limits"), "text": words.text("method.limits_text")},
        "words": {
            "principles": words.text("pictures.principles"),
            "principle": words.text("measures.principle"),
            "results": words.text("state.results"),
            "gaps": words.text("state.gaps"),
            "compliance": words.text("state.compliance"),
            "coverage": words.text("state.coverage"),
            "danger": words.text("first.danger"),
            "severity": words.text("word.severity"),
            "target": words.text("word.target"),
            "check": words.text("gaps.title_short"),
            "measure": words.text("word.measure"),
            "account": words.text("paths.account"),
            "account_state": words.text("paths.state"),
            "steps": words.text("paths.steps"),
        },
    }


def _counts(passed: int, failed: int, errors: int) -> dict[str, JsonData]:
    return {"passed": passed, "failed": failed, "errors": errors}


def _build_figures(summary: Summary, words: Wording) -> Iterator[JsonData]:
    counts = summary.counts
    with_waivers = words.percent(counts.compliance_with_waivers)
    worst = [line for line in summary.severities if line.counts.failed][:2]
    reached = sum(target.reached for target in summary.targets)
    yield {
        "name": words.text("state.gaps"),
        "number": words.integer(counts.failed),
        "detail": ", ".join(words.count(f"count.{line.severity}", line.counts.failed) for line in worst)
        or words.text("state.no_gaps"),
    }
    yield {
        "name": words.text("state.compliance"),
        "number": words.percent(counts.compliance),
        "detail": words.text("state.compliance_detail", passed=counts.passed, examined=counts.passed + counts.failed)
        + (f", {words.text('state.with_waivers', compliance=with_waivers)}" if counts.waived else ""),
    }
    yield {
        "name": words.text("state.coverage"),
        "number": words.percent(counts.coverage),
        "detail": words.count("state.coverage_detail", counts.errors),
    }
    yield {
        "name": words.text("state.reached"),
        "number": words.text("state.reached_of", reached=reached, all=len(summary.targets)),
        "detail": words.count("state.unreached", len(summary.unreached))
        if summary.unreached
        else words.text("state.all_reached"),
    }


def _build_five(card: MeasureCard, words: Wording) -> JsonData:
    line = card.line
    said = words.text(
        "five.line",
        gaps=words.count("word.gap", len(line.gaps)),
        targets=words.count("word.on_targets", len(line.targets)),
        effort=words.text("first.effort", effort=line.effort),
    )
    work = words.of(card.work[0].line.title) if card.work else ""
    more = words.count("five.more", len(card.work) - 1) if len(card.work) > 1 else ""
    ending = f" {work} {more}" if more else f" {work}." if work else ""
    return {"label": card.label, "title": words.of(line.title), "line": said + ending}


def _build_principles(summary: Summary, words: Wording) -> Iterator[JsonData]:
    for line in summary.principles:
        counts = line.counts
        if counts.passed + counts.failed + counts.errors:
            yield {
                "name": f"{line.id} {words.of(line.title)}",
                "gaps": words.integer(counts.failed),
                "compliance": words.percent(counts.compliance),
                "coverage": words.percent(counts.coverage),
                **_counts(counts.passed, counts.failed, counts.errors),
            }


def _build_card(card: MeasureCard, words: Wording) -> JsonData:
    line = card.line
    facts = [
        f"{words.count('word.gap', len(line.gaps))} {words.count('word.on_targets', len(line.targets))}",
        f"{words.text('first.formula', risk=line.risk, points=card.points)} {words.decimal(line.rank)}",
        words.text("first.effort", effort=line.effort),
    ]
    if not isinstance(line.cost, Absent):
        facts.append(words.text("first.cost", cost=line.cost))
    return {
        "label": card.label,
        "title": words.of(line.title),
        "facts": " · ".join(facts),
        "items": [_build_work(work, words) for work in card.work],
        "elsewhere": [
            words.count("first.elsewhere", other.gaps, work=words.of(other.line.title), measure=other.label)
            for other in card.elsewhere
        ],
    }


def _build_work(work: Work, words: Wording) -> JsonData:
    targets = work.line.targets
    return {
        "title": words.of(work.line.title),
        "closes": f"{words.count('work.closes', len(work.line.gaps))} {words.count('word.on_targets', len(targets))}",
        "targets": _name(targets, words),
        "steps": [
            {
                "level": item.check.severity.value,
                "severity": words.text(f"severity.{item.check.severity}"),
                "title": words.of(item.check.title),
                "remedy": _prose(item.check.remediation, words),
                "danger": [] if isinstance(item.check.danger, Absent) else _prose(item.check.danger, words),
                "where": f"{item.check.id} · "
                + (
                    words.count("work.on_all", len(item.targets))
                    if len(item.targets) == len(targets)
                    else _name(item.targets, words)
                ),
            }
            for item in work.checks
        ],
    }


def _prose(texts: Texts, words: Wording) -> list[JsonData]:
    parts = enumerate(words.of(texts).split("`"))
    return [{"code": index % 2 == 1, "text": part} for index, part in parts if part]


def _name(targets: tuple[str, ...], words: Wording) -> str:
    shown = ", ".join(clean_line(name, 80) for name in targets[:MOST_NAMES])
    left_out = len(targets) - MOST_NAMES
    return f"{shown} {words.text('value.more', n=left_out)}" if left_out > 0 else shown


def _build_gaps(summary: Summary, words: Wording) -> dict[str, JsonData]:
    checks = {check.id: check for check in summary.checks}
    rows: list[JsonData] = [
        {
            "level": gap.severity.value,
            "severity": words.text(f"severity.{gap.severity}"),
            "target": clean_line(gap.target, 60),
            "title": words.of(checks[gap.check].title),
            "measure": ", ".join(
                measure_label(link.framework, link.measure) for link in checks[gap.check].measures[:1]
            ),
            "age": tell_age(gap, summary, words),
        }
        for gap in summary.gaps[:MOST_ROWS]
    ]
    left_out = len(summary.gaps) - MOST_ROWS
    return {
        "title": words.text("summary.gaps"),
        "rows": rows,
        "more": words.count("pdf.more", left_out) if left_out > 0 else "",
    }


def _build_paths(paths: ControlPaths, words: Wording) -> JsonData:
    """Return who can become administrator of one target's domain: a row for each, and what was not searched."""
    reason = words.text("paths.reason", reason=words.phrase(paths.reason).text) if paths.reason else ""
    return {
        "title": clean_line(f"{words.text('paths.title')}: {paths.target}", 300),
        "lines": [clean_line(line, 600) for line in (count_paths(paths, words), reason) if line],
        "rows": [
            {
                # A line may break after a comma, where typst would not do it by itself.
                "account": clean_line(path.account, 300).replace(",", ",\u200b"),
                "state": clean_line(tell_state(path, words), 200),
                "steps": clean_line(tell_path(path, words), 600),
            }
            for path in paths.paths
        ],
        "more": words.count("paths.more", paths.omitted) if paths.omitted else "",
        "about": [list_searched(paths, words), list_not_searched(paths, words)],
    }


def _build_unexamined(summary: Summary, words: Wording) -> Iterator[JsonData]:
    if summary.unreached:
        yield (
            f"{words.count('state.unreached', len(summary.unreached))}: "
            f"{_name(tuple(line.target for line in summary.unreached), words)}."
        )
    else:
        yield words.text("five.all_reached")
    yield from describe_directories(summary, words)[:2]
    errors = words.count("five.errors", summary.counts.errors)
    if summary.counts.errors:
        errors += " " + words.text("five.coverage", coverage=words.percent(summary.counts.coverage))
    yield errors
    controls = summary.control_coverage
    yield words.text("scope.line", n=controls.not_examined, m=controls.total)
    yield from count_attestations(summary, words)
