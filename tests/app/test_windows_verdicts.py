"""Every check for Windows on described servers: it passes where all is well, not where nothing is, in any language."""

from __future__ import annotations

import pytest

from hardening.model.check import Outcome
from tests.app.windows.servers import judge
from tests.app.windows.state import SERVERS
from tests.content.shipped import load_shipped

_NOT_ITS_FAULT = {"win-os-supported"}
CHECKS = [check for check in load_shipped().checks.values() if check.id.startswith("win-")]


def outcomes(server: str, language: str = "en") -> dict[str, Outcome]:
    """Return what every check comes to that applies to a server."""
    return {check: judged.outcome for check, judged in judge(server, language, CHECKS).items()}


@pytest.mark.parametrize("server", ["hardened-2022", "hardened-controller", "hardened-alone"])
def test_every_check_passes_on_a_hardened_server(server: str) -> None:
    found = outcomes(server)
    assert found != {}
    assert {check: outcome for check, outcome in found.items() if outcome is not Outcome.PASS} == {}


@pytest.mark.parametrize("server", ["weak-2022", "weak-controller"])
def test_no_check_passes_on_a_weak_server(server: str) -> None:
    found = outcomes(server)
    assert found != {}
    assert {check for check, outcome in found.items() if outcome is Outcome.PASS} <= _NOT_ITS_FAULT


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("language", ["nb", "de"])
def test_a_state_is_judged_alike_in_every_language(server: str, language: str) -> None:
    assert outcomes(server, language) == outcomes(server)


def test_every_check_applies_to_one_of_the_servers() -> None:
    judged = {check for server in SERVERS for check in outcomes(server)}
    assert {check.id for check in CHECKS} - judged == set()
