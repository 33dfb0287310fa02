"""The kit for Windows: a JEA endpoint that holds the plan, and nothing that runs text."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest

from hardening.app.kit_windows import DOMAIN_TO_FILL_IN, build_windows_files
from hardening.collect.plan import Plan, build_plan
from hardening.errors import UsageError
from hardening.model.step import PowerShellStep
from hardening.transports.powershell_kit import digest_blocks
from tests.probes.powershell import read_script

PLAN = replace(
    build_plan(()),
    steps=(
        PowerShellStep(name="one", script="$x = @(1, 2) | Select-Object -First 1\n@{ a = $x }\n"),
        PowerShellStep(name="two", script="Get-Date", writes="a file", slow=True),
    ),
)


def build(account: str = "EXAMPLE\\audit", plan: Plan = PLAN) -> dict[str, str]:
    return build_windows_files(plan, account, "1.0")


def test_equal_input_gives_equal_files() -> None:
    assert build() == build()


@pytest.mark.parametrize("name", ["HardeningScan.psd1", "HardeningScan.psrc", "HardeningScan.pssc"])
def test_every_file_is_one_that_powershell_parses_in_ascii(name: str) -> None:
    text = build()[name]
    assert (read_script(text).faults, text.isascii()) == ((), True)


def test_the_capability_holds_the_batch_of_the_plan() -> None:
    assert f"'kit {digest_blocks(PLAN.powershell_steps)} ' + $Word" in build()["HardeningScan.psrc"]


def test_nothing_in_the_capability_runs_text() -> None:
    calls = {call.name for call in read_script(build()["HardeningScan.psrc"]).calls}
    assert calls.isdisjoint({"Invoke-Expression", "Invoke-Command"})


def test_commands_that_jea_puts_its_own_in_place_of_are_named_in_full() -> None:
    calls = {call.name for call in read_script(build()["HardeningScan.psrc"]).calls}
    assert "Microsoft.PowerShell.Utility\\Select-Object" in calls
    assert "Select-Object" not in calls


def test_only_one_function_can_be_called() -> None:
    assert re.findall(r"Visible\w+ = (.*)", build()["HardeningScan.psrc"]) == ["'Invoke-HardeningScan'"]


def test_its_argument_is_a_word_and_nothing_else() -> None:
    assert '[ValidatePattern("^[0-9a-f]{32}$")][string]$Word' in build()["HardeningScan.psrc"]


def test_the_account_runs_it_without_a_language() -> None:
    configuration = build()["HardeningScan.pssc"]
    assert "SessionType = 'RestrictedRemoteServer'" in configuration
    assert "'EXAMPLE\\audit' = @{ RoleCapabilities = 'HardeningScan' }" in configuration


def test_an_account_without_a_domain_opens_nothing_yet() -> None:
    assert f"'{DOMAIN_TO_FILL_IN}\\audit'" in build("audit")["HardeningScan.pssc"]


@pytest.mark.parametrize(
    "account", ["EXAMPLE\\au'dit", "A\\b\\c", "EXAMPLE\\", "\\audit", "E\u2019X\\a", "EX\\a\n", "EX\\$(x)"]
)
def test_what_could_end_the_text_is_no_account(account: str) -> None:
    with pytest.raises(UsageError, match="no account or group of Windows"):
        build(account)


def test_the_notes_name_the_batch_and_what_was_never_run() -> None:
    notes = build()["INSTALL-WINDOWS.en.md"]
    assert digest_blocks(PLAN.powershell_steps) in notes
    assert "None of this was ever run on a real Windows" in notes


def test_another_plan_is_another_capability() -> None:
    other = replace(PLAN, steps=PLAN.steps[:1])
    digests = {hashlib.sha256(build(plan=plan)["HardeningScan.psrc"].encode()).digest() for plan in (PLAN, other)}
    assert len(digests) == 2
