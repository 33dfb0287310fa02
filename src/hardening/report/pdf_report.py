"""The PDF report: typst sets one template from one file of data, with nothing else in reach. PDF/UA-1."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hardening.errors import UsageError
from hardening.model.clean import clean_line
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.pdf_data import build_pdf_data
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.report.values import Report

TEMPLATE = "report.typ"
STANDARD: Final = "ua-1"


def render_pdf(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the PDF report."""
    yield OutputFile("report.pdf", _render_chunks(report, options))


def _render_chunks(report: Report, options: RenderOptions) -> Iterator[bytes]:
    import typst  # noqa: PLC0415 - 80 MB that only a PDF needs

    words = load_wording(options.folder, options.language, options.zone)
    no_fonts: list[Path] = []
    data = build_pdf_data(report.summary, words, options)
    with tempfile.TemporaryDirectory(prefix="hardening-pdf-") as name:
        root = Path(name)
        (root / TEMPLATE).write_bytes((options.folder / "typst" / TEMPLATE).read_bytes())
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8", errors="replace")
        (root / "packages").mkdir()
        try:
            yield typst.compile(
                root / TEMPLATE,
                root=root,
                font_paths=no_fonts,
                ignore_system_fonts=True,
                format="pdf",
                pdf_standards=[STANDARD],
                package_path=root / "packages",
                package_cache_path=root / "packages",
                timestamp=max(0, report.summary.info.started),
            )
        except typst.TypstError as error:
            msg = f"the PDF could not be set ({clean_line(str(error), 300)}); HTML and XLSX hold the same"
            raise UsageError(msg) from error
