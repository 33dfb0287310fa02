"""Proves that our Windows values are those of public lists, or that the difference has a reason."""

from __future__ import annotations

from tests.independent.windows_lists import PAGE, compare, load_reasons, load_table, render


def test_each_value_is_asked_by_two_lists_or_explained() -> None:
    unexplained = {row.check for row in compare(load_table()) if not row.is_enough}
    assert unexplained == set(load_reasons())


def test_most_settings_of_the_lists_have_a_check() -> None:
    assert len(list(compare(load_table()))) >= 130


def test_page_says_what_is_so() -> None:
    assert PAGE.read_text() == render(), "run `python -m tests.independent.windows_lists` and look at the difference"
