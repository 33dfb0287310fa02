"""The spreadsheet: everything is there, no cell is a formula, every sheet bears the marking."""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree as ET

import pytest

from hardening.model.texts import Language
from hardening.report.format import House
from hardening.report.values import Report
from tests.report.example import build_content, build_example
from tests.report.rendering import SMALL, render
from tests.report.test_html_report import hostile

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def parts(report: Report, language: Language = Language.NB) -> dict[str, str]:
    raw = render(report, "xlsx", language, house=House(marking="Skjermet & merket", name="Eksempel kommune"))
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def sheets(report: Report, language: Language = Language.NB) -> dict[str, list[list[str]]]:
    """Return the cells of each sheet as text, by the name of the sheet."""
    files = parts(report, language)
    names = re.findall(r'<sheet name="([^"]+)"', files["xl/workbook.xml"])
    return {name: rows(files[f"xl/worksheets/sheet{number}.xml"]) for number, name in enumerate(names, 1)}


def rows(xml: str) -> list[list[str]]:
    root = ET.fromstring(xml)  # noqa: S314 - our own file
    return [["".join(cell.itertext()) for cell in row.iter(f"{SPACE}c")] for row in root.iter(f"{SPACE}row")]


def test_sheets_are_named_in_the_language() -> None:
    assert list(sheets(build_example())) == [
        *("Tilstand", "Dette bør gjøres", "Avvik", "Tiltak", "Egenerklært", "Ikke undersøkt", "Resultater"),
    ]


def test_every_result_is_a_row() -> None:
    report = build_example()

    assert len(sheets(report)["Resultater"]) - 2 == sum(len(target.results) for target in report.targets)


def test_every_gap_is_a_row_with_its_measure_and_remedy() -> None:
    found = sheets(build_example(), Language.EN)["Gaps"]

    assert len(found) - 2 == len(build_example().summary.gaps)
    assert found[2][0] == "Critical"
    assert found[2][4].startswith("NSM ")


def test_marking_stands_on_every_sheet_and_every_printed_page() -> None:
    files = parts(build_example())
    pages = [text for name, text in files.items() if name.startswith("xl/worksheets/sheet")]

    assert [rows(page)[0] for page in pages] == [["Skjermet & merket"]] * len(pages)
    assert ["&amp;CSkjermet &amp;&amp; merket" in page for page in pages] == [True] * len(pages)


@pytest.mark.parametrize(
    "value", ["=cmd|' /C calc'!A0", "+1+1", "-1", "@SUM(1)", "{{7*7}}", "<b>", "https://x.example"]
)
def test_hostile_cell_is_text(value: str) -> None:
    content = build_content(only=SMALL)
    files = parts(build_example(hostile(value, content), content))
    pages = "".join(text for name, text in files.items() if name.startswith("xl/worksheets/"))

    assert "<f>" not in pages
    assert "hyperlink" not in pages
    assert value in "".join(cell for row in rows(files["xl/worksheets/sheet6.xml"]) for cell in row)


def test_cell_that_looks_like_a_formula_is_guarded_for_whoever_saves_it_as_csv() -> None:
    content = build_content(only=SMALL)
    files = parts(build_example(hostile("=1+1", content), content))

    assert 'quotePrefix="1"' in files["xl/styles.xml"]


def test_long_and_hostile_characters_are_cut_and_shown() -> None:
    content = build_content(only=SMALL)
    cells = [
        c
        for row in sheets(build_example(hostile("a\x1b" + "x" * 1_000_000, content), content))["Resultater"]
        for c in row
    ]

    assert max(len(cell) for cell in cells) < 32_767
    assert not any("\x1b" in cell for cell in cells)
