"""Every command and parameter in our scripts is one that real Windows servers have; each exception is known by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.probes.powershell import Call
from tests.probes.powershell_inventories import SERVERS, load_inventories
from tests.probes.test_powershell_scripts import FRAME, PROGRAMS, SCRIPTS

pytestmark = pytest.mark.lab

Inventories = dict[str, dict[str, list[str]]]

LACKING = {
    "Get-ProcessMitigation": {"2012r2", "2016"},
}
"""Commands that some server does not have: the kinds that ask them say so, and are tested for it."""


@pytest.fixture(scope="session")
def inventories(trouble: str) -> Inventories:
    if trouble:
        pytest.fail(trouble, pytrace=False)
    return load_inventories()


def _calls() -> Iterator[Call]:
    for script in (FRAME, *SCRIPTS.values()):
        own = {*script.functions, *(name.lower() for name in PROGRAMS)}
        yield from (call for call in script.calls if call.name.lower() not in own and not call.name.startswith("{"))


CALLS = sorted(set(_calls()), key=repr)


def test_there_are_inventories_of_all_servers(inventories: Inventories) -> None:
    assert set(inventories) == set(SERVERS.values())


def test_every_command_is_one_of_windows(inventories: Inventories) -> None:
    lacking: dict[str, set[str]] = {}
    for call in CALLS:
        missing = {server for server, commands in inventories.items() if call.name.lower() not in commands}
        if missing:
            lacking[call.name] = missing
    assert lacking == LACKING


def test_every_parameter_is_one_of_its_command(inventories: Inventories) -> None:
    wrong = {
        (server, call.name, parameter)
        for server, commands in inventories.items()
        for call in CALLS
        for parameter in call.parameters
        if call.name.lower() in commands and parameter.lower() not in commands[call.name.lower()]
    }
    assert wrong == set()


def test_a_parameter_that_does_not_exist_would_be_found(inventories: Inventories) -> None:
    assert "nonsense" not in inventories["2016"]["get-item"]
    assert "literalpath" in inventories["2016"]["get-item"]
