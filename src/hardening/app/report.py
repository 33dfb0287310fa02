"""Writing reports: each format's files, whole or not at all, or one of them to a stream."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.content.shipped import find_shipped
from hardening.errors import StorageError, UsageError
from hardening.report import FORMATS
from hardening.report.format import RenderOptions
from hardening.snapshots.files import storage_problem, write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo
    from typing import BinaryIO

    from hardening.model.texts import Language
    from hardening.report.values import Report

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Destination:
    """A format and where it goes: a path, or ``-`` for standard output."""

    format: str
    path: str


def require_destinations(destinations: Sequence[Destination]) -> None:
    """Raise ``UsageError`` or ``StorageError`` before any work if a report could not be written where it is to go."""
    paths = [destination.path for destination in destinations]
    for path in paths:
        if paths.count(path) > 1:
            msg = f"two reports would be written to {path}; give each a place of its own"
            raise UsageError(msg)
        if path == STANDARD_OUTPUT:
            continue
        folder = Path(path).parent
        if not folder.is_dir():
            msg = f"{path}: no such folder {folder}; make it first"
            raise UsageError(msg)
        if Path(path).is_dir():
            msg = f"{path}: is a folder; name a file in it"
            raise UsageError(msg)


def render_options(language: Language, zone: tzinfo) -> RenderOptions:
    """Return how reports are rendered here: in a language, with local times, by the shipped templates."""
    return RenderOptions(language=language, folder=find_shipped() / "reports", zone=zone)


def write_reports(
    report: Report, destinations: Sequence[Destination], options: RenderOptions, standard_output: BinaryIO
) -> None:
    """Render and write every report; a file is replaced only by a whole one. Raises ``StorageError``."""
    for destination in destinations:
        for output in FORMATS[destination.format].render(report, options):
            if destination.path == STANDARD_OUTPUT:
                try:
                    standard_output.writelines(output.chunks)
                    standard_output.flush()
                except BrokenPipeError:
                    raise
                except OSError as error:
                    raise StorageError(storage_problem(Path("standard output"), error)) from error
            else:
                write_atomically(Path(destination.path), output.chunks)
