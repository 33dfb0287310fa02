"""The guides for reports and for auditors: every command in them runs, and does what the text says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from hardening.content.shipped import find_shipped
from hardening.report import FORMATS
from hardening.report.format import View
from tests.cli.conftest import Command

DOCS = find_shipped() / "docs"
GUIDES = ("for-auditors.md", "reports.md")


def text(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def commands(name: str) -> list[list[str]]:
    return [shlex.split(line) for line in re.findall(r"^    hardening (.*)$", text(name), re.MULTILINE)]


@pytest.fixture
def site(hardening: Command, recording: Path, tmp_path: Path) -> Path:
    """Make the current folder a site whose server web-01 is a recording."""
    del hardening
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(f"targets:\n  - {{name: web-01, recorded: {recording}, baselines: [linux-server]}}\n")
    inventory.chmod(0o600)
    return tmp_path


@pytest.mark.parametrize("name", GUIDES)
@pytest.mark.timeout(300)
def test_every_command_of_a_guide_runs(hardening: Command, site: Path, name: str) -> None:
    runs = [(words, hardening(*words)) for words in commands(name)]

    assert [(words, run.status, run.err) for words, run in runs if run.status not in {0, 3, 10}] == []
    assert len(runs) > 5
    assert not list(site.glob(".*"))


@pytest.mark.timeout(300)
def test_judging_again_gives_the_same_results(hardening: Command, site: Path) -> None:
    for words in commands("for-auditors.md"):
        if words[0] in {"collect", "evaluate"} and "ci-image" not in words:
            hardening(*words)
    first, again = (json.loads((site / name).read_text("utf-8")) for name in ("gap.json", "again.json"))

    assert [first[key] == again[key] for key in ("results", "control_results", "counts")] == [True, True, True]
    assert first["info"]["content_digest"] == again["info"]["content_digest"]


@pytest.mark.timeout(300)
def test_digest_of_the_plan_is_that_of_the_report(hardening: Command, site: Path) -> None:
    collect, evaluate = commands("for-auditors.md")[:2]
    hardening(*collect)
    hardening(*evaluate)
    report = json.loads((site / "gap.json").read_text("utf-8"))
    run = hardening("plan", "-b", "linux-server:extended")

    assert report["info"]["plan_digest"] in run.out + run.err


def test_formats_and_views_are_those_of_the_code() -> None:
    section = text("reports.md").partition("## Formats\n")[2].partition("\n## ")[0]
    found = {
        name: (views, extra)
        for name, views, extra in re.findall(r"^\| `(\w+)` \| (.*?) ?\| (.*?) ?\|$", section, re.MULTILINE)
    }
    wanted = {
        each.name: (
            ", ".join(each.views),
            f"the extra `{each.extra}` ({'typst' if each.extra == 'pdf' else 'XlsxWriter'})" if each.extra else "",
        )
        for each in FORMATS.values()
    }

    assert {name: found.get(name) for name in ("html", "pdf", "xlsx", "json")} == {
        name: wanted[name] for name in ("html", "pdf", "xlsx", "json")
    }


def test_every_view_is_told() -> None:
    assert re.findall(r"^\| `(\w+)` \| those", text("reports.md"), re.MULTILINE) == list(View)
