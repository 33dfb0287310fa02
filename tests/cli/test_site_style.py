"""What a site folder does to reports: efforts, costs, marking, name and logo; bad files stop before any work."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Command

LOGO = '<svg xmlns="http://www.w3.org/2000/svg"/>'
SITE = """\
name: Eksempel kommune
marking: Skjermet
logo: logo.svg
measures:
  "2.6.4": {effort: 5, cost: 40000}
actions:
  harden-sshd: {cost: 1000}
"""


def write_site(text: str) -> None:
    Path("site.yaml").write_text(text, encoding="utf-8")
    Path("logo.svg").write_text(LOGO, encoding="utf-8")
    for path in Path().glob("*.*"):
        path.chmod(0o600)


def test_site_marks_its_reports_and_reckons_for_itself(hardening: Command, recording: Path) -> None:
    write_site(SITE)
    run = hardening(
        *("scan", f"recorded:{recording}", "--check", "linux-perm-shadow", "--site", ".", "-q", "--fail-on", "never"),
        *("-o", "html:summary=s.html", "-o", "json=r.json"),
    )
    report = json.loads(Path("r.json").read_text("utf-8"))
    (line,) = [each for each in report["measures"] if (each["framework"], each["id"]) == ("nsm-gp-ikt-2.1", "2.6.4")]
    page = Path("s.html").read_text("utf-8")

    assert run.status in {0, 3}, run.err
    assert (line["effort"], line["cost"]) == (5, 40_000)
    assert report["info"]["options"] == {"site.yaml": "2.6.4: effort 5, 40000 kr; harden-sshd: 1000 kr"}
    assert "Eksempel kommune" in page
    assert "data:image/svg+xml;base64," in page
    assert page.count("<strong>Skjermet</strong>") == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("effort: 5", "effort: 0", "site.yaml:5:21: this must be at least 1"),
        ("effort: 5", "effort: -1", "site.yaml:5:21: this must be at least 1"),
        ("effort: 5", "effort: 6", "site.yaml:5:21: this must be at most 5"),
        ("cost: 40000", "cost: -1", "site.yaml:5:30: this must be at least 0"),
        ("logo.svg", "nope.svg", "nope.svg: the logo cannot be read"),
        ('"2.6.4"', '"2.6.44"', 'no measure "2.6.44"; did you mean "nsm-gp-ikt-2.1/2.6.4"?'),
        ("harden-sshd", "nope-nope", 'no action "nope-nope"'),
        ("marking: Skjermet", f"marking: {'x' * 201}", "site.yaml:2:10:"),
        ("marking: Skjermet", "language: se", "site.yaml:2:11:"),
    ],
)
def test_bad_site_file_stops_before_any_work(
    hardening: Command, recording: Path, old: str, new: str, problem: str
) -> None:
    write_site(SITE.replace(old, new))
    run = hardening("scan", f"recorded:{recording}", "--site", ".", "-q", "-o", "html=a.html")

    assert (run.status, problem in run.err) == (2, True), run.err
    assert not Path("a.html").exists()
    assert not Path("state").exists()


def test_view_must_be_one_that_the_format_has(hardening: Command, recording: Path) -> None:
    run = hardening("scan", f"recorded:{recording}", "-o", "json:summary=a.json")

    assert (run.status, "json has no view 'summary'" in run.err) == (2, True)


def test_report_tells_the_best_work_and_what_would_be(hardening: Command, recording: Path) -> None:
    hardening(
        *("scan", f"recorded:{recording}", "-b", "linux-server", "-q", "--fail-on", "never"),
        *("-o", "json=r.json", "--on-incomplete", "warn"),
    )
    run = hardening("report", "r.json", "--budget", "4", "--assume", "measure=2.3.4", "--lang", "en")

    assert run.status == 0, run.err
    assert "all gaps of NSM 2.3.4 are closed" in run.out
    assert "The best work for 4 effort points" in run.out
    assert "open risk from" in run.out


def test_assumption_must_name_a_measure(hardening: Command) -> None:
    run = hardening("report", "r.json", "--assume", "2.6.4")

    assert (run.status, "write measure=ID" in run.err) == (2, True)


@pytest.fixture
def spoken_to(hardening: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return the command with nothing but LANG to say its language."""
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "C")
    return hardening


@pytest.mark.parametrize(
    ("words", "locale", "title"),
    [
        (["--lang", "nn"], "en_GB.UTF-8", "Kva som ikkje kunne undersøkjast"),
        ([], "nn_NO.UTF-8", "Kva som ikkje kunne undersøkjast"),
        ([], "nb_NO.UTF-8", "Hva som ikke kunne undersøkes"),
        ([], "en_GB.UTF-8", "What could not be examined"),
        ([], "se_NO.UTF-8", "Hva som ikke kunne undersøkes"),
    ],
)
def test_language_is_that_of_the_option_or_the_locale(
    spoken_to: Command, recording: Path, words: list[str], locale: str, title: str
) -> None:
    os.environ["LANG"] = locale
    run = spoken_to("scan", f"recorded:{recording}", "--check", "linux-perm-shadow", "-o", "html=a.html", *words)

    assert run.status in {0, 3, 10}, run.err
    assert title in Path("a.html").read_text("utf-8")


def test_site_may_want_nynorsk(hardening: Command, recording: Path) -> None:
    write_site(SITE + "language: nn\n")
    run = hardening(
        "scan", f"recorded:{recording}", "--check", "linux-perm-shadow", "--site", ".", "--fail-on", "never"
    )

    assert "krav er ikkje undersøkte av denne skanninga" in " ".join(run.out.split())


def test_language_that_does_not_exist_is_refused(hardening: Command, recording: Path) -> None:
    run = hardening("scan", f"recorded:{recording}", "--lang", "se", "-o", "html=a.html")

    assert (run.status, "'se' is not one of 'nb', 'nn', 'en'" in run.err) == (2, True)
    assert not Path("a.html").exists()


@pytest.fixture
def gap(hardening: Command, recording: Path) -> str:
    """Return the name of a JSON report in a site whose marking is set."""
    write_site(SITE.replace("marking: Skjermet", 'marking: "Unntatt, jf. offentleglova § 24 Ærlig"'))
    hardening(
        *("scan", f"recorded:{recording}", "--check", "linux-perm-shadow", "--site", ".", "-q", "--fail-on", "never"),
        *("-o", "json=r.json"),
    )
    return "r.json"


def test_marking_goes_into_names_of_files(hardening: Command, gap: str) -> None:
    Path("out").mkdir()
    run = hardening(
        *("report", gap, "--site", ".", "-q", "-o", "md=out/", "-o", "html:summary=out/"),
        *("-o", "csv=out/{marking}.csv", "-o", "html:evidence=out/evidence.html"),
    )

    assert run.status == 0, run.err
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "evidence.html",
        "hardening-summary-unntatt-jf-offentleglova-par-24-aerlig.html",
        "hardening-unntatt-jf-offentleglova-par-24-aerlig.md",
        "unntatt-jf-offentleglova-par-24-aerlig.csv",
    ]


def test_marking_stands_in_markdown_and_on_every_row_of_csv(hardening: Command, gap: str) -> None:
    hardening("report", gap, "--site", ".", "-q", "-o", "md=r.md", "-o", "csv=r.csv")
    lines = Path("r.md").read_text("utf-8").splitlines()
    with Path("r.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))

    assert lines[0] == lines[-1] == "**Unntatt, jf. offentleglova § 24 Ærlig**"
    assert {row["marking"] for row in rows} == {"Unntatt, jf. offentleglova § 24 Ærlig"}


def test_name_that_asks_for_a_marking_needs_one(hardening: Command, recording: Path) -> None:
    run = hardening("scan", f"recorded:{recording}", "-o", "html={marking}.html")

    assert (run.status, "site.yaml has no `marking:`" in run.err) == (2, True)
    assert not Path("state").exists()


def test_folder_without_a_marking_still_names_the_file(hardening: Command, recording: Path) -> None:
    Path("out").mkdir()
    hardening("scan", f"recorded:{recording}", "--check", "linux-perm-shadow", "-q", "-o", "md=out/", "-o", "json=out/")

    assert sorted(path.name for path in Path("out").iterdir()) == ["hardening.json", "hardening.md"]


def test_folder_that_is_not_there_stops_before_any_work(hardening: Command, recording: Path) -> None:
    run = hardening("scan", f"recorded:{recording}", "-o", "md=nowhere/")

    assert (run.status, "no such folder nowhere" in run.err) == (2, True)
    assert not Path("state").exists()
