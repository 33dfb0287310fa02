"""What is compared with OpenSCAP on live hosts is sound as data; the comparison itself is in tests/lab."""

from __future__ import annotations

from collections import Counter

from tests.content.shipped import load_shipped
from tests.independent.live import HOSTS, load_counterparts, load_differences
from tests.independent.page import KINDS, LIVE, read_part


def test_every_check_that_is_compared_exists() -> None:
    assert {each.check for each in load_counterparts()} - set(load_shipped().checks) == set()


def test_every_parameter_that_is_set_exists() -> None:
    checks = load_shipped().checks
    given = {(each.check, name) for each in load_counterparts() for name in each.parameters}
    assert {(check, name) for check, name in given if name not in checks[check].parameters} == set()


def test_every_rule_speaks_to_one_check() -> None:
    rules = Counter(rule for each in load_counterparts() for rule in each.rules)
    assert [rule for rule, count in rules.items() if count > 1] == []


def test_every_difference_is_about_what_is_compared() -> None:
    compared = {(each.check, host) for each in load_counterparts() for host in HOSTS}
    assert {(entry.check, entry.host) for entry in load_differences()} - compared == set()


def test_every_difference_is_of_a_known_kind() -> None:
    assert {entry.because for entry in load_differences()} == set(KINDS)


def test_every_difference_stands_on_the_page() -> None:
    page = read_part(LIVE)
    assert [entry.reason for entry in load_differences() if entry.reason not in page] == []
