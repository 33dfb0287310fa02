"""From judgements to reports: build the report once, then render it in each format of the table FORMATS.

``build.py`` adds up and ranks; ``json_report.py`` writes everything, ``stored.py`` reads it back; ``html_report.py`` is
for people. Nothing here visits a target, judges anything or writes a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.report.format import Format, OutputFile, RenderOptions

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


FORMATS: dict[str, Format] = {
    "html": Format("html", ".html", _render_html),
    "json": Format("json", ".json", _render_json),
}
"""The report formats by the name that ``-o`` knows."""
