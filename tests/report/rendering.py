"""Short ways to render and to read back in tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from pathlib import Path

from hardening.model.texts import Language
from hardening.report import FORMATS
from hardening.report.format import House, RenderOptions, View
from hardening.report.stored import parse_report
from hardening.report.target_values import TargetReport
from hardening.report.values import Report
from hardening.report.wording import Wording, load_wording
from tests.report.example import build_content, build_example

FOLDER = Path(__file__).parents[2] / "reports"
SMALL = (
    "linux-account-uid0",
    "linux-log-remote",
    "linux-perm-shadow",
    "linux-ssh-root-login",
    "linux-updates-automatic",
)


@dataclass(frozen=True, slots=True)
class Walk:
    """Targets that are built anew on each walk."""

    build: Callable[[], Iterator[TargetReport]]

    def __iter__(self) -> Iterator[TargetReport]:
        return self.build()


def render(
    report: Report, name: str, language: Language = Language.EN, view: View = View.EVIDENCE, house: House | None = None
) -> bytes:
    """Return the one file of a format."""
    options = RenderOptions(language=language, folder=FOLDER, view=view, house=house or House())
    (output,) = FORMATS[name].render(report, options)
    return b"".join(output.chunks)


def read_back(report: Report) -> Report:
    """Return the report after a trip through JSON."""
    return parse_report(render(report, "json"), "report.json")


def small_example() -> Report:
    """Return the example with five checks."""
    return build_example(content=build_content(only=SMALL))


@cache
def words(language: Language = Language.EN) -> Wording:
    """Return the shipped words of a language."""
    return load_wording(FOLDER, language, UTC)
