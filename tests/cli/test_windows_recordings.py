"""Described servers of Windows from a recording to exit status and report, in three languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.windows.languages import LANGUAGES
from tests.app.windows.servers import record
from tests.cli.conftest import Command, Run
from tests.content.shipped import load_shipped


def scan(hardening: Command, folder: Path, server: str, language: str) -> Run:
    content = load_shipped()
    named = {check for control in content.baselines["windows-server"].controls for check in control.checks}
    path = folder / f"{server}-{language}.recording"
    path.write_bytes(record(server, language, [content.checks[check] for check in sorted(named)]))
    return hardening("scan", f"recorded:{path}", "-b", "windows-server:extended", "-o", "json=-", "-q")


def outcomes(run: Run) -> dict[str, str]:
    return {result["check"]: result["outcome"] for result in run.report["results"]}


@pytest.mark.parametrize(("server", "status"), [("weak-2022", 10), ("hardened-2022", 0)])
def test_a_recorded_server_is_judged_the_same_in_every_language(
    hardening: Command, tmp_path: Path, server: str, status: int
) -> None:
    runs = {language: scan(hardening, tmp_path, server, language) for language in LANGUAGES}
    assert {run.status for run in runs.values()} == {status}
    assert outcomes(runs["en"]) != {}
    assert outcomes(runs["nb"]) == outcomes(runs["en"])
    assert outcomes(runs["de"]) == outcomes(runs["en"])
