"""What an answer of PowerShell is worth: whole ones, refusals, and members that are not what was asked for."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.evidence import Absent, Known, Unreadable
from hardening.model.step import Answer, Completed, LdapAnswer, select_powershell_steps
from hardening.probes.registry_value import KIND as REGISTRY_VALUE
from hardening.probes.windows_answers import (
    NOT_OFFERED,
    boolean,
    build_step,
    guard,
    integer,
    quote_list,
    rows,
    select,
    text,
    texts,
    time,
    troubles,
)
from hardening.probes.windows_defaults import DEFAULTS, NEWEST, OLDEST, WindowsState, find_default
from tests.probes.cases import build_probe

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def fail(**error: object) -> Completed:
    return Completed(exit_status=1, stdout=b"", stderr=json.dumps(error).encode())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (fail(type="System.UnauthorizedAccessException", hresult=-2147024891), "access denied: needs"),
        (fail(type="System.Security.SecurityException"), "access denied: needs"),
        (fail(id="HRESULT 0x80041003,Get-CimInstance"), "access denied: needs"),
        (fail(type="System.Management.Automation.CommandNotFoundException"), NOT_OFFERED),
        (fail(id="HRESULT 0x8004100e,Get-CimInstance"), NOT_OFFERED),
        (fail(id="MethodInvocationNotSupportedInConstrainedLanguage"), "PowerShell runs in ConstrainedLanguage"),
        (fail(id="ConversionSupportedOnlyToCoreTypes"), "PowerShell runs in ConstrainedLanguage"),
        (fail(type="System.IO.IOException", hresult=-2147024864), "PowerShell failed: System.IO.IOException"),
        (fail(), "PowerShell failed: it did not say how"),
        (Completed(exit_status=1, stdout=b"", stderr=b"[]"), "PowerShell failed"),
        (Completed(exit_status=1, stdout=b"", stderr=b"Ingen tilgang"), "PowerShell failed"),
        (LdapAnswer(), "a directory answered"),
    ],
)
def test_a_failure_is_told_without_words_of_a_language(answer: Answer, reason: str) -> None:
    found = rows({"x": answer}, "x")
    assert isinstance(found, Unreadable)
    assert found.reason.startswith(reason)


@given(_JSON)
def test_any_json_is_rows_or_a_reason(value: object) -> None:
    answer = Completed(exit_status=0, stdout=json.dumps(value).encode())
    found = rows({"x": answer}, "x")
    assert isinstance(found, Unreadable) or value[-1:] == [{"end": "x"}]  # type: ignore[index]  # a list by then


@given(_JSON)
def test_a_member_is_of_its_type_or_unreadable(value: object) -> None:
    row = {"m": value}
    for read, kinds in ((text, str), (integer, int), (boolean, bool), (texts, tuple), (time, int)):
        field = read(row, "m", "place")
        assert isinstance(field, Unreadable | Absent) or (isinstance(field, Known) and isinstance(field.value, kinds))


def test_null_is_absence_and_a_lacking_member_is_not() -> None:
    assert text({"m": None}, "m", "there") == Absent("there")
    assert text({}, "m", "there") == Unreadable("the answer lacks m", "there")


def test_a_step_ends_with_its_name() -> None:
    assert build_step("mine", "1\n").script == "1\n@{ end = 'mine' }\n"


def test_an_error_in_a_guarded_part_is_a_row() -> None:
    assert "trouble = 'it''s'" in guard("it's", "Get-Item x")
    found = [{"trouble": "a", "category": 18}, {"trouble": "b", "category": 13, "id": "CommandNotFoundException"}]
    assert [reason.split(":")[0].split(" (")[0] for reason in troubles(found).values()] == [
        "access denied",
        NOT_OFFERED,
    ]
    assert select(found, "category") == ()


def test_texts_are_quoted() -> None:
    assert quote_list(["a", "it's"]) == "@('a', 'it''s')"


_ANY_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12)


@given(_ANY_TEXT)
def test_a_parameter_stays_a_text_in_the_script(name: str) -> None:
    probe = build_probe({"kind": "registry_value", "path": "HKLM\\SOFTWARE", "name": name})
    (step,) = select_powershell_steps(REGISTRY_VALUE.steps([probe]))
    lines = [line for line in step.script.splitlines() if line.startswith("'HKEY_LOCAL_MACHINE\\SOFTWARE' =")]
    assert lines == ["'HKEY_LOCAL_MACHINE\\SOFTWARE' = @('" + name.replace("'", "''") + "')"]


@pytest.mark.parametrize(
    "path", ["HKCU\\Software\\Policies", "HKEY_CURRENT_USER\\Software", "SOFTWARE\\Policies", "HKLM"]
)
def test_the_registry_of_the_account_cannot_be_asked(path: str) -> None:
    for name in ("path", "policy"):
        assert re.fullmatch(REGISTRY_VALUE.parameters[name].pattern, path) is None


def test_each_default_has_a_source() -> None:
    assert [row for row in DEFAULTS if not row.source.startswith("https://")] == []


def test_no_default_is_given_twice() -> None:
    keys = [(row.key.lower(), row.name.lower(), row.since) for row in DEFAULTS]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize(
    ("build", "product"), [(OLDEST - 1, "ServerNT"), (NEWEST + 1, "ServerNT"), (0, ""), (20348, "WinNT")]
)
def test_nothing_is_claimed_of_a_windows_that_the_table_is_not_about(build: int, product: str) -> None:
    row = DEFAULTS[0]
    assert isinstance(find_default(row.key, row.name, WindowsState(build, product)), Unreadable)


@pytest.mark.parametrize("build", [9600, 14393, 17763, 20348, 26100])
def test_each_row_holds_for_each_server(build: int) -> None:
    states = [find_default(row.key.upper(), row.name, WindowsState(build, "ServerNT")) for row in DEFAULTS]
    assert [state for state in states if not isinstance(state, Known)] == []
