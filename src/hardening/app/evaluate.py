"""Judging what was collected: from snapshots on disk to a report and a gate. Touches no target."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hardening.app.compare import compare_reports
from hardening.app.parameters import SiteParameters
from hardening.errors import SnapshotError
from hardening.evaluate.controls import judge_target
from hardening.evaluate.gate import GateOptions, GateTally, judge_gate
from hardening.evaluate.measures import ActionTally, MeasureTally
from hardening.evaluate.waive import WaiverBook
from hardening.model.attestation import Attestation, AttestationState
from hardening.model.baseline import BaselineReference
from hardening.model.evidence import ABSENT, Absent
from hardening.model.waiver import Waivers
from hardening.probes import KINDS
from hardening.report.build import ReportBuilder, with_info
from hardening.report.values import Gate as GateWords
from hardening.report.values import Report, ScanInfo
from hardening.snapshots.folder import ScanFolder, read_snapshot, read_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from hardening.model.comparison import Change
    from hardening.model.content import Content
    from hardening.model.gate import Gate
    from hardening.model.snapshot import Snapshot

KIND_FIELDS = {name: kind.fields for name, kind in KINDS.items()}
"""What the logic needs to know of each kind of probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRequest:
    """How to judge. Without ``baselines`` those stored with each snapshot count, without ``only`` all their checks.

    ``waivers`` and ``attestations`` count at ``as_of``; without one, when the first target was visited.
    With ``new_since`` only gaps that the earlier report does not have close the gate.
    ``command`` is the command line to print in the report, ``options`` further choices worth telling.
    """

    parameters: SiteParameters
    baselines: tuple[BaselineReference, ...] = ()
    only: frozenset[str] = frozenset()
    only_by_target: Mapping[str, frozenset[str]] = field(default_factory=dict)
    gate: GateOptions = field(default_factory=GateOptions)
    waivers: Waivers = field(default_factory=Waivers)
    attestations: tuple[Attestation, ...] = ()
    as_of: int | Absent = ABSENT
    new_since: Report | Absent = ABSENT
    same_scope: bool = False
    command: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assessment:
    """A report that is ready to be rendered, and whether the gate opened."""

    report: Report
    gate: Gate
    changes: tuple[Change, ...] = ()


def assess(
    snapshots: Callable[[], Iterator[Snapshot]], request: EvaluateRequest, content: Content, *, tool_version: str
) -> Assessment:
    """Judge snapshots, each once, as they come; none is held.

    They are gone through twice where something counts from the moment of the first visit.
    Raises ``SnapshotError`` if one cannot be read, ``StorageError`` if results cannot be set aside.
    """
    now = _find_moment(snapshots, request)
    book = WaiverBook(request.waivers, now)
    attested = {each.name for each in request.attestations if each.state(now) is AttestationState.VALID}
    actions, gate = ActionTally(content), GateTally(content.checks)
    measures = MeasureTally(content.frameworks.values(), content.checks, attested)
    builder, span = ReportBuilder(content, KINDS), _Span()
    for snapshot in snapshots():
        judged = judge_target(
            snapshot,
            content,
            request.baselines,
            kinds=KIND_FIELDS,
            only_checks=request.only_by_target.get(snapshot.target, request.only),
            overrides=request.parameters.site_overrides(snapshot.labels),
        )
        judgement = book.apply(judged)
        actions.add(judgement)
        gate.add(judgement)
        measures.add(judgement)
        builder.add(judgement)
        span.add(snapshot)
    info = ScanInfo(
        started=span.started,
        finished=span.finished,
        as_of=now or span.started,
        tool_version=tool_version,
        content_digest=content.digest,
        plan_digest=", ".join(sorted(span.plans)),
        command=request.command,
        options=request.options,
    )
    report = builder.build(
        info,
        measures=measures.results(),
        actions=actions.results(),
        waivers=request.waivers,
        attestations=request.attestations,
    )
    changes = ABSENT if isinstance(request.new_since, Absent) else compare_reports(request.new_since, report)
    gated = judge_gate(gate, request.gate, changes, same_scope=request.same_scope)
    words = GateWords(gated.exit_code, tuple(line.wording for line in gated.lines))
    report = with_info(report, replace(info, gate=words))
    return Assessment(report, gated, () if isinstance(changes, Absent) else changes)


def _find_moment(snapshots: Callable[[], Iterator[Snapshot]], request: EvaluateRequest) -> int:
    """Return the moment that waivers and attestations count at; 0 where there are none and nobody named one."""
    if not isinstance(request.as_of, Absent):
        return request.as_of
    if not request.waivers.waivers and not request.attestations:
        return 0
    return min((snapshot.time for snapshot in snapshots()), default=0)


def open_snapshots(paths: Sequence[Path]) -> Callable[[], Iterator[Snapshot]]:
    """Return a way to read the snapshots in some files and folders, by target name, as often as is needed.

    Raises ``SnapshotError`` if a path holds none, if one is damaged, or if two are of targets with one name.
    """
    by_target: dict[str, Path] = {}
    for path in paths:
        for file in [path] if path.is_file() else ScanFolder.open(path).snapshot_paths():
            target = read_target(file)
            if target in by_target:
                msg = f"{file} and {by_target[target]} are both of {target}; judge one of them at a time"
                raise SnapshotError(msg)
            by_target[target] = file
    return lambda: (read_snapshot(by_target[target]) for target in sorted(by_target))


class _Span:
    """When the visits began and ended, in seconds since 1970-01-01 UTC, and by which plans."""

    def __init__(self) -> None:
        self._times: list[tuple[int, int]] = []
        self.plans: set[str] = set()

    def add(self, snapshot: Snapshot) -> None:
        self._times.append((snapshot.time, snapshot.time + -(-snapshot.duration_ms // 1000)))
        self.plans.add(snapshot.plan_digest)

    @property
    def started(self) -> int:
        return min((begin for begin, _ in self._times), default=0)

    @property
    def finished(self) -> int:
        return max((end for _, end in self._times), default=0)
