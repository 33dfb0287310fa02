"""From judgements to reports: build the report once, then render it in each format of the table FORMATS.

``build.py`` adds up and ranks; ``json_report.py`` writes everything, ``stored.py`` reads it back; ``html_report.py``
and ``markdown_report.py`` are for people, the others for pipelines, dashboards and log systems. Nothing here visits a
target, judges anything or writes a file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from hardening.report.format import Format, OutputFile, Render, RenderOptions, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.report.values import Report


def _imported_late(name: str) -> Render:
    """Return ``render_<name>`` of ``<name>_report.py``, imported when something is rendered.

    A command line is read long before, and needs the names of the formats only.
    """

    def render(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
        function: Render = getattr(import_module(f"hardening.report.{name}_report"), f"render_{name}")
        return function(report, options)

    return render


FORMATS: dict[str, Format] = {
    "html": Format("html", ".html", _imported_late("html"), tuple(View)),
    "md": Format("md", ".md", _imported_late("markdown")),
    "json": Format("json", ".json", _imported_late("json")),
    "csv": Format("csv", ".csv", _imported_late("csv")),
    "junit": Format("junit", ".xml", _imported_late("junit")),
    "sarif": Format("sarif", ".sarif", _imported_late("sarif")),
    "codequality": Format("codequality", ".json", _imported_late("codequality")),
    "openmetrics": Format("openmetrics", ".prom", _imported_late("openmetrics")),
    "ecs": Format("ecs", ".ndjson", _imported_late("ecs")),
    "pdf": Format("pdf", ".pdf", _imported_late("pdf"), (View.SUMMARY, View.ACTIONS), library="typst", extra="pdf"),
    "xlsx": Format("xlsx", ".xlsx", _imported_late("xlsx"), library="xlsxwriter", extra="xlsx"),
}
"""The report formats by the name that ``-o`` knows."""
