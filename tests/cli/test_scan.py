"""From inventory and recorded answers to exit status and reports, and back again."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from hardening.content.shipped import find_shipped
from hardening.model.step import Completed
from hardening.probes.identification import STEP
from hardening.transports.recording import digest_step, encode_recording, load_recording
from tests.cli.conftest import Command


def write_inventory(folder: Path, recording: Path, name: str = "web-01") -> Path:
    path = folder / "inventory.yaml"
    path.write_text(
        f"targets:\n  - name: {name}\n    recorded: {recording}\n    labels: {{zone: dmz, exposure: internet}}\n"
        "    baselines: [linux-server:extended]\n"
    )
    path.chmod(0o600)
    return path


def outcomes(report: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {result["check"]: result["outcome"] for result in report["results"]}


def test_inventory_and_recording_give_a_report_that_fits_its_schema(
    hardening: Command, tmp_path: Path, recording: Path
) -> None:
    run = hardening("scan", "-i", write_inventory(tmp_path, recording), "-o", "json=-", "-q")
    schema = json.loads((find_shipped() / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(run.report, schema)
    assert {result["target"] for result in run.report["results"]} == {"web-01"}


def test_exit_status_follows_the_gate(hardening: Command, recording: Path) -> None:
    run = hardening("scan", f"recorded:{recording}", "--fail-on", "info", "-o", "json=-", "-q")
    assert run.status == (10 if "fail" in outcomes(run.report).values() else 3)


def test_gate_that_never_closes_is_open_even_with_gaps(hardening: Command, recording: Path) -> None:
    assert hardening("scan", f"recorded:{recording}", "--fail-on", "never", "-q").status == 0


def test_collected_evidence_is_judged_later_as_the_scan_judged_it(
    hardening: Command, tmp_path: Path, recording: Path
) -> None:
    at_once = hardening("scan", f"recorded:{recording}", "-b", "linux-server:extended", "-o", "json=-", "-q").report
    hardening("collect", f"recorded:{recording}", "-b", "linux-server:extended", "--into", tmp_path / "kept", "-q")
    later = hardening("evaluate", tmp_path / "kept", "-o", "json=-", "-q").report
    assert later["results"] == at_once["results"]


def test_evaluation_by_a_baseline_that_was_not_asked_for_is_an_error_and_no_verdict(
    hardening: Command, tmp_path: Path, recording: Path
) -> None:
    hardening("collect", f"recorded:{recording}", "--check", "linux-perm-shadow", "--into", tmp_path / "kept", "-q")
    run = hardening("evaluate", tmp_path / "kept", "-b", "linux-server", "-o", "json=-", "-q")
    rest = {outcome for check, outcome in outcomes(run.report).items() if check != "linux-perm-shadow"}
    assert rest <= {"error", "not_applicable"}


def test_json_report_is_rendered_again_without_the_scan(hardening: Command, tmp_path: Path, recording: Path) -> None:
    hardening("scan", f"recorded:{recording}", "-o", "html=at-once.html", "-o", "json=gap.json", "-q")
    hardening("report", "gap.json", "-o", "html=again.html", "-q")
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "at-once.html").read_bytes()


def test_latest_scan_is_found_again(hardening: Command, recording: Path) -> None:
    at_once = hardening("scan", f"recorded:{recording}", "-o", "json=-", "-q").report
    assert hardening("report", "latest", "-o", "json=-", "-q").report["results"] == at_once["results"]


def test_summary_goes_to_standard_error_when_a_report_stands_on_standard_output(
    hardening: Command, recording: Path
) -> None:
    run = hardening("scan", f"recorded:{recording}", "-o", "json=-")
    assert (run.report["results"] != [], "controls are not examined" in run.err) == (True, True)


def test_quiet_scan_says_nothing(hardening: Command, recording: Path) -> None:
    run = hardening("scan", f"recorded:{recording}", "-q")
    assert (run.out, run.err) == ("", "")


def test_progress_is_a_line_a_step_where_there_is_no_terminal(hardening: Command, recording: Path) -> None:
    run = hardening("scan", f"recorded:{recording}", "-o", "json=-")
    assert [line for line in run.err.splitlines() if line.startswith("[")][-1].startswith("[1/1] ")


def test_everything_that_a_scan_writes_is_private(hardening: Command, tmp_path: Path, recording: Path) -> None:
    hardening("scan", f"recorded:{recording}", "-o", "html=gap.html", "--keep-raw", "-q")
    written = [path for path in (tmp_path / "state").rglob("*") if path.is_file()] + [tmp_path / "gap.html"]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}


def test_labels_select_targets(hardening: Command, tmp_path: Path, recording: Path) -> None:
    inventory = write_inventory(tmp_path, recording)
    run = hardening("scan", "-i", inventory, "--select", "zone=lan", "-q")
    assert (run.status, run.err) == (
        2,
        "hardening: no target to scan; name one (for example `local` or `ssh://audit@web-01`) or check the selector\n",
    )


def test_site_sets_parameters_and_the_report_says_who_did(hardening: Command, tmp_path: Path, recording: Path) -> None:
    write_inventory(tmp_path, recording)
    site = tmp_path / "site.yaml"
    site.write_text(
        "parameters:\n  - {select: zone=dmz, check: linux-perm-shadow, values: {allowed_groups: [nobody-at-all]}}\n"
    )
    site.chmod(0o600)
    results = hardening("scan", "-o", "json=-", "-q").report["results"]
    (result,) = [each for each in results if each["check"] == "linux-perm-shadow"]
    assert (result["parameters"]["allowed_groups"]["origin"], "@" in result["id"]) == ("site", True)


def test_interrupt_ends_with_its_status_and_keeps_what_was_collected(
    hardening: Command, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hardening.app.scan.assess", interrupt)
    run = hardening("scan", f"recorded:{recording}", "-q")
    kept = list(Path(os.environ["STATE_DIRECTORY"]).rglob("*.snapshot.json.gz"))
    first, *_, last = run.err.splitlines()
    assert (run.status, last, len(kept)) == (130, "hardening: interrupted; what was collected is kept", 1)
    assert first == f"hardening: give the same command with `--resume {kept[0].parent}` to go on"


def test_full_disk_is_its_own_exit_status(
    hardening: Command, tmp_path: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    run = hardening("scan", f"recorded:{recording}", "-o", "html=gap.html", "-q")
    assert (run.status, "No space left on device" in run.err, (tmp_path / "gap.html").exists()) == (4, True, False)


def test_reader_that_goes_away_is_no_crash(
    hardening: Command, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("hardening.cli.judging.write_reports", broken)
    assert hardening("scan", f"recorded:{recording}", "-q").status == 141


def test_explain_tells_what_was_asked_and_seen(hardening: Command, recording: Path) -> None:
    hardening("scan", f"recorded:{recording}", "-q", "--fail-on", "never")
    run = hardening("explain", "linux-perm-shadow", "--from", "latest")
    assert (run.status, "shadow.mode" in run.out, "/etc/shadow" in run.out) == (0, True, True)


TWO_YEARS = 2 * 365 * 86_400


def shift_clock(recording: Path, into: Path, seconds: int) -> Path:
    """Write the recording again as of a target whose clock differs by so much."""
    recorded = load_recording(recording)
    answers = {
        key: replace(
            answer,
            stdout=re.sub(rb"^time=.*$", b"time=%d" % (recorded.time + seconds), answer.stdout, flags=re.MULTILINE),
        )
        if key.digest == digest_step(STEP) and isinstance(answer, Completed)
        else answer
        for key, answer in recorded.answers.items()
    }
    into.write_bytes(encode_recording(replace(recorded, answers=answers)))
    return into


@pytest.mark.parametrize("seconds", [TWO_YEARS, -TWO_YEARS])
def test_clock_that_is_two_years_off_is_told_and_ages_count_from_it(
    hardening: Command, tmp_path: Path, recording: Path, seconds: int
) -> None:
    shifted = shift_clock(recording, tmp_path / "shifted.json.gz", seconds)
    run = hardening("scan", f"recorded:{shifted}", "-o", "json=-", "-o", "html=gap.html", "--lang", "en")
    (target,) = run.report["targets"]
    assert (run.status in {3, 10}, target["clock_difference"]) == (True, seconds)
    said = [run.err, (tmp_path / "gap.html").read_text("utf-8")]
    assert ["differs from ours by 730\u00a0d 0\u00a0h" in text for text in said] == [True, True], run.err


@pytest.mark.parametrize(("day", "outcome"), [("2027-01-01", "pass"), ("2060-01-01", "fail")])
def test_support_tables_are_held_against_the_day_that_is_asked_for(
    hardening: Command, recording: Path, day: str, outcome: str
) -> None:
    run = hardening(
        "scan", f"recorded:{recording}", "--check", "linux-os-supported", "--as-of", day, "-o", "json=-", "-q"
    )
    assert outcomes(run.report) == {"linux-os-supported": outcome}


def test_account_that_nobody_knows_scans_from_an_address(
    hardening: Command, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "kept by the test")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 61_234)
    run = hardening("scan", f"recorded:{recording}", "--fail-on", "never", "-q")
    assert (run.status, run.err) == (0, "")
