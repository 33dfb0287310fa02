"""One check on one target."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardening.evaluate.judge import judge_check, resolve_parameters, result_id
from hardening.model.check import Check, Comparison, Each, FieldReference, Node, Outcome
from hardening.model.evidence import ABSENT, Absent, FieldSpec, FieldType, Known, Unreadable
from hardening.model.platform import Directory, DirectoryKind, OperatingSystem, Platform, PlatformCondition
from hardening.model.result import Origin, ParameterValue, Result
from hardening.model.snapshot import EndpointRecord, Snapshot
from tests.evaluate.examples import (
    DAY,
    DEBIAN,
    FAILS,
    FIELDS,
    HOLDS,
    KINDS,
    MISSING,
    NOW,
    SEEN,
    UNKNOWN,
    compare,
    make_check,
    make_snapshot,
    parameter,
)

NOTHING_SET: dict[str, ParameterValue] = {}


def judge(check: Check, snapshot: Snapshot) -> Result:
    return judge_check(check, snapshot, NOTHING_SET, kinds=KINDS)


def summary(result: Result) -> tuple[Outcome, str]:
    return result.outcome, result.note


@pytest.mark.parametrize(
    ("check", "outcome"),
    [(make_check(HOLDS), Outcome.PASS), (make_check(FAILS), Outcome.FAIL), (make_check(UNKNOWN), Outcome.ERROR)],
)
def test_the_outcome_is_that_of_the_expectation(check: Check, outcome: Outcome) -> None:
    assert judge(check, make_snapshot(SEEN)).outcome is outcome


def test_a_result_names_target_check_and_version() -> None:
    result = judge(make_check(), make_snapshot(SEEN))
    assert (result.id, result.target, result.check, result.check_version) == (
        "web-01/linux-thing",
        "web-01",
        "linux-thing",
        "000000000000",
    )


def test_an_error_says_why() -> None:
    assert judge(make_check(UNKNOWN), make_snapshot(SEEN)).note == "p.text is unreadable: refused"


def test_a_target_that_was_not_reached_is_an_error() -> None:
    snapshot = make_snapshot(failure="connection refused")
    assert summary(judge(make_check(), snapshot)) == (Outcome.ERROR, "not reached: connection refused")


def test_a_target_without_endpoints_is_an_error() -> None:
    snapshot = make_snapshot(endpoints=())
    assert summary(judge(make_check(), snapshot)) == (Outcome.ERROR, "not reached: no endpoint was visited")


@pytest.mark.parametrize(("expect", "outcome"), [(HOLDS, Outcome.PASS), (FAILS, Outcome.FAIL)])
def test_what_was_seen_of_a_target_that_was_not_reached_is_judged(expect: Comparison, outcome: Outcome) -> None:
    snapshot = make_snapshot(SEEN, failure="no algorithm in common", os=Unreadable("no algorithm in common"))
    assert judge(make_check(expect, applies_to=()), snapshot).outcome is outcome


def test_what_was_seen_of_a_target_that_was_not_reached_may_put_a_check_out_of_scope() -> None:
    snapshot = make_snapshot(SEEN, failure="refused", os=Unreadable("refused"))
    assert judge(make_check(only_if=FAILS, applies_to=()), snapshot).outcome is Outcome.NOT_APPLICABLE


def test_what_was_not_seen_of_a_target_that_was_not_reached_is_an_error() -> None:
    snapshot = make_snapshot(SEEN, failure="refused", os=Unreadable("refused"))
    assert summary(judge(make_check(UNKNOWN, applies_to=()), snapshot)) == (Outcome.ERROR, "not reached: refused")


def test_what_was_not_asked_of_a_target_that_was_not_reached_is_an_error() -> None:
    snapshot = make_snapshot(failure="refused", os=Unreadable("refused"))
    assert summary(judge(make_check(applies_to=()), snapshot)) == (Outcome.ERROR, "not reached: refused")


def test_a_check_for_a_platform_is_not_judged_on_a_target_that_was_not_reached() -> None:
    snapshot = make_snapshot(SEEN, failure="refused")
    assert summary(judge(make_check(), snapshot)) == (Outcome.ERROR, "not reached: refused")


def test_one_endpoint_that_answers_is_enough() -> None:
    endpoints = (
        EndpointRecord(channel="ldap", address="ldaps://dc", failure="refused"),
        EndpointRecord(channel="ssh", address="ssh://dc"),
    )
    assert judge(make_check(), make_snapshot(SEEN, endpoints=endpoints)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("system", "outcome", "note"),
    [
        (Unreadable("no answer"), Outcome.ERROR, "unknown platform: no answer"),
        (Absent(), Outcome.ERROR, "unknown platform: no operating system answered"),
        (
            OperatingSystem(family="freebsd", distribution="freebsd"),
            Outcome.NOT_APPLICABLE,
            "not for this platform (freebsd)",
        ),
        (
            OperatingSystem(family="linux", distribution="fedora", title="Fedora 42"),
            Outcome.NOT_APPLICABLE,
            "not for this platform (Fedora 42)",
        ),
        (
            OperatingSystem(family="linux", distribution=""),
            Outcome.ERROR,
            "unknown platform: the system does not say what it is",
        ),
        (
            OperatingSystem(family="", distribution="debian"),
            Outcome.ERROR,
            "unknown platform: the system does not say what it is",
        ),
        (OperatingSystem(family="linux", distribution="debian"), Outcome.PASS, ""),
    ],
)
def test_the_platform_decides_whether_a_check_applies(
    system: OperatingSystem | Absent | Unreadable, outcome: Outcome, note: str
) -> None:
    check = make_check(applies_to=(PlatformCondition(os_family="linux", distribution=("debian", "ubuntu")),))
    assert summary(judge(check, make_snapshot(SEEN, os=system))) == (outcome, note)


def test_a_check_applies_if_one_of_its_conditions_holds() -> None:
    check = make_check(applies_to=(PlatformCondition(os_family="windows"), PlatformCondition(os_family="linux")))
    assert judge(check, make_snapshot(SEEN)).outcome is Outcome.PASS


AD = Directory(kind=DirectoryKind.ACTIVE_DIRECTORY)
OPENLDAP = Directory(kind=DirectoryKind.OPENLDAP)
STRANGE = Directory(kind=DirectoryKind.OTHER)


@pytest.mark.parametrize(
    ("directory", "outcome", "note"),
    [
        (AD, Outcome.PASS, ""),
        (OPENLDAP, Outcome.NOT_APPLICABLE, "not for this platform (openldap)"),
        (STRANGE, Outcome.ERROR, "unknown platform: a directory of a kind that is not known here"),
        (Absent(), Outcome.ERROR, "unknown platform: no directory answered"),
        (Unreadable("the password is wrong"), Outcome.ERROR, "unknown platform: the password is wrong"),
    ],
)
@pytest.mark.parametrize("system", [DEBIAN, Absent(), Unreadable("port 22 is closed")])
def test_the_directory_decides_whether_a_check_of_directories_applies(
    directory: Directory | Absent | Unreadable,
    outcome: Outcome,
    note: str,
    system: OperatingSystem | Absent | Unreadable,
) -> None:
    check = make_check(applies_to=(PlatformCondition(directory=("active-directory",)),))
    snapshot = replace(make_snapshot(SEEN), platform=Platform(os=system, directory=directory))
    assert summary(judge(check, snapshot)) == (outcome, note)


@pytest.mark.parametrize(
    ("system", "directory", "outcome"),
    [
        (DEBIAN, OPENLDAP, Outcome.PASS),
        (DEBIAN, AD, Outcome.NOT_APPLICABLE),
        (DEBIAN, Unreadable("no answer"), Outcome.ERROR),
        (Unreadable("no answer"), OPENLDAP, Outcome.ERROR),
        (Unreadable("no answer"), AD, Outcome.NOT_APPLICABLE),
    ],
)
def test_a_condition_on_both_facets_needs_both(
    system: OperatingSystem | Unreadable, directory: Directory | Unreadable, outcome: Outcome
) -> None:
    check = make_check(applies_to=(PlatformCondition(os_family="linux", directory=("openldap",)),))
    snapshot = replace(make_snapshot(SEEN), platform=Platform(os=system, directory=directory))
    assert judge(check, snapshot).outcome is outcome


def test_a_condition_that_holds_needs_no_other() -> None:
    conditions = (PlatformCondition(os_family="linux"), PlatformCondition(directory=("openldap",)))
    snapshot = replace(make_snapshot(SEEN), platform=Platform(os=Unreadable("no answer"), directory=OPENLDAP))
    assert judge(make_check(applies_to=conditions), snapshot).outcome is Outcome.PASS


@pytest.mark.parametrize("system", [DEBIAN, Absent(), Unreadable("no answer")])
def test_a_check_without_conditions_applies_to_every_platform(system: OperatingSystem | Absent | Unreadable) -> None:
    assert judge(make_check(applies_to=()), make_snapshot(SEEN, os=system)).outcome is Outcome.PASS


def test_a_probe_that_the_snapshot_lacks_was_not_asked() -> None:
    assert summary(judge(make_check(), make_snapshot())) == (Outcome.ERROR, "not asked: p (thing)")


def test_a_kind_that_nobody_knows_is_an_error() -> None:
    result = judge_check(make_check(), make_snapshot(SEEN), NOTHING_SET, kinds={})
    assert summary(result) == (Outcome.ERROR, "p.switch is unreadable: the probe has no such field")


@pytest.mark.parametrize(
    ("check", "outcome", "note"),
    [
        (make_check(only_if=HOLDS), Outcome.PASS, ""),
        (make_check(FAILS, only_if=HOLDS), Outcome.FAIL, ""),
        (make_check(FAILS, only_if=FAILS), Outcome.NOT_APPLICABLE, "its only_if does not hold"),
        (
            make_check(only_if=UNKNOWN),
            Outcome.ERROR,
            "its only_if is undecided: p.text is unreadable: refused",
        ),
        (
            make_check(only_if=MISSING, when_absent=Outcome.PASS),
            Outcome.ERROR,
            "its only_if is undecided: p.number is absent",
        ),
        (
            make_check(only_if=compare("p.number", "exists", operand=True)),
            Outcome.NOT_APPLICABLE,
            "its only_if does not hold",
        ),
    ],
)
def test_only_if_narrows_where_a_check_applies(check: Check, outcome: Outcome, note: str) -> None:
    assert summary(judge(check, make_snapshot(SEEN))) == (outcome, note)


@pytest.mark.parametrize("own", [Outcome.PASS, Outcome.FAIL])
def test_when_absent_is_no_silent_way_out_of_only_if(own: Outcome) -> None:
    check = make_check(only_if=compare("p.number", "equals", 1, when_absent=own))
    assert judge(check, make_snapshot(SEEN)).outcome is Outcome.ERROR


def test_reasons_of_only_if_stand_first_and_are_not_decisive() -> None:
    reasons = judge(make_check(FAILS, only_if=compare("p.text", "exists", operand=True)), make_snapshot({
        **SEEN, "text": Known("a"),
    })).reasons  # fmt: skip
    assert [(reason.field, reason.decisive) for reason in reasons] == [("p.text", False), ("p.switch", True)]


def test_reasons_of_an_only_if_that_does_not_hold_are_kept() -> None:
    reasons = judge(make_check(only_if=FAILS), make_snapshot(SEEN)).reasons
    assert [(reason.field, reason.decisive) for reason in reasons] == [("p.switch", True)]


def test_ages_count_from_the_clock_of_the_target() -> None:
    check = make_check(compare("p.changed", "at_most", 1))
    snapshot = make_snapshot({"changed": Known(1_000_000)}, target_time=1_000_000 + 86_400)
    assert judge(check, snapshot).outcome is Outcome.PASS


def test_ages_are_undecided_without_the_clock_of_the_target() -> None:
    check = make_check(compare("p.changed", "at_most", 1))
    snapshot = make_snapshot({"changed": Known(1_000_000)}, target_time=Unreadable("no date"))
    assert judge(check, snapshot).outcome is Outcome.ERROR


def test_parameters_in_force_are_held_against_and_kept() -> None:
    check = make_check(compare("p.number", "at_least", parameter("least")), parameters={"least": 14})
    given = {"least": ParameterValue(8, Origin.SITE, "site.yaml")}
    result = judge_check(check, make_snapshot({"number": Known(10)}), given, kinds=KINDS)
    assert (result.outcome, result.parameters) == (Outcome.PASS, given)


def test_later_layers_of_parameters_win_and_name_who_set_them() -> None:
    check = make_check(parameters={"a": 1, "b": 1, "c": 1})
    layers = [(Origin.BASELINE, "server", {"a": 2, "b": 2}), (Origin.TARGET, "web-01", {"b": 3, "unknown": 4})]
    assert resolve_parameters(check, layers) == {
        "a": ParameterValue(2, Origin.BASELINE, "server"),
        "b": ParameterValue(3, Origin.TARGET, "web-01"),
        "c": ParameterValue(1, Origin.CHECK),
    }


def test_the_id_has_no_digest_where_every_parameter_is_the_default() -> None:
    check = make_check(parameters={"least": 14})
    assert result_id("web-01", check, {"least": ParameterValue(14, Origin.BASELINE)}) == "web-01/linux-thing"


def test_the_id_has_a_digest_of_the_parameters_that_are_not_the_default() -> None:
    check = make_check(parameters={"least": 14, "most": 20})
    given = {"least": ParameterValue(8, Origin.BASELINE), "most": ParameterValue(20, Origin.CHECK)}
    # printf '{"least":8}' | sha256sum
    assert result_id("web-01", check, given) == "web-01/linux-thing@39a8c6aa"


def test_a_parameter_that_the_check_does_not_have_is_not_the_default() -> None:
    given = {"least": ParameterValue(8, Origin.BASELINE)}
    assert result_id("web-01", make_check(), given) == "web-01/linux-thing@39a8c6aa"


DATED = {
    **FIELDS,
    "ends": FieldSpec(FieldType.TIME, "end of support", by_calendar=True),
    "rows": FieldSpec(
        FieldType.RECORDS, "rows", {"ends": FieldSpec(FieldType.TIME, "end of support", by_calendar=True)}
    ),
}
ENDED = compare("p.ends", "at_most", 0)
EACH_ENDED = Each(
    field=FieldReference("p", "rows"),
    key="ends",
    expect=compare("ends", "at_most", 0),
    when_empty=Outcome.ERROR,
)


def judge_dated(node: Node, *, moment: int | Absent = ABSENT, clock: int | Absent = NOW) -> Outcome:
    """Judge an end of support that is 100 days after the visit."""
    ends = Known(NOW + 100 * DAY)
    snapshot = replace(
        make_snapshot({"ends": ends, "rows": Known(({"ends": ends},)), "changed": Known(NOW - 5 * DAY)}),
        time=NOW,
        target_time=clock,
    )
    return judge_check(make_check(node), snapshot, NOTHING_SET, kinds={"thing": DATED}, moment=moment).outcome


@pytest.mark.parametrize("node", [ENDED, EACH_ENDED])
@pytest.mark.parametrize("clock", [NOW, NOW + 900 * DAY, NOW - 900 * DAY, ABSENT])
def test_end_of_support_counts_from_the_visit_whatever_the_target_takes_for_now(
    node: Node, clock: int | Absent
) -> None:
    assert judge_dated(node, clock=clock) is Outcome.PASS


@pytest.mark.parametrize("node", [ENDED, EACH_ENDED])
@pytest.mark.parametrize(("days", "outcome"), [(99, Outcome.PASS), (101, Outcome.FAIL)])
def test_end_of_support_counts_from_the_day_that_was_asked_for(node: Node, days: int, outcome: Outcome) -> None:
    assert judge_dated(node, moment=NOW + days * DAY) is outcome


def test_age_of_what_is_on_the_target_counts_from_its_clock_whatever_day_is_asked_for() -> None:
    assert judge_dated(compare("p.changed", "at_most", 10), moment=NOW + 900 * DAY) is Outcome.PASS
