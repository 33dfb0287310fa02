"""The PDF: accessible, inert, whole on its own, and never longer than somebody reads."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pdfua import validate

from hardening.model.texts import Language
from hardening.report.format import House, RenderOptions, View
from hardening.report.pdf_data import MOST_ROWS, build_pdf_data
from hardening.report.values import Report
from tests.report.example import build_content, build_example, build_example_with_past
from tests.report.rendering import FOLDER, SMALL, render, words
from tests.report.test_html_report import hostile

MARK = House(marking="Skjermet § 24", name="Eksempel kommune")
HOSTILE = ('#read("/etc/passwd")', '#import "@preview/x:1.0.0"', "a\x1b[2Jb\u202ec", "= <b> $x$ \\ ", "x" * 100_000)


def open_pdf(report: Report, view: View = View.SUMMARY, language: Language = Language.NB) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(render(report, "pdf", language, view, MARK)))


@pytest.mark.parametrize("view", [View.SUMMARY, View.ACTIONS])
@pytest.mark.parametrize("language", list(Language))
def test_checker_of_accessible_pdf_finds_nothing(tmp_path: Path, view: View, language: Language) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(render(build_example(), "pdf", language, view, MARK))

    assert [str(finding) for finding in validate(str(path)).findings] == []


@pytest.mark.parametrize("language", list(Language))
def test_pdf_says_its_language_title_and_standard(language: Language) -> None:
    pdf = open_pdf(build_example(), language=language)

    assert str(pdf.Root.Lang) == language.value
    titles = {
        Language.NB: "Sikkerhetstilstanden kort fortalt",
        Language.NN: "Tryggleikstilstanden kort fortald",
        Language.EN: "State of security, in short",
    }
    assert str(pdf.docinfo.Title) == titles[language]
    assert b"pdfuaid" in pdf.Root.Metadata.read_bytes()


@pytest.mark.parametrize("build", [build_example, build_example_with_past])
@pytest.mark.parametrize("language", list(Language))
def test_summary_is_one_page(build: Callable[[], Report], language: Language) -> None:
    assert len(open_pdf(build(), language=language).pages) == 1


def test_same_report_gives_the_same_pdf() -> None:
    assert render(build_example(), "pdf", view=View.ACTIONS) == render(build_example(), "pdf", view=View.ACTIONS)


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_are_set_as_words(value: str) -> None:
    content = build_content(only=SMALL)
    report = build_example(hostile(value, content), content)
    named = replace(report.summary.targets[0], name=value)
    shown = Report(replace(report.summary, targets=(named,)), report.targets)

    assert render(shown, "pdf", view=View.ACTIONS, house=House(marking=value, name=value)).startswith(b"%PDF")


def test_gaps_beyond_what_is_printed_are_told() -> None:
    summary = build_example().summary
    many = replace(summary, gaps=(*summary.gaps, *summary.gaps[:1] * (MOST_ROWS + 7 - len(summary.gaps))))
    options = RenderOptions(language=Language.EN, folder=FOLDER, view=View.ACTIONS)
    data = build_pdf_data(many, words(Language.EN), options)
    gaps = data["gaps"]
    assert isinstance(gaps, dict)

    assert isinstance(gaps["rows"], list)
    assert len(gaps["rows"]) == MOST_ROWS
    assert gaps["more"] == "7 more gaps are not printed; the spreadsheet (-o xlsx=…) has all."


def test_fonts_are_those_of_the_template_and_in_the_file() -> None:
    named = set(re.findall(r'font: "([^"]+)"', (FOLDER / "typst" / "report.typ").read_text("utf-8")))
    pdf = open_pdf(build_example(), View.ACTIONS)
    fonts = [
        descendant
        for page in pdf.pages
        for font in page.Resources.get("/Font", {}).values()
        for descendant in font.DescendantFonts
    ]
    used = {re.sub(r"[^a-z]", "", str(font.BaseFont).partition("+")[2].lower()) for font in fonts}

    assert all(any(name.startswith(wanted.replace(" ", "").lower()[:10]) for wanted in named) for name in used), used
    assert len(used) >= len(named)
    assert all("/FontFile3" in font.FontDescriptor or "/FontFile2" in font.FontDescriptor for font in fonts)
