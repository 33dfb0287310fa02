"""From judgements to reports: build the report once, then render it in each format of the table FORMATS.

``build.py`` adds up and ranks; ``json_report.py`` writes everything, ``stored.py`` reads it back; ``html_report.py`` is
for people. Nothing here visits a target, judges anything or writes a file.
"""

from __future__ import annotations

from hardening.report.format import Format
from hardening.report.html_report import render_html
from hardening.report.json_report import render_json

FORMATS: dict[str, Format] = {
    "html": Format("html", ".html", render_html),
    "json": Format("json", ".json", render_json),
}
"""The report formats by the name that ``-o`` knows."""
