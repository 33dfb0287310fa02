"""Waivers, the gate, and two scans side by side, as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from hardening.content.load import load_content
from hardening.content.shipped import find_shipped
from tests.cli.conftest import Command, Run

CHECK = "linux-own-marker"
RESULT = f"web-01/{CHECK}"
CONTENT = f"""\
id: {CHECK}
title: {{en: The marker is private, nb: Merket er privat}}
severity: high
applies_to: [{{os_family: linux}}]
rationale: {{en: Because, nb: Fordi}}
probes:
  marker: {{kind: file_status, path: /etc/passwd}}
parameters:
  most: {{type: mode, default: "0600", description: {{en: mode, nb: modus}}}}
expect: {{field: marker.mode, mode_at_most: {{param: most}}}}
remediation: {{en: Change it, nb: Endre det}}
action: fix-file-permissions
samples:
  - {{name: private, evidence: {{marker: {{mode: "0600"}}}}, outcome: pass}}
  - {{name: open, evidence: {{marker: {{mode: "0644"}}}}, outcome: fail}}
"""
BASELINE = f"""\
id: own
title: {{en: Own, nb: Egen}}
version: "1"
controls:
  - {{id: "1", title: {{en: Marker, nb: Merke}}, level: basic, checks: [{CHECK}]}}
"""
WAIVER = f"""\
waivers:
  - id: W-1
    targets: [web-01]
    check: {CHECK}
    holds:
      - {{field: marker.mode, equals: "0644"}}
    reason: The agent reads it.
    owner: Kari Nordmann
    approver: Ola Hansen
    ticket: SAK-1
    compensating: Nobody logs in there.
    starts: 2026-01-01
    expires: 2026-12-31
"""
ADD = ["--owner", "Kari", "--ticket", "S-1", "--reason", "r", "--compensating", "c", "--expires", "2099-01-01"]


@pytest.fixture
def site(hardening: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a site folder with one target, one check that fails on it, and one baseline."""
    del hardening
    # Content is read once for each folder that is named; `.` would be the same for all tests.
    monkeypatch.setenv("HARDENING_SITE", str(tmp_path))
    write(tmp_path / "checks" / "linux" / "own" / f"{CHECK}.yaml", CONTENT)
    write(tmp_path / "baselines" / "own.yaml", BASELINE)
    write(tmp_path / "inventory.yaml", "targets:\n  - {name: web-01, local: {}, baselines: [own]}\n")
    return tmp_path


def write(path: Path, text: str) -> Path:
    for folder in reversed(path.parents):
        folder.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def scan(hardening: Command, *words: object) -> Run:
    return hardening("scan", "-o", "json=-", "-q", "--as-of", "2026-06-01", *words)


def test_gap_closes_the_gate_and_a_waiver_opens_it(hardening: Command, site: Path) -> None:
    before = scan(hardening)
    write(site / "waivers.yaml", WAIVER)
    after = scan(hardening)
    (result,) = after.report["results"]
    counts = after.report["counts"]
    assert (before.status, after.status, result["outcome"], result["waivers"]) == (10, 0, "fail", ["W-1"])
    assert (counts["compliance"], counts["compliance_with_waivers"], after.report["gaps"]) == (0.0, 1.0, [])
    schema = json.loads((find_shipped() / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(after.report, schema)


@pytest.mark.parametrize(
    ("day", "status"), [("2025-12-31", 10), ("2026-01-01", 0), ("2026-12-31", 0), ("2027-01-01", 10)]
)
def test_waiver_counts_on_its_days_by_as_of_and_not_by_the_clock(
    hardening: Command, site: Path, day: str, status: int
) -> None:
    write(site / "waivers.yaml", WAIVER)
    assert hardening("scan", "-q", "--as-of", day).status == status


def test_reports_show_the_waiver_with_owner_reason_and_end(hardening: Command, site: Path) -> None:
    write(site / "waivers.yaml", WAIVER)
    run = hardening("scan", "--as-of", "2026-12-15", "-o", "html=gap.html", "--lang", "en")
    page = (site / "gap.html").read_text(encoding="utf-8")
    assert [part in page for part in ("Kari Nordmann", "The agent reads it.", "2026-12-31", "ends within 30 days")] == [
        True
    ] * 4
    assert ("1 gap is waived" in run.out, "W-1" in run.out, "ends within 30 days" in run.out) == (True, True, True)


def test_json_report_with_waivers_is_read_back_as_it_was(hardening: Command, site: Path) -> None:
    write(site / "waivers.yaml", WAIVER)
    (site / "gap.json").write_text(scan(hardening).out, encoding="utf-8")
    assert hardening("report", "gap.json", "-o", "json=-", "-q").out == (site / "gap.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("waivers:", "waivers: ["), "waivers.yaml:"),
        (("2026-12-31", "31.12.2026"), 'waivers.yaml:13:14: "31.12.2026" is no day; write it as 2026-12-31'),
        (("2026-12-31", "2025-12-31"), "waivers.yaml:13:14: W-1 ends before it starts"),
        (("marker.mode", "marker.moed"), 'waivers.yaml:6:9: linux-own-marker has no field "marker.moed"; did you mean'),
        (("equals", "equal"), 'unknown operator "equal"; did you mean "equals"?'),
        (("equals", "at_most"), "at_most cannot read marker.mode, which is mode; use"),
        (('"0644"', "rw"), "equals of marker.mode takes a mode of four octal digits"),
        ((f"check: {CHECK}", "check: linux-own-markr"), 'no check is named "linux-own-markr"; did you mean'),
        (("    owner: Kari Nordmann\n", ""), '"owner" is missing; add `owner:`'),
        (("ticket", "tikcet"), 'unknown field "tikcet"; did you mean "ticket"?'),
        (("    targets: [web-01]\n", ""), "W-1 does not say where it counts; give `targets` or `select`"),
        (("targets: [web-01]", "select: zone"), "write LABEL=VALUE"),
        (('equals: "0644"', 'equals: "0644", key: x'), "x is not among the keys"),
    ],
)
def test_waiver_file_that_is_wrong_stops_the_scan_before_it_starts(
    hardening: Command, site: Path, change: tuple[str, str], line: str
) -> None:
    write(site / "waivers.yaml", WAIVER.replace(*change))
    run = hardening("scan")
    assert (run.status, line in run.err, (site / "state").exists()) == (2, True, False), run.err


def test_two_waivers_with_one_name_are_refused(hardening: Command, site: Path) -> None:
    write(site / "waivers.yaml", WAIVER + WAIVER.partition("\n")[2])
    run = hardening("scan")
    assert (run.status, "two waivers are named W-1; rename one" in run.err) == (2, True)


def test_waiver_file_that_others_may_write_is_refused(hardening: Command, site: Path) -> None:
    write(site / "waivers.yaml", WAIVER).chmod(0o666)
    run = hardening("scan")
    assert (run.status, "waivers.yaml: may be written by everyone" in run.err) == (2, True)


def test_added_waiver_covers_the_result_it_was_written_from(hardening: Command, site: Path) -> None:
    (site / "gap.json").write_text(scan(hardening).out, encoding="utf-8")
    added = hardening(
        "waivers", "add", RESULT, "--from", "gap.json", *ADD, "--approver", "Ola", "--starts", "2026-01-01"
    )
    policy = write(site / "site.yaml", "waivers: {longest_days: 3660}\n")
    too_long = scan(hardening).status
    text = (site / "waivers.yaml").read_text(encoding="utf-8").replace("2099-01-01", "2026-12-31")
    write(site / "waivers.yaml", text)
    assert (added.status, policy.exists(), too_long, scan(hardening).status) == (0, True, 10, 0)
    assert '{field: "marker.mode", equals: "0644"}' in text


def test_second_waiver_is_added_and_the_first_stays(hardening: Command, site: Path) -> None:
    (site / "gap.json").write_text(scan(hardening).out, encoding="utf-8")
    write(site / "waivers.yaml", "# ours\n" + WAIVER)
    run = hardening("waivers", "add", RESULT, "--from", "gap.json", *ADD)
    text = (site / "waivers.yaml").read_text(encoding="utf-8")
    assert (run.status, text.startswith("# ours\n" + WAIVER), "it counts once it has an approver" in run.out) == (
        0,
        True,
        True,
    )
    assert len(hardening("waivers", "list", "--lang", "en").out.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["web-01/nothing", *ADD], f"web-01/nothing is no result of this scan; write TARGET/CHECK; gaps are {RESULT}"),
        ([RESULT, *ADD, "--approver", "kari"], "Kari cannot both own and approve it"),
        ([RESULT, *ADD[:-1], "soon"], "--expires soon: no day"),
        ([RESULT, *ADD, "--starts", "2099-02-01"], "ends before it starts"),
    ],
)
def test_waiver_that_makes_no_sense_is_not_added(hardening: Command, site: Path, words: list[str], line: str) -> None:
    (site / "gap.json").write_text(scan(hardening).out, encoding="utf-8")
    run = hardening("waivers", "add", "--from", "gap.json", *words)
    assert (run.status, line in run.err, (site / "waivers.yaml").exists()) == (2, True, False), run.err


@pytest.mark.parametrize(
    ("change", "day", "expected"),
    [
        (("", ""), "2026-06-01", (0, "1 waivers are in order")),
        (("", ""), "2027-06-01", (10, "W-1: it ended on 2026-12-31; close the gap, decide anew, or remove it")),
        (("2026-12-31", "2028-12-31"), "2026-06-01", (10, "it is meant for 1096 days, and the site allows 365")),
        (("    approver: Ola Hansen\n", ""), "2026-06-01", (10, "W-1: nobody approved it")),
        (("Ola Hansen", "kari nordmann"), "2026-06-01", (10, "kari nordmann owns it and approved it")),
        (('"0644"', '"0640"'), "2026-06-01", (10, "W-1: it covers nothing in this scan")),
        (("waivers:", "waivers: ["), "2026-06-01", (10, "waivers.yaml:")),
    ],
)
def test_check_finds_waivers_that_do_not_count_or_are_not_needed(
    hardening: Command, site: Path, change: tuple[str, str], day: str, expected: tuple[int, str]
) -> None:
    status, line = expected
    hardening("scan", "-q")
    write(site / "waivers.yaml", WAIVER.replace(*change) if change[0] else WAIVER)
    run = hardening("waivers", "check", "--from", "latest", "--as-of", day)
    assert (run.status, line in run.out + run.err) == (status, True), run.err


def test_thresholds_of_the_site_hold_where_the_command_line_is_silent(hardening: Command, site: Path) -> None:
    write(site / "gate.yaml", "fail_on: critical\n")
    assert (scan(hardening).status, scan(hardening, "--fail-on", "high").status) == (0, 10)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("fail_on: huge\n", "gate.yaml:1:10:"),
        ("min_compliance: 120\n", 'gate.yaml:1:17: "120" is no share in percent; write a number from 0 to 100'),
        ("min_complaince: 90\n", 'gate.yaml:1:1: unknown field "min_complaince"; did you mean "min_compliance"?'),
        ("on_incomplete: maybe\n", "gate.yaml:1:16:"),
    ],
)
def test_thresholds_that_mean_nothing_stop_the_scan(hardening: Command, site: Path, text: str, line: str) -> None:
    write(site / "gate.yaml", text)
    run = hardening("scan")
    assert (run.status, line in run.err, (site / "state").exists()) == (2, True, False), run.err


def test_only_new_gaps_count_since_an_earlier_scan(hardening: Command, site: Path) -> None:
    (site / "old.json").write_text(scan(hardening).out, encoding="utf-8")
    same = scan(hardening, "--new-since", "old.json")
    write(site / "waivers.yaml", WAIVER)
    (site / "waived.json").write_text(scan(hardening).out, encoding="utf-8")
    (site / "waivers.yaml").unlink()
    ended = scan(hardening, "--new-since", "waived.json")
    assert (same.status, ended.status) == (0, 10)
    assert ended.report["info"]["gate"]["lines"][0]["en"] == "1 new gap of severity high or above"


def test_parameter_that_changed_is_told_and_does_not_close_the_gate(hardening: Command, site: Path) -> None:
    write(site / "site.yaml", f"parameters:\n  - {{check: {CHECK}, values: {{most: 0644}}}}\n")
    (site / "old.json").write_text(scan(hardening).out, encoding="utf-8")
    (site / "site.yaml").unlink()
    run = hardening("scan", "--new-since", "old.json", "--lang", "en")
    assert (run.status, f"  * web-01: {CHECK} (high): pass → fail" in run.out) == (0, True), run.out


def test_target_that_is_down_now_makes_the_comparison_incomplete(hardening: Command, site: Path) -> None:
    (site / "old.json").write_text(scan(hardening).out, encoding="utf-8")
    write(site / "inventory.yaml", "targets:\n  - {name: web-01, recorded: nowhere, baselines: [own]}\n")
    assert (scan(hardening, "--new-since", "old.json").status) == 3


def test_reference_that_cannot_be_read_stops_the_scan(hardening: Command, site: Path) -> None:
    (site / "old.json").write_text("{}", encoding="utf-8")
    run = hardening("scan", "--new-since", "old.json")
    assert (run.status, "old.json: not a JSON report" in run.err, (site / "state").exists()) == (2, True, False)


def test_only_what_was_a_gap_is_looked_at_again(
    hardening: Command, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hardening.app.content.load_content", load_content)
    text = BASELINE.replace(f"[{CHECK}]", f"[{CHECK}, linux-perm-passwd]")
    write(site / "baselines" / "own.yaml", text)
    (site / "old.json").write_text(scan(hardening).out, encoding="utf-8")
    again = scan(hardening, "--gaps-of", "old.json")
    assert [result["check"] for result in again.report["results"]] == [CHECK]


def test_nothing_to_look_at_again_is_said(hardening: Command, site: Path) -> None:
    write(site / "site.yaml", f"parameters:\n  - {{check: {CHECK}, values: {{most: 0644}}}}\n")
    (site / "old.json").write_text(scan(hardening).out, encoding="utf-8")
    run = hardening("scan", "--gaps-of", "old.json")
    assert (run.status, "there is nothing to look at again" in run.err) == (0, True)


def test_diff_tells_what_opened_and_closed(hardening: Command, site: Path) -> None:
    (site / "old.json").write_text(scan(hardening).out, encoding="utf-8")
    write(site / "waivers.yaml", WAIVER)
    (site / "new.json").write_text(scan(hardening).out, encoding="utf-8")
    words = hardening("diff", "old.json", "new.json", "--lang", "en").out
    back = json.loads(hardening("diff", "new.json", "old.json", "--json").out)
    assert f"  - web-01: {CHECK} (high): fail → waived" in words
    assert (back["counts"]["opened"], back["changes"][0]["kind"], back["changes"][0]["check"]) == (1, "opened", CHECK)


def test_diff_of_a_scan_with_itself_is_nothing(hardening: Command, site: Path) -> None:
    (site / "old.json").write_text(scan(hardening).out, encoding="utf-8")
    assert "Nothing changed." in hardening("diff", "old.json", "latest", "--lang", "en").out


def test_upgrade_of_content_is_told_by_check_version(
    hardening: Command, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hardening.app.content.load_content", load_content)
    (site / "old.json").write_text(scan(hardening).out, encoding="utf-8")
    write(site / "checks" / "linux" / "own" / f"{CHECK}.yaml", CONTENT.replace('default: "0600"', 'default: "0640"'))
    lines = hardening("checks", "changed", "old.json").out.splitlines()
    assert [line for line in lines if not line.startswith("added")][0].startswith(f"changed  {CHECK}: version ")  # noqa: RUF015
    assert "no check is added" in hardening("checks", "changed", "shipped", "shipped").out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["scan", "--same-scope"], "--same-scope needs --new-since SCAN"),
        (["scan", "--as-of", "tomorrow"], "--as-of tomorrow: no day; write it as 2026-12-31"),
        (["scan", "--new-since", "nowhere"], "nowhere: no such scan"),
        (["scan", "--gaps-of", "nowhere"], "nowhere: no such scan"),
        (["diff", "nowhere", "latest"], "nowhere: no such scan"),
        (["checks", "changed", "nowhere"], "nowhere: neither a folder that holds checks/"),
    ],
)
def test_mistake_gets_one_clear_line(hardening: Command, site: Path, words: list[str], line: str) -> None:
    run = hardening(*words)
    assert (run.status, line in run.err, (site / "state").exists()) == (2, True, False), run.err


def test_waived_gap_is_no_gap_in_the_trend(hardening: Command, site: Path) -> None:
    scan(hardening)
    write(site / "waivers.yaml", WAIVER)
    scan(hardening)
    points = hardening("trend", "--json").report["points"]
    assert [(point["failed"], point["gaps"]["high"]) for point in points] == [(1, 1), (1, 0)]
