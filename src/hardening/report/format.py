"""What a report format is: a function from a report to named files in chunks of bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path

from hardening.model.texts import Language
from hardening.report.values import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """How a report is to be rendered; ``folder`` holds templates, style sheet and texts, ``zone`` is for its times."""

    language: Language
    folder: Path
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file of a rendered report; ``chunks`` can be gone through once."""

    name: str
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """A report format by the name that ``-o`` knows, and the ending of its file name."""

    name: str
    suffix: str
    render: Callable[[Report, RenderOptions], Iterator[OutputFile]]
