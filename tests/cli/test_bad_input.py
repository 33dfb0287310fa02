"""What a user gets wrong: one clear line, what to do, exit status 2, and nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["scan"], "no target to scan"),
        (["scan", "web-01"], "web-01: no inventory to look it up in; use -i FILE, --site DIR, or an address"),
        (["scan", "local", "-b", "linux-servr"], "no baseline 'linux-servr'; did you mean linux-server?"),
        (["scan", "local", "-b", "linux-server:full"], "no such level; use linux-server:basic or :extended"),
        (
            ["scan", "local", "--check", "linux-perm-shadwo"],
            "no check 'linux-perm-shadwo'; did you mean linux-perm-shadow?",
        ),
        (["scan", "local", "-o", "html"], "write FORMAT=PATH"),
        (["scan", "local", "-o", "docx=x"], "no format 'docx'; there are html, md, json"),
        (["scan", "local", "-o", "html=missing/gap.html"], "no such folder missing; make it first"),
        (["scan", "local", "-o", "html=a", "-o", "json=a"], "two reports would be written to a"),
        (["scan", "local", "--select", "zone"], "write LABEL=VALUE"),
        (["scan", "local", "--fail-on", "huge"], "Invalid value for '--fail-on'"),
        (["scan", "local", "--site", "nowhere"], "nowhere: no such site folder"),
        (["scan", "-i", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["evaluate", "nowhere"], "no such snapshot folder"),
        (["report", "latest"], "no scan is kept yet"),
        (["report", "nowhere"], "nowhere: no such scan"),
        (["explain", "linux-perm-shadwo"], "did you mean linux-perm-shadow?"),
        (["explain", "linux-perm-shadow", "--target", "a"], "--target needs --from SCAN"),
        (["baselines", "show", "x"], "no baseline 'x'"),
        (["measures", "show", "9.9.9"], "no measure '9.9.9'"),
        (["checks", "show", "x"], "no check 'x'"),
        (["checks", "schema", "x"], "no schema 'x'"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["scan", "--frobnicate"], "No such option"),
    ],
)
def test_mistake_gets_one_clear_line_and_status_2(hardening: Command, words: list[str], line: str) -> None:
    run = hardening(*words)
    assert (run.status, line in run.err, "Traceback" in run.err) == (2, True, False), run.err


def test_invalid_content_of_the_site_stops_the_scan_with_every_place(hardening: Command, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text("targets:\n\t- name: a\n")
    inventory.chmod(0o600)
    run = hardening("scan")
    assert (run.status, "inventory.yaml:2:1: there is a tab; use spaces" in run.err) == (2, True)


def test_terminal_escape_in_an_argument_is_shown_and_not_obeyed(hardening: Command) -> None:
    run = hardening("scan", "local", "-b", "x\x1b[31m")
    assert (run.status, "\x1b" in run.err) == (2, False)


def test_damaged_snapshot_is_refused_with_its_name(hardening: Command, tmp_path: Path) -> None:
    path = tmp_path / "a.snapshot.json.gz"
    path.write_bytes(b"\x1f\x8b damaged")
    run = hardening("evaluate", path)
    assert (run.status, "a.snapshot.json.gz: not a snapshot, or damaged" in run.err) == (2, True)


def test_recording_that_is_not_there_is_a_target_not_reached(hardening: Command) -> None:
    run = hardening("scan", "recorded:nowhere", "--lang", "en")
    assert (run.status, "the recording cannot be read" in run.out) == (3, True)


def test_two_snapshots_of_one_target_are_refused(hardening: Command, recording: Path) -> None:
    for folder in ("one", "other"):
        hardening("collect", f"recorded:{recording}", "-b", "linux-server", "-q", "--into", folder)
    run = hardening("evaluate", "one", "other", "-o", "html=a.html")

    assert (run.status, "are both of" in run.err, "judge one of them at a time" in run.err) == (2, True, True), run.err
    assert not Path("a.html").exists()
