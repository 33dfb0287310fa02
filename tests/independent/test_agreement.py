"""Our verdicts on states that an outside judge has judged agree with it, or differ for a reason that is listed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from hardening.model.check import Check
from tests.content.shipped import load_shipped
from tests.independent.agreement import Listed, Verdict, judge_states, load_listed, load_mapping
from tests.independent.page import RERUN, read_part, render_states
from tests.independent.page import STATES as STATES_PART
from tests.independent.states import STATES, build_stock, load_states
from tests.lab import packages
from tests.lab.cache import cache_folder

pytestmark = [
    pytest.mark.skipif(not STATES.exists(), reason="the states are not beside this checkout (shared/independent)"),
    pytest.mark.timeout(600),
]
LEAST = 0.99
ABOUT_MODULE = "kernel_module_cramfs_disabled"
FOLDER = "usr/lib/modules/6.1.0-1-amd64"
PLAIN = {"type": "file", "mode": "0644", "uid": 0, "gid": 0}
MODULE = {
    f"{FOLDER}/modules.dep": {**PLAIN, "text": "kernel/fs/cramfs/cramfs.ko:\n"},
    f"{FOLDER}/kernel/fs/cramfs/cramfs.ko": {**PLAIN, "text": ""},
}
ALLOWED = {"default", "unread"}
"""Disagreements that are agreement by the rules of comparing: the judge asks what is written, we what is in force."""


@pytest.fixture(scope="module")
def checks() -> Mapping[str, Check]:
    return load_shipped().checks


@pytest.fixture(scope="module")
def stock() -> Path:
    packages.install()
    return build_stock(cache_folder(os.environ))


@pytest.fixture(scope="module")
def verdicts(checks: Mapping[str, Check], stock: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Verdict, ...]:
    mapping = load_mapping()
    states = [state for state in load_states() if state.rule in mapping]
    return judge_states(states, mapping, checks, stock, tmp_path_factory.mktemp("states"))


@pytest.fixture(scope="module")
def verdicts_with_module(
    checks: Mapping[str, Check], stock: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Verdict, ...]:
    """Judge the states of the rule about a module in a tree that has it; the stock tree has no kernel at all.

    The judge also takes a line for modprobe that stands in modules-load.d(5), where modprobe does not look.
    """
    states = [state for state in load_states() if state.rule == ABOUT_MODULE and "modules_load_d" not in state.scenario]
    added = [replace(state, delta={**state.delta, **MODULE}) for state in states]
    return judge_states(added, load_mapping(), checks, stock, tmp_path_factory.mktemp("modules"))


@pytest.fixture(scope="module")
def listed() -> Mapping[str, Listed]:
    return {entry.name: entry for entry in load_listed()}


def test_every_check_that_is_compared_exists(checks: Mapping[str, Check]) -> None:
    assert {check for asked in load_mapping().values() for check in asked} - set(checks) == set()


def test_every_parameter_that_is_set_exists(checks: Mapping[str, Check]) -> None:
    given = {(check, name) for asked in load_mapping().values() for check, values in asked.items() for name in values}
    assert {(check, name) for check, name in given if name not in checks[check].parameters} == set()


def test_every_rule_of_the_states_is_compared() -> None:
    assert set(load_mapping()) == {state.rule for state in load_states()}


def test_every_listed_disagreement_is_of_a_known_kind() -> None:
    assert {entry.because for entry in load_listed()} <= {*ALLOWED, "other"}


@pytest.mark.lab
@pytest.mark.slow
def test_no_disagreement_is_unlisted(verdicts: tuple[Verdict, ...], listed: Mapping[str, Listed]) -> None:
    unlisted = [verdict.words for verdict in verdicts if not verdict.agrees and not _is_listed(verdict, listed)]
    assert unlisted == []


@pytest.mark.lab
@pytest.mark.slow
def test_every_listed_disagreement_occurs(verdicts: tuple[Verdict, ...], listed: Mapping[str, Listed]) -> None:
    occurring = {verdict.state.name for verdict in verdicts if not verdict.agrees and _is_listed(verdict, listed)}
    assert set(listed) - occurring == set()


@pytest.mark.lab
@pytest.mark.slow
def test_what_the_judge_passes_passes(verdicts: tuple[Verdict, ...]) -> None:
    assert [v.words for v in verdicts if v.state.verdict == "pass" and v.ours != "pass"] == []


@pytest.mark.lab
@pytest.mark.slow
def test_a_configuration_that_sshd_refuses_never_passes(verdicts: tuple[Verdict, ...]) -> None:
    refused = [verdict for verdict in verdicts if verdict.state.is_refused]
    assert Counter(verdict.ours in {"fail", "error"} for verdict in refused) == {True: 4}


@pytest.mark.lab
@pytest.mark.slow
def test_agreement_is_high(verdicts: tuple[Verdict, ...], listed: Mapping[str, Listed]) -> None:
    agreeing = [v for v in verdicts if v.agrees or (_is_listed(v, listed) and listed[v.state.name].because in ALLOWED)]
    assert len(agreeing) / len(verdicts) >= LEAST


@pytest.mark.lab
@pytest.mark.slow
def test_the_page_says_what_both_said(verdicts: tuple[Verdict, ...], listed: Mapping[str, Listed]) -> None:
    assert read_part(STATES_PART) == render_states(verdicts, listed), RERUN


@pytest.mark.lab
@pytest.mark.slow
def test_modules_that_are_there_are_judged_alike(verdicts_with_module: tuple[Verdict, ...]) -> None:
    assert [verdict.words for verdict in verdicts_with_module if not verdict.agrees] == []


def _is_listed(verdict: Verdict, listed: Mapping[str, Listed]) -> bool:
    entry = listed.get(verdict.state.name)
    return entry is not None and entry.ours == verdict.ours
