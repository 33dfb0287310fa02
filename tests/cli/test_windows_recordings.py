"""Described servers of Windows from a recording to exit status and report, in three languages."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import pytest

from tests.app.windows.languages import LANGUAGES
from tests.app.windows.servers import record
from tests.app.windows.state import DOMAIN_SID, MACHINE_SID
from tests.cli.conftest import Command, Run
from tests.content.shipped import load_shipped

BASELINE = "windows-server:extended"


def write_recording(folder: Path, server: str, language: str) -> Path:
    content = load_shipped()
    named = {check for control in content.baselines["windows-server"].controls for check in control.checks}
    path = folder / f"{server}-{language}.recording"
    path.write_bytes(record(server, language, [content.checks[check] for check in sorted(named)]))
    return path


def scan(hardening: Command, recording: Path) -> Run:
    return hardening("scan", f"recorded:{recording}", "-b", BASELINE, "-o", "json=-", "-q")


def outcomes(run: Run) -> dict[str, str]:
    return {result["check"]: result["outcome"] for result in run.report["results"]}


@pytest.mark.parametrize(("server", "status"), [("weak-2022", 10), ("hardened-2022", 0)])
def test_a_recorded_server_is_judged_the_same_in_every_language(
    hardening: Command, tmp_path: Path, server: str, status: int
) -> None:
    runs = {language: scan(hardening, write_recording(tmp_path, server, language)) for language in LANGUAGES}
    assert {run.status for run in runs.values()} == {status}
    assert outcomes(runs["en"]) != {}
    assert outcomes(runs["nb"]) == outcomes(runs["en"])
    assert outcomes(runs["de"]) == outcomes(runs["en"])


@pytest.mark.parametrize("server", ["weak-2022", "hardened-2022"])
@pytest.mark.parametrize("language", ["nb", "de"])
def test_a_cleaned_recording_is_judged_as_the_original(
    hardening: Command, tmp_path: Path, server: str, language: str
) -> None:
    original = write_recording(tmp_path, server, language)
    kept = tmp_path / "kept"
    run = hardening("collect", f"recorded:{original}", "-b", BASELINE, "--keep-raw", "--redact", "--into", kept, "-q")
    assert run.status in {0, 3}, run.err
    (cleaned,) = kept.glob("*.recording.json.gz")
    assert outcomes(scan(hardening, cleaned)) == outcomes(scan(hardening, original))
    text = gzip.decompress(cleaned.read_bytes()).decode()
    answers = "".join(base64.b64decode(answer["stdout"]).decode() for answer in json.loads(text)["answers"])
    assert [name for name in (MACHINE_SID[9:], DOMAIN_SID[9:], "SRV-01", "kiosk") if name in answers] == []
