"""Scans are kept, found again, compared and let go, as a user does it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.fixture
def two_scans(hardening: Command, recording: Path) -> Command:
    """Scan twice."""
    for _ in range(2):
        hardening("scan", f"recorded:{recording}", "-q", "--fail-on", "never")
    return hardening


def state() -> Path:
    return Path(os.environ["STATE_DIRECTORY"])


def ids(hardening: Command) -> list[str]:
    return [scan["id"] for scan in hardening("history", "--json").report["scans"]]


def test_scans_are_listed_in_order(two_scans: Command) -> None:
    lines = two_scans("history").out.splitlines()
    assert [line.split()[0] for line in lines] == ids(two_scans)


def test_latest_and_previous_are_told_apart(two_scans: Command) -> None:
    shutil.rmtree(state() / "scans")
    assert [two_scans("report", word, "-q").status for word in ("latest", "previous")] == [0, 0]
    laid_out = sorted(path.name for path in (state() / "scans").iterdir())
    assert laid_out == sorted(ids(two_scans))


def test_scan_whose_folder_is_gone_is_judged_alike(two_scans: Command) -> None:
    before = two_scans("report", "latest", "-o", "json=-", "-q").report
    shutil.rmtree(state() / "scans")
    assert two_scans("report", "latest", "-o", "json=-", "-q").report == before


def test_previous_without_a_history_is_a_usage_error(hardening: Command) -> None:
    assert hardening("report", "previous").status == 2


def test_trend_has_a_point_a_scan(two_scans: Command) -> None:
    points = two_scans("trend", "--json").report["points"]
    assert [point["scan"] for point in points] == ids(two_scans)
    assert len(two_scans("trend").out.splitlines()) == 3


def test_trend_of_an_unknown_target_is_a_usage_error(two_scans: Command) -> None:
    assert two_scans("trend", "--target", "nobody").status == 2


def test_old_scans_are_pruned_with_their_folders(two_scans: Command) -> None:
    old, young = ids(two_scans)
    assert two_scans("history", "prune", "--keep", "1").out.split() == [old]
    assert (ids(two_scans), [path.name for path in (state() / "scans").iterdir()]) == ([young], [young])


def test_young_scans_are_kept_by_days(two_scans: Command) -> None:
    assert two_scans("history", "prune", "--days", "30").out == ""


def test_prune_that_says_nothing_to_keep_removes_nothing(two_scans: Command) -> None:
    assert (two_scans("history", "prune").status, len(ids(two_scans))) == (2, 2)


def test_export_is_imported_elsewhere_once(two_scans: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = two_scans("history", "--json").report
    two_scans("history", "export", "all.jsonl.gz")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "elsewhere"))
    said = [two_scans("history", "import", "all.jsonl.gz").out.strip() for _ in range(2)]
    assert said == ["2 scans added, 0 were there", "0 scans added, 2 were there"]
    assert two_scans("history", "--json").report == before
    assert two_scans("report", "latest", "-q").status == 0


def test_damaged_export_is_refused(two_scans: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two_scans("history", "export", "all.jsonl.gz")
    whole = (tmp_path / "all.jsonl.gz").read_bytes()
    (tmp_path / "all.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "elsewhere"))
    run = two_scans("history", "import", "all.jsonl.gz")
    assert (run.status, "damaged" in run.err) == (2, True)


def test_damaged_document_is_found(two_scans: Command) -> None:
    assert two_scans("history", "check").status == 0
    connection = sqlite3.connect(state() / "history.sqlite")
    connection.execute("UPDATE documents SET content = x'00'")
    connection.commit()
    connection.close()
    run = two_scans("history", "check")
    assert (run.status, "damaged: " in run.out) == (10, True)
    shutil.rmtree(state() / "scans")
    again = two_scans("report", "latest", "-q")
    assert (again.status, "is damaged" in again.err) == (2, True)


def test_scan_that_the_history_cannot_keep_still_has_its_report(
    hardening: Command, tmp_path: Path, recording: Path
) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state/history.sqlite").write_bytes(b"x" * 5_000)
    run = hardening("scan", f"recorded:{recording}", "-q", "--fail-on", "never", "-o", "json=gap.json")
    assert (run.status, "not a database" in run.err, (tmp_path / "gap.json").exists()) == (4, True, True)
    (tmp_path / "state/history.sqlite").unlink()
    (folder,) = (state() / "scans").iterdir()
    assert hardening("history", "add", folder).out.strip() == folder.name
    assert json.loads(hardening("history", "--json").out)["scans"][0]["id"] == folder.name


def test_clock_that_was_set_back_is_told(two_scans: Command, recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_000_000_000.0)
    run = two_scans("scan", f"recorded:{recording}", "-q", "--fail-on", "never")
    assert (run.status, "the clock was set back" in run.err) == (0, True)
    assert ids(two_scans)[-1].startswith("20010909")


def test_report_tells_the_past_once_there_is_one(hardening: Command, recording: Path) -> None:
    words = ("scan", f"recorded:{recording}", "--fail-on", "never", "--lang", "en")
    first = hardening(*words)
    with sqlite3.connect(state() / "history.sqlite") as database:
        database.execute("UPDATE scans SET started = started - 86400 * 100")
    second = hardening(*words, "-o", "json=second.json", "-o", "html:summary=s.html", "-o", "csv=s.csv")
    report = json.loads(Path("second.json").read_text("utf-8"))

    assert "No earlier scan of these targets is kept" in " ".join(first.out.split())
    assert "The oldest open gap was first seen on" in " ".join(second.out.split())
    assert "100 days ago" in " ".join(second.out.split())
    assert len(report["trend"]["points"]) == 2
    assert {gap["first_seen"] for gap in report["gaps"]} == {report["trend"]["points"][0]["started"]}
    assert 'class="trend-line"' in Path("s.html").read_text("utf-8")
    assert Path("s.csv").read_text("utf-8-sig").splitlines()[0].endswith(",first_seen")


def test_scan_is_reported_though_its_past_cannot_be_read(hardening: Command, recording: Path) -> None:
    (state()).mkdir(exist_ok=True)
    (state() / "history.sqlite").write_bytes(b"no database" * 100)
    run = hardening("scan", f"recorded:{recording}", "--fail-on", "never", "-o", "json=r.json")

    assert "the report has no past" in run.err
    assert json.loads(Path("r.json").read_text("utf-8"))["trend"] is None
