"""One visit to one target: open a session for each of its endpoints, ask, turn answers into evidence.

Trouble on a target becomes evidence here and never leaves as an exception.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from hardening.collect.searches import deal_out
from hardening.errors import ConnectError, SnapshotError
from hardening.model.evidence import ABSENT, Absent, Evidence, Unreadable, build_unreadable
from hardening.model.platform import Platform
from hardening.model.snapshot import EndpointRecord, Privileges, Snapshot, StepRecord
from hardening.model.step import Answer, Completed, LdapAnswer, NotRun, Privilege
from hardening.model.target import (
    Become,
    ChrootEndpoint,
    ContainerEndpoint,
    Endpoint,
    ImageEndpoint,
    LdapEndpoint,
    LocalEndpoint,
    RecordedEndpoint,
    SshEndpoint,
    Target,
    WinRmEndpoint,
    address_of,
    channel_of,
)
from hardening.probes import KINDS
from hardening.probes.identification import STEP as IDENTIFICATION
from hardening.probes.identification import parse_identification
from hardening.probes.kind import Channel, channel_needed
from hardening.probes.root_dse import parse_root_dse
from hardening.probes.windows_identification import STEP as WINDOWS_IDENTIFICATION
from hardening.probes.windows_identification import parse_windows_identification
from hardening.transports.recorded import Replay
from hardening.transports.session import AnySession, BecomeRefused, DirectorySession, PowerShellSession, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hardening.collect.plan import Plan
    from hardening.model.probe import Probe

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitContext:
    """What a visit needs from outside: how to open a session, the clock, and what wrote the snapshot.

    ``seconds`` is the wall clock in seconds since 1970-01-01 UTC, ``ticks`` a steady clock in seconds.
    """

    open_session: Callable[[Target, Endpoint], AnySession]
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
class _Part:
    """What one endpoint gave. ``channels`` are those that it answers for, facets of the platform those that it saw."""

    record: EndpointRecord
    channels: frozenset[Channel]
    platform: Platform
    privileges: Privileges | Absent = ABSENT
    evidence: Mapping[Probe, Evidence] = field(default_factory=dict)
    steps: tuple[StepRecord, ...] = ()
    target_time: int | Absent | Unreadable = ABSENT
    recorded_at: int | Absent = ABSENT


def visit(target: Target, plan: Plan, context: VisitContext) -> Snapshot:
    """Ask a target everything in the plan, one endpoint after another, and return what came back."""
    seconds, ticks = context.seconds(), context.ticks()
    parts = [_visit_endpoint(target, endpoint, plan, context) for endpoint in endpoints_asked(target, plan)]
    snapshot = _join(target, plan, context, parts)
    times = [part.recorded_at for part in parts if not isinstance(part.recorded_at, Absent)]
    return replace(
        snapshot,
        time=min(times) if times else int(seconds),
        duration_ms=int((context.ticks() - ticks) * 1000),
    )


def build_failed_snapshot(target: Target, plan: Plan, context: VisitContext, error: ConnectError) -> Snapshot:
    """Return the snapshot of a target that gave no answer: what was seen of the connection, and the reason."""
    parts = [_build_failed(target, endpoint, plan, error) for endpoint in target.endpoints]
    return _join(target, plan, context, parts)


def endpoints_asked(target: Target, plan: Plan) -> tuple[Endpoint, ...]:
    """Return the endpoints of a target that the plan asks something of."""
    asked = {channel_needed(KINDS[probe.kind], probe) for probe in plan.probes} or {Channel.SHELL, Channel.POWERSHELL}
    return tuple(endpoint for endpoint in target.endpoints if channels_behind(endpoint) & asked)


def channels_behind(endpoint: Endpoint) -> frozenset[Channel]:
    """Return what an endpoint can answer; which of them a recording does, only its file tells."""
    match endpoint:
        case LdapEndpoint():
            return frozenset({Channel.LDAP})
        case WinRmEndpoint():
            return frozenset({Channel.POWERSHELL})
        case RecordedEndpoint():
            return frozenset({Channel.LDAP, Channel.POWERSHELL, Channel.SHELL})
        case SshEndpoint() | LocalEndpoint() | ChrootEndpoint() | ContainerEndpoint() | ImageEndpoint():
            return frozenset({Channel.SHELL})


def _join(target: Target, plan: Plan, context: VisitContext, parts: Sequence[_Part]) -> Snapshot:
    """Return one snapshot of what all endpoints gave; an endpoint that failed costs only its own answers."""
    reached = any(not part.record.failure for part in parts)
    evidence: dict[Probe, Evidence] = {}
    for part in parts:
        if reached and part.record.failure:
            lost = [probe for probe in plan.probes if channel_needed(KINDS[probe.kind], probe) in part.channels]
            evidence |= {probe: build_unreadable(KINDS[probe.kind].fields, part.record.failure) for probe in lost}
        evidence |= part.evidence
    times = [part.target_time for part in parts]
    return Snapshot(
        target=target.name,
        platform=Platform(
            os=_join_facet(part.platform.os for part in parts),
            directory=_join_facet(part.platform.directory for part in parts),
        ),
        endpoints=tuple(part.record for part in parts),
        privileges=next(
            (part.privileges for part in parts if not isinstance(part.privileges, Absent)),
            Privileges(become=describe_become(target.endpoints)),
        ),
        evidence=evidence,
        steps=tuple(step for part in parts for step in part.steps),
        time=int(context.seconds()),
        duration_ms=0,
        target_time=next((time for time in times if isinstance(time, int)), times[0] if times else ABSENT),
        plan_digest=plan.digest,
        tool_version=context.tool_version,
        content_digest=context.content_digest,
        labels=target.labels,
        baselines=target.baselines,
        parameters=target.parameters,
        place=target.place,
    )


_Facet = TypeVar("_Facet")


def _join_facet(facets: Iterable[_Facet | Absent | Unreadable]) -> _Facet | Absent | Unreadable:
    """Return what was seen of a facet; else why nothing was."""
    found: _Facet | Absent | Unreadable = ABSENT
    for facet in facets:
        if not isinstance(facet, Absent | Unreadable):
            return facet
        if isinstance(facet, Unreadable):
            found = facet
    return found


def _visit_endpoint(target: Target, endpoint: Endpoint, plan: Plan, context: VisitContext) -> _Part:
    context.progress(target.name, "connecting")
    try:
        session = context.open_session(target, endpoint)
    except ConnectError as error:
        return _build_failed(target, endpoint, plan, error)
    except SnapshotError as error:
        return _build_failed(target, endpoint, plan, ConnectError(str(error), ""))
    context.progress(target.name, "asking")
    try:
        part = _ask_session(session, endpoint, plan)
    except ConnectError as error:
        part = _build_failed(target, endpoint, plan, ConnectError(error.reason, error.remedy, session.connection))
    finally:
        session.close()
    return replace(part, recorded_at=session.time) if isinstance(session, Replay) else part


def _ask_session(session: AnySession, endpoint: Endpoint, plan: Plan) -> _Part:
    if isinstance(session, DirectorySession):
        return _ask_directory(session, endpoint, plan)
    if isinstance(session, PowerShellSession):
        return _ask_powershell(session, endpoint, plan)
    return _ask_shell(session, endpoint, plan)


def _ask_shell(session: Session, endpoint: Endpoint, plan: Plan) -> _Part:
    answers = _ask(session, plan, endpoint)
    best = answers.best
    identity = parse_identification(best[IDENTIFICATION.name])
    account = parse_identification(answers.as_user[IDENTIFICATION.name])
    return _Part(
        record=_record(session, endpoint, best, "log in by hand with the same account and see what holds a command up"),
        channels=frozenset({Channel.SHELL}),
        platform=identity.platform,
        privileges=Privileges(
            user=account.user,
            uid=account.uid,
            root=identity.uid == 0,
            become=describe_become((endpoint,)),
            refused=answers.refused,
            remedy=answers.remedy,
        ),
        evidence=_parse_all(plan.probes, best, session.connection, Channel.SHELL),
        steps=(*_step_records(answers.as_root, as_root=True), *_step_records(answers.as_user, as_root=False)),
        target_time=identity.target_time,
    )


def _ask_powershell(session: PowerShellSession, endpoint: Endpoint, plan: Plan) -> _Part:
    answers = session.run_blocks(plan.powershell_steps)
    identity = parse_windows_identification(answers[WINDOWS_IDENTIFICATION.name])
    return _Part(
        record=_record(session, endpoint, answers, "run PowerShell by hand with the same account and see what it says"),
        channels=frozenset({Channel.POWERSHELL}),
        platform=Platform(identity.system),
        privileges=identity.privileges,
        evidence=_parse_all(plan.probes, answers, session.connection, Channel.POWERSHELL),
        steps=tuple(_step_records(answers, as_root=False)),
        target_time=identity.target_time,
    )


def _ask_directory(session: DirectorySession, endpoint: Endpoint, plan: Plan) -> _Part:
    answers = session.search(plan.directory_steps)
    identity = parse_root_dse(answers)
    dealt = deal_out(plan.searches, answers)
    return _Part(
        record=_record(session, endpoint, answers, "search by hand with the same account and see what holds it up"),
        channels=frozenset({Channel.LDAP}),
        platform=Platform(directory=identity.directory),
        evidence=_parse_all(plan.probes, dealt, session.connection, Channel.LDAP),
        steps=tuple(_step_records(answers, as_root=False)),
        target_time=identity.time,
    )


def _record(session: AnySession, endpoint: Endpoint, answers: Mapping[str, Answer], remedy: str) -> EndpointRecord:
    silence, traffic = _silence(answers), session.traffic
    return EndpointRecord(
        channel=channel_of(endpoint),
        address=address_of(endpoint),
        connection=session.connection,
        failure=silence,
        remedy=remedy if silence else "",
        round_trips=traffic.round_trips,
        channels=traffic.channels,
        bytes_received=traffic.bytes_received,
    )


def _build_failed(target: Target, endpoint: Endpoint, plan: Plan, error: ConnectError) -> _Part:
    """Return a part without answers; what was seen of the connection can still be judged."""
    log.info("%s: not reached: %s", target.name, error.reason)
    channels = channels_behind(endpoint)
    seen = [
        probe
        for probe in plan.probes
        if KINDS[probe.kind].channel is Channel.SESSION and channel_needed(KINDS[probe.kind], probe) in channels
    ]
    unreadable = Unreadable(error.reason)
    return _Part(
        record=EndpointRecord(
            channel=channel_of(endpoint),
            address=address_of(endpoint),
            connection=error.connection,
            failure=error.reason,
            remedy=error.remedy,
        ),
        channels=channels,
        platform=Platform(
            os=unreadable if channels & {Channel.SHELL, Channel.POWERSHELL} else ABSENT,
            directory=unreadable if Channel.LDAP in channels else ABSENT,
        ),
        evidence=dict.fromkeys(seen, error.connection) if error.connection else {},
    )


def _silence(answers: Mapping[str, Answer]) -> str:
    """Return why a target that let us in gave no answer at all; empty if it gave one."""
    reasons = [answer.reason for answer in answers.values() if isinstance(answer, NotRun)]
    return reasons[0] if len(reasons) == len(answers) else ""


def _ask(session: Session, plan: Plan, endpoint: Endpoint) -> _Answers:
    """Run one batch, or one a privilege where root rights are reached on the way."""
    if not asks_for_root(endpoint):
        return _Answers(session.run(plan.shell_steps, as_root=False), {})
    try:
        as_root = session.run(plan.steps_as(Privilege.ROOT), as_root=True)
    except BecomeRefused as error:
        # Refused once is refused: what needs root is asked as the user, and denied answers show as unreadable.
        return _Answers(_ask_as_user(session, plan, endpoint, error), {}, error.reason, error.remedy)
    return _Answers(session.run(plan.steps_as(Privilege.ANY), as_root=False), as_root)


def _ask_as_user(session: Session, plan: Plan, endpoint: Endpoint, refusal: BecomeRefused) -> Mapping[str, Answer]:
    """Ask everything without root rights; an account that has its batch installed can be asked no more than that."""
    if not isinstance(endpoint, SshEndpoint | LocalEndpoint) or endpoint.become is not Become.KIT:
        return session.run(plan.shell_steps, as_root=False)
    asked = session.run(plan.steps_as(Privilege.ANY), as_root=False)
    return {step.name: asked.get(step.name, NotRun(refusal.reason)) for step in plan.shell_steps}


def _parse_all(
    probes: Sequence[Probe], answers: Mapping[str, Answer], connection: Evidence, channel: Channel
) -> Mapping[Probe, Evidence]:
    """Return the evidence of the probes that are answered over a channel."""
    by_kind: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        if channel_needed(KINDS[probe.kind], probe) is channel:
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


def _step_records(answers: Mapping[str, Answer], *, as_root: bool) -> Iterator[StepRecord]:
    for name, answer in answers.items():
        match answer:
            case Completed():
                yield StepRecord(
                    name=name,
                    as_root=as_root,
                    exit_status=answer.exit_status,
                    milliseconds=answer.milliseconds,
                    bytes=len(answer.stdout),
                    sha256=hashlib.sha256(answer.stdout).hexdigest(),
                    cut=answer.cut,
                )
            case LdapAnswer():
                yield StepRecord(
                    name=name,
                    as_root=as_root,
                    exit_status=answer.result,
                    milliseconds=answer.milliseconds,
                    bytes=answer.bytes,
                    sha256=digest_entries(answer),
                    cut=bool(answer.cut),
                )
            case NotRun(reason):
                yield StepRecord(name=name, as_root=as_root, problem=reason)


def digest_entries(answer: LdapAnswer) -> str:
    """Return the SHA-256, in hexadecimal, of the entries as they came: names, attributes, values with their lengths."""
    digest = hashlib.sha256()
    for entry in answer.entries:
        digest.update(b"%d " % len(entry.attributes) + entry.dn.encode("utf-8", "surrogatepass") + b"\0")
        for name, values in entry.attributes.items():
            digest.update(name.encode() + b"".join(b" %d:%b" % (len(value), value) for value in values) + b"\0")
    return digest.hexdigest()


def asks_for_root(endpoint: Endpoint) -> bool:
    """Say whether root steps are a batch of their own; a recording answers as it was answered then."""
    match endpoint:
        case SshEndpoint() | LocalEndpoint():
            return endpoint.become is not Become.NO
        case RecordedEndpoint():
            return True
        case ChrootEndpoint() | ContainerEndpoint() | ImageEndpoint() | LdapEndpoint() | WinRmEndpoint():
            # Who we are there is settled when the session opens, so that one batch asks everything.
            return False


def describe_become(endpoints: Sequence[Endpoint]) -> str:
    """Return how root rights are reached on a target, as snapshots say it."""
    for endpoint in endpoints:
        match endpoint:
            case SshEndpoint() | LocalEndpoint():
                return endpoint.become.value
            case RecordedEndpoint():
                return "recorded"
            case ContainerEndpoint(become=Become.NO):
                return Become.NO.value
            case ChrootEndpoint() | ContainerEndpoint() | ImageEndpoint():
                return "root"
            case LdapEndpoint() | WinRmEndpoint():
                continue
    return Become.NO.value
