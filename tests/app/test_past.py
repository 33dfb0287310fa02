"""How old gaps are and how the numbers developed: told from scans that are kept, never guessed."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from hardening.app.history import open_history
from hardening.app.past import add_past
from hardening.app.state import State
from hardening.model.check import Severity
from hardening.model.evidence import ABSENT
from hardening.model.history import KeptScan
from hardening.model.judgement import Counts
from hardening.report.values import Report, Summary, Trend
from hardening.store.history import NewVisit
from tests.report.example import STARTED, build_example

DAY = 86_400
GAP = "web-01/linux-ssh-root-login"
NAMES = ("db-01", "fag-03", "web-01")


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


def keep(
    state: State, days_ago: int, outcomes: dict[str, str], *, names: tuple[str, ...] = NAMES, reached: bool = True
) -> None:
    """Keep a scan so many days before the example, in which results of web-01 had these outcomes."""
    started = STARTED - days_ago * DAY
    results = [{"id": name, "outcome": outcome} for name, outcome in outcomes.items()]
    scan = KeptScan(
        id=f"scan-{days_ago:03}",
        started=started,
        finished=started,
        kept=started,
        exit_code=0,
        unreached=0,
        tool_version="0",
        content_digest="c",
        plan_digest="p",
        command="",
        targets=len(names),
        counts=Counts(),
    )
    visits = [
        NewVisit.build(
            name,
            reached=reached,
            counts=Counts(passed=3, failed=1),
            gaps={Severity.HIGH: 1},
            snapshot=b"",
            results=gzip.compress(json.dumps(results if name == "web-01" else []).encode(), mtime=0),
        )
        for name in names
    ]
    open_history(state).keep(scan, visits)


def days_seen(report: Report, result: str = GAP) -> int:
    (gap,) = [gap for gap in report.summary.gaps if gap.result == result]
    assert isinstance(gap.first_seen, int)
    return (STARTED - gap.first_seen) // DAY


def trend_of(summary: Summary) -> Trend:
    assert isinstance(summary.trend, Trend)
    return summary.trend


def test_without_a_history_nothing_is_told(state: State) -> None:
    report = add_past(build_example(), state)

    assert report.summary.trend == ABSENT
    assert {gap.first_seen for gap in report.summary.gaps} == {ABSENT}
    assert not (state.path / "history.sqlite").exists()


def test_scans_of_other_targets_are_no_past(state: State) -> None:
    keep(state, 5, {}, names=("other",))

    assert add_past(build_example(), state).summary.trend == ABSENT


@pytest.mark.parametrize(
    ("past", "days"),
    [
        ([(30, "fail"), (20, "fail"), (10, "fail")], 30),
        ([(30, "fail"), (20, "pass"), (10, "fail")], 10),
        ([(30, "fail"), (20, "error"), (10, "fail")], 30),
        ([(30, "pass"), (20, "error"), (10, "fail")], 10),
        ([(30, "fail"), (20, "not_applicable"), (10, "pass")], 0),
        ([(30, "pass"), (10, "error")], 0),
    ],
)
def test_gap_is_as_old_as_it_stood_open(state: State, past: list[tuple[int, str]], days: int) -> None:
    for ago, outcome in past:
        keep(state, ago, {GAP: outcome})

    assert days_seen(add_past(build_example(), state)) == days


def test_scan_that_did_not_reach_the_target_says_nothing_of_its_gaps(state: State) -> None:
    keep(state, 30, {GAP: "fail"})
    keep(state, 20, {GAP: "pass"}, reached=False)

    assert days_seen(add_past(build_example(), state)) == 30


def test_scans_made_later_are_not_looked_at(state: State) -> None:
    keep(state, 10, {GAP: "fail"})
    keep(state, -5, {GAP: "pass"})
    report = add_past(build_example(), state)

    assert days_seen(report) == 10
    assert [point.scan for point in trend_of(report.summary).points] == ["scan-010", ""]


def test_trend_ends_with_the_scan_itself(state: State) -> None:
    keep(state, 10, {})
    report = add_past(build_example(), state)
    before, now = trend_of(report.summary).points

    assert (before.targets, before.counts, before.gaps[Severity.HIGH]) == (3, Counts(passed=9, failed=3), 3)
    assert (now.started, now.counts, now.other_content) == (STARTED, report.summary.counts, True)
    assert sum(now.gaps.values()) == len(report.summary.gaps)


def test_scan_of_fewer_than_half_of_the_targets_is_left_out_and_counted(state: State) -> None:
    keep(state, 20, {GAP: "fail"}, names=("web-01",))
    keep(state, 10, {GAP: "fail"})
    report = add_past(build_example(), state)
    trend = trend_of(report.summary)

    assert (len(trend.points), trend.left_out, days_seen(report)) == (2, 1, 20)


def test_past_comes_back_from_json(state: State) -> None:
    from tests.report.rendering import read_back  # noqa: PLC0415 - only here

    keep(state, 10, {GAP: "fail"})
    report = add_past(build_example(), state)

    assert replace(read_back(report).summary, outlook=ABSENT) == replace(report.summary, outlook=ABSENT)
