"""What a report format is: a function from a report to named files in chunks of bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from pathlib import Path

from hardening.model.texts import Language
from hardening.report.values import Report


class View(StrEnum):
    """How much of a report is told, and to whom."""

    SUMMARY = "summary"
    ACTIONS = "actions"
    EVIDENCE = "evidence"


MOST_IN_ONE_PAGE = 20
"""Targets whose evidence stands in one file; where there are more, it is a folder."""


@dataclass(frozen=True, slots=True)
class House:
    """What a site puts on its reports: a marking for every page, its name, its logo as a data address."""

    marking: str = ""
    name: str = ""
    logo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """How a report is to be rendered; ``folder`` holds templates, style sheet and texts, ``zone`` is for its times.

    ``own`` is a site's folder whose templates come before the shipped ones, empty if there is none. ``many_files``
    asks for an index and a file a target where a format can do that.
    """

    language: Language
    folder: Path
    zone: tzinfo = UTC
    view: View = View.EVIDENCE
    house: House = field(default_factory=House)
    own: str = ""
    many_files: bool = False


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file of a rendered report; ``chunks`` can be gone through once."""

    name: str
    chunks: Iterator[bytes]


Render = Callable[[Report, RenderOptions], Iterator[OutputFile]]
"""What every format is: a function that yields the files of a report."""


@dataclass(frozen=True, slots=True)
class Format:
    """A report format by the name that ``-o`` knows, the ending of its file name, and the views that it has.

    ``library`` is what must be installed beyond the scanner itself, and ``extra`` the extra that brings it.
    """

    name: str
    suffix: str
    render: Render
    views: tuple[View, ...] = ()
    library: str = ""
    extra: str = ""

    def default_view(self, targets: int) -> View:
        """Return the view that is rendered where none is named."""
        wanted = View.EVIDENCE if targets <= MOST_IN_ONE_PAGE else View.ACTIONS
        if wanted in self.views or not self.views:
            return wanted
        return View.ACTIONS if View.ACTIONS in self.views else self.views[0]
