"""Writing reports: each format's files, whole or not at all, or one of them to a stream."""

from __future__ import annotations

import importlib.util
import os
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.app.side_by_side import count_processes, do_side_by_side
from hardening.content.shipped import find_shipped
from hardening.errors import StorageError, UsageError
from hardening.report import FORMATS
from hardening.report.format import MOST_IN_ONE_PAGE, House, RenderOptions, View
from hardening.snapshots.files import FOLDER_MARK, storage_problem, write_atomically, write_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo
    from typing import BinaryIO

    from hardening.model.texts import Language
    from hardening.report.values import Report

STANDARD_OUTPUT = "-"
MARK = "{marking}"
LONGEST = ("html", "json", "xlsx", "ecs", "csv")
LONGEST_NAME = 80
_LETTERS = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "§": "par "})


@dataclass(frozen=True, slots=True)
class Destination:
    """A format and where it goes: a path, or ``-`` for standard output; an empty view is the format's own choice."""

    format: str
    path: str
    view: str = ""


def name_files(destinations: Sequence[Destination], marking: str) -> tuple[Destination, ...]:
    """Return destinations with the marking of the site in the names of their files.

    ``{marking}`` in a path stands for it, and a path that ends in a slash is a folder in which the file is named here,
    by what it is and by the marking. A folder of evidence keeps the name that it was given. Raises ``UsageError`` if
    a path asks for a marking that the site does not have.
    """
    words = write_plainly(marking)
    return tuple(replace(destination, path=_name_file(destination, words)) for destination in destinations)


def _name_file(destination: Destination, marking: str) -> str:
    path = destination.path
    if MARK in path:
        if not marking:
            msg = (
                f"{path}: site.yaml has no `marking:` that {MARK} could stand for; set one, or name the file otherwise"
            )
            raise UsageError(msg)
        path = path.replace(MARK, marking)
    if not path.endswith("/") or _may_be_folder(destination):
        return path
    parts = ["hardening", destination.view, marking]
    return f"{path}{'-'.join(part for part in parts if part)}{FORMATS[destination.format].suffix}"


def write_plainly(text: str) -> str:
    """Return a text in letters that every file system takes: a to z, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_NAME].strip("-")


def require_destinations(destinations: Sequence[Destination]) -> None:
    """Raise ``UsageError`` or ``StorageError`` before any work if a report could not be written where it is to go."""
    paths = [destination.path for destination in destinations]
    for destination in destinations:
        path = destination.path
        if paths.count(path) > 1:
            msg = f"two reports would be written to {path}; give each a place of its own"
            raise UsageError(msg)
        _require_library(destination.format)
        if path == STANDARD_OUTPUT:
            continue
        folder = Path(path).parent
        if not folder.is_dir():
            msg = f"{path}: no such folder {folder}; make it first"
            raise UsageError(msg)
        if not os.access(folder, os.W_OK | os.X_OK):
            msg = f"{path}: the folder {folder} cannot be written to; choose another"
            raise StorageError(msg)
        if Path(path).is_dir() and not (_may_be_folder(destination) and _is_replaceable(Path(path))):
            msg = f"{path}: is a folder; name a file in it"
            raise UsageError(msg)


def _require_library(name: str) -> None:
    known = FORMATS[name]
    if known.library and importlib.util.find_spec(known.library) is None:
        msg = f"{name} needs {known.library}; install it with `pip install 'hardening[{known.extra}]'`"
        raise UsageError(msg)


def _may_be_folder(destination: Destination) -> bool:
    return destination.view == View.EVIDENCE


def _is_replaceable(folder: Path) -> bool:
    """Say whether a folder is empty or one of our own reports: no other is ever replaced."""
    return (folder / FOLDER_MARK).is_file() or not any(folder.iterdir())


def render_options(
    language: Language, zone: tzinfo, house: House | None = None, own: Path | None = None
) -> RenderOptions:
    """Return how reports are rendered here: in a language, with local times, by a site's templates, then the shipped.

    Raises ``UsageError`` if a template of the site's is broken.
    """
    folder = find_shipped() / "reports"
    if own is not None:
        from hardening.report.html_report import load_templates  # noqa: PLC0415 - only for a house style

        load_templates(folder, str(own))
    return RenderOptions(
        language=language, folder=folder, zone=zone, house=house or House(), own=str(own) if own else ""
    )


def write_reports(
    report: Report, destinations: Sequence[Destination], options: RenderOptions, standard_output: BinaryIO
) -> None:
    """Render and write every report; a file or folder is replaced only by a whole one. Raises ``StorageError``.

    Those of many targets are written side by side, where this machine has the processors.
    """

    def write(destination: Destination) -> None:
        _write_report(report, destination, options, standard_output)

    here = [each for each in destinations if each.path == STANDARD_OUTPUT]
    elsewhere = sorted((each for each in destinations if each.path != STANDARD_OUTPUT), key=_longest_first)
    processes = count_processes(len(elsewhere)) if len(report.summary.targets) > MOST_IN_ONE_PAGE else 1
    if processes > 1:
        do_side_by_side([partial(write, destination) for destination in elsewhere], processes)
    else:
        here = list(destinations)
    for destination in here:
        write(destination)


def _longest_first(destination: Destination) -> int:
    """Return what sorts reports by how long they take: the short ones then fill what time is left."""
    return LONGEST.index(destination.format) if destination.format in LONGEST else len(LONGEST)


def _write_report(report: Report, destination: Destination, options: RenderOptions, standard_output: BinaryIO) -> None:
    targets = len(report.summary.targets)
    chosen = FORMATS[destination.format]
    view = View(destination.view) if destination.view else chosen.default_view(targets)
    into_folder = _goes_into_folder(destination, targets)
    outputs = chosen.render(report, replace(options, view=view, many_files=into_folder))
    if into_folder:
        write_folder(Path(destination.path), ((output.name, output.chunks) for output in outputs))
        return
    for output in outputs:
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


def _goes_into_folder(destination: Destination, targets: int) -> bool:
    if destination.path == STANDARD_OUTPUT or not _may_be_folder(destination) or destination.format != "html":
        return False
    return targets > MOST_IN_ONE_PAGE or Path(destination.path).is_dir()
