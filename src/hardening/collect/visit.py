"""One visit to one target: open a session, run the batches, turn answers into evidence.

Trouble on a target becomes evidence here and never leaves as an exception.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hardening.errors import ConnectError, SnapshotError
from hardening.model.evidence import ABSENT, Evidence, Unreadable, build_unreadable
from hardening.model.platform import Platform
from hardening.model.snapshot import EndpointRecord, Privileges, Snapshot, StepRecord
from hardening.model.step import Answer, Completed, NotRun, Privilege
from hardening.model.target import (
    Become,
    ChrootEndpoint,
    ContainerEndpoint,
    Endpoint,
    ImageEndpoint,
    LocalEndpoint,
    RecordedEndpoint,
    SshEndpoint,
    Target,
    address_of,
    channel_of,
)
from hardening.probes import KINDS
from hardening.probes.identification import STEP as IDENTIFICATION
from hardening.probes.identification import parse_identification
from hardening.probes.kind import Channel
from hardening.transports.recorded import RecordedSession
from hardening.transports.session import BecomeRefused, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hardening.collect.plan import Plan
    from hardening.model.probe import Probe

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitContext:
    """What a visit needs from outside: how to open a session, the clock, and what wrote the snapshot.

    ``seconds`` is the wall clock in seconds since 1970-01-01 UTC, ``ticks`` a steady clock in seconds.
    """

    open_session: Callable[[Target], Session]
    seconds: Callable[[], float]
    ticks: Callable[[], float]
    progress: Callable[[str, str], None]
    tool_version: str
    content_digest: str


@dataclass(frozen=True, slots=True)
class _Answers:
    as_user: Mapping[str, Answer]
    as_root: Mapping[str, Answer]
    refused: str = ""
    remedy: str = ""

    @property
    def best(self) -> Mapping[str, Answer]:
        """The answer to each step, root's where it came to an end."""
        complete = {name: answer for name, answer in self.as_root.items() if isinstance(answer, Completed)}
        return {**self.as_root, **self.as_user, **complete}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trace:
    """What is known of a visit whatever came of it: when it began, by our clock and by a steady one."""

    target: Target
    plan: Plan
    context: VisitContext
    seconds: float
    ticks: float


def visit(target: Target, plan: Plan, context: VisitContext) -> Snapshot:
    """Ask a target everything in the plan over one session and return what came back."""
    trace = _Trace(target=target, plan=plan, context=context, seconds=context.seconds(), ticks=context.ticks())
    context.progress(target.name, "connecting")
    try:
        session = context.open_session(target)
    except ConnectError as error:
        snapshot = _build_failed(trace, error)
    except SnapshotError as error:
        snapshot = _build_failed(trace, ConnectError(str(error), ""))
    else:
        try:
            snapshot = _ask_all(trace, session)
        except ConnectError as error:
            snapshot = _build_failed(trace, ConnectError(error.reason, error.remedy, session.connection))
        finally:
            session.close()
    return snapshot


def build_failed_snapshot(target: Target, plan: Plan, context: VisitContext, error: ConnectError) -> Snapshot:
    """Return the snapshot of a target that gave no answer: what was seen of the connection, and the reason."""
    trace = _Trace(target=target, plan=plan, context=context, seconds=context.seconds(), ticks=context.ticks())
    return _build_failed(trace, error)


def _ask_all(trace: _Trace, session: Session) -> Snapshot:
    trace.context.progress(trace.target.name, "asking")
    if isinstance(session, RecordedSession):
        trace = replace(trace, seconds=session.time)
    answers = _ask(session, trace.plan, trace.target.endpoint)
    best, connection, traffic = answers.best, session.connection, session.traffic
    identity = parse_identification(best[IDENTIFICATION.name])
    account = parse_identification(answers.as_user[IDENTIFICATION.name])
    silence = _silence(best)
    return replace(
        _build_empty(trace),
        platform=identity.platform,
        endpoints=(
            EndpointRecord(
                channel=channel_of(trace.target.endpoint),
                address=address_of(trace.target.endpoint),
                connection=connection,
                failure=silence,
                remedy="log in by hand with the same account and see what holds a command up" if silence else "",
                round_trips=traffic.round_trips,
                channels=traffic.channels,
                bytes_received=traffic.bytes_received,
            ),
        ),
        privileges=Privileges(
            user=account.user,
            uid=account.uid,
            root=identity.uid == 0,
            become=describe_become(trace.target.endpoint),
            refused=answers.refused,
            remedy=answers.remedy,
        ),
        evidence=_parse_all(trace.plan.probes, best, connection),
        steps=tuple(_step_records(answers)),
        target_time=identity.target_time,
        duration_ms=int((trace.context.ticks() - trace.ticks) * 1000),
    )


def _build_failed(trace: _Trace, error: ConnectError) -> Snapshot:
    """Return a snapshot without answers; what was seen of the connection can still be judged."""
    log.info("%s: not reached: %s", trace.target.name, error.reason)
    seen = [probe for probe in trace.plan.probes if KINDS[probe.kind].channel is Channel.SESSION]
    return replace(
        _build_empty(trace),
        platform=Platform(os=Unreadable(error.reason)),
        endpoints=(
            EndpointRecord(
                channel=channel_of(trace.target.endpoint),
                address=address_of(trace.target.endpoint),
                connection=error.connection,
                failure=error.reason,
                remedy=error.remedy,
            ),
        ),
        evidence=dict.fromkeys(seen, error.connection) if error.connection else {},
    )


def _build_empty(trace: _Trace) -> Snapshot:
    """Return a snapshot with what is known before anything is asked."""
    target = trace.target
    return Snapshot(
        target=target.name,
        platform=Platform(os=Unreadable("not asked")),
        endpoints=(),
        privileges=Privileges(become=describe_become(target.endpoint)),
        evidence={},
        steps=(),
        time=int(trace.seconds),
        duration_ms=0,
        target_time=ABSENT,
        plan_digest=trace.plan.digest,
        tool_version=trace.context.tool_version,
        content_digest=trace.context.content_digest,
        labels=target.labels,
        baselines=target.baselines,
        parameters=target.parameters,
        place=target.place,
    )


def _silence(answers: Mapping[str, Answer]) -> str:
    """Return why a target that let us in gave no answer at all; empty if it gave one."""
    reasons = [answer.reason for answer in answers.values() if isinstance(answer, NotRun)]
    return reasons[0] if len(reasons) == len(answers) else ""


def _ask(session: Session, plan: Plan, endpoint: Endpoint) -> _Answers:
    """Run one batch, or one a privilege where root rights are reached on the way."""
    if not asks_for_root(endpoint):
        return _Answers(session.run(plan.steps, as_root=False), {})
    try:
        as_root = session.run(plan.steps_as(Privilege.ROOT), as_root=True)
    except BecomeRefused as error:
        # Refused once is refused: what needs root is asked as the user, and denied answers show as unreadable.
        return _Answers(_ask_as_user(session, plan, endpoint, error), {}, error.reason, error.remedy)
    return _Answers(session.run(plan.steps_as(Privilege.ANY), as_root=False), as_root)


def _ask_as_user(session: Session, plan: Plan, endpoint: Endpoint, refusal: BecomeRefused) -> Mapping[str, Answer]:
    """Ask everything without root rights; an account that has its batch installed can be asked no more than that."""
    if not isinstance(endpoint, SshEndpoint | LocalEndpoint) or endpoint.become is not Become.KIT:
        return session.run(plan.steps, as_root=False)
    asked = session.run(plan.steps_as(Privilege.ANY), as_root=False)
    return {step.name: asked.get(step.name, NotRun(refusal.reason)) for step in plan.steps}


def _parse_all(
    probes: Sequence[Probe], answers: Mapping[str, Answer], connection: Evidence
) -> Mapping[Probe, Evidence]:
    by_kind: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        by_kind[probe.kind].append(probe)
    evidence: dict[Probe, Evidence] = {}
    for name, asked in by_kind.items():
        kind = KINDS[name]
        if kind.channel is Channel.SESSION:
            evidence.update(dict.fromkeys(asked, connection))
            continue
        try:
            evidence.update(kind.parse(asked, answers))
        except Exception as error:  # one kind's parser must not cost the others their answers
            log.exception("the parser of %s failed", name)
            reason = f"the answer could not be understood ({type(error).__name__})"
            evidence.update({probe: build_unreadable(kind.fields, reason) for probe in asked})
    return evidence


def _step_records(answers: _Answers) -> list[StepRecord]:
    records = []
    for as_root, batch in ((True, answers.as_root), (False, answers.as_user)):
        for name, answer in batch.items():
            match answer:
                case Completed():
                    records.append(
                        StepRecord(
                            name=name,
                            as_root=as_root,
                            exit_status=answer.exit_status,
                            milliseconds=answer.milliseconds,
                            bytes=len(answer.stdout),
                            sha256=hashlib.sha256(answer.stdout).hexdigest(),
                            cut=answer.cut,
                        )
                    )
                case NotRun(reason):
                    records.append(StepRecord(name=name, as_root=as_root, problem=reason))
    return records


def asks_for_root(endpoint: Endpoint) -> bool:
    """Say whether root steps are a batch of their own; a recording answers as it was answered then."""
    match endpoint:
        case SshEndpoint() | LocalEndpoint():
            return endpoint.become is not Become.NO
        case RecordedEndpoint():
            return True
        case ChrootEndpoint() | ContainerEndpoint() | ImageEndpoint():
            # Who we are there is settled when the session opens, so that one batch asks everything.
            return False


def describe_become(endpoint: Endpoint) -> str:
    """Return how root rights are reached on an endpoint, as snapshots say it."""
    match endpoint:
        case SshEndpoint() | LocalEndpoint():
            return endpoint.become.value
        case RecordedEndpoint():
            return "recorded"
        case ContainerEndpoint(become=Become.NO):
            return Become.NO.value
        case ChrootEndpoint() | ContainerEndpoint() | ImageEndpoint():
            return "root"
