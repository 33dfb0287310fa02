"""Collecting: visit targets and keep what came back, each snapshot before the next step. Judges nothing."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.app.assign import Plans, channels_of
from hardening.collect.executor import NOT_VISITED, Deadlines, ThreadExecutor
from hardening.collect.pacing import Pace
from hardening.collect.visit import VisitContext, build_failed_snapshot, visit
from hardening.errors import ConnectError, UsageError
from hardening.model.evidence import ABSENT, Absent
from hardening.probes.kind import Channel
from hardening.snapshots.cleaning import Vocabulary
from hardening.snapshots.files import write_atomically
from hardening.snapshots.folder import ScanFolder, ScanRecord
from hardening.snapshots.redaction import redact_recording
from hardening.snapshots.withholding import withhold_answers, withhold_secrets
from hardening.transports import open_session
from hardening.transports.recorded import RecordedDirectory, RecordedPowerShell, RecordedSession
from hardening.transports.recording import encode_recording
from hardening.transports.remembering import RecordingDirectory, RecordingPowerShell, RecordingSession
from hardening.transports.session import DirectorySession, PowerShellSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from hardening.collect.plan import Plan
    from hardening.model.content import Content
    from hardening.model.snapshot import Snapshot
    from hardening.model.target import Endpoint, Target
    from hardening.secrets.redaction import Redactor
    from hardening.transports.session import AnySession, Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectRequest:
    """What to collect and how. ``only`` narrows the checks asked for; empty means all of the targets' baselines.

    ``only_by_target`` does the same for single targets.

    ``done`` are the names of targets that an interrupted scan, which this one goes on with, has visited already.

    ``redact`` cleans the recordings that ``keep_raw`` keeps, and lets these words stand.
    """

    targets: Sequence[Target]
    only: frozenset[str] = frozenset()
    only_by_target: Mapping[str, frozenset[str]] = field(default_factory=dict)
    workers: int = 16
    pace: Pace = field(default_factory=Pace)
    deadlines: Deadlines = field(default_factory=Deadlines)
    done: frozenset[str] = frozenset()
    keep_raw: bool = False
    redact: Vocabulary | Absent = ABSENT

    @property
    def left(self) -> tuple[Target, ...]:
        """The targets that are still to be visited."""
        return tuple(target for target in self.targets if target.name not in self.done)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectContext:
    """What collecting needs from outside: clocks, how sessions are opened, where progress goes."""

    opening: Opening
    seconds: Callable[[], float]
    ticks: Callable[[], float]
    progress: Callable[[str, str], None]
    tool_version: str
    redactor: Redactor


def plan_collection(request: CollectRequest, content: Content) -> Plans:
    """Return the plans of all targets; raises ``UsageError`` before anything is touched or written."""
    require_targets(request.targets)
    plans = Plans(content, request.only)
    for target in request.targets:
        plans.plan_for(target.baselines, request.only_by_target.get(target.name))
        plans.require_endpoints(target)
        if not isinstance(request.redact, Absent) and Channel.LDAP in channels_of(target):
            msg = (
                f"{target.name}: what a directory answers cannot be cleaned yet; keep it whole, or leave the target out"
            )
            raise UsageError(msg)
    return plans


def collect(request: CollectRequest, plans: Plans, folder: ScanFolder, context: CollectContext) -> Iterator[Snapshot]:
    """Visit all targets; yield each snapshot once it is kept in ``folder``.

    Raises ``StorageError`` when one cannot be kept. Stopping early closes the sessions that are open, so that nothing
    is left running on a target.
    """
    sessions = _OpenSessions(context, request)
    visiting = VisitContext(
        open_session=sessions.open,
        seconds=context.seconds,
        ticks=context.ticks,
        progress=context.progress,
        tool_version=context.tool_version,
        content_digest=plans.content_digest,
    )

    def plan_of(target: Target) -> Plan:
        return plans.plan_for(target.baselines, request.only_by_target.get(target.name))

    def visit_target(target: Target) -> Snapshot:
        try:
            return visit(target, plan_of(target), visiting)
        finally:
            sessions.forget(target)

    def failed_visit(target: Target, reason: str) -> Snapshot:
        error = ConnectError(reason, "this is a defect of the scanner: please report it with the log")
        return build_failed_snapshot(target, plan_of(target), visiting, error)

    def late_visit(target: Target, reason: str) -> Snapshot:
        remedy = _GO_ON if reason == NOT_VISITED else _LOOK_AFTER
        return build_failed_snapshot(target, plan_of(target), visiting, ConnectError(reason, remedy))

    executor = ThreadExecutor(
        visit=visit_target,
        broken=failed_visit,
        late=late_visit,
        abandon=sessions.abandon,
        interrupt=sessions.close_all,
        ticks=context.ticks,
        workers=request.workers,
        pace=request.pace,
        deadlines=request.deadlines,
    )
    with context.opening.bastions.held():
        for snapshot in executor.collect(request.left):
            kept = withhold_secrets(snapshot, context.redactor)
            folder.keep(kept)
            sessions.keep_recording(snapshot.target, folder)
            # Told when it is kept and not when it is seen: whoever interrupts a scan keeps what was said to be done.
            context.progress(snapshot.target, "done" if snapshot.reached else "failed")
            yield kept


def open_scan_folder(path: Path, request: CollectRequest, context: CollectContext) -> ScanFolder:
    """Make the folder of a new scan and say in it what was asked for; raises ``StorageError``."""
    started = context.seconds()
    record = ScanRecord(
        id=path.name,
        started=int(started),
        tool_version=context.tool_version,
        targets=tuple(target.name for target in request.targets),
    )
    return ScanFolder.create(path, record)


def require_targets(targets: Sequence[Target]) -> None:
    """Raise ``UsageError`` if there is no target, or if two have one name."""
    if not targets:
        msg = "no target to scan; name one (for example `local` or `ssh://audit@web-01`) or check the selector"
        raise UsageError(msg)
    seen: set[str] = set()
    for target in targets:
        if target.name in seen:
            msg = f"two targets are named {target.name}; names tell results apart, so rename one"
            raise UsageError(msg)
        seen.add(target.name)


def redacted_path(folder: ScanFolder, number: int) -> Path:
    """Return where the cleaned recording of the target with this number belongs; its name tells nothing."""
    return folder.path / f"redacted-{number}.recording.json.gz"


_GIVEN_UP = "the visit was given up"
_LOOK_AFTER = "see what holds the server up, or allow more time with --target-deadline or --deadline"
_GO_ON = "allow more time with --deadline, or more targets at a time with --workers"

_Replayed = RecordedSession | RecordedPowerShell | RecordedDirectory
_Recorded = RecordingSession | RecordingPowerShell | RecordingDirectory | _Replayed


class _OpenSessions:
    """The sessions that are open, so that a visit that is given up leaves none behind; and their recordings."""

    def __init__(self, context: CollectContext, request: CollectRequest) -> None:
        self._context = context
        self._keep_raw = request.keep_raw
        self._redact = request.redact
        self._numbers = {target.name: number for number, target in enumerate(request.targets, start=1)}
        self._lock = threading.Lock()
        self._open: dict[str, list[AnySession]] = defaultdict(list)
        self._recordings: dict[str, list[_Recorded]] = defaultdict(list)
        self._given_up: set[str] = set()

    def open(self, target: Target, endpoint: Endpoint) -> AnySession:
        """Open a session to an endpoint of a target; raises ``ConnectError``."""
        if target.name in self._given_up:
            raise ConnectError(_GIVEN_UP, "")
        session = open_session(endpoint, self._context.opening)
        recording = self._record(session) if self._keep_raw else ABSENT
        with self._lock:
            is_wanted = target.name not in self._given_up
            if is_wanted:
                self._open[target.name].append(session if isinstance(recording, Absent) else recording)
                if not isinstance(recording, Absent):
                    self._recordings[target.name].append(recording)
        if not is_wanted:
            session.close()
            raise ConnectError(_GIVEN_UP, "")
        return session if isinstance(recording, Absent) else recording

    def _record(self, session: AnySession) -> _Recorded:
        if isinstance(session, _Replayed):
            return session
        seconds = int(self._context.seconds())
        if isinstance(session, DirectorySession):
            return RecordingDirectory(session, seconds)
        if isinstance(session, PowerShellSession):
            return RecordingPowerShell(session, seconds)
        return RecordingSession(session, seconds)

    def keep_recording(self, target: str, folder: ScanFolder) -> None:
        """Write what passed over the sessions of a target, if that was asked for; raises ``StorageError``."""
        with self._lock:
            sessions = self._recordings.pop(target, [])
        for session in sessions:
            recording = withhold_answers(session.recording, self._context.redactor)
            path = folder.recording_path(target, recording.source)
            if not isinstance(self._redact, Absent):
                recording = redact_recording(recording, self._redact)
                path = redacted_path(folder, self._numbers[target])
            write_atomically(path, [encode_recording(recording)])

    def forget(self, target: Target) -> None:
        """Let go of the sessions of a visit that has ended: it closed them."""
        with self._lock:
            self._open.pop(target.name, None)

    def abandon(self, target: Target) -> None:
        """Close what is open to a target, and let nothing new be opened; half a recording is none."""
        with self._lock:
            self._given_up.add(target.name)
            sessions = self._open.pop(target.name, [])
            self._recordings.pop(target.name, None)
        for session in sessions:
            session.close()

    def close_all(self) -> None:
        """Close every session; closing one that is closed already does nothing."""
        with self._lock:
            sessions = [session for each in self._open.values() for session in each]
            self._open.clear()
        for session in sessions:
            session.close()
