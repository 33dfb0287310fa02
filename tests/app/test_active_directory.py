"""The baseline for Active Directory over two recorded domains: one with every weakness, one without any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hardening.model.check import Outcome
from hardening.model.result import Verdict
from tests.app.recorded_directory import FOLDER, checks_of_directory, collect, judge

if TYPE_CHECKING:
    from hardening.evaluate.judge import Judged

MOST_SEARCHES = 25


def _read_seeded() -> dict[str, set[str]]:
    """Return by check the objects that are seeded with what it looks for; no object for switches of the domain."""
    seeded: dict[str, set[str]] = {}
    for line in (FOLDER / "seeded.tsv").read_text(encoding="utf-8").splitlines():
        check, _, dn = line.partition("\t")
        seeded.setdefault(check, set()).add(dn)
    return seeded


def _found(judged: Judged) -> set[str]:
    return {reason.key for reason in judged.reasons if reason.decisive and reason.verdict is Verdict.FALSE}


def test_every_check_finds_what_is_seeded_for_it_and_nothing_else() -> None:
    checks = checks_of_directory()
    evidence, _ = collect("seeded", checks)

    assert {check.id: _found(judge(check, evidence)) for check in checks} == _read_seeded()


def test_clean_domain_has_no_gap_and_nothing_unexamined() -> None:
    checks = checks_of_directory()
    evidence, _ = collect("clean", checks)

    outcomes = {check.id: judge(check, evidence).outcome for check in checks}

    assert {check for check, outcome in outcomes.items() if outcome is not Outcome.PASS} == set()


def test_whole_baseline_takes_few_searches() -> None:
    _, searches = collect("seeded", checks_of_directory())

    assert searches <= MOST_SEARCHES


@pytest.mark.parametrize("attribute", ["member", "userAccountControl", "objectSid"])
def test_hidden_attribute_never_makes_a_gap_disappear(attribute: str) -> None:
    checks = checks_of_directory()
    shown, _ = collect("seeded", checks)
    hidden, _ = collect("seeded", checks, hidden=attribute)
    about_accounts = [check for check in checks if judge(check, shown).outcome is Outcome.FAIL]

    passed = {check.id for check in about_accounts if judge(check, hidden).outcome is Outcome.PASS}

    assert passed == set()


def test_password_in_a_description_is_not_kept() -> None:
    evidence, _ = collect("seeded", checks_of_directory())

    assert "Sommer2026" not in repr(evidence)
