"""Targets set aside while a report is built, to be gone through again: few in memory, many in a file without a name.

What is set aside was built here and is read back by the same process alone: the file has no name, and it is gone with
the process, however that ends. Servers are alike, so what a result rests on is held once however many targets show it,
as far as there is room.
"""

from __future__ import annotations

import io
import os
import pickle
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardening.errors import StorageError
from hardening.model.evidence import ABSENT, Absent
from hardening.model.judgement import Counts
from hardening.model.result import ParameterValue
from hardening.model.snapshot import StepRecord
from hardening.report.target_values import (
    ControlResultEntry,
    ReasonEntry,
    ResultEntry,
    Seen,
    TargetEntry,
    TargetReport,
    reasons_key,
)
from hardening.snapshots.files import storage_problem

if TYPE_CHECKING:
    from typing import BinaryIO

MOST_IN_MEMORY = 8
"""Targets that are held as they are; where there are more, all lie in the file."""

ROOM = 64_000_000
"""Bytes, as packed, of reasons that are held once for all targets; what finds no room lies with its target."""

LARGEST_SHARED = 8_000

_QUICKLY = 1
_MANY = (ReasonEntry, Seen, ControlResultEntry, ParameterValue, StepRecord, Counts)
_NAMES: dict[type, tuple[str, ...]] = {
    kind: tuple(each.name for each in fields(kind)) for kind in (ResultEntry, *_MANY)
}

Reasons = tuple[ReasonEntry, ...]
Packed = tuple[TargetEntry, list[tuple[Any, ...]], tuple[ControlResultEntry, ...]]


class Spool:
    """Targets in the order in which they were added; each walk yields them anew."""

    def __init__(self) -> None:
        self._held: list[TargetReport] = []
        self._places: list[tuple[int, int]] = []
        self._file: BinaryIO | Absent = ABSENT
        self._end = 0
        self._shared = _Shared()

    def add(self, target: TargetReport) -> None:
        """Set a target aside."""
        if not isinstance(self._file, Absent):
            self._put(target, self._file)
            return
        self._held.append(target)
        if len(self._held) > MOST_IN_MEMORY:
            self._file = tempfile.TemporaryFile(prefix="hardening-")  # noqa: SIM115 - lives as long as the report
            weakref.finalize(self, self._file.close)
            for each in self._held:
                self._put(each, self._file)
            self._held = []

    def _put(self, target: TargetReport, file: BinaryIO) -> None:
        results = [(self._shared.find(result.reasons), *_result_values(result)) for result in target.results]
        packed = zlib.compress(_pack((target.entry, results, target.controls)), _QUICKLY)
        try:
            file.write(packed)
            file.flush()
        except OSError as error:
            raise StorageError(storage_problem(Path(tempfile.gettempdir()), error)) from error
        self._places.append((self._end, len(packed)))
        self._end += len(packed)

    def __iter__(self) -> Iterator[TargetReport]:
        yield from self._held
        if isinstance(self._file, Absent):
            return
        for place, size in self._places:
            # Read at a place, not from where the last read ended: two walks may be under way.
            packed = os.pread(self._file.fileno(), size, place)
            unpacked: Packed = pickle.loads(zlib.decompress(packed))  # noqa: S301 - written above, by us
            entry, results, controls = unpacked
            yield TargetReport(entry, tuple(self._result(*values) for values in results), controls)

    def _result(self, reasons: int | Reasons, *values: Any) -> ResultEntry:  # noqa: ANN401 - as they stand in the class
        found = self._shared.found[reasons] if isinstance(reasons, int) else reasons
        return ResultEntry(reasons=found, **dict(zip(_OTHER_NAMES, values, strict=True)))


@dataclass(slots=True)
class _Shared:
    """What results rest on, each held once, by the number that it was given."""

    found: list[Reasons] = field(default_factory=list)
    numbers: dict[object, int] = field(default_factory=dict)
    room: int = ROOM

    def find(self, reasons: Reasons) -> int | Reasons:
        """Return the number of equal reasons; the reasons themselves if there is none and no room for more."""
        key = reasons_key(reasons)
        number = self.numbers.get(key)
        if number is not None:
            return number
        if self.room <= 0:
            return reasons
        size = len(_pack(reasons))
        if size > LARGEST_SHARED:
            return reasons
        self.room -= size
        self.numbers[key] = len(self.found)
        self.found.append(reasons)
        return len(self.found) - 1


def _pack(value: object) -> bytes:
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _TABLE
    pickler.dump(value)
    return stream.getvalue()


def _restore(kind: type, *values: Any) -> object:  # noqa: ANN401 - as they stand in the class
    return kind(**dict(zip(_NAMES[kind], values, strict=True)))


def _reducer(kind: type) -> Callable[[Any], Any]:
    """Return how a value of a class is packed: what dataclasses do by themselves takes three times as long."""
    values = attrgetter(*_NAMES[kind])
    return lambda value: (_restore, (kind, *values(value)))


_OTHER_NAMES = tuple(name for name in _NAMES[ResultEntry] if name != "reasons")
_result_values = attrgetter(*_OTHER_NAMES)
_TABLE: dict[type, Callable[[Any], Any]] = {kind: _reducer(kind) for kind in _MANY}
