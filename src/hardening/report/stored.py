"""Reading a JSON report back, so that other formats can be rendered from it alone. The file may be hostile."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Generic, TypeVar

from hardening.errors import SnapshotError
from hardening.model.clean import clean_line
from hardening.probes.ad_paths import EDGES, NOT_SEARCHED
from hardening.report.codec import JsonData, ShapeError, decode
from hardening.report.cursor import Cursor
from hardening.report.json_report import ENTRY_LISTS
from hardening.report.paths import PATH_KINDS
from hardening.report.target_values import ControlResultEntry, ResultEntry, TargetEntry, TargetReport
from hardening.report.values import SCHEMA_VERSION, ActionLine, MeasureLine, Report, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAXIMUM_BYTES = 500_000_000
HIGHEST_EFFORT = 5

Entry = TypeVar("Entry", ResultEntry, ControlResultEntry)


def load_report(path: Path) -> Report:
    """Return the report in a JSON file, as it was before it was rendered.

    Raises ``SnapshotError`` if the file is missing, too large, damaged or of another schema version.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise SnapshotError(msg) from error
    if len(raw) > MAXIMUM_BYTES:
        msg = f"{path}: larger than {MAXIMUM_BYTES // 1_000_000} MB; refused"
        raise SnapshotError(msg)
    return parse_report(raw, str(path))


def parse_report(raw: bytes, source: str) -> Report:
    """Return the report in the bytes of a JSON report; ``source`` names it in errors. Raises ``SnapshotError``."""
    try:
        return _parse(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else clean_line(str(error), 300)
        msg = f"{source}: not a JSON report, or damaged ({reason}); render it again from its snapshots"
        raise SnapshotError(msg) from error


def _parse(text: str) -> Report:
    data, offsets = _read_members(text)
    if data.pop("schema_version", None) != SCHEMA_VERSION:
        msg = f"schema_version is not {SCHEMA_VERSION}; use the version of the tool that wrote it"
        raise ShapeError(msg)
    for name in ENTRY_LISTS:
        if name not in offsets:
            msg = f"member {name!r} is missing"
            raise ShapeError(msg)
    summary = decode(Summary, data, "report")
    stored = _Stored(text, summary.targets, offsets)
    _require_consistent(summary, stored)
    return Report(summary, stored)


def _read_members(text: str) -> tuple[dict[str, JsonData], dict[str, int]]:
    """Return the small members of a JSON report, and at which offsets its long lists begin."""
    data: dict[str, JsonData] = {}
    offsets: dict[str, int] = {}
    cursor = Cursor(text)
    for name in cursor.walk_members():
        if name in data or name in offsets:
            msg = f"member {name[:60]!r} stands twice"
            raise ShapeError(msg)
        if name in ENTRY_LISTS:
            offsets[name] = cursor.position
            for _ in cursor.walk_items():
                pass
        else:
            data[name] = cursor.read_value()
    cursor.require_end()
    return data, offsets


@dataclass(frozen=True, slots=True)
class _Stored:
    """The text of a JSON report, with the offsets at which its long lists begin."""

    text: str
    entries: tuple[TargetEntry, ...]
    offsets: dict[str, int]

    def __iter__(self) -> Iterator[TargetReport]:
        results = _Grouped(self._items("results", ResultEntry))
        controls = _Grouped(self._items("control_results", ControlResultEntry))
        for entry in self.entries:
            yield TargetReport(entry, results.take(entry.name), controls.take(entry.name))
        results.require_end()
        controls.require_end()

    def _items(self, name: str, kind: type[Entry]) -> Iterator[Entry]:
        for index, item in enumerate(Cursor(self.text, self.offsets[name]).walk_items()):
            yield decode(kind, item, f"{name}[{index}]")


class _Grouped(Generic[Entry]):
    """Entries taken target by target, in the order in which they stand."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries: Iterator[Entry] = entries
        self._waiting: list[Entry] = []

    def take(self, target: str) -> tuple[Entry, ...]:
        """Return the entries of the next target."""
        taken = []
        for entry in self._rest():
            if entry.target != target:
                self._waiting = [entry]
                break
            taken.append(entry)
        return tuple(taken)

    def require_end(self) -> None:
        """Raise ``ShapeError`` if an entry is left: its target is not in the list, or not in its place."""
        for entry in self._rest():
            msg = f"an entry of target {entry.target[:60]!r} is not in the order of the targets"
            raise ShapeError(msg)

    def _rest(self) -> Iterator[Entry]:
        # Not a generator: closing one would close the entries that it is in the middle of.
        waiting, self._waiting = self._waiting, []
        return chain(waiting, self._entries)


def _require_consistent(summary: Summary, targets: _Stored) -> None:
    """Raise ``ShapeError`` where something is named that is not there; formats rely on every name."""
    checks = {check.id for check in summary.checks}
    gaps = {gap.result for gap in summary.gaps}
    names = [target.name for target in summary.targets]
    _require(len(names) == len(set(names)), "two targets with one name")
    _require({gap.check for gap in summary.gaps} <= checks, "a gap names an unknown check")
    _require({gap.target for gap in summary.gaps} <= set(names), "a gap names an unknown target")
    for each in summary.control_paths:
        _require(each.target in set(names), "ways to administrators of an unknown target")
        _require({step.edge for path in each.paths for step in path.steps} <= set(EDGES), "an unknown kind of step")
        _require({path.kind for path in each.paths} <= set(PATH_KINDS), "an unknown kind of account")
        _require(set(each.edges) <= set(EDGES) and set(each.not_searched) <= set(NOT_SEARCHED), "an unknown search")
    _require({check for group in summary.unexamined for check in group.checks} <= checks, "an unknown check")
    lines: tuple[ActionLine | MeasureLine, ...] = (*summary.actions, *summary.measures)
    for line in lines:
        _require(set(line.gaps) <= gaps, f"{line.id[:60]!r} names an unknown gap")
        _require(1 <= line.effort <= HIGHEST_EFFORT, f"the effort of {line.id[:60]!r} is not 1 to {HIGHEST_EFFORT}")
    for target in targets:
        for result in target.results:
            _require(result.check in checks, f"result {result.id[:60]!r} names an unknown check")


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - the condition is the point
    if not holds:
        raise ShapeError(otherwise)
