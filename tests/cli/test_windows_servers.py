"""Described servers of Windows over WinRM: the whole baseline, its exit status, its cost, the same in each language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hardening.app.plan import plan_for
from hardening.app.site import find_site
from tests.app.windows.languages import LANGUAGES
from tests.app.windows.replies import answer_steps
from tests.app.windows.state import SERVERS
from tests.cli.conftest import Command, Run
from tests.lab.directory.authority import Authority
from tests.lab.wsman.replies import PowerShell, reply_from
from tests.lab.wsman.server import PASSWORD, WsManServer, serve

AUTHORITY = Authority("Lab")
BASELINE = "windows-server:extended"
_MOST_REQUESTS = 8
_MANY = 100


@contextmanager
def serving(name: str, language: str, site: Path) -> Iterator[WsManServer]:
    """Run a WS-Man server that answers the plan of the baseline as the described server would."""
    steps = plan_for(find_site(site), [BASELINE], frozenset()).powershell_steps
    answers = answer_steps(SERVERS[name], LANGUAGES[language], steps)
    with serve(PowerShell(reply_from(answers, steps)), paper=AUTHORITY.issue(["127.0.0.1"])) as server:
        yield server


def scan(hardening: Command, folder: Path, server: WsManServer, *words: object) -> Run:
    ca = folder / "ca.pem"
    ca.write_text(AUTHORITY.pem.decode())
    address = f"winrm+https://EXAMPLE%5Caudit@127.0.0.1:{server.port}"
    reach = ("--ca-file", ca, "--password-from", "env:AUDIT_PASSWORD")
    return hardening("scan", address, "-b", BASELINE, "-o", "json=-", "-q", *reach, *words)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_PASSWORD", PASSWORD)


@pytest.mark.parametrize(("name", "status"), [("weak-2022", 10), ("hardened-2022", 0)])
def test_a_server_is_scanned_alike_in_every_language(
    hardening: Command, tmp_path: Path, name: str, status: int
) -> None:
    found: dict[str, dict[str, str]] = {}
    for language in LANGUAGES:
        with serving(name, language, tmp_path) as server:
            run = scan(hardening, tmp_path, server, "-o", f"html={language}.html")
        assert run.status == status, run.err
        assert (tmp_path / f"{language}.html").stat().st_size > 0
        assert (server.opened, server.closed) == (1, 1)
        assert server.requests <= _MOST_REQUESTS
        found[language] = {result["check"]: result["outcome"] for result in run.report["results"]}
    assert len(found["en"]) > _MANY
    assert found["nb"] == found["en"]
    assert found["de"] == found["en"]
