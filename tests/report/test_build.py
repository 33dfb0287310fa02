"""Adding up and ranking: what a report says beside the single results."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from hardening.model.baseline import BaselineReference, Level
from hardening.model.check import Outcome, Severity
from hardening.model.evidence import ABSENT, Absent, Known, Partial, Record, Unreadable
from hardening.model.judgement import Counts, TargetJudgement
from hardening.model.platform import OperatingSystem, Platform
from hardening.model.result import Reason, Verdict
from hardening.report.build import ReportBuilder, with_info
from hardening.report.entries import ITEM_LIMIT, REASON_LIMIT, TEXT_LIMIT, build_seen
from hardening.report.target_values import Seen, SeenState
from hardening.report.values import Need, Report
from tests.report.example import (
    FRAMEWORK,
    build_content,
    build_example,
    build_info,
    build_judgements,
)

ROOT: Record = {"name": Known("root"), "uid": Known(0), "home": Absent()}


@pytest.fixture(scope="module")
def report() -> Report:
    return build_example()


def judged(name: str) -> TargetJudgement:
    return next(each for each in build_judgements(build_content()) if each.snapshot.target == name)


def report_of(*judgements: TargetJudgement) -> Report:
    return build_example(judgements)


def test_counts_are_those_of_all_results(report: Report) -> None:
    assert report.summary.counts == Counts(passed=22, failed=16, errors=36, not_applicable=1)


def test_every_severity_has_its_counts(report: Report) -> None:
    assert [(line.severity, line.counts.failed) for line in report.summary.severities] == [
        (Severity.CRITICAL, 2),
        (Severity.HIGH, 3),
        (Severity.MEDIUM, 7),
        (Severity.LOW, 4),
        (Severity.INFO, 0),
    ]


def test_principles_count_by_the_recommended_measure_alone(report: Report) -> None:
    assert sum((line.counts for line in report.summary.principles), Counts()) == report.summary.counts


def test_risk_of_a_principle_is_that_of_its_gaps(report: Report) -> None:
    risks = {line.id: line.risk for line in report.summary.principles}

    assert risks["2.7"] == 2 * Severity.HIGH.weight * 3


def test_gaps_stand_worst_first(report: Report) -> None:
    ranks = [gap.severity.rank for gap in report.summary.gaps]

    assert ranks == sorted(ranks)


def test_gaps_are_the_failed_results(report: Report) -> None:
    failed = {result.id for target in report.targets for result in target.results if result.outcome is Outcome.FAIL}

    assert {gap.result for gap in report.summary.gaps} == failed


def test_measures_are_ranked_by_risk_for_effort(report: Report) -> None:
    ranks = [line.rank for line in report.summary.measures]

    assert ranks == sorted(ranks, reverse=True)


def test_measures_of_equal_rank_stand_by_number(report: Report) -> None:
    idle = [line.id for line in report.summary.measures if not line.risk]

    assert idle == ["1.2.3", "2.9.3", "4.1.1"]


def test_actions_are_ranked_by_risk_for_effort(report: Report) -> None:
    ranks = [line.rank for line in report.summary.actions]

    assert ranks == sorted(ranks, reverse=True)


def test_recommended_framework_is_found(report: Report) -> None:
    assert report.summary.recommended == FRAMEWORK


def test_recommended_measure_of_a_check_comes_first(report: Report) -> None:
    check = next(check for check in report.summary.checks if check.id == "linux-ssh-root-login")

    assert [link.measure for link in check.measures] == ["2.6.5", "2.6.4"]


def test_results_name_measures_with_their_framework(report: Report) -> None:
    result = next(result for target in report.targets for result in target.results)

    assert result.measures == (f"{FRAMEWORK}/2.6.3",)


def test_unreached_target_is_one_line(report: Report) -> None:
    assert [(line.target, line.reason) for line in report.summary.unreached] == [
        ("fag-03", "no answer within 10 seconds")
    ]


def test_unreached_target_is_not_listed_check_by_check(report: Report) -> None:
    assert {group.target for group in report.summary.unexamined} == {"db-01"}


def test_checks_that_need_root_are_one_group_without_root(report: Report) -> None:
    group = next(group for group in report.summary.unexamined if group.need is Need.ROOT)

    assert (len(group.checks), group.worst, group.reason) == (
        9,
        Severity.CRITICAL,
        "sudo wants a password and none was given",
    )


def test_other_errors_are_grouped_by_their_reason(report: Report) -> None:
    reasons = {group.reason: group.checks for group in report.summary.unexamined if group.need is Need.ANSWER}

    assert reasons == {
        "a folder could not be read": ("linux-ssh-private-hostkeys",),
        "no end marker: the connection broke": ("linux-updates-automatic",),
    }


def test_error_of_a_root_check_with_root_rights_needs_no_root() -> None:
    database = judged("db-01")
    privileges = replace(database.snapshot.privileges, root=True)
    summary = report_of(replace(database, snapshot=replace(database.snapshot, privileges=privileges))).summary

    assert {group.need for group in summary.unexamined} == {Need.ANSWER}


def test_error_without_reasons_is_grouped_by_its_note() -> None:
    web = judged("web-01")
    results = (replace(web.results[0], outcome=Outcome.ERROR, reasons=(), note="not asked: probe"),)
    summary = report_of(replace(web, results=results)).summary

    assert [group.reason for group in summary.unexamined] == ["not asked: probe"]


def test_controls_nobody_examined_are_counted(report: Report) -> None:
    coverage = report.summary.control_coverage

    assert (coverage.manual, coverage.uncovered, coverage.unseen, coverage.not_examined, coverage.total) == (
        1,
        1,
        0,
        2,
        27,
    )


def test_control_is_not_examined_when_no_target_was_reached() -> None:
    assert report_of(judged("fag-03")).summary.control_coverage.unseen == 25


def test_control_examined_on_some_targets_counts_as_partly(report: Report) -> None:
    assert report.summary.control_coverage.partly == 25


def test_state_of_a_control_is_the_one_that_takes_precedence(report: Report) -> None:
    (baseline,) = report.summary.baselines
    control = next(control for control in baseline.controls if "linux-perm-shadow" in control.checks)

    assert (control.state, dict(control.targets)) == ("fail", {"pass": 1, "error": 1, "fail": 1})


def test_baseline_on_two_levels_is_one_baseline() -> None:
    web = judged("web-01")
    basic = replace(
        judged("db-01"),
        controls=tuple(replace(each, baseline=BaselineReference("linux-server")) for each in judged("db-01").controls),
    )
    baselines = report_of(basic, web).summary.baselines

    assert [(baseline.level, baseline.targets) for baseline in baselines] == [(Level.EXTENDED, 2)]


def test_clock_difference_is_told(report: Report) -> None:
    assert {target.name: target.clock_difference for target in report.summary.targets} == {
        "db-01": 1,
        "fag-03": Absent(),
        "web-01": 638,
    }


def test_gaps_of_a_target_are_counted_by_severity(report: Report) -> None:
    database = next(target for target in report.summary.targets if target.name == "db-01")

    assert dict(database.gaps) == {Severity.MEDIUM: 4, Severity.LOW: 1}


def test_only_known_values_of_a_connection_are_told(report: Report) -> None:
    web = next(target for target in report.summary.targets if target.name == "web-01")

    assert sorted(web.endpoints[0].connection) == [
        "authentication",
        "encrypted",
        "host_key_fingerprint",
        "host_key_type",
        "server_version",
        "transport",
    ]


def test_unknown_platform_keeps_its_reason(report: Report) -> None:
    unreached = next(target for target in report.summary.targets if target.name == "fag-03")

    assert (unreached.system, unreached.platform_problem) == (ABSENT, "the connection timed out")


def test_targets_can_be_walked_again_and_two_at_a_time(report: Report) -> None:
    names = ["db-01", "fag-03", "web-01"]

    assert [(one.entry.name, other.entry.name) for one, other in zip(report.targets, report.targets, strict=True)] == [
        (name, name) for name in names
    ]


def test_results_stand_by_id(report: Report) -> None:
    target = next(iter(report.targets))
    ids = [result.id for result in target.results]

    assert ids == sorted(ids)


def test_decisive_reasons_come_first() -> None:
    web = judged("web-01")
    reason = web.results[0].reasons[0]
    results = (replace(web.results[0], reasons=(replace(reason, decisive=False, key="a"), replace(reason, key="b"))),)
    target = next(iter(report_of(replace(web, results=results)).targets))

    assert [reason.key for reason in target.results[0].reasons] == ["b", "a"]


def test_too_many_reasons_are_counted_instead() -> None:
    web = judged("web-01")
    results = (replace(web.results[0], reasons=web.results[0].reasons * (REASON_LIMIT + 7)),)
    target = next(iter(report_of(replace(web, results=results)).targets))

    assert (len(target.results[0].reasons), target.results[0].reasons_omitted) == (REASON_LIMIT, 7)


def test_type_of_a_field_goes_into_the_report() -> None:
    web = next(target for target in build_example().targets if target.entry.name == "web-01")
    result = next(result for result in web.results if result.check == "linux-perm-shadow")

    assert result.reasons[0].type == "mode"


def test_field_that_no_kind_declares_has_no_type() -> None:
    web = judged("web-01")
    reason = Reason(field="x.y", operator="exists", expected=True, actual=Absent(), verdict=Verdict.ABSENT)
    target = next(iter(report_of(replace(web, results=(replace(web.results[0], reasons=(reason,)),))).targets))

    assert target.results[0].reasons[0].type == ""


@pytest.mark.parametrize(
    ("field", "seen"),
    [
        (Known("x" * (TEXT_LIMIT + 5), "p"), Seen(state=SeenState.KNOWN, value="x" * TEXT_LIMIT, place="p", omitted=5)),
        (Known(("a",) * (ITEM_LIMIT + 3)), Seen(state=SeenState.KNOWN, value=("a",) * ITEM_LIMIT, omitted=3)),
        (Known(value=True), Seen(state=SeenState.KNOWN, value=True)),
        (
            Known((ROOT,)),
            Seen(state=SeenState.KNOWN, value=("name=root uid=0",)),
        ),
        (Absent("/etc/x"), Seen(state=SeenState.ABSENT, place="/etc/x")),
        (Unreadable("denied", "/etc/x"), Seen(state=SeenState.UNREADABLE, reason="denied", place="/etc/x")),
        (Partial(("a",), "cut"), Seen(state=SeenState.PARTIAL, value=("a",), reason="cut")),
    ],
)
def test_what_was_seen_is_kept_within_limits(field: Known | Absent | Unreadable | Partial, seen: Seen) -> None:
    assert build_seen(field) == seen


def test_words_of_a_system_are_cut() -> None:
    web = judged("web-01")
    system = OperatingSystem(family="linux", distribution="debian", title="x" * 1_000_000)
    snapshot = replace(web.snapshot, platform=Platform(system))
    (target,) = report_of(replace(web, snapshot=snapshot)).summary.targets

    assert isinstance(target.system, OperatingSystem)
    assert len(target.system.title) == 500


def test_content_without_measures_gives_a_report_without_principles() -> None:
    content = replace(build_content(), frameworks={}, recommended={})
    judgements = build_judgements(build_content())[:1]
    empty = replace(judgements[0], results=(), controls=())
    builder = ReportBuilder(content, {})
    builder.add(empty)
    built = builder.build(build_info(), measures=(), actions=())

    assert (built.summary.recommended, built.summary.principles) == ("", ())


def test_facts_of_a_scan_can_be_replaced(report: Report) -> None:
    later = replace(build_info(), command="hardening evaluate")

    assert with_info(report, later).summary.info.command == "hardening evaluate"


def test_rank_is_exact(report: Report) -> None:
    line = next(line for line in report.summary.measures if line.id == "2.3.4")

    assert line.rank == Fraction(11, 4)
