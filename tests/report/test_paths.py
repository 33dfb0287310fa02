"""The ways to the administrators of a directory in every format that tells them: drawn, listed, cut, hostile."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pdfua import validate

from hardening.errors import SnapshotError
from hardening.model.evidence import ABSENT, Evidence, Known, Partial, Record, Unreadable
from hardening.model.probe import Probe
from hardening.model.texts import Language
from hardening.report.format import RenderOptions, View
from hardening.report.path_pictures import MOST_BESIDE, MOST_ROWS, build_path_picture, split_name
from hardening.report.paths import MOST_PATHS, ControlPath, ControlPaths, PathStep, build_control_paths
from hardening.report.pdf_data import build_pdf_data
from hardening.report.stored import parse_report
from hardening.report.values import Report
from tests.report.example import build_content, build_judgements
from tests.report.hostile import HOSTILE
from tests.report.rendering import FOLDER, read_back, render, small_example, words
from tests.report.test_summary import show

DOMAIN = "DC=kommune,DC=no"
ADMINS = f"CN=Domeneadministratorer,CN=Users,{DOMAIN}"
ADMIN = f"CN=Admin,OU=Drift,{DOMAIN}"


def way(name: str, *edges: str, usable: bool = True) -> ControlPath:
    """Return a way of an account over one administrator."""
    steps = tuple(PathStep(edge, ADMIN) for edge in edges)
    return ControlPath(
        account=f"CN={name},OU=Ansatte,{DOMAIN}",
        kind="person",
        enabled=usable,
        usable=usable,
        last_logon=1_795_000_000,
        steps=(*steps, PathStep("member_of", ADMINS)),
    )


def found(*paths: ControlPath, **changes: object) -> ControlPaths:
    """Return the ways of one target."""
    given = {"target": "web-01", "administrators": 3, "found": len(paths), "omitted": 0, "reason": "", **changes}
    return ControlPaths(paths=paths, **given)  # type: ignore[arg-type] # a test may change any of them


def report(*paths: ControlPath, **changes: object) -> Report:
    """Return a report that tells some ways."""
    example = small_example()
    return Report(replace(example.summary, control_paths=(found(*paths, **changes),)), example.targets)


ONE = way("ola", "resets_password")


def record(account: str, edges: tuple[str, ...] = ("owns",), **more: Known) -> Record:
    """Return a record of the kind."""
    return {
        "account": Known(account),
        "kind": Known("person"),
        "enabled": Known(value=True),
        "usable": Known(value=True),
        "edges": Known(edges),
        "objects": Known(tuple("CN=x" for _ in edges)),
        "titles": Known(tuple("" for _ in edges)),
        **more,
    }


def built(evidence: Evidence) -> ControlPaths:
    """Return what a snapshot with some evidence tells."""
    snapshot = build_judgements(build_content())[0].snapshot
    (paths,) = build_control_paths(replace(snapshot, evidence={Probe.build("ad_control", {}): evidence}))
    return paths


def test_evidence_becomes_ways() -> None:
    paths = built({"paths": Known((record("CN=ola"),)), "found": Known(1), "administrators": Known(2)})
    assert [(path.account, path.steps) for path in paths.paths] == [("CN=ola", (PathStep("owns", "CN=x"),))]
    assert (paths.found, paths.administrators, paths.reason) == (1, 2, "")


def test_what_could_not_be_seen_is_told() -> None:
    assert built({"paths": Unreadable("needs read on DC=x")}).reason == "needs read on DC=x"
    assert built({"paths": Partial((record("CN=ola"),), "cut")}).reason == "cut"


def test_more_than_a_report_holds_are_counted() -> None:
    records = tuple(record(f"CN={number}") for number in range(MOST_PATHS + 7))
    paths = built({"paths": Known(records), "found": Known(len(records))})
    assert (len(paths.paths), paths.omitted) == (MOST_PATHS, 7)


def test_steps_that_nobody_knows_are_left_out() -> None:
    (path,) = built({"paths": Known((record("CN=ola", ("owns", "flies"), kind=Known("bird")),))}).paths
    assert ([step.edge for step in path.steps], path.kind) == (["owns"], "unknown")


def test_ways_that_share_their_end_share_its_boxes() -> None:
    picture = build_path_picture(found(ONE, way("kari", "owns")))
    assert [(box.name, box.edge) for box in picture.boxes] == [
        ("ola", "resets_password"),
        ("kari", "owns"),
        ("Admin", "member_of"),
        ("Domeneadministrat…", ""),
    ]
    assert len(picture.lines) == 3


def test_boxes_do_not_overlap() -> None:
    paths = (*(way(f"a{number}", "owns") for number in range(9)), way("b"), way("c", "writes", "owns"))
    picture = build_path_picture(found(*paths))
    places = {(box.x, other) for box in picture.boxes for other in range(round(box.y), round(box.y) + 42)}
    assert len(places) == 42 * len(picture.boxes)
    assert all(box.x + 172 <= picture.width and box.y + 42 <= picture.height for box in picture.boxes)


def test_many_accounts_with_one_step_are_one_box() -> None:
    picture = build_path_picture(found(*(way(f"a{number}", "owns") for number in range(60))))
    assert [box.name for box in picture.boxes if box.account][-1] == "a5 + 54"
    assert len([box for box in picture.boxes if box.account]) == MOST_BESIDE + 1
    assert picture.left_out == 0


def test_a_picture_ends_and_says_so() -> None:
    paths = [
        replace(way(f"a{number}"), steps=(PathStep("owns", f"CN=g{number}"), PathStep("member_of", ADMINS)))
        for number in range(MOST_ROWS + 9)
    ]
    picture = build_path_picture(found(*paths, omitted=5))
    assert (len([box for box in picture.boxes if box.account]), picture.left_out) == (MOST_ROWS, 14)


@pytest.mark.parametrize(
    ("dn", "expected"),
    [
        (r"CN=Hansen\, Kari,OU=Drift,DC=x,DC=no", ("Hansen, Kari", "Drift")),
        ("DC=x,DC=no", ("x.no", "")),
        ("OU=Drift,DC=x,DC=no", ("Drift", "x.no")),
        ("S-1-5-21-1-2-3-4", ("S-1-5-21-1-2-3-4", "")),
        ("Everyone (S-1-1-0)", ("Everyone (S-1-1-0)", "")),
        ("", ("", "")),
        (r"a\\b\,", (r"a\b,", "")),
    ],
)
def test_names_are_split_as_people_read_them(dn: str, expected: tuple[str, str]) -> None:
    assert split_name(dn) == expected


def test_the_ways_survive_json() -> None:
    told = report(ONE, way("kari", "owns", usable=False), found=ABSENT, reason="cut")
    assert read_back(told).summary.control_paths == told.summary.control_paths
    data = json.loads(render(told, "json"))
    assert data["control_paths"][0]["paths"][0]["steps"][0] == {
        "edge": "resets_password",
        "to": ADMIN,
        "title": "",
    }
    assert "sysvol" in data["control_paths"][0]["not_searched"]


@pytest.mark.parametrize(
    ("old", "new"), [('"edge": "owns"', '"edge": "flies"'), ('"kind": "person"', '"kind": "bird"')]
)
def test_a_stored_report_with_unknown_words_is_refused(old: str, new: str) -> None:
    text = render(report(way("kari", "owns")), "json").decode()
    with pytest.raises(SnapshotError, match="unknown kind"):
        parse_report(text.replace(old, new).encode(), "report.json")


def test_markdown_lists_each_way() -> None:
    text = render(report(ONE, reason="needs read on CN=x"), "md", Language.NB).decode()
    assert "- **CN=ola,OU=Ansatte,DC=kommune,DC=no** (aktivert, sist pålogget: 18.\xa0november 2026; " in text
    assert "setter passord for → Admin: er medlem av → Domeneadministratorer" in text
    assert "krever lesetilgang til CN=x" in text
    assert "Det er ikke søkt etter: " in text


@pytest.mark.parametrize("language", list(Language))
def test_the_pdf_stays_accessible_with_ways(tmp_path: Path, language: Language) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(render(report(ONE, omitted=3, reason="cut"), "pdf", language, View.ACTIONS))
    assert [str(finding) for finding in validate(str(path)).findings] == []


def test_a_pdf_has_a_row_for_each_way() -> None:
    options = RenderOptions(language=Language.EN, folder=FOLDER, view=View.ACTIONS)
    told = build_pdf_data(report(ONE, omitted=3).summary, words(), options)["paths"]
    assert isinstance(told, list)
    assert isinstance(told[0], dict)
    assert told[0]["rows"] == [
        {
            "account": f"CN=ola,OU=Ansatte,{DOMAIN}".replace(",", ",\u200b"),
            "state": "enabled, last log-on: 18\xa0November 2026",
            "steps": "sets password of → Admin: is a member of → Domeneadministratorer",
        }
    ]


def test_the_terminal_tells_the_first_ways_and_what_was_not_searched() -> None:
    text = show(report(*(way(f"a{number}", "owns") for number in range(12))), width=200)
    assert "Who can become administrator of the domain: web-01" in text
    assert "- CN=a0,OU=Ansatte,DC=kommune,DC=no (enabled, last log-on: 18\xa0November 2026): owns → Admin: " in text
    assert "2 more are not listed here" in text
    assert "Not searched for: " in text


class _Texts(HTMLParser):
    """The texts below the pictures of ways, and what names them."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = 0
        self.texts: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "svg" and ("class", "graph") in attrs:
            self.inside += 1
        if self.inside:
            self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "svg" and self.inside:
            self.inside -= 1

    def handle_data(self, data: str) -> None:
        if self.inside and data.strip():
            self.texts.append(data.strip())


@pytest.mark.parametrize("view", [View.ACTIONS, View.EVIDENCE])
def test_pages_draw_the_ways_and_tell_them_as_a_table(view: View) -> None:
    page = render(report(ONE, way("gammel", "owns", usable=False)), "html", view=view).decode()
    parser = _Texts()
    parser.feed(page)
    assert parser.texts[0] == "Ways to the administrators of web-01"
    assert parser.texts[1].startswith("Accounts stand to the left")
    assert {"ola", "sets password of →", "Admin", "is a member of →"} <= set(parser.texts)
    assert re.search(r"<bdi>CN=gammel,.*?person or service, disabled", page, re.DOTALL)
    assert '<a href="#paths">Ways to administrator</a>' in page


def test_a_report_without_a_directory_says_nothing_of_ways() -> None:
    assert "paths-title" not in render(small_example(), "html").decode()


def test_nobody_found_is_told_with_what_was_not_searched() -> None:
    page = render(report(), "html").decode()
    assert "Nobody but the administrators was found" in page
    assert "Not searched for: " in page


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_names_stay_text(text: str) -> None:
    short = text[:500]
    hostile = replace(ONE, account=short, steps=(PathStep("owns", f"CN={short},{DOMAIN}", short),))
    page = render(report(hostile), "html").decode()
    parser = _Texts()
    parser.feed(page)
    assert set(parser.tags) <= {"svg", "title", "desc", "path", "g", "rect", "text"}
    assert "\u202e" not in page
    assert "\x1b" not in render(report(hostile), "md").decode()
