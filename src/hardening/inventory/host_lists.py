"""Plain lists of servers: CSV tables and the Host lines of an ssh_config."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from hardening.documents.words import near_hint
from hardening.errors import ContentError
from hardening.inventory.imported import Found, FoundGroup, FoundTarget
from hardening.inventory.ssh_lines import parse_lines
from hardening.model.place import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

_SETTINGS = ("address", "port", "user", "jump", "become")
_LISTS = ("baselines", "groups")
_COLUMNS = ("name", *_SETTINGS, "credential", *_LISTS)
_LABEL = "label:"
_DELIMITERS = ",;\t"
_PARTS = re.compile(r"[\s;,|]+")
_PATTERN = re.compile(r"[*?!]")


def read_csv(text: str, file: str) -> Found:
    """Return the servers of a table; its first line names the columns. Raises ``ContentError`` if it does not."""
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns = _read_columns(next(rows, []), file)
    targets: list[FoundTarget] = []
    groups: dict[str, list[str]] = {}
    problems: list[Problem] = []
    try:
        for row in rows:
            place = Place(file, rows.line_num, 1)
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(columns):
                what = f"there are {len(row)} cells, and {len(columns)} columns"
                problems.append(Problem(place, what, f"put a cell that holds {delimiter!r} in double quotes"))
                continue
            cells = dict(zip(columns, (cell.strip() for cell in row), strict=True))
            target = _read_row(cells, place, problems)
            if target:
                targets.append(target)
                for group in _split(cells.get("groups", "")):
                    groups.setdefault(group, []).append(target.name)
    except csv.Error as error:
        problems.append(Problem(Place(file, rows.line_num, 1), f"this is no CSV ({error})", "close the quotation mark"))
    return Found(
        targets=tuple(targets),
        groups=tuple(FoundGroup(name=name, targets=tuple(names)) for name, names in groups.items()),
        problems=tuple(problems),
    )


def _read_columns(row: list[str], file: str) -> list[str]:
    place = Place(file, 1, 1)
    columns = [cell.strip() if cell.strip().startswith(_LABEL) else cell.strip().lower() for cell in row]
    problems = [
        Problem(place, f'"{name}" is no column', near_hint(name, _COLUMNS) + f"; a label is {_LABEL}NAME")
        for name in columns
        if name not in _COLUMNS and not (name.startswith(_LABEL) and name != _LABEL)
    ]
    if not {"name", "address"} & {*columns}:
        remedy = f"name the columns in the first line: {', '.join(_COLUMNS)}, {_LABEL}NAME"
        problems.append(Problem(place, "there is no column name or address", remedy))
    if len({*columns}) < len(columns):
        problems.append(Problem(place, "two columns have one name", "remove one"))
    if problems:
        raise ContentError(problems)
    return columns


def _read_row(cells: Mapping[str, str], place: Place, problems: list[Problem]) -> FoundTarget | None:
    name = cells.get("name") or cells.get("address", "")
    if not name:
        problems.append(Problem(place, "neither name nor address is given", "fill one in"))
        return None
    settings = {"address": cells.get("address") or name, **{word: cells.get(word, "") for word in _SETTINGS[1:]}}
    return FoundTarget(
        name=name,
        place=place,
        settings={word: text for word, text in settings.items() if text},
        credential=cells.get("credential", ""),
        labels={key.removeprefix(_LABEL): text for key, text in cells.items() if key.startswith(_LABEL) and text},
        baselines=_split(cells.get("baselines", "")),
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(filter(None, _PARTS.split(text)))


def read_ssh_config_hosts(text: str, file: str, name: str) -> Found:
    """Return the servers that Host lines name without a pattern; ``name`` is how an inventory names the file.

    Their settings stay in the file, which is looked up when they are scanned: there is one place to change.
    """
    targets: dict[str, FoundTarget] = {}
    notes = []
    for line in parse_lines(text, file):
        if line.keyword == "include":
            what = f"Include {' '.join(line.arguments)} is not followed"
            notes.append(Problem(line.place, what, "name that file as well, if servers stand there"))
        if line.keyword != "host":
            continue
        for alias in line.arguments:
            if not _PATTERN.search(alias):
                settings = {"address": alias, "ssh_config": name}
                targets.setdefault(alias, FoundTarget(name=alias, place=line.place, settings=settings))
    return Found(targets=tuple(targets.values()), notes=tuple(notes))
