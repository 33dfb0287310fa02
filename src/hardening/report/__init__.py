"""From judgements to reports: build the report once, then render it in each format of the table FORMATS.

``build.py`` adds up and ranks; ``json_report.py`` writes everything, ``stored.py`` reads it back; ``html_report.py``
and ``markdown_report.py`` are for people, the others for pipelines, dashboards and log systems. Nothing here visits a
target, judges anything or writes a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.report.format import Format, OutputFile, RenderOptions, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.report.values import Report

# A format is imported when it is rendered: a command line is read long before, and needs its name only.


def _render_html(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.html_report import render_html  # noqa: PLC0415

    return render_html(report, options)


def _render_json(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.json_report import render_json  # noqa: PLC0415

    return render_json(report, options)


def _render_codequality(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.codequality_report import render_codequality  # noqa: PLC0415

    return render_codequality(report, options)


def _render_csv(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.csv_report import render_csv  # noqa: PLC0415

    return render_csv(report, options)


def _render_ecs(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.ecs_report import render_ecs  # noqa: PLC0415

    return render_ecs(report, options)


def _render_junit(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.junit_report import render_junit  # noqa: PLC0415

    return render_junit(report, options)


def _render_markdown(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.markdown_report import render_markdown  # noqa: PLC0415

    return render_markdown(report, options)


def _render_openmetrics(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.openmetrics_report import render_openmetrics  # noqa: PLC0415

    return render_openmetrics(report, options)


def _render_sarif(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.sarif_report import render_sarif  # noqa: PLC0415

    return render_sarif(report, options)


def _render_oscal_ar(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.oscal_ar_report import render_oscal_ar  # noqa: PLC0415

    return render_oscal_ar(report, options)


def _render_oscal_poam(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.oscal_poam_report import render_oscal_poam  # noqa: PLC0415

    return render_oscal_poam(report, options)


def _render_xccdf(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.xccdf_report import render_xccdf  # noqa: PLC0415

    return render_xccdf(report, options)


def _render_hdf(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.hdf_report import render_hdf  # noqa: PLC0415

    return render_hdf(report, options)


def _render_pdf(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.pdf_report import render_pdf  # noqa: PLC0415

    return render_pdf(report, options)


def _render_xlsx(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    from hardening.report.xlsx_report import render_xlsx  # noqa: PLC0415

    return render_xlsx(report, options)


FORMATS: dict[str, Format] = {
    "html": Format("html", ".html", _render_html, tuple(View)),
    "md": Format("md", ".md", _render_markdown),
    "json": Format("json", ".json", _render_json),
    "csv": Format("csv", ".csv", _render_csv),
    "junit": Format("junit", ".xml", _render_junit),
    "sarif": Format("sarif", ".sarif", _render_sarif),
    "codequality": Format("codequality", ".json", _render_codequality),
    "openmetrics": Format("openmetrics", ".prom", _render_openmetrics),
    "ecs": Format("ecs", ".ndjson", _render_ecs),
    "oscal-ar": Format("oscal-ar", ".json", _render_oscal_ar),
    "oscal-poam": Format("oscal-poam", ".json", _render_oscal_poam),
    "xccdf": Format("xccdf", ".xml", _render_xccdf),
    "hdf": Format("hdf", ".json", _render_hdf),
    "pdf": Format("pdf", ".pdf", _render_pdf, (View.SUMMARY, View.ACTIONS), library="typst", extra="pdf"),
    "xlsx": Format("xlsx", ".xlsx", _render_xlsx, library="xlsxwriter", extra="xlsx"),
}
"""The report formats by the name that ``-o`` knows."""
