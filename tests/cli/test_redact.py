"""A cleaned recording is judged as the one that it was made from, and names nobody."""

from __future__ import annotations

import gzip
import json
import platform
from pathlib import Path

import pytest

from tests.cli.conftest import Command

EXTENDED = ("-b", "linux-server:extended")


@pytest.fixture
def cleaned(hardening: Command, recording: Path, tmp_path: Path) -> Path:
    """Return the recording of this machine, cleaned."""
    words = ("--keep-raw", "--redact", "-q", "--into", tmp_path / "shown")
    run = hardening("collect", f"recorded:{recording}", *EXTENDED, *words)
    assert run.status == 0, run.err
    (path,) = (tmp_path / "shown").glob("*.recording.json.gz")
    return path


def outcomes(hardening: Command, path: Path) -> dict[str, str]:
    run = hardening("scan", f"recorded:{path}", *EXTENDED, "-o", "json=-", "-q")
    return {result["check"]: result["outcome"] for result in run.report["results"]}


def test_a_cleaned_recording_is_judged_alike(hardening: Command, recording: Path, cleaned: Path) -> None:
    assert outcomes(hardening, cleaned) == outcomes(hardening, recording)


def test_a_cleaned_recording_keeps_its_time(recording: Path, cleaned: Path) -> None:
    times = [json.loads(gzip.decompress(path.read_bytes()))["time"] for path in (recording, cleaned)]
    assert times[0] == times[1]


def test_its_name_tells_nothing(cleaned: Path) -> None:
    assert cleaned.name == "redacted-1.recording.json.gz"


def test_cleaning_it_again_changes_nothing_that_is_judged(hardening: Command, cleaned: Path, tmp_path: Path) -> None:
    words = ("--keep-raw", "--redact", "-q", "--into", tmp_path / "again")
    hardening("collect", f"recorded:{cleaned}", *EXTENDED, *words)
    assert outcomes(hardening, tmp_path / "again" / cleaned.name) == outcomes(hardening, cleaned)


def test_the_host_is_not_named(cleaned: Path) -> None:
    from hardening.model.platform import OperatingSystem  # noqa: PLC0415
    from hardening.probes.identification import STEP, parse_identification  # noqa: PLC0415
    from hardening.transports.recording import StepKey, digest_step, load_recording  # noqa: PLC0415

    answer = load_recording(cleaned).answers[StepKey(digest_step(STEP), as_root=False)]
    system = parse_identification(answer).platform.os
    assert isinstance(system, OperatingSystem)
    assert (system.hostname == platform.node(), system.hostname) == (False, "host1")


def test_redact_without_a_recording_is_refused(hardening: Command) -> None:
    run = hardening("collect", "local", "--redact")
    assert (run.status, "--redact needs --keep-raw" in run.err) == (2, True)
