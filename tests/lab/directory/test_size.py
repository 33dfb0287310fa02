"""A tenth of the domain that the benchmark scans: few searches, whatever the number of accounts."""

from __future__ import annotations

import pytest

from hardening.model.step import LdapStep
from hardening.transports.ldap_search import run_search
from tests.lab.directory.conftest import StartDirectory
from tests.lab.scans import SUDO_PASSWORD, Scans

MOST_SEARCHES = 25
USERS, COMPUTERS, GROUPS = 2000, 300, 500


def test_a_domain_of_thousands_takes_few_searches(
    scans: Scans, directory: StartDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[LdapStep] = []

    def count(connection: object, step: LdapStep, base: str, *, refers: bool) -> object:
        asked.append(step)
        return run_search(connection, step, base, refers=refers)  # type: ignore[arg-type] # as it came

    monkeypatch.setattr("hardening.transports.ldap.run_search", count)
    server = directory("dc-tenth")
    login = ("--user", server.user, "--password-from", f"env:{SUDO_PASSWORD}", "--ca-file", server.ca_file)
    run = scans.run("scan", f"ldaps://{server.address}", *login, "-b", "active-directory:extended", "-o", "json=-")
    assert len(asked) <= MOST_SEARCHES
    assert len({(step.base, step.filter, step.identity) for step in asked}) == len(asked)
    (line,) = run.report["directories"]
    # Every tenth computer is a server, and the controller is one.
    assert (line["servers"], line["complete"]) == (COMPUTERS // 10 + 1, True)
    (target,) = run.report["targets"]
    (accounts,) = [step for step in target["steps"] if step["name"].startswith("ad_accounts accounts")]
    assert accounts["problem"] == ""
